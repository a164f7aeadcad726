/* What a file is and which layers it has. */
#include "architecture.h"
#include "base/memory.h"
#include "file.h"

#include <stdio.h>
#include <string.h>

/* ---- which layout ---- */

static pn_status refuse_layout(pn_keras_file *file) {
    hid_t top = file->h5.file;
    if (pn_h5_has_entry(top, "layers") || pn_h5_has_entry(top, "_layer_checkpoint_dependencies"))
        return pn_h5_bad(&file->h5, PN_E_UNSUPPORTED,
                         "this is a .weights.h5 file as Keras 3 lays it out, which does not name "
                         "the model's layers; in Keras, load it into the model and save that as "
                         ".h5: model.save('model.h5')");
    return pn_h5_bad(&file->h5, PN_E_FORMAT,
                     "this is no Keras model: it has neither a group model_weights nor an "
                     "attribute layer_names");
}

static pn_status find_root(pn_keras_file *file) {
    hid_t top = file->h5.file;
    file->full = pn_h5_has_entry(top, "model_weights");
    if (file->full) return pn_h5_find(&file->h5, top, "model_weights", H5I_GROUP, &file->root);
    if (!pn_h5_has_attribute(top, "layer_names") && !pn_h5_has_attribute(top, "layer_names0"))
        return refuse_layout(file);
    file->root = H5Oopen(top, "/", H5P_DEFAULT);
    return file->root < 0 ? pn_h5_fail(&file->h5, "its root cannot be opened") : PN_OK;
}

/* Full models have both texts at the root and in the group, weights have them at the root. */
static pn_status read_versions(pn_keras_file *file) {
    pn_status status =
        pn_h5_text(&file->h5, file->root, "keras_version", &file->arena, &file->keras_version);
    if (status == PN_OK)
        status = pn_h5_text(&file->h5, file->root, "backend", &file->arena, &file->backend);
    if (status == PN_OK && file->keras_version && strncmp(file->keras_version, "1.", 2) == 0)
        status = pn_h5_bad(&file->h5, PN_E_UNSUPPORTED,
                           "it was written by Keras %.20s, which laid weights out otherwise; "
                           "Keras 2 and later are read",
                           file->keras_version);
    return status;
}

static pn_status read_config(pn_keras_file *file) {
    hid_t top = file->h5.file;
    json_error_t why;
    pn_status status =
        pn_h5_text(&file->h5, top, "model_config", &file->arena, &file->model_config);
    if (status == PN_OK)
        status =
            pn_h5_text(&file->h5, top, "training_config", &file->arena, &file->training_config);
    if (status != PN_OK) return status;
    if (!file->model_config)
        return pn_h5_bad(&file->h5, PN_E_FORMAT,
                         "it has weights of a whole model, but no attribute model_config that "
                         "says which model");
    file->config = json_loads(file->model_config, 0, &why);
    if (!file->config)
        return pn_h5_bad(&file->h5, PN_E_FORMAT,
                         "its attribute model_config is no JSON: line %d, %.200s", why.line,
                         why.text);
    if (!pn_keras_layers(file->config))
        return pn_h5_bad(&file->h5, PN_E_FORMAT,
                         "its attribute model_config describes no model of layers");
    return PN_OK;
}

/* ---- layers ---- */

static pn_status check_count(pn_keras_file *file) {
    size_t named = 0, described = pn_keras_count_layers(file->config);
    for (size_t i = 0; i < file->layers.count; i++)
        named += !pn_keras_is_input(pn_keras_find_layer(file->config, file->layers.name[i]));
    if (named == described) return PN_OK;
    return pn_h5_bad(&file->h5, PN_E_FORMAT,
                     "it has weights for %zu layers (layer_names), but describes %zu "
                     "(model_config)",
                     named, described);
}

static pn_status scan_layer(pn_keras_file *file, const char *layer) {
    hid_t group;
    pn_h5_names datasets = {0};
    pn_status status = pn_h5_find(&file->h5, file->root, layer, H5I_GROUP, &group);
    if (status != PN_OK) return status;
    char where[PN_ERROR_TEXT];
    snprintf(where, sizeof where, "the layer '%.300s'", layer);
    status = pn_h5_all_texts(&file->h5, group, where, "weight_names", &file->arena, &datasets);
    H5Oclose(group);
    return status == PN_OK ? pn_keras_add_layer(file, layer, &datasets) : status;
}

/* Weights that belong to the model itself, not to a layer: only subclassed models have them. */
static pn_status check_top_level(pn_keras_file *file) {
    static const char name[] = "top_level_model_weights";
    hid_t group;
    pn_h5_names datasets = {0};
    if (!pn_h5_has_entry(file->root, name)) return PN_OK;
    pn_status status = pn_h5_find(&file->h5, file->root, name, H5I_GROUP, &group);
    if (status != PN_OK) return status;
    if (pn_h5_has_attribute(group, "weight_names"))
        status = pn_h5_texts(&file->h5, group, name, "weight_names", &file->arena, &datasets);
    H5Oclose(group);
    if (status == PN_OK && datasets.count)
        status = pn_h5_bad(&file->h5, PN_E_UNSUPPORTED,
                           "its model has weights outside of layers (%.200s), which are not read",
                           datasets.name[0]);
    return status;
}

static pn_status scan(pn_keras_file *file) {
    pn_status status = find_root(file);
    if (status == PN_OK) status = read_versions(file);
    if (status == PN_OK && file->full) status = read_config(file);
    if (status == PN_OK)
        status = pn_h5_all_texts(&file->h5, file->root, file->full ? "/model_weights" : "the file",
                                 "layer_names", &file->arena, &file->layers);
    if (status == PN_OK && file->full) status = check_count(file);
    for (size_t i = 0; i < file->layers.count && status == PN_OK; i++)
        status = scan_layer(file, file->layers.name[i]);
    return status == PN_OK ? check_top_level(file) : status;
}

/* ---- life ---- */

static pn_status begin(pn_keras_file *file, const char *path, pn_error *error) {
    *file = (pn_keras_file){.root = H5I_INVALID_HID, .names = json_object()};
    pn_h5_begin(&file->h5, path, error);
    return file->names ? PN_OK : pn_fail_memory(error, 1);
}

pn_status pn_keras_open(pn_keras_file *file, const char *path, pn_error *error) {
    pn_status status = begin(file, path, error);
    if (status == PN_OK) status = pn_h5_open(&file->h5);
    return status == PN_OK ? scan(file) : status;
}

pn_status pn_keras_open_image(pn_keras_file *file, const void *bytes, size_t size, const char *name,
                              pn_error *error) {
    pn_status status = begin(file, name, error);
    if (status == PN_OK) status = pn_h5_open_image(&file->h5, bytes, size);
    return status == PN_OK ? scan(file) : status;
}

void pn_keras_close(pn_keras_file *file) {
    if (file->root >= 0) H5Oclose(file->root);
    pn_h5_end(&file->h5);
    json_decref(file->config);
    json_decref(file->names);
    pn_free(file->weight);
    pn_arena_free(&file->arena);
    file->root = H5I_INVALID_HID;
}
