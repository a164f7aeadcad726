#include "nn/file/model_file.h"

#include "base/memory.h"
#include "nn/file/model_json.h"

#include <string.h>

/* ---- names ---- */

static int first_node(const pn_model *model, int slot) {
    for (int i = 0; i < model->nodes; i++)
        if (model->node[i].layer == model->slot[slot].layer) return i;
    return 0;
}

void pn_model_weight_name(const pn_model *model, int slot, pn_text *name) {
    const pn_slot *s = &model->slot[slot];
    pn_model_add_path(model, first_node(model, slot), name);
    pn_text_addf(name, "/%s", s->layer->weight[s->weight].name);
}

/* ---- writing ---- */

typedef struct writing {
    pn_safetensors_item *item; /* [slots] */
    pn_text *name;             /* [slots] */
    pn_safetensors_pair *pair;
    pn_text architecture;
} writing;

static pn_status fill_items(const pn_model *model, writing *w, pn_error *error) {
    for (int i = 0; i < model->slots; i++) {
        const pn_slot *s = &model->slot[i];
        pn_tensor *value = s->layer->weight[s->weight].value;
        if (!value)
            return pn_fail(error, PN_E_ARGUMENT, "the %s of layer '%.100s' has no value yet",
                           s->layer->weight[s->weight].name, s->layer->name);
        pn_model_weight_name(model, i, &w->name[i]);
        if (w->name[i].failed) return pn_fail_memory(error, w->name[i].size);
        w->item[i] = (pn_safetensors_item){w->name[i].data, pn_tensor_array(value)};
    }
    return PN_OK;
}

static void fill_pairs(writing *w, const pn_safetensors_pair *more, size_t count) {
    w->pair[0] = (pn_safetensors_pair){"format", "pneuma"};
    w->pair[1] = (pn_safetensors_pair){"architecture", pn_text_string(&w->architecture)};
    if (count) memcpy(w->pair + 2, more, count * sizeof *more);
}

pn_status pn_model_save(const pn_model *model, const char *path, const pn_safetensors_pair *more,
                        size_t count, pn_error *error) {
    size_t slots = (size_t)model->slots;
    writing w = {.item = pn_calloc(slots + 1, sizeof *w.item),
                 .name = pn_calloc(slots + 1, sizeof *w.name),
                 .pair = pn_calloc(count + 2, sizeof *w.pair)};
    pn_status status = w.item && w.name && w.pair ? PN_OK : pn_fail_memory(error, slots);
    if (status == PN_OK) status = pn_model_to_text(model, &w.architecture, error);
    if (status == PN_OK) status = fill_items(model, &w, error);
    if (status == PN_OK) {
        fill_pairs(&w, more, count);
        const pn_safetensors_content content = {w.item, slots, w.pair, count + 2};
        status = pn_safetensors_save(path, &content, error);
    }
    for (size_t i = 0; w.name && i < slots; i++) pn_text_free(&w.name[i]);
    pn_text_free(&w.architecture);
    pn_free(w.item);
    pn_free(w.name);
    pn_free(w.pair);
    return status;
}

/* ---- reading ---- */

static pn_status check_count(const pn_model *model, pn_safetensors *file, const char *path,
                             pn_error *error) {
    size_t count = pn_safetensors_count(file);
    if (count == (size_t)model->slots) return PN_OK;
    return pn_fail_path(error, PN_E_FORMAT, path,
                        "'%.300s' holds %zu arrays of weights, but model '%.100s' has %d", path,
                        count, pn_model_name(model), model->slots);
}

