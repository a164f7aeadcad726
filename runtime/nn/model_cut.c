/* Cutting models behind the part that never changes. */
#include "nn/model_parts.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- where ---- */

static bool is_random(const pn_layer *layer, bool frozen_dropout) {
    return (layer->type->flags & PN_LAYER_RANDOM) && (layer->trainable || frozen_dropout);
}

static bool is_still(const pn_layer *layer, bool frozen_dropout) {
    for (int i = 0; i < layer->weights; i++)
        if (layer->trainable) return false;
    return !is_random(layer, frozen_dropout);
}

/* Whether everything behind node `cut` takes what is before it through that node alone. */
static bool is_neck(const pn_model *model, int cut) {
    for (int i = cut + 1; i < model->nodes; i++) {
        if (model->node[i].inputs == 0) return false;
        for (int k = 0; k < model->node[i].inputs; k++)
            if (model->node[i].input[k] < cut) return false;
    }
    for (int k = 0; k < model->group[0].outputs; k++)
        if (model->group[0].output[k] <= cut) return false;
    return true;
}

int pn_model_frozen_cut(const pn_model *model, bool frozen_dropout) {
    int cut = -1;
    bool computes = false; /* cutting behind inputs alone is of no use */
    for (int i = 0; i < model->nodes; i++) {
        const pn_layer *layer = model->node[i].layer;
        if (!is_still(layer, frozen_dropout)) break;
        computes |= !(layer->type->flags & PN_LAYER_ALIAS);
        if (computes && is_neck(model, i)) cut = i;
    }
    return cut;
}

/* The InputLayer of a nested model, which passes on what it is given: it has no place in a model
 * without nested ones. */
static bool passes_on(const pn_node *node) {
    return node->inputs == 1 && strcmp(node->layer->type->class_name, "InputLayer") == 0;
}

static pn_status name_node(pn_model *model, const pn_model *from, int i, pn_error *error) {
    if (from->node[i].group == 0) return pn_model_set_alias(model, from->node[i].alias, error);
    pn_text path = {0};
    pn_model_add_path(from, i, &path);
    pn_status status = path.failed ? pn_fail_memory(error, path.size)
                                   : pn_model_set_alias(model, pn_text_string(&path), error);
    pn_text_free(&path);
    return status;
}

/* Appends node i of `from`; place[k] is where its node k went. */
static pn_status move_node(pn_model *model, const pn_model *from, int i, int *place,
                           pn_error *error) {
    const pn_node *node = &from->node[i];
    int moved[PN_LAYER_INPUTS];
    if (passes_on(node)) {
        place[i] = place[node->input[0]];
        return PN_OK;
    }
    for (int k = 0; k < node->inputs; k++) moved[k] = place[node->input[k]];
    pn_status status = pn_model_add_node(model, node->layer, moved, node->inputs, 0, error);
    if (status == PN_OK) status = name_node(model, from, i, error);
    if (status == PN_OK) place[i] = model->nodes - 1;
    return status;
}

static pn_status make_front(const pn_model *model, int cut, int *place, pn_model **front,
                            pn_error *error) {
    pn_status status = pn_model_new(pn_model_name(model), false, front, error);
    for (int i = 0; status == PN_OK && i <= cut; i++) {
        status = move_node(*front, model, i, place, error);
        if (status == PN_OK && model->node[i].inputs == 0)
            status = pn_model_add_input(*front, 0, place[i], error);
    }
    return status == PN_OK ? pn_model_set_outputs(*front, &place[cut], 1, error) : status;
}

static bool has_name(const pn_model *model, const char *name) {
    for (int i = 0; i < model->nodes; i++)
        if (strcmp(pn_node_name(&model->node[i]), name) == 0) return true;
    return false;
}

/* An InputLayer whose name is not in the model. */
static pn_status new_input(const pn_model *model, const pn_dims *dims, pn_layer **out,
                           pn_error *error) {
    char name[32] = "features";
    for (int number = 1; has_name(model, name); number++)
        snprintf(name, sizeof name, "features_%d", number);
    json_t *shape = json_array(), *config = json_object();
    int failed = !shape || !config || json_array_append_new(shape, json_null()) != 0;
    for (int i = 0; !failed && i < dims->rank; i++)
        failed = json_array_append_new(shape, json_integer(dims->size[i])) != 0;
    failed = failed || json_object_set(config, "batch_input_shape", shape) != 0;
    const pn_layer_type *type;
    pn_status status = failed ? pn_fail_memory(error, sizeof *dims)
                              : pn_layer_type_find("InputLayer", &type, error);
    if (status == PN_OK) status = pn_layer_new(type, config, name, out, error);
    json_decref(shape);
    json_decref(config);
    return status;
}

static pn_status make_rest(const pn_model *model, int cut, int *place, pn_model **rest,
                           pn_error *error) {
    const pn_group *g = &model->group[0];
    pn_layer *input = NULL;
    pn_status status = pn_model_new(pn_model_name(model), false, rest, error);
    if (status == PN_OK) status = new_input(model, &model->node[cut].out, &input, error);
    if (status == PN_OK) status = pn_model_add(*rest, input, NULL, 0, &place[cut], error);
    pn_layer_release(input);
    for (int i = cut + 1; status == PN_OK && i < model->nodes; i++)
        status = move_node(*rest, model, i, place, error);
    if (status == PN_OK)
        status = pn_model_set_group_outputs(*rest, 0, g->output, g->outputs, error);
    for (int k = 0; status == PN_OK && k < g->outputs; k++)
        (*rest)->group[0].output[k] = place[g->output[k]];
    return status;
}

pn_status pn_model_split(const pn_model *model, int node, pn_model **front, pn_model **rest,
                         pn_error *error) {
    pn_model *a = NULL, *b = NULL;
    int *place = pn_alloc(((size_t)model->nodes + 1) * sizeof *place);
    pn_status status = place ? PN_OK : pn_fail_memory(error, (size_t)model->nodes * sizeof *place);
    if (status == PN_OK && front) status = make_front(model, node, place, &a, error);
    if (status == PN_OK && rest) status = make_rest(model, node, place, &b, error);
    pn_free(place);
    if (status != PN_OK) {
        pn_model_release(a);
        pn_model_release(b);
        a = b = NULL;
    }
    if (front) *front = a;
    if (rest) *rest = b;
    return status;
}
