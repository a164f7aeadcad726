#include "nn/layer.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

pn_status pn_layer_type_find(const char *class_name, const pn_layer_type **type, pn_error *error) {
    const char *names[64];
    size_t count = 0;
    for (const pn_layer_type *const *t = pn_layer_types; *t; t++) {
        if (strcmp((*t)->class_name, class_name) == 0) return *type = *t, PN_OK;
        if (count < sizeof names / sizeof *names) names[count++] = (*t)->class_name;
    }
    pn_text near = {0};
    pn_text_add_names(&near, class_name, names, count, "there are");
    pn_status status = pn_fail(error, PN_E_NOT_FOUND, "there is no layer class '%.100s'%s",
                               class_name, pn_text_string(&near));
    pn_text_free(&near);
    return status;
}

/* ---- life ---- */

static pn_status configure(pn_layer *layer, pn_error *error) {
    pn_config config = pn_config_begin(layer->config, layer->type->class_name, layer->name, error);
    layer->trainable = pn_config_bool(&config, "trainable", true);
    if (layer->type->configure) layer->type->configure(layer, &config);
    return pn_config_finish(&config);
}

static pn_status fill(pn_layer *layer, const json_t *config, const char *name, pn_error *error) {
    layer->config = config ? json_deep_copy(config) : json_object();
    const char *given = json_string_value(json_object_get(layer->config, "name"));
    if (!given) given = name;
    layer->name = pn_alloc(strlen(given) + 1);
    layer->settings = pn_calloc(1, layer->type->settings_size + 1);
    if (!layer->config || !layer->name || !layer->settings)
        return pn_fail_memory(error, layer->type->settings_size);
    strcpy(layer->name, given);
    if (*given && json_object_set_new(layer->config, "name", json_string(given)) != 0)
        return pn_fail_memory(error, strlen(given));
    return configure(layer, error);
}

pn_status pn_layer_new(const pn_layer_type *type, const json_t *config, const char *name,
                       pn_layer **out, pn_error *error) {
    *out = NULL;
    if (config && !json_is_object(config))
        return pn_fail(error, PN_E_ARGUMENT, "the config of a %s is no JSON object",
                       type->class_name);
    pn_layer *layer = pn_calloc(1, sizeof *layer);
    if (!layer) return pn_fail_memory(error, sizeof *layer);
    layer->type = type;
    layer->references = 1;
    pn_status status = fill(layer, config, name, error);
    if (status == PN_OK)
        *out = layer;
    else
        pn_layer_release(layer);
    return status;
}

pn_status pn_layer_rename(pn_layer *layer, const char *name, pn_error *error) {
    char *copy = pn_alloc(strlen(name) + 1);
    if (!copy || json_object_set_new(layer->config, "name", json_string(name)) != 0) {
        pn_free(copy);
        return pn_fail_memory(error, strlen(name));
    }
    pn_free(layer->name);
    layer->name = strcpy(copy, name);
    return PN_OK;
}

pn_layer *pn_layer_retain(pn_layer *layer) {
    __atomic_add_fetch(&layer->references, 1, __ATOMIC_RELAXED);
    return layer;
}

void pn_layer_release(pn_layer *layer) {
    if (!layer || __atomic_sub_fetch(&layer->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (int i = 0; i < layer->weights; i++) pn_tensor_release(layer->weight[i].value);
    json_decref(layer->config);
    pn_free(layer->settings);
    pn_free(layer->name);
    pn_free(layer);
}

/* ---- shapes ---- */

/* Puts "Conv2D 'conv2d_1': " in front of the message. */
static pn_status fail_layer(const pn_layer *layer, const pn_error *why, pn_error *error) {
    if (!*layer->name)
        return pn_fail(error, why->status, "%s: %s", layer->type->class_name, why->message);
    return pn_fail(error, why->status, "%s '%.120s': %s", layer->type->class_name, layer->name,
                   why->message);
}

static pn_status check_inputs(const pn_layer *layer, int inputs, pn_error *error) {
    int low = layer->type->min_inputs, high = layer->type->max_inputs;
    if (inputs >= low && inputs <= high) return PN_OK;
    if (low == high)
        return pn_fail(error, PN_E_SHAPE, "takes %d input%s, not %d", low, low == 1 ? "" : "s",
                       inputs);
    return pn_fail(error, PN_E_SHAPE, "takes %d to %d inputs, not %d", low, high, inputs);
}

/* A layer that is used twice has one set of weights: they must fit each time. */
static pn_status build(pn_layer *layer, const pn_dims *in, pn_error *error) {
    char now[PN_SHAPE_TEXT], before[PN_SHAPE_TEXT];
    if (!layer->built) {
        pn_status status = layer->type->build ? layer->type->build(layer, in, error) : PN_OK;
        if (status != PN_OK) return layer->weights = 0, status;
        layer->built = true;
        if (in) layer->built_for = *in;
        return PN_OK;
    }
    const pn_dims *first = &layer->built_for;
    if (layer->weights == 0 ||
        (first->rank == in->rank && first->size[first->rank - 1] == in->size[in->rank - 1]))
        return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "its weights were made for inputs of %s, this one is %s",
                   pn_dims_text(first, before, sizeof before), pn_dims_text(in, now, sizeof now));
}

/* Few enough that nothing computed from the sizes overflows. */
static bool is_countable(const pn_dims *dims) {
    double count = 1;
    for (int i = 0; i < dims->rank; i++) count *= (double)dims->size[i];
    return count < 0x1p40;
}

static pn_status check_sizes(const pn_dims *out, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    for (int i = 0; i < out->rank; i++)
        if (out->size[i] < 1)
            return pn_fail(error, PN_E_SHAPE, "nothing is left: the output would be %s",
                           pn_dims_text(out, text, sizeof text));
    if (is_countable(out)) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "the output %s is too large",
                   pn_dims_text(out, text, sizeof text));
}

