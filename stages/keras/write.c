#include "write.h"

#include "architecture.h"
#include "base/file.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/* What the layout written here is that of; Keras 3 reads it as well. */
#define KERAS_VERSION "2.15.0"

typedef struct writer {
    pn_h5 h5;
    const pn_keras_model *model;
    const pn_keras_listener *listener;
    hid_t links, creation; /* property lists */
    int64_t done, total;   /* bytes */
} writer;

static pn_status make_group(writer *w, hid_t at, const char *name, hid_t *out) {
    *out = H5Gcreate2(at, name, w->links, H5P_DEFAULT, H5P_DEFAULT);
    return *out < 0 ? pn_h5_fail(&w->h5, "the group '%.300s' cannot be made", name) : PN_OK;
}

static pn_status put_versions(writer *w, hid_t at) {
    pn_status status = pn_h5_put_text(&w->h5, at, "keras_version", KERAS_VERSION);
    return status == PN_OK ? pn_h5_put_text(&w->h5, at, "backend", "tensorflow") : status;
}

/* ---- one layer ---- */

static pn_status put_array(writer *w, hid_t group, const char *name, const pn_array *array) {
    hsize_t size[PN_MAX_RANK];
    int64_t bytes = sizeof(float);
    for (int i = 0; i < array->rank; i++) {
        size[i] = (hsize_t)array->shape[i];
        bytes *= array->shape[i];
    }
    hid_t space = array->rank ? H5Screate_simple(array->rank, size, NULL) : H5Screate(H5S_SCALAR);
    hid_t dataset =
        H5Dcreate2(group, name, H5T_IEEE_F32LE, space, w->links, w->creation, H5P_DEFAULT);
    pn_status status = PN_OK;
    if (dataset < 0 ||
        H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array->data) < 0)
        status = pn_h5_fail(&w->h5, "the weight '%.300s' cannot be written", name);
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    w->done += bytes;
    if (w->listener->progress) w->listener->progress(w->listener->context, w->done, w->total);
    return status;
}

/* "conv2d/kernel:0"; in a nested model the part behind its own name, which is that of a layer. */
static char *dataset_name(pn_arena *arena, const pn_keras_model *model, size_t layer, int nested,
                          size_t index) {
    const char *name = model->names[index];
    if (nested) name += strlen(model->layers[layer]) + 1;
    size_t length = strlen(name);
    char *copy = pn_arena_alloc(arena, length + 3);
    if (copy) snprintf(copy, length + 3, "%s:0", name);
    return copy;
}

static pn_status put_weights(writer *w, hid_t group, size_t layer, const pn_keras_share *share,
                             pn_arena *arena) {
    const char **names = pn_arena_alloc(arena, (share->count + 1) * sizeof *names);
    if (!names) return pn_fail_memory(w->h5.error, share->count * sizeof *names);
    pn_status status = PN_OK;
    for (size_t i = 0; i < share->count && status == PN_OK; i++) {
        size_t index = share->order[i];
        names[i] = dataset_name(arena, w->model, layer, share->nested, index);
        if (!names[i]) return pn_fail_memory(w->h5.error, 1);
        status = put_array(w, group, names[i], &w->model->arrays[index]);
        if (w->listener->cancelled && w->listener->cancelled(w->listener->context))
            status = pn_fail(w->h5.error, PN_E_CANCELLED, "stopped");
    }
    if (status != PN_OK) return status;
    return pn_h5_put_texts(&w->h5, group, "weight_names", names, share->count);
}

static pn_status put_layer(writer *w, hid_t root, size_t layer, const pn_keras_share *share) {
    hid_t group;
    pn_arena arena = {0};
    pn_status status = make_group(w, root, w->model->layers[layer], &group);
    if (status != PN_OK) return status;
    status = put_weights(w, group, layer, share, &arena);
    H5Gclose(group);
    pn_arena_free(&arena);
    return status;
}

/* ---- the file ---- */

