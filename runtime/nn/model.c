#include "nn/model.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 200 };

/* ---- growing arrays ---- */

/* The array with room for one more item of `size` bytes: capacities are powers of two. */
static void *grow(void *array, int count, size_t size) {
    if (count & (count - 1)) return array;
    size_t capacity = count ? 2 * (size_t)count : 1;
    void *grown = pn_alloc(capacity * size);
    if (!grown) return NULL;
    if (count) memcpy(grown, array, (size_t)count * size);
    pn_free(array);
    return grown;
}

static int *copy_ints(const int *from, int count) {
    int *to = pn_alloc(((size_t)count + 1) * sizeof *to);
    if (to && count) memcpy(to, from, (size_t)count * sizeof *to);
    return to;
}

static char *copy_text(const char *text) {
    char *copy = pn_alloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* ---- life ---- */

static pn_status add_group(pn_model *model, const char *name, bool sequential, int parent,
                           pn_error *error) {
    pn_group *grown = grow(model->group, model->groups, sizeof *grown);
    char *copy = copy_text(name);
    if (grown) model->group = grown;
    if (!grown || !copy) {
        pn_free(copy);
        return pn_fail_memory(error, sizeof *grown);
    }
    model->group[model->groups++] =
        (pn_group){.name = copy, .sequential = sequential, .parent = parent};
    return PN_OK;
}

pn_status pn_model_new(const char *name, bool sequential, pn_model **out, pn_error *error) {
    *out = NULL;
    pn_model *model = pn_calloc(1, sizeof *model);
    if (!model) return pn_fail_memory(error, sizeof *model);
    model->references = 1;
    pn_status status = add_group(model, name, sequential, -1, error);
    if (status == PN_OK)
        *out = model;
    else
        pn_model_release(model);
    return status;
}

pn_model *pn_model_retain(pn_model *model) {
    __atomic_add_fetch(&model->references, 1, __ATOMIC_RELAXED);
    return model;
}

void pn_model_release(pn_model *model) {
    if (!model || __atomic_sub_fetch(&model->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (int i = 0; i < model->nodes; i++) {
        pn_layer_release(model->node[i].layer);
        pn_free(model->node[i].input);
        pn_free(model->node[i].in);
    }
    for (int i = 0; i < model->groups; i++) {
        pn_free(model->group[i].name);
        pn_free(model->group[i].input);
        pn_free(model->group[i].output);
    }
    pn_free(model->node);
    pn_free(model->group);
    pn_free(model->slot);
    pn_free(model);
}

/* ---- names ---- */

static bool is_taken(const pn_model *model, int group, const char *name, const pn_layer *but) {
    for (int i = 0; i < model->nodes; i++)
        if (model->node[i].group == group && model->node[i].layer != but &&
            strcmp(model->node[i].layer->name, name) == 0)
            return true;
    for (int i = 1; i < model->groups; i++)
        if (model->group[i].parent == group && strcmp(model->group[i].name, name) == 0) return true;
    return false;
}

/* The number of an automatic name: 0 of "conv2d", 3 of "conv2d_3"; -1 of any other. */
static int number_in(const char *name, const char *base) {
    size_t size = strlen(base);
    if (strncmp(name, base, size) != 0) return -1;
    name += size;
    if (!*name) return 0;
    size_t digits = *name == '_' ? strspn(name + 1, "0123456789") : 0;
    if (digits == 0 || digits > 8 || name[1 + digits] || name[1] == '0') return -1;
    return atoi(name + 1);
}

static void mark(bool *used, int most, int number) {
    if (number >= 0 && number < most) used[number] = true;
}

/* The first number from `number` on whose name is free in the group. */
static pn_status free_number(const pn_model *model, int group, const char *base, int *number,
                             pn_error *error) {
    int most = model->nodes + model->groups + 2;
    bool *used = pn_calloc((size_t)most, sizeof *used);
    if (!used) return pn_fail_memory(error, (unsigned long long)most);
    for (int i = 0; i < model->nodes; i++)
        if (model->node[i].group == group)
            mark(used, most, number_in(model->node[i].layer->name, base));
    for (int i = 1; i < model->groups; i++)
        if (model->group[i].parent == group)
            mark(used, most, number_in(model->group[i].name, base));
    while (used[*number]) ++*number;
    pn_free(used);
    return PN_OK;
}

/* Keras counts from "conv2d", "conv2d_1", but inputs from "input_1". */
static pn_status name_layer(const pn_model *model, int group, pn_layer *layer, pn_error *error) {
    char name[NAME];
    const char *base = layer->type->base_name;
    int number = strcmp(base, "input") == 0;
    if (*layer->name) {
        if (!is_taken(model, group, layer->name, layer)) return PN_OK;
        return pn_fail(error, PN_E_ARGUMENT,
                       "two layers of '%.100s' are called '%.100s': names must be unique",
                       model->group[group].name, layer->name);
    }
    pn_status status = free_number(model, group, base, &number, error);
    if (status != PN_OK) return status;
    snprintf(name, sizeof name, number ? "%s_%d" : "%s", base, number);
    return pn_layer_rename(layer, name, error);
}

/* ---- nodes ---- */

static int find_layer(const pn_model *model, const pn_layer *layer) {
    for (int i = 0; i < model->nodes; i++)
        if (model->node[i].layer == layer) return i;
    return -1;
}

static pn_status add_slots(pn_model *model, pn_node *node, pn_error *error) {
    int before = find_layer(model, node->layer);
    node->slot = before >= 0 ? model->node[before].slot : model->slots;
    for (int i = 0; before < 0 && i < node->layer->weights; i++) {
        pn_slot *grown = grow(model->slot, model->slots, sizeof *grown);
        if (!grown) {
            model->slots = node->slot;
            return pn_fail_memory(error, sizeof *grown);
        }
        model->slot = grown;
        model->slot[model->slots++] = (pn_slot){node->layer, i};
    }
    return PN_OK;
}

static void free_node(pn_node *node) {
    pn_layer_release(node->layer);
    pn_free(node->input);
    pn_free(node->in);
}

static pn_status append_node(pn_model *model, pn_node *node, pn_error *error) {
    pn_node *grown = grow(model->node, model->nodes, sizeof *grown);
    if (!grown) return pn_fail_memory(error, sizeof *grown);
    model->node = grown;
    pn_status status = add_slots(model, node, error);
    if (status == PN_OK) model->node[model->nodes++] = *node;
    return status;
}

/* Appends the layer as it is; the shapes are checked, names are not. */
static pn_status add_node(pn_model *model, pn_layer *layer, const int *input, int inputs, int group,
                          pn_error *error) {
    pn_node node = {.layer = pn_layer_retain(layer),
                    .inputs = inputs,
                    .input = copy_ints(input, inputs),
                    .in = pn_alloc(((size_t)inputs + 1) * sizeof(pn_dims)),
                    .group = group};
    pn_status status = PN_OK;
    if (!node.input || !node.in) status = pn_fail_memory(error, sizeof node);
    for (int i = 0; status == PN_OK && i < inputs; i++) {
        if (input[i] < 0 || input[i] >= model->nodes)
            status = pn_fail(error, PN_E_ARGUMENT, "'%.100s' has no node %d", pn_model_name(model),
                             input[i]);
        else
            node.in[i] = model->node[input[i]].out;
    }
    if (status == PN_OK) status = pn_layer_connect(layer, node.in, inputs, &node.out, error);
    if (status == PN_OK) status = append_node(model, &node, error);
    if (status != PN_OK) free_node(&node);
    return status;
}

static pn_status add_input(pn_model *model, int group, int node, pn_error *error) {
    pn_group *g = &model->group[group];
    int *grown = grow(g->input, g->inputs, sizeof *grown);
    if (!grown) return pn_fail_memory(error, sizeof *grown);
    g->input = grown;
    g->input[g->inputs++] = node;
    return PN_OK;
}

pn_status pn_model_add(pn_model *model, pn_layer *layer, const int *input, int inputs, int *node,
                       pn_error *error) {
    if (model->group[0].sequential && find_layer(model, layer) >= 0)
        return pn_fail(
            error, PN_E_ARGUMENT,
            "%s '%.100s' is in Sequential '%.100s' already: a layer that is called twice "
            "needs a model of symbolic tensors",
            layer->type->class_name, layer->name, pn_model_name(model));
    pn_status status = name_layer(model, 0, layer, error);
    if (status == PN_OK) status = add_node(model, layer, input, inputs, 0, error);
    if (status == PN_OK && inputs == 0) status = add_input(model, 0, model->nodes - 1, error);
    if (status == PN_OK) *node = model->nodes - 1;
    return status;
}

static pn_status set_outputs(pn_model *model, int group, const int *output, int outputs,
                             pn_error *error) {
    int *copy = copy_ints(output, outputs);
    if (!copy) return pn_fail_memory(error, sizeof *copy);
    pn_free(model->group[group].output);
    model->group[group].output = copy;
    model->group[group].outputs = outputs;
    return PN_OK;
}

pn_status pn_model_set_outputs(pn_model *model, const int *output, int outputs, pn_error *error) {
    for (int i = 0; i < outputs; i++)
        if (output[i] < 0 || output[i] >= model->nodes)
            return pn_fail(error, PN_E_ARGUMENT, "'%.100s' has no node %d", pn_model_name(model),
                           output[i]);
    return set_outputs(model, 0, output, outputs, error);
}

/* ---- nesting ---- */

/* Copies the groups of `inner` behind those of `model`, without their nodes. */
static pn_status nest_groups(pn_model *model, const pn_model *inner, pn_error *error) {
    int first = model->groups;
    for (int i = 0; i < inner->groups; i++) {
        const pn_group *g = &inner->group[i];
        int parent = g->parent < 0 ? 0 : first + g->parent;
        pn_status status = add_group(model, g->name, g->sequential, parent, error);
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

static int place_in(const int *list, int count, int value) {
    for (int i = 0; i < count; i++)
        if (list[i] == value) return i;
    return -1;
}

/* Node i of `inner` becomes node shift + i; its inputs move along, and its own InputLayers take
 * what the outer nodes give. */
static pn_status nest_node(pn_model *model, const pn_model *inner, int i, const int *input,
                           int shift, int first, pn_error *error) {
    const pn_node *from = &inner->node[i];
    int moved[PN_LAYER_INPUTS] = {0}, inputs = from->inputs;
    for (int k = 0; k < inputs; k++) moved[k] = from->input[k] + shift;
    int place = place_in(inner->group[0].input, inner->group[0].inputs, i);
    if (place >= 0) {
        moved[0] = input[place];
        inputs = 1;
    }
    return add_node(model, from->layer, moved, inputs, first + from->group, error);
}

static pn_status nest_ends(pn_model *model, const pn_model *inner, int shift, int first,
                           pn_error *error) {
    pn_status status = PN_OK;
    for (int i = 0; i < inner->groups; i++) {
        const pn_group *from = &inner->group[i];
        for (int k = 0; status == PN_OK && k < from->inputs; k++)
            status = add_input(model, first + i, from->input[k] + shift, error);
        if (status == PN_OK)
            status = set_outputs(model, first + i, from->output, from->outputs, error);
        pn_group *to = &model->group[first + i];
        for (int k = 0; status == PN_OK && k < to->outputs; k++) to->output[k] += shift;
    }
    return status;
}

pn_status pn_model_nest(pn_model *model, const pn_model *inner, const int *input, int inputs,
                        int *group, pn_error *error) {
    int shift = model->nodes, first = model->groups;
    if (inputs != inner->group[0].inputs)
        return pn_fail(error, PN_E_SHAPE, "model '%.100s' takes %d inputs, not %d",
                       pn_model_name(inner), inner->group[0].inputs, inputs);
    if (is_taken(model, 0, pn_model_name(inner), NULL))
        return pn_fail(error, PN_E_ARGUMENT,
                       "'%.100s' has a layer '%.100s' already: give the nested model another name",
                       pn_model_name(model), pn_model_name(inner));
    pn_status status = nest_groups(model, inner, error);
    for (int i = 0; status == PN_OK && i < inner->nodes; i++)
        status = nest_node(model, inner, i, input, shift, first, error);
    if (status == PN_OK) status = nest_ends(model, inner, shift, first, error);
    *group = first;
    return status;
}

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

/* ---- finding ---- */

/* True when `path` is the node's layer's name, or "group/name". */
static bool is_called(const pn_model *model, const pn_node *node, const char *path) {
    if (strcmp(node->layer->name, path) == 0) return true;
    const char *group = model->group[node->group].name;
    size_t size = strlen(group);
    return strncmp(path, group, size) == 0 && path[size] == '/' &&
           strcmp(path + size + 1, node->layer->name) == 0;
}

static pn_status not_found(const pn_model *model, const char *name, pn_error *error) {
    const char *near = NULL, **names = pn_alloc(((size_t)model->nodes + 1) * sizeof *names);
    for (int i = 0; names && i < model->nodes; i++) names[i] = model->node[i].layer->name;
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

pn_status pn_model_last_convolution(const pn_model *model, int *node, pn_error *error) {
    for (int i = model->nodes - 1; i >= 0; i--) {
        const pn_dims *out = &model->node[i].out;
        /* One pixel is no picture: VGG-Face's dense layers are convolutions over 1 x 1. */
        if (strcmp(model->node[i].layer->type->class_name, "Conv2D") == 0 && out->rank == 3 &&
            out->size[0] * out->size[1] > 1)
            return *node = i, PN_OK;
    }
    return pn_fail(error, PN_E_NOT_FOUND, "model '%.100s' has no convolution",
                   pn_model_name(model));
}

/* ---- taking apart ---- */

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
    pn_status status = add_node(model, node->layer, moved, node->inputs, 0, error);
    if (status == PN_OK) place[i] = model->nodes - 1;
    return status;
}

static pn_status make_front(const pn_model *model, int cut, int *place, pn_model **front,
                            pn_error *error) {
    pn_status status = pn_model_new(pn_model_name(model), false, front, error);
    for (int i = 0; status == PN_OK && i <= cut; i++) {
        status = move_node(*front, model, i, place, error);
        if (status == PN_OK && model->node[i].inputs == 0)
            status = add_input(*front, 0, place[i], error);
    }
    return status == PN_OK ? pn_model_set_outputs(*front, &place[cut], 1, error) : status;
}

static pn_status new_input(const pn_dims *dims, pn_layer **out, pn_error *error) {
    json_t *shape = json_array(), *config = json_object();
    int failed = !shape || !config || json_array_append_new(shape, json_null()) != 0;
    for (int i = 0; !failed && i < dims->rank; i++)
        failed = json_array_append_new(shape, json_integer(dims->size[i])) != 0;
    failed = failed || json_object_set(config, "batch_input_shape", shape) != 0;
    const pn_layer_type *type;
    pn_status status = failed ? pn_fail_memory(error, sizeof *dims)
                              : pn_layer_type_find("InputLayer", &type, error);
    if (status == PN_OK) status = pn_layer_new(type, config, "features", out, error);
    json_decref(shape);
    json_decref(config);
    return status;
}

static pn_status make_rest(const pn_model *model, int cut, int *place, pn_model **rest,
                           pn_error *error) {
    const pn_group *g = &model->group[0];
    pn_layer *input = NULL;
    pn_status status = pn_model_new(pn_model_name(model), false, rest, error);
    if (status == PN_OK) status = new_input(&model->node[cut].out, &input, error);
    if (status == PN_OK) status = pn_model_add(*rest, input, NULL, 0, &place[cut], error);
    pn_layer_release(input);
    for (int i = cut + 1; status == PN_OK && i < model->nodes; i++)
        status = move_node(*rest, model, i, place, error);
    if (status == PN_OK) status = set_outputs(*rest, 0, g->output, g->outputs, error);
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