pn_status pn_layer_connect(pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                           pn_error *error) {
    pn_error why;
    *out = (pn_dims){0};
    pn_status status = check_inputs(layer, inputs, &why);
    if (status == PN_OK) status = layer->type->output(layer, in, inputs, out, &why);
    if (status == PN_OK) status = check_sizes(out, &why);
    if (status == PN_OK) status = build(layer, in, &why);
    return status == PN_OK ? PN_OK : fail_layer(layer, &why, error);
}

/* ---- weights ---- */

/* What a unit sees and what it feeds, as Keras counts it: the last two axes times all before. */
static void set_fans(pn_weight *weight) {
    const pn_dims *s = &weight->shape;
    int64_t field = 1;
    for (int i = 0; i < s->rank - 2; i++) field *= s->size[i];
    weight->fan_in = s->rank > 1 ? field * s->size[s->rank - 2] : pn_dims_count(s);
    weight->fan_out = s->rank > 1 ? field * s->size[s->rank - 1] : pn_dims_count(s);
}

pn_status pn_layer_add_weight(pn_layer *layer, const char *name, const pn_dims *shape,
                              const char *initializer, const char *preset, pn_error *error) {
    if (layer->weights == PN_LAYER_WEIGHTS)
        return pn_fail(error, PN_E_INTERNAL, "%s has too many weights", layer->type->class_name);
    if (!is_countable(shape)) {
        char text[PN_SHAPE_TEXT];
        return pn_fail(error, PN_E_SHAPE, "its %s would be too large: %s", name,
                       pn_shape_text(shape->rank, shape->size, text, sizeof text));
    }
    pn_weight *weight = &layer->weight[layer->weights];
    *weight = (pn_weight){.name = name, .shape = *shape};
    pn_status status = pn_initializer_parse(json_object_get(layer->config, initializer), preset,
                                            &weight->initializer, error);
    if (status != PN_OK) return status;
    set_fans(weight);
    layer->weights++;
    return PN_OK;
}

void pn_layer_read_activation(pn_layer *layer, pn_config *config) {
    const char *name = pn_config_word(config, "activation", "linear");
    pn_error why;
    if (config->status != PN_OK) return;
    config->status = pn_activation_parse(name, &layer->activation, &why);
    if (config->status != PN_OK) fail_layer(layer, &why, config->error);
}

bool pn_layer_trains(const pn_layer *layer, int weight) {
    return layer->trainable && !layer->weight[weight].moving;
}

pn_status pn_layer_initialize(pn_layer *layer, uint64_t seed, uint64_t stream, pn_error *error) {
    for (int i = 0; i < layer->weights; i++) {
        pn_weight *w = &layer->weight[i];
        if (w->value) continue;
        pn_status status = pn_tensor_new(PN_F32, w->shape.rank, w->shape.size, &w->value, error);
        if (status != PN_OK) return status;
        pn_initializer_fill(&w->initializer, w->value->data, pn_dims_count(&w->shape), w->fan_in,
                            w->fan_out, seed, stream + (uint64_t)i);
    }
    return PN_OK;
}

pn_status pn_layer_set_weight(pn_layer *layer, int weight, pn_tensor *value, pn_error *error) {
    pn_weight *w = &layer->weight[weight];
    pn_dims given = {.rank = value->rank};
    memcpy(given.size, value->shape, sizeof given.size);
    if (!pn_dims_equal(&given, &w->shape)) {
        char expected[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
        return pn_fail(error, PN_E_SHAPE, "%s '%.120s': its %s has the shape %s, not %s",
                       layer->type->class_name, layer->name, w->name,
                       pn_shape_text(w->shape.rank, w->shape.size, expected, sizeof expected),
                       pn_shape_text(value->rank, value->shape, got, sizeof got));
    }
    pn_tensor *kept = NULL;
    pn_status status = value->dtype == PN_F32 ? pn_tensor_dense(value, &kept, error)
                                              : pn_tensor_cast(value, PN_F32, &kept, error);
    if (status != PN_OK) return status;
    pn_tensor_release(w->value);
    w->value = kept;
    return PN_OK;
}

int64_t pn_layer_count(const pn_layer *layer) {
    int64_t count = 0;
    for (int i = 0; i < layer->weights; i++) count += pn_dims_count(&layer->weight[i].shape);
    return count;
}
