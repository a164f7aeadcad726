/* Names and order of a layer's weights.
 *
 * Keras 2 calls data sets "conv2d/kernel:0", Keras 3 "sequential/conv2d/kernel"; both become
 * "conv2d/kernel" here. In a nested model "inner" they are "conv2d_1/kernel:0" and
 * "inner/conv2d_1/kernel", and become "inner/conv2d_1/kernel"; of models in it Keras 2 says nothing
 * there, but the architecture does. Keras lists what is trained first and what is not (frozen
 * layers, the moving statistics of batch normalization) behind; a model has its weights layer by
 * layer. */
#include "architecture.h"
#include "base/memory.h"
#include "base/text.h"
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts of a data set's name ---- */

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static size_t folder_length(const char *path) {
    return (size_t)(last_part(path) - path);
}

/* What stands behind the layer's own name, or all. */
static const char *below_layer(const char *path, const char *layer) {
    size_t length = strlen(layer);
    const char *part = path, *slash;
    while ((slash = strchr(part, '/'))) {
        if ((size_t)(slash - part) == length && memcmp(part, layer, length) == 0) return slash + 1;
        part = slash + 1;
    }
    return path;
}

/* Without TensorFlow's ":0". */
static size_t plain_length(const char *name) {
    size_t length = strlen(name), digits = length;
    while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
    return digits > 1 && digits < length && name[digits - 1] == ':' ? digits - 1 : length;
}

static int one_folder(const pn_h5_names *datasets) {
    const char *first = datasets->name[0];
    size_t length = folder_length(first);
    for (size_t i = 1; i < datasets->count; i++)
        if (folder_length(datasets->name[i]) != length ||
            memcmp(datasets->name[i], first, length) != 0)
            return 0;
    return 1;
}

/* 1 all differ, 0 some do not, -1 memory is out. */
static int different_last_parts(const pn_h5_names *datasets) {
    json_t *seen = json_object();
    int different = seen ? 1 : -1;
    for (size_t i = 0; i < datasets->count && different > 0; i++) {
        const char *name = last_part(datasets->name[i]);
        if (json_object_get(seen, name))
            different = 0;
        else if (json_object_set_new(seen, name, json_true()) != 0)
            different = -1;
    }
    json_decref(seen);
    return different;
}

/* Copies the part before the last, the name of the layer that owns the weight, into owner. */
static void owner_of(const char *path, char owner[PN_ERROR_TEXT]) {
    size_t end = folder_length(path), start;
    if (end) end--;
    for (start = end; start && path[start - 1] != '/';) start--;
    snprintf(owner, PN_ERROR_TEXT, "%.*s", (int)(end - start), path + start);
}

/* ---- names ---- */

/* How names in a layer are made. */
typedef struct naming {
    const char *layer;
    int brief;   /* the last part says enough */
    json_t *map; /* of a nested model's layers, or empty: pn_keras_map_layers */
} naming;

/* What stands between the layer's name and the weight's own: "", or "conv2d_1/". */
static void add_path(const naming *n, const char *dataset, pn_text *name) {
    char owner[PN_ERROR_TEXT];
    const char *below = below_layer(dataset, n->layer);
    if (n->brief) return;
    owner_of(dataset, owner);
    const char *path = json_string_value(json_array_get(json_object_get(n->map, owner), 1));
    if (path)
        pn_text_addf(name, "%s/", path);
    else
        pn_text_add(name, below, folder_length(below));
}

static pn_status name_weight(pn_keras_file *file, const naming *n, pn_keras_weight *w) {
    const char *last = last_part(w->dataset);
    pn_text name = {0};
    pn_text_addf(&name, "%s/", w->layer);
    add_path(n, w->dataset, &name);
    pn_text_add(&name, last, plain_length(last));
    w->name = name.failed ? NULL : pn_arena_copy(&file->arena, name.data, name.size);
    pn_text_free(&name);
    if (!w->name) return pn_fail_memory(file->h5.error, strlen(w->dataset));
    if (json_object_get(file->names, w->name))
        return pn_h5_bad(&file->h5, PN_E_FORMAT, "two weights would be called '%.300s'", w->name);
    if (json_object_set_new(file->names, w->name, json_true()) == 0) return PN_OK;
    return pn_h5_bad(&file->h5, PN_E_FORMAT,
                     "a weight of the layer '%.300s' has a name that is no UTF-8", w->layer);
}

/* ---- order ---- */

