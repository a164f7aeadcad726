/* What models are asked: their weights, their layers by name. */
#include "nn/model.h"

#include "base/memory.h"
#include "base/text.h"

#include <string.h>

/* ---- weights ---- */

pn_status pn_model_initialize(pn_model *model, uint64_t seed, pn_error *error) {
    for (int i = 0; i < model->nodes; i++) {
        const pn_node *node = &model->node[i];
        pn_status status = pn_layer_initialize(node->layer, seed, (uint64_t)node->slot, error);
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

static int64_t count_slots(const pn_model *model, bool trainable) {
    int64_t count = 0;
    for (int i = 0; i < model->slots; i++) {
        const pn_slot *s = &model->slot[i];
        if (!trainable || pn_layer_trains(s->layer, s->weight))
            count += pn_dims_count(&s->layer->weight[s->weight].shape);
    }
    return count;
}

int64_t pn_model_count(const pn_model *model) {
    return count_slots(model, false);
}

int64_t pn_model_count_trainable(const pn_model *model) {
    return count_slots(model, true);
}

static bool is_inside(const pn_model *model, int group, int outer) {
    while (group >= 0 && group != outer) group = model->group[group].parent;
    return group == outer;
}

void pn_model_set_trainable(pn_model *model, int group, bool trainable) {
    for (int i = 0; i < model->nodes; i++)
        if (is_inside(model, model->node[i].group, group))
            model->node[i].layer->trainable = trainable;
}

/* ---- names ---- */

static void add_groups(const pn_model *model, int group, pn_text *path) {
    if (group <= 0) return;
    add_groups(model, model->group[group].parent, path);
    pn_text_addf(path, "%s/", model->group[group].name);
}

void pn_model_add_path(const pn_model *model, int node, pn_text *path) {
    add_groups(model, model->node[node].group, path);
    pn_text_adds(path, pn_node_name(&model->node[node]));
}

/* ---- finding ---- */

/* True when `path` is the node's layer's name, or "group/name". */
static bool is_called(const pn_model *model, const pn_node *node, const char *path) {
    if (strcmp(pn_node_name(node), path) == 0) return true;
    const char *group = model->group[node->group].name;
    size_t size = strlen(group);
    return strncmp(path, group, size) == 0 && path[size] == '/' &&
           strcmp(path + size + 1, pn_node_name(node)) == 0;
}

static pn_status not_found(const pn_model *model, const char *name, pn_error *error) {
    const char *near = NULL, **names = pn_alloc(((size_t)model->nodes + 1) * sizeof *names);
    for (int i = 0; names && i < model->nodes; i++) names[i] = pn_node_name(&model->node[i]);
    if (names) near = pn_suggest(name, names, (size_t)model->nodes);
    pn_status status =
        near ? pn_fail(error, PN_E_NOT_FOUND,
                       "model '%.100s' has no layer '%.100s'; did you mean '%.100s'?",
                       pn_model_name(model), name, near)
             : pn_fail(error, PN_E_NOT_FOUND,
                       "model '%.100s' has no layer '%.100s'; summary() lists its layers",
                       pn_model_name(model), name);
    pn_free(names);
    return status;
}

pn_status pn_model_find(const pn_model *model, const char *name, int *node, pn_error *error) {
    /* Outer layers first, so that a nested one never hides them. */
    for (int outer = 1; outer >= 0; outer--)
        for (int i = model->nodes - 1; i >= 0; i--)
            if ((model->node[i].group == 0) == outer && is_called(model, &model->node[i], name))
                return *node = i, PN_OK;
    return not_found(model, name, error);
}

static bool is_class(const pn_node *node, const char *class_name) {
    return strcmp(node->layer->type->class_name, class_name) == 0;
}

/* The one node that takes what `node` gives, or -1. */
static int only_user(const pn_model *model, int node) {
    int user = -1;
    for (int i = node + 1; i < model->nodes; i++)
        for (int k = 0; k < model->node[i].inputs; k++)
            if (model->node[i].input[k] == node) {
                if (user >= 0) return -1;
                user = i;
            }
    return user;
}

/* A convolution without an activation of its own is only half of what it stands for: the batch
 * normalization and the activation behind it belong to it. Without an activation it stays alone. */
static int with_activation(const pn_model *model, int convolution) {
    if (model->node[convolution].layer->activation.kind != PN_LINEAR) return convolution;
    for (int i = only_user(model, convolution); i >= 0; i = only_user(model, i)) {
        const pn_node *node = &model->node[i];
        if (node->layer->activation.kind != PN_LINEAR && node->out.rank == 3 &&
            !is_class(node, "Conv2D"))
            return i;
        if (!is_class(node, "BatchNormalization")) break;
    }
    return convolution;
}

pn_status pn_model_last_convolution(const pn_model *model, int *node, pn_error *error) {
    for (int i = model->nodes - 1; i >= 0; i--) {
        const pn_dims *out = &model->node[i].out;
        /* One pixel is no picture: VGG-Face's dense layers are convolutions over 1 x 1. */
        if (is_class(&model->node[i], "Conv2D") && out->rank == 3 &&
            out->size[0] * out->size[1] > 1)
            return *node = with_activation(model, i), PN_OK;
    }
    return pn_fail(error, PN_E_NOT_FOUND, "model '%.100s' has no convolution",
                   pn_model_name(model));
}