static pn_status check_shape(const pn_model *model, int slot, const pn_safetensors_entry *entry,
                             const char *path, pn_error *error) {
    const pn_slot *s = &model->slot[slot];
    const pn_weight *w = &s->layer->weight[s->weight];
    char expected[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
    pn_dims given = {.rank = entry->rank};
    memcpy(given.size, entry->shape, sizeof given.size);
    if (pn_dims_equal(&given, &w->shape)) return PN_OK;
    return pn_fail_path(error, PN_E_SHAPE, path,
                        "'%.300s': %s of layer '%.100s' has the shape %s, but '%.100s' in the file "
                        "has %s",
                        path, w->name, s->layer->name,
                        pn_shape_text(w->shape.rank, w->shape.size, expected, sizeof expected),
                        entry->name, pn_shape_text(entry->rank, entry->shape, got, sizeof got));
}

static pn_status load_slot(pn_model *model, int slot, pn_safetensors *file, size_t index,
                           pn_error *error) {
    pn_tensor *value = NULL;
    pn_status status = pn_safetensors_tensor(file, index, &value, error);
    if (status == PN_OK)
        status =
            pn_layer_set_weight(model->slot[slot].layer, model->slot[slot].weight, value, error);
    pn_tensor_release(value);
    return status;
}

pn_status pn_model_load_weights(pn_model *model, pn_safetensors *file, const char *path,
                                pn_error *error) {
    pn_status status = check_count(model, file, path, error);
    for (int i = 0; status == PN_OK && i < model->slots; i++)
        status = check_shape(model, i, pn_safetensors_at(file, (size_t)i), path, error);
    for (int i = 0; status == PN_OK && i < model->slots; i++)
        status = load_slot(model, i, file, (size_t)i, error);
    return status;
}

/* The file's array for this weight, or -1: its full name, or the layer's with '/' or '.'. */
static int64_t find_named(const pn_model *model, int slot, const pn_safetensors *file) {
    const pn_slot *s = &model->slot[slot];
    const char *weight = s->layer->weight[s->weight].name;
    pn_text name = {0}, plain = {0}, dotted = {0};
    pn_model_weight_name(model, slot, &name);
    pn_text_addf(&plain, "%s/%s", s->layer->name, weight);
    pn_text_addf(&dotted, "%s.%s", s->layer->name, weight);
    int64_t found = pn_safetensors_find(file, pn_text_string(&name));
    if (found < 0) found = pn_safetensors_find(file, pn_text_string(&plain));
    if (found < 0) found = pn_safetensors_find(file, pn_text_string(&dotted));
    pn_text_free(&name);
    pn_text_free(&plain);
    pn_text_free(&dotted);
    return found;
}

pn_status pn_model_load_named(pn_model *model, pn_safetensors *file, const char *path, int *loaded,
                              pn_error *error) {
    pn_status status = PN_OK;
    *loaded = 0;
    for (int pass = 0; pass < 2; pass++) /* first all checks, so that nothing is half loaded */
        for (int i = 0; status == PN_OK && i < model->slots; i++) {
            int64_t found = find_named(model, i, file);
            if (found < 0) continue;
            status = pass == 0 ? check_shape(model, i, pn_safetensors_at(file, (size_t)found), path,
                                             error)
                               : load_slot(model, i, file, (size_t)found, error);
            *loaded += pass;
        }
    return status;
}

pn_status pn_model_load(pn_safetensors *file, const char *path, pn_model **out, pn_error *error) {
    const char *text = pn_safetensors_metadata(file, "architecture");
    pn_error why;
    *out = NULL;
    if (!text) text = pn_safetensors_metadata(file, "model_config");
    if (!text)
        return pn_fail_path(error, PN_E_FORMAT, path,
                            "'%.300s' holds weights but no architecture: make the model and load "
                            "them into it with load_weights",
                            path);
    pn_model *model = NULL;
    pn_status status = pn_model_from_text(text, strlen(text), &model, &why);
    if (status != PN_OK)
        return pn_fail_path(error, status, path, "'%.300s': %s", path, why.message);
    status = pn_model_load_weights(model, file, path, error);
    if (status == PN_OK)
        *out = model;
    else
        pn_model_release(model);
    return status;
}