typedef struct place {
    json_int_t at;
    size_t index; /* in the file */
} place;

static int by_place(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->at != q->at) return p->at < q->at ? -1 : 1;
    return p->index < q->index ? -1 : p->index > q->index;
}

/* Owners that the architecture does not name come behind, in order of appearance. */
static int place_weight(const char *dataset, json_t *map, json_t *others, place *out) {
    char owner[PN_ERROR_TEXT];
    owner_of(dataset, owner);
    json_t *known = json_array_get(json_object_get(map, owner), 0);
    if (!known) known = json_object_get(others, owner);
    out->at = known ? json_integer_value(known)
                    : (json_int_t)(json_object_size(map) + json_object_size(others));
    return known ? 0 : json_object_set_new(others, owner, json_integer(out->at));
}

/* Fills order[count] with the positions in the file. */
static pn_status sort_weights(pn_keras_file *file, const naming *n, const pn_h5_names *datasets,
                              place *order) {
    json_t *others = json_object();
    int failed = !others;
    for (size_t i = 0; i < datasets->count && !failed; i++) {
        order[i].index = i;
        failed = place_weight(datasets->name[i], n->map, others, &order[i]) != 0;
    }
    json_decref(others);
    if (failed)
        return pn_h5_bad(&file->h5, PN_E_FORMAT,
                         "a weight of the layer '%.300s' has a name that is no UTF-8", n->layer);
    qsort(order, datasets->count, sizeof *order, by_place);
    return PN_OK;
}

/* ---- one layer ---- */

static pn_status make_room(pn_keras_file *file, size_t more) {
    if (file->weights + more <= file->capacity) return PN_OK;
    size_t capacity = (file->weights + more) * 2;
    pn_keras_weight *grown = pn_alloc(capacity * sizeof *grown);
    if (!grown) return pn_fail_memory(file->h5.error, capacity * sizeof *grown);
    if (file->weights) memcpy(grown, file->weight, file->weights * sizeof *grown);
    pn_free(file->weight);
    file->weight = grown;
    file->capacity = capacity;
    return PN_OK;
}

static pn_status look_at(pn_keras_file *file, pn_keras_weight *w) {
    hid_t group, dataset;
    pn_status status = pn_h5_find(&file->h5, file->root, w->layer, H5I_GROUP, &group);
    if (status != PN_OK) return status;
    status = pn_h5_find(&file->h5, group, w->dataset, H5I_DATASET, &dataset);
    H5Oclose(group);
    if (status != PN_OK) return status;
    status = pn_keras_check_dataset(file, dataset, w);
    H5Oclose(dataset);
    return status;
}

/* Decides how names are made; the map is to be released. */
static pn_status choose_naming(pn_keras_file *file, const char *layer, const pn_h5_names *datasets,
                               naming *n) {
    json_t *entry = pn_keras_find_layer(file->config, layer);
    int nested = pn_keras_layers(entry) != NULL;
    *n = (naming){.layer = layer, .map = json_object()};
    int failed = !n->map || (nested && pn_keras_map_layers(entry, n->map) != 0);
    if (!nested) n->brief = entry ? different_last_parts(datasets) : one_folder(datasets);
    return failed || n->brief < 0 ? pn_fail_memory(file->h5.error, 1) : PN_OK;
}

static pn_status add_weights(pn_keras_file *file, const naming *n, const pn_h5_names *datasets,
                             place *order) {
    pn_status status = make_room(file, datasets->count);
    if (status == PN_OK) status = sort_weights(file, n, datasets, order);
    for (size_t i = 0; i < datasets->count && status == PN_OK; i++) {
        pn_keras_weight *w = &file->weight[file->weights];
        *w = (pn_keras_weight){.layer = n->layer, .dataset = datasets->name[order[i].index]};
        status = name_weight(file, n, w);
        if (status == PN_OK) status = look_at(file, w);
        file->weights += status == PN_OK;
    }
    return status;
}

pn_status pn_keras_add_layer(pn_keras_file *file, const char *layer, const pn_h5_names *datasets) {
    naming n;
    if (datasets->count == 0) return PN_OK;
    place *order = pn_alloc(datasets->count * sizeof *order);
    if (!order) return pn_fail_memory(file->h5.error, datasets->count * sizeof *order);
    pn_status status = choose_naming(file, layer, datasets, &n);
    if (status == PN_OK) status = add_weights(file, &n, datasets, order);
    json_decref(n.map);
    pn_free(order);
    return status;
}
