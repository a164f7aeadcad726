/* Which layer has which weights. */
#include "architecture.h"
#include "write.h"

#include <stdio.h>
#include <string.h>

/* ---- do layers and architecture fit? ---- */

static pn_status check_layers(const pn_keras_model *model, json_t *architecture, pn_error *error) {
    size_t named = 0, described = pn_keras_count_layers(architecture);
    for (size_t i = 0; i < model->layer_count; i++) {
        json_t *layer = pn_keras_find_layer(architecture, model->layers[i]);
        if (!layer)
            return pn_fail(error, PN_E_ARGUMENT, "the architecture has no layer '%.300s'",
                           model->layers[i]);
        named += !pn_keras_is_input(layer);
    }
    if (named == described) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "the architecture has %zu layers, %zu are named",
                   described, named);
}

/* ---- whose is a weight? ---- */

/* The layer from `from` on whose name begins the weight's (the longest such name), or
 * layer_count. */
static size_t owner_of(const pn_keras_model *model, const char *name, size_t from) {
    size_t best = model->layer_count, longest = 0;
    for (size_t i = from; i < model->layer_count; i++) {
        size_t length = strlen(model->layers[i]);
        if (length <= longest || strncmp(name, model->layers[i], length) != 0 ||
            name[length] != '/' || name[length + 1] == '\0')
            continue;
        best = i;
        longest = length;
    }
    return best;
}

static pn_status share_out(const pn_keras_model *model, pn_keras_share *share, pn_error *error) {
    size_t layer = 0;
    for (size_t i = 0; i < model->layer_count; i++) share[i] = (pn_keras_share){0};
    for (size_t i = 0; i < model->count; i++) {
        size_t owner = owner_of(model, model->names[i], layer);
        if (owner == model->layer_count)
            return pn_fail(error, PN_E_ARGUMENT,
                           "the weight '%.300s' belongs to no layer, or stands out of order: "
                           "weights are called layer/weight and follow the order of the layers",
                           model->names[i]);
        layer = owner;
        if (share[layer].count++ == 0) share[layer].first = i;
    }
    return PN_OK;
}

/* ---- in which order? ---- */

/* Whether a weight of a nested model is trained: its own layer is, and it is no statistic. */
static int is_trained(json_t *nested, const char *name) {
    char owner[PN_ERROR_TEXT];
    const char *end = strrchr(name, '/'), *start = end;
    while (start > name && start[-1] != '/') start--;
    snprintf(owner, sizeof owner, "%.*s", (int)(end - start), start);
    json_t *config = json_object_get(pn_keras_find_deep(nested, owner), "config");
    if (json_is_false(json_object_get(config, "trainable"))) return 0;
    return strcmp(end + 1, "moving_mean") != 0 && strcmp(end + 1, "moving_variance") != 0;
}

/* Keras lists what is trained first in a nested model. */
static void put_in_order(const pn_keras_model *model, json_t *nested, pn_keras_share *share) {
    size_t at = 0, end = share->first + share->count;
    for (int trained = 1; trained >= 0; trained--)
        for (size_t i = share->first; i < end; i++)
            if (is_trained(nested, model->names[i]) == trained) share->order[at++] = i;
}

pn_status pn_keras_divide(const pn_keras_model *model, json_t *architecture, pn_keras_share *share,
                          size_t *order, pn_error *error) {
    pn_status status = check_layers(model, architecture, error);
    if (status == PN_OK) status = share_out(model, share, error);
    for (size_t i = 0; i < model->layer_count && status == PN_OK; i++) {
        json_t *layer = pn_keras_find_layer(architecture, model->layers[i]);
        share[i].nested = pn_keras_layers(layer) != NULL;
        share[i].order = order + share[i].first;
        for (size_t k = 0; k < share[i].count; k++) share[i].order[k] = share[i].first + k;
        if (share[i].nested) put_in_order(model, layer, &share[i]);
    }
    return status;
}
