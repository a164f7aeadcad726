#include "labels.h"

#include "base/memory.h"
#include "nn/train/fit.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 20 };

/* ---- reading labels ---- */

static double item(const pn_array *a, int64_t i) {
    if (a->dtype == PN_F32) return ((const float *)a->data)[i];
    return a->dtype == PN_I32 ? ((const int32_t *)a->data)[i] : ((const uint8_t *)a->data)[i];
}

/* The class of row i of `width` numbers, or -1. */
static int64_t label_of(const pn_array *y, int64_t i, int64_t width) {
    int64_t label = -1;
    if (width == 1) {
        double value = item(y, i);
        return value >= 0 && value < MOST_CLASSES && value == (double)(int64_t)value
                   ? (int64_t)value
                   : -1;
    }
    for (int64_t j = 0; j < width; j++) {
        double value = item(y, i * width + j);
        if (value == 0) continue;
        if (value != 1 || label >= 0) return -1;
        label = j;
    }
    return label;
}

static int64_t width_of(const pn_array *y) {
    int64_t width = 1;
    for (int i = 1; i < y->rank; i++) width *= y->shape[i];
    return width;
}

/* How many classes there are: the greatest label says, and the config's names. 0 when a sample has
 * no class. */
static int64_t find_classes(const pn_array *y, int64_t width, int64_t named) {
    int64_t classes = width > 1 ? width : named;
    for (int64_t i = 0; i < y->shape[0]; i++) {
        int64_t label = label_of(y, i, width);
        if (label < 0) return 0;
        if (label >= classes) classes = label + 1;
    }
    /* One output that says yes or no. */
    return width == 1 && classes == 1 && named == 0 ? 2 : classes;
}

static pn_status read_names(const pn_work_place *place, pn_labels *labels, int64_t *named,
                            pn_error *error) {
    size_t i;
    json_t *one;
    *named = 0;
    labels->config = json_loads(place->host->param_string(place->call, "source"), 0, NULL);
    const json_t *list = json_object_get(labels->config, "classes");
    size_t count = json_array_size(list);
    if (count == 0) return PN_OK;
    labels->names = pn_calloc(count, sizeof *labels->names);
    if (!labels->names) return pn_fail_memory(error, count * sizeof *labels->names);
    json_array_foreach(list, i, one) {
        labels->names[i] = json_string_value(one);
        if (!labels->names[i]) return PN_OK;
    }
    *named = (int64_t)count;
    return PN_OK;
}

pn_status pn_labels_count(const pn_work_place *place, pn_labels *labels, pn_error *error) {
    pn_array y;
    int64_t named;
    *labels = (pn_labels){0};
    pn_status status = read_names(place, labels, &named, error);
    if (status != PN_OK || place->host->input_count(place->call, "y") == 0 ||
        place->host->input_array(place->call, "y", 0, &y) != 0 || y.rank < 1)
        return status;
    int64_t width = width_of(&y);
    labels->classes = find_classes(&y, width, named);
    if (labels->classes != named) {
        pn_free(labels->names);
        labels->names = NULL;
    }
    labels->count = pn_calloc((size_t)labels->classes + 1, sizeof *labels->count);
    if (!labels->count)
        return pn_fail_memory(error, (size_t)labels->classes * sizeof *labels->count);
    for (int64_t i = 0; labels->classes && i < y.shape[0]; i++)
        labels->count[label_of(&y, i, width)]++;
    return PN_OK;
}

void pn_labels_free(pn_labels *labels) {
    pn_free(labels->count);
    pn_free(labels->names);
    json_decref(labels->config);
    *labels = (pn_labels){0};
}

/* ---- what is asked of them ---- */

pn_status pn_labels_check(const pn_labels *labels, pn_error *error) {
    int64_t present = 0, only = 0, samples = 0;
    for (int64_t i = 0; i < labels->classes; i++) {
        if (labels->count[i] == 0) continue;
        present++;
        only = i;
        samples += labels->count[i];
    }
    if (present != 1) return PN_OK;
    char label[24];
    snprintf(label, sizeof label, "%" PRId64, only);
    return pn_fail(error, PN_E_ARGUMENT,
                   "all %" PRId64 " training samples are of one class, '%.100s': there is nothing "
                   "to tell apart; one_class = true trains all the same",
                   samples, labels->names ? labels->names[only] : label);
}

static pn_status balance(const pn_labels *labels, double *weight, pn_error *error) {
    double samples = 0;
    for (int64_t i = 0; i < labels->classes; i++) samples += (double)labels->count[i];
    for (int64_t i = 0; i < labels->classes; i++) {
        if (labels->count[i] == 0)
            return pn_fail(error, PN_E_ARGUMENT,
                           "class_weight cannot be balanced: class %" PRId64 " has no sample", i);
        weight[i] = samples / ((double)labels->classes * (double)labels->count[i]);
    }
    return PN_OK;
}

static pn_status read_weights(const pn_labels *labels, const json_t *json, double **weight,
                              pn_error *error) {
    const char *word = json_string_value(json);
    if (labels->classes == 0)
        return pn_fail(error, PN_E_ARGUMENT,
                       "class_weight is given, but the targets are no classes");
    *weight = pn_alloc((size_t)labels->classes * sizeof **weight);
    if (!*weight) return pn_fail_memory(error, (size_t)labels->classes * sizeof **weight);
    if (word && strcmp(word, "balanced") == 0) return balance(labels, *weight, error);
    return pn_class_weights(json, labels->names, labels->classes, *weight, error);
}

pn_status pn_labels_weights(const pn_work_place *place, const pn_labels *labels, double **weight,
                            pn_error *error) {
    json_t *json;
    *weight = NULL;
    pn_status status = pn_work_json(place, "class_weight", &json, error);
    if (status == PN_OK && json) status = read_weights(labels, json, weight, error);
    json_decref(json);
    return status;
}
