#include "nn/file/model_json.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static bool is_inside(const pn_model *model, int group, int outer) {
    while (group >= 0 && group != outer) group = model->group[group].parent;
    return group == outer;
}

/* The group directly below `outer` that holds `group`. */
static int child_of(const pn_model *model, int group, int outer) {
    while (model->group[group].parent != outer) group = model->group[group].parent;
    return group;
}

static int call_number(const pn_model *model, int node) {
    int number = 0;
    for (int i = 0; i < node; i++)
        number += model->node[i].layer == model->node[node].layer &&
                  model->node[i].group == model->node[node].group;
    return number;
}

/* [name, call, tensor] of what node `from` gives, as seen from inside `group`. Keras 2 counts the
 * calls of a nested model from 1, for call 0 was its own making; given 0 it runs in circles. */
static json_t *reference(const pn_model *model, int from, int group) {
    const pn_node *node = &model->node[from];
    if (node->group == group)
        return json_pack("[s, i, i]", pn_node_name(node), call_number(model, from), 0);
    const pn_group *nested = &model->group[child_of(model, node->group, group)];
    int tensor = 0;
    while (tensor < nested->outputs - 1 && nested->output[tensor] != from) tensor++;
    return json_pack("[s, i, i]", nested->name, 1, tensor);
}

static json_t *reference_with_options(const pn_model *model, int from, int group) {
    json_t *r = reference(model, from, group);
    if (r && json_array_append_new(r, json_object()) != 0) {
        json_decref(r);
        return NULL;
    }
    return r;
}

static json_t *references(const pn_model *model, const int *node, int count, int group) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, reference(model, node[i], group));
    return list;
}

/* One call's inputs: of a node, or of a nested model through its InputLayers. */
static json_t *call_of_node(const pn_model *model, int node, int group) {
    json_t *call = json_array();
    const pn_node *n = &model->node[node];
    for (int i = 0; i < n->inputs; i++)
        json_array_append_new(call, reference_with_options(model, n->input[i], group));
    return call;
}

static json_t *call_of_group(const pn_model *model, int nested, int group) {
    json_t *call = json_array();
    const pn_group *g = &model->group[nested];
    for (int i = 0; i < g->inputs; i++)
        json_array_append_new(
            call, reference_with_options(model, model->node[g->input[i]].input[0], group));
    return call;
}

/* All calls of the node's layer in its group; an InputLayer has none. */
static json_t *calls_of_layer(const pn_model *model, int node) {
    json_t *calls = json_array();
    const pn_node *first = &model->node[node];
    if (strcmp(first->layer->type->class_name, "InputLayer") == 0) return calls;
    for (int i = node; i < model->nodes; i++)
        if (model->node[i].layer == first->layer && model->node[i].group == first->group)
            json_array_append_new(calls, call_of_node(model, i, first->group));
    return calls;
}

static json_t *layer_config(const pn_node *node) {
    const pn_layer *layer = node->layer;
    json_t *config = json_deep_copy(layer->config);
    json_object_set_new(config, "name", json_string(pn_node_name(node)));
    /* Keras refuses it in an InputLayer, where it means nothing. */
    if (strcmp(layer->type->class_name, "InputLayer") == 0)
        json_object_del(config, "trainable");
    else
        json_object_set_new(config, "trainable", json_boolean(layer->trainable));
    json_object_set_new(config, "dtype", json_string("float32"));
    return config;
}

static json_t *group_json(const pn_model *model, int group);

static json_t *entry(json_t *what, const char *name, json_t *calls, bool sequential) {
    if (sequential) {
        json_decref(calls);
        return what;
    }
    json_object_set_new(what, "name", json_string(name));
    json_object_set_new(what, "inbound_nodes", calls);
    return what;
}

/* The layers and nested models of a group, each once, in order. */
static json_t *group_layers(const pn_model *model, int group) {
    json_t *layers = json_array();
    bool sequential = model->group[group].sequential;
    int last_nested = -1;
    for (int i = 0; i < model->nodes; i++) {
        const pn_node *node = &model->node[i];
        if (node->group == group && call_number(model, i) == 0) {
            json_t *what = json_pack("{s:s, s:o}", "class_name", node->layer->type->class_name,
                                     "config", layer_config(node));
            json_array_append_new(
                layers, entry(what, pn_node_name(node), calls_of_layer(model, i), sequential));
        } else if (node->group != group && is_inside(model, node->group, group)) {
            int nested = child_of(model, node->group, group);
            if (nested <= last_nested) continue; /* another of its nodes */
            last_nested = nested;
            json_t *calls = json_pack("[o]", call_of_group(model, nested, group));
            json_array_append_new(layers, entry(group_json(model, nested),
                                                model->group[nested].name, calls, sequential));
        }
    }
    return layers;
}

/* The one output of a nested model stands alone, not in a list: Keras 2 takes either for the same,
 * but of a list Keras 3 makes a model that gives a list, which the next layer does not take. */
static json_t *output_layers(const pn_model *model, int group) {
    const pn_group *g = &model->group[group];
    if (group > 0 && g->outputs == 1) return reference(model, g->output[0], group);
    return references(model, g->output, g->outputs, group);
}

static json_t *group_json(const pn_model *model, int group) {
    const pn_group *g = &model->group[group];
    json_t *config = json_pack("{s:s, s:b, s:o}", "name", g->name, "trainable", 1, "layers",
                               group_layers(model, group));
    if (!g->sequential) {
        json_object_set_new(config, "input_layers", references(model, g->input, g->inputs, group));
        json_object_set_new(config, "output_layers", output_layers(model, group));
    }
    return json_pack("{s:s, s:o}", "class_name", g->sequential ? "Sequential" : "Functional",
                     "config", config);
}

/* JSON has a place for a layer in one model alone, from which it cannot be called in another. */
static pn_status check_groups(const pn_model *model, pn_error *error) {
    for (int i = 0; i < model->nodes; i++)
        for (int k = 0; k < i; k++) {
            const pn_node *a = &model->node[k], *b = &model->node[i];
            if (a->layer == b->layer && a->group != b->group)
                return pn_fail(error, PN_E_UNSUPPORTED,
                               "layer '%.100s' stands in the models '%.100s' and '%.100s' at once, "
                               "which can be neither saved nor trained",
                               a->layer->name, model->group[a->group].name,
                               model->group[b->group].name);
        }
    return PN_OK;
}

pn_status pn_model_to_json(const pn_model *model, json_t **out, pn_error *error) {
    *out = NULL;
    pn_status status = check_groups(model, error);
    if (status != PN_OK) return status;
    *out = group_json(model, 0);
    return *out ? PN_OK : pn_fail_memory(error, sizeof(json_t *));
}

pn_status pn_model_to_text(const pn_model *model, pn_text *text, pn_error *error) {
    json_t *json;
    pn_status status = pn_model_to_json(model, &json, error);
    if (status != PN_OK) return status;
    char *dump = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (dump) pn_text_adds(text, dump);
    free(dump);
    return dump && !text->failed ? PN_OK : pn_fail_memory(error, text->size);
}
