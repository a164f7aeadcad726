/* Reading an architecture: nothing in it is trusted. */
#include "nn/file/model_json.h"

#include "base/memory.h"

#include <string.h>

/* Beyond these no model is meant: some of the work grows with their square. */
enum { DEPTH = 16, LAYERS = 5000, NODES = 20000 };

/* One model being read. */
typedef struct reading {
    pn_model *model;
    json_t *made;   /* name -> one list of nodes for each call of that layer or nested model */
    json_t *nested; /* the names of the nested models */
    int depth;
    pn_error *error;
} reading;

static pn_status read_model(const json_t *json, int depth, pn_model **out, pn_error *error);

static pn_status malformed(const reading *r, const char *what) {
    return pn_fail(r->error, PN_E_FORMAT, "the architecture of '%.100s' is malformed: %s",
                   pn_model_name(r->model), what);
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static bool is_model(const char *class_name) {
    return strcmp(class_name, "Sequential") == 0 || strcmp(class_name, "Functional") == 0 ||
           strcmp(class_name, "Model") == 0;
}

static pn_status remember(reading *r, const char *name, const int *node, int count) {
    json_t *calls = json_object_get(r->made, name), *nodes = json_array();
    if (!calls) json_object_set_new(r->made, name, calls = json_array());
    for (int i = 0; i < count; i++) json_array_append_new(nodes, json_integer(node[i]));
    return json_array_append_new(calls, nodes) == 0 ? PN_OK : pn_fail_memory(r->error, 1);
}

/* ---- references ---- */

/* The node that [name, call, tensor] means, or -1 when it is not made yet. */
static int resolve(const reading *r, const json_t *reference) {
    const char *name = json_string_value(json_array_get(reference, 0));
    json_int_t call = json_integer_value(json_array_get(reference, 1));
    json_int_t tensor = json_integer_value(json_array_get(reference, 2));
    if (!name || call < 0 || tensor < 0) return -1;
    /* Keras 2 counts the making of a nested model as its first call, Keras 3 does not; here it is
     * called once. */
    if (json_object_get(r->nested, name)) call = 0;
    const json_t *nodes = json_array_get(json_object_get(r->made, name), (size_t)call);
    const json_t *node = json_array_get(nodes, (size_t)tensor);
    return node ? (int)json_integer_value(node) : -1;
}

/* Collects the references of one call into list: Keras 2's [[name, call, tensor, {}], ...], and
 * Keras 3's tensors anywhere inside "args". */
static void collect(const json_t *from, json_t *list, int depth) {
    size_t i;
    json_t *item;
    if (depth > DEPTH) return;
    if (json_is_object(from)) {
        json_t *history = json_object_get(json_object_get(from, "config"), "keras_history");
        if (history)
            json_array_append(list, history);
        else
            collect(json_object_get(from, "args"), list, depth + 1);
        return;
    }
    if (json_is_string(json_array_get(from, 0))) {
        json_array_append(list, (json_t *)from);
        return;
    }
    json_array_foreach(from, i, item) collect(item, list, depth + 1);
}

/* ---- layers ---- */

static pn_status make_layer(const json_t *entry, const char *class_name, pn_layer **out,
                            pn_error *error) {
    const pn_layer_type *type;
    const char *name = text_of(entry, "name");
    pn_status status = pn_layer_type_find(class_name, &type, error);
    if (status != PN_OK) return status;
    return pn_layer_new(type, json_object_get(entry, "config"), name ? name : "", out, error);
}

static pn_status add_layer(reading *r, pn_layer *layer, const int *input, int inputs, int *node) {
    return pn_model_add(r->model, layer, input, inputs, node, r->error);
}

/* A nested model, called on these nodes. */
static pn_status add_nested(reading *r, const json_t *entry, const int *input, int inputs,
                            int *group) {
    pn_model *inner = NULL;
    pn_status status = read_model(entry, r->depth + 1, &inner, r->error);
    if (status == PN_OK) status = pn_model_nest(r->model, inner, input, inputs, group, r->error);
    pn_model_release(inner);
    return status;
}

/* ---- Sequential ---- */

static json_t *shape_of_first(const json_t *config, const json_t *first) {
    const json_t *inner = json_object_get(first, "config");
    json_t *shape = json_object_get(inner, "batch_input_shape");
    if (!shape) shape = json_object_get(inner, "batch_shape");
    if (!shape) shape = json_object_get(json_object_get(first, "build_config"), "input_shape");
    if (!shape) shape = json_object_get(config, "build_input_shape");
    return shape;
}

/* A Sequential model may leave its InputLayer out: the first layer says what it takes. */
static pn_status add_missing_input(reading *r, const json_t *config, const json_t *first,
                                   int *node) {
    json_t *shape = shape_of_first(config, first);
    if (!shape) return malformed(r, "its first layer says no input shape (batch_input_shape)");
    json_t *entry = json_pack("{s:{s:O}}", "config", "batch_input_shape", shape);
    pn_layer *layer = NULL;
    pn_status status = make_layer(entry, "InputLayer", &layer, r->error);
    if (status == PN_OK) status = add_layer(r, layer, NULL, 0, node);
    pn_layer_release(layer);
    json_decref(entry);
    return status;
}

/* The InputLayer of a first layer that is itself a model. */
static const json_t *innermost_first(const json_t *entry) {
    for (int depth = 0; depth < DEPTH; depth++) {
        const char *class_name = text_of(entry, "class_name");
        if (!class_name || !is_model(class_name)) break;
        entry = json_array_get(json_object_get(json_object_get(entry, "config"), "layers"), 0);
    }
    return entry;
}

static pn_status add_sequential(reading *r, const json_t *config, const json_t *entry, int *last) {
    const char *class_name = text_of(entry, "class_name");
    pn_layer *layer = NULL;
    pn_status status = PN_OK;
    int group;
    if (!class_name) return malformed(r, "a layer has no class_name");
    if (*last < 0 && strcmp(class_name, "InputLayer") != 0)
        status = add_missing_input(r, config, innermost_first(entry), last);
    if (status != PN_OK) return status;
    if (is_model(class_name)) {
        status = add_nested(r, entry, last, 1, &group);
        if (status == PN_OK) *last = r->model->group[group].output[0];
        return status;
    }
    status = make_layer(entry, class_name, &layer, r->error);
    if (status == PN_OK) status = add_layer(r, layer, last, *last < 0 ? 0 : 1, last);
    pn_layer_release(layer);
    return status;
}

static pn_status read_sequential(reading *r, const json_t *config, const json_t *layers) {
    size_t i;
    json_t *item;
    int last = -1;
    json_array_foreach(layers, i, item) {
        pn_status status = add_sequential(r, config, item, &last);
        if (status != PN_OK) return status;
    }
    if (last < 0) return malformed(r, "it has no layers");
    return pn_model_set_outputs(r->model, &last, 1, r->error);
}

/* ---- Functional ---- */

/* One layer or nested model of a functional model: made at its first call, called once for each
 * of inbound_nodes. */
typedef struct pending {
    const json_t *entry, *calls;
    const char *name, *class_name;
    size_t done;
    pn_layer *layer;
} pending;

static pn_status call_once(reading *r, pending *p, const int *input, int inputs) {
    int node, group;
    pn_status status = PN_OK;
    if (r->model->nodes >= NODES) return malformed(r, "its layers are called too often");
    if (is_model(p->class_name)) {
        status = add_nested(r, p->entry, input, inputs, &group);
        if (status != PN_OK) return status;
        const pn_group *g = &r->model->group[group];
        if (json_object_set_new(r->nested, p->name, json_true()) != 0)
            return pn_fail_memory(r->error, 1);
        return remember(r, p->name, g->output, g->outputs);
    }
    if (!p->layer) status = make_layer(p->entry, p->class_name, &p->layer, r->error);
    if (status == PN_OK) status = add_layer(r, p->layer, input, inputs, &node);
    return status == PN_OK ? remember(r, p->name, &node, 1) : status;
}

/* Makes the next call when all that it takes is there; *made becomes true. */
static pn_status try_call(reading *r, pending *p, bool *made) {
    int input[PN_LAYER_INPUTS];
    json_t *list = json_array();
    collect(json_array_get(p->calls, p->done), list, 0);
    size_t count = json_array_size(list);
    bool ready = count <= PN_LAYER_INPUTS;
    for (size_t i = 0; ready && i < count; i++)
        ready = (input[i] = resolve(r, json_array_get(list, i))) >= 0;
    json_decref(list);
    if (count > PN_LAYER_INPUTS) return malformed(r, "a layer has too many inputs");
    if (!ready) return PN_OK;
    *made = true;
    p->done++;
    return call_once(r, p, input, (int)count);
}

static size_t calls_wanted(const pending *p) {
    return strcmp(p->class_name, "InputLayer") == 0 ? 1 : json_array_size(p->calls);
}

/* Always the first layer of the list whose next call can be made: so the layers come into the model
 * in the order of the list, which is the order of their weights, also where one is called again
 * behind others. No call to make means that something refers to what does not exist. */
static pn_status make_calls(reading *r, pending *list, size_t count) {
    size_t first = 0; /* all before it are done */
    for (size_t i = 0; first < count;) {
        bool made = false;
        if (i == count) return malformed(r, "a layer takes what no layer gives");
        if (list[i].done < calls_wanted(&list[i])) {
            pn_status status = try_call(r, &list[i], &made);
            if (status != PN_OK) return status;
        }
        while (first < count && list[first].done >= calls_wanted(&list[first])) first++;
        i = made || i < first ? first : i + 1;
    }
    return PN_OK;
}

static pn_status fill_pending(reading *r, const json_t *layers, pending *list) {
    size_t i;
    json_t *item;
    json_array_foreach(layers, i, item) {
        const char *name = text_of(item, "name");
        if (!name) name = text_of(json_object_get(item, "config"), "name");
        list[i] = (pending){.entry = item,
                            .calls = json_object_get(item, "inbound_nodes"),
                            .name = name,
                            .class_name = text_of(item, "class_name")};
        if (!name || !list[i].class_name)
            return malformed(r, "a layer has no name or no class_name");
        if (strlen(name) == 0) return malformed(r, "a layer's name is empty");
    }
    return PN_OK;
}

/* The nodes that input_layers or output_layers name: a list of references, or one alone. */
static pn_status read_ends(reading *r, const json_t *config, const char *key, int *node,
                           int *count) {
    const json_t *list = json_object_get(config, key);
    bool one = json_is_string(json_array_get(list, 0));
    *count = one ? 1 : (int)json_array_size(list);
    if (*count < 1 || *count > PN_LAYER_INPUTS)
        return malformed(r, strcmp(key, "input_layers") == 0 ? "it has no input_layers"
                                                             : "it has no output_layers");
    for (int i = 0; i < *count; i++) {
        node[i] = resolve(r, one ? list : json_array_get(list, (size_t)i));
        if (node[i] < 0) return malformed(r, "an input or output layer does not exist");
    }
    return PN_OK;
}

static pn_status set_ends(reading *r, const json_t *config) {
    int node[PN_LAYER_INPUTS], count;
    pn_group *g = &r->model->group[0];
    pn_status status = read_ends(r, config, "output_layers", node, &count);
    if (status == PN_OK) status = pn_model_set_outputs(r->model, node, count, r->error);
    if (status == PN_OK) status = read_ends(r, config, "input_layers", node, &count);
    if (status != PN_OK) return status;
    for (int i = 0; i < count; i++)
        if (count != g->inputs || r->model->node[node[i]].inputs != 0)
            return malformed(r, "input_layers are not its InputLayers");
    memcpy(g->input, node, (size_t)count * sizeof *node);
    return PN_OK;
}

static pn_status read_functional(reading *r, const json_t *config, const json_t *layers) {
    size_t count = json_array_size(layers);
    pending *list = pn_calloc(count + 1, sizeof *list);
    r->made = json_object();
    r->nested = json_object();
    pn_status status = list && r->made && r->nested ? fill_pending(r, layers, list)
                                                    : pn_fail_memory(r->error, count);
    if (status == PN_OK) status = make_calls(r, list, count);
    if (status == PN_OK) status = set_ends(r, config);
    for (size_t i = 0; list && i < count; i++) pn_layer_release(list[i].layer);
    pn_free(list);
    json_decref(r->made);
    json_decref(r->nested);
    return status;
}

/* ---- all ---- */

static pn_status read_model(const json_t *json, int depth, pn_model **out, pn_error *error) {
    const char *class_name = text_of(json, "class_name");
    const json_t *config = json_object_get(json, "config");
    const json_t *layers = json_object_get(config, "layers");
    const char *name = text_of(config, "name");
    *out = NULL;
    if (!class_name || !is_model(class_name))
        return pn_fail(error, PN_E_FORMAT,
                       "the architecture's class is %.100s: expected "
                       "Sequential or Functional",
                       class_name ? class_name : "missing");
    if (!json_is_array(layers))
        return pn_fail(error, PN_E_FORMAT, "the architecture has no list of layers");
    if (depth > DEPTH || json_array_size(layers) > LAYERS)
        return pn_fail(error, PN_E_FORMAT,
                       "the architecture has more than %d layers, or models in more than %d others",
                       LAYERS, DEPTH);
    bool sequential = strcmp(class_name, "Sequential") == 0;
    reading r = {.depth = depth, .error = error};
    pn_status status = pn_model_new(name         ? name
                                    : sequential ? "sequential"
                                                 : "model",
                                    sequential, &r.model, error);
    if (status == PN_OK)
        status =
            sequential ? read_sequential(&r, config, layers) : read_functional(&r, config, layers);
    if (status == PN_OK)
        *out = r.model;
    else
        pn_model_release(r.model);
    return status;
}

pn_status pn_model_from_json(const json_t *json, pn_model **out, pn_error *error) {
    return read_model(json, 0, out, error);
}

pn_status pn_model_from_text(const char *text, size_t size, pn_model **out, pn_error *error) {
    json_error_t why;
    *out = NULL;
    json_t *json = json_loadb(text, size, 0, &why);
    if (!json) return pn_fail(error, PN_E_FORMAT, "the architecture is no JSON: %s", why.text);
    pn_status status = pn_model_from_json(json, out, error);
    json_decref(json);
    return status;
}
