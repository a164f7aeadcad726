#include "nn/model_parts.h"

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
        pn_free(model->node[i].alias);
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
            strcmp(pn_node_name(&model->node[i]), name) == 0)
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
            mark(used, most, number_in(pn_node_name(&model->node[i]), base));
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
    pn_free(node->alias);
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
pn_status pn_model_add_node(pn_model *model, pn_layer *layer, const int *input, int inputs,
                            int group, pn_error *error) {
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

pn_status pn_model_set_alias(pn_model *model, const char *alias, pn_error *error) {
    pn_node *node = &model->node[model->nodes - 1];
    const pn_node *first = &model->node[find_layer(model, node->layer)];
    if (first != node) alias = first->alias;
    if (!alias) return PN_OK;
    node->alias = pn_alloc(strlen(alias) + 1);
    if (!node->alias) return pn_fail_memory(error, strlen(alias) + 1);
    strcpy(node->alias, alias);
    return PN_OK;
}

pn_status pn_model_add_input(pn_model *model, int group, int node, pn_error *error) {
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
    if (status == PN_OK) status = pn_model_add_node(model, layer, input, inputs, 0, error);
    if (status == PN_OK && inputs == 0)
        status = pn_model_add_input(model, 0, model->nodes - 1, error);
    if (status == PN_OK) *node = model->nodes - 1;
    return status;
}

pn_status pn_model_set_group_outputs(pn_model *model, int group, const int *output, int outputs,
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
    return pn_model_set_group_outputs(model, 0, output, outputs, error);
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
    return pn_model_add_node(model, from->layer, moved, inputs, first + from->group, error);
}

static pn_status nest_ends(pn_model *model, const pn_model *inner, int shift, int first,
                           pn_error *error) {
    pn_status status = PN_OK;
    for (int i = 0; i < inner->groups; i++) {
        const pn_group *from = &inner->group[i];
        for (int k = 0; status == PN_OK && k < from->inputs; k++)
            status = pn_model_add_input(model, first + i, from->input[k] + shift, error);
        if (status == PN_OK)
            status =
                pn_model_set_group_outputs(model, first + i, from->output, from->outputs, error);
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