static pn_status put_top_level(writer *w, hid_t root) {
    hid_t group;
    pn_status status = make_group(w, root, "top_level_model_weights", &group);
    if (status != PN_OK) return status;
    status = pn_h5_put_texts(&w->h5, group, "weight_names", NULL, 0);
    H5Gclose(group);
    return status;
}

static pn_status put_layers(writer *w, const pn_keras_share *share) {
    hid_t root;
    pn_status status = make_group(w, w->h5.file, "model_weights", &root);
    if (status != PN_OK) return status;
    status = put_versions(w, root);
    if (status == PN_OK)
        status =
            pn_h5_put_texts(&w->h5, root, "layer_names", w->model->layers, w->model->layer_count);
    for (size_t i = 0; i < w->model->layer_count && status == PN_OK; i++)
        status = put_layer(w, root, i, &share[i]);
    if (status == PN_OK) status = put_top_level(w, root);
    H5Gclose(root);
    return status;
}

static pn_status put_all(writer *w, const char *beside, const pn_keras_share *share) {
    pn_status status = pn_h5_create(&w->h5, beside);
    if (status != PN_OK) return status;
    status = put_versions(w, w->h5.file);
    if (status == PN_OK)
        status = pn_h5_put_text(&w->h5, w->h5.file, "model_config", w->model->architecture);
    if (status == PN_OK && w->model->training)
        status = pn_h5_put_text(&w->h5, w->h5.file, "training_config", w->model->training);
    if (status == PN_OK) status = put_layers(w, share);
    /* What is written may still be held back: a full disk shows here. */
    if (H5Fflush(w->h5.file, H5F_SCOPE_LOCAL) < 0 && status == PN_OK)
        status = pn_h5_fail(&w->h5, "the file cannot be written");
    return status;
}

static pn_status write_file(writer *w, const char *path, const pn_keras_share *share,
                            pn_error *error) {
    pn_replacement out;
    pn_status status = pn_file_replace_begin(path, &out, error);
    if (status != PN_OK) return status;
    pn_h5_begin(&w->h5, path, error);
    w->links = H5Pcreate(H5P_LINK_CREATE);
    w->creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(w->links, 1);
    H5Pset_obj_track_times(w->creation, 0); /* the same model, the same bytes */
    status = put_all(w, out.beside, share);
    H5Pclose(w->links);
    H5Pclose(w->creation);
    pn_h5_end(&w->h5);
    if (status == PN_OK) status = pn_file_replace_commit(&out, error);
    pn_file_replace_abort(&out);
    return status;
}

static pn_status read_architecture(const pn_keras_model *model, json_t **out, pn_error *error) {
    json_error_t why;
    *out = json_loads(model->architecture, 0, &why);
    if (!*out)
        return pn_fail(error, PN_E_ARGUMENT, "the architecture is no JSON: line %d, %.200s",
                       why.line, why.text);
    if (!pn_keras_layers(*out))
        return pn_fail(error, PN_E_ARGUMENT, "the architecture describes no model of layers");
    return PN_OK;
}

static int64_t total_bytes(const pn_keras_model *model) {
    int64_t total = 0;
    for (size_t i = 0; i < model->count; i++) {
        int64_t bytes = sizeof(float);
        for (int k = 0; k < model->arrays[i].rank; k++) bytes *= model->arrays[i].shape[k];
        total += bytes;
    }
    return total;
}

pn_status pn_keras_write(const char *path, const pn_keras_model *model,
                         const pn_keras_listener *listener, pn_error *error) {
    writer w = {.model = model, .listener = listener, .total = total_bytes(model)};
    json_t *architecture = NULL;
    pn_keras_share *share = pn_calloc(model->layer_count, sizeof *share);
    size_t *order = pn_calloc(model->count, sizeof *order);
    pn_status status = share && order ? PN_OK : pn_fail_memory(error, model->count * sizeof *order);
    if (status == PN_OK) status = read_architecture(model, &architecture, error);
    if (status == PN_OK) status = pn_keras_divide(model, architecture, share, order, error);
    if (status == PN_OK) status = write_file(&w, path, share, error);
    json_decref(architecture);
    pn_free(order);
    pn_free(share);
    return status;
}
