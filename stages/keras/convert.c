/* From HDF5 to safetensors, block by block. */
#include "base/file.h"
#include "base/memory.h"
#include "file.h"
#include "nn/file/safetensors.h"

#include <stdlib.h>
#include <string.h>

/* Numbers in the buffer; bytes of unpacked chunks that are kept, at least one chunk of any size
 * that dataset.c lets pass. */
enum { BLOCK = 1 << 20, CHUNKS = 32 << 20, CHUNK_SLOTS = 12421 };

typedef struct conversion {
    pn_keras_file *file;
    const pn_keras_listener *listener;
    pn_replacement out;
    float *buffer; /* (BLOCK) */
    int64_t done, total;
} conversion;

/* ---- the header ---- */

static pn_status layer_list(const pn_keras_file *file, char **out) {
    json_t *list = json_array();
    int failed = !list;
    for (size_t i = 0; i < file->layers.count && !failed; i++)
        failed = json_array_append_new(list, json_string(file->layers.name[i])) != 0;
    *out = failed ? NULL : json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return *out ? PN_OK : pn_fail_memory(file->h5.error, 1);
}

static pn_status make_items(const pn_keras_file *file, pn_safetensors_item **out) {
    size_t bytes = file->weights * sizeof **out;
    *out = pn_calloc(file->weights, sizeof **out);
    if (!*out) return pn_fail_memory(file->h5.error, bytes);
    for (size_t i = 0; i < file->weights; i++) {
        const pn_keras_weight *w = &file->weight[i];
        pn_safetensors_item *item = &(*out)[i];
        item->name = w->name;
        item->array = (pn_array){.dtype = PN_F32, .rank = w->rank};
        memcpy(item->array.shape, w->shape, sizeof w->shape);
    }
    return PN_OK;
}

static pn_status make_header(const pn_keras_file *file, pn_text *header) {
    char *layers = NULL;
    pn_safetensors_item *items = NULL;
    pn_status status = layer_list(file, &layers);
    if (status == PN_OK) status = make_items(file, &items);
    if (status == PN_OK) {
        const pn_safetensors_pair known[] = {
            {"kind", file->full ? "full" : "weights"}, {"layers", layers},
            {"keras_version", file->keras_version},    {"backend", file->backend},
            {"model_config", file->model_config},      {"training_config", file->training_config},
        };
        pn_safetensors_pair pairs[6];
        pn_safetensors_content content = {items, file->weights, pairs, 0};
        for (int i = 0; i < 6; i++)
            if (known[i].value) pairs[content.pair_count++] = known[i];
        status = pn_safetensors_header(&content, header, file->h5.error);
    }
    pn_free(items);
    free(layers);
    return status;
}

/* ---- the data ---- */

/* A box of a data set: one place on the axes before `axis`, `many` on it, all behind it. */
typedef struct box {
    int rank, axis;
    hsize_t start[PN_MAX_RANK], count[PN_MAX_RANK];
    hsize_t shape[PN_MAX_RANK];
    hsize_t many; /* as many rows of `axis` as the buffer holds */
} box;

static void first_box(const pn_keras_weight *w, box *b) {
    hsize_t behind = 1; /* numbers behind the axis */
    *b = (box){.rank = w->rank, .axis = w->rank - 1};
    for (int i = 0; i < w->rank; i++) b->shape[i] = (hsize_t)w->shape[i], b->count[i] = 1;
    while (b->axis > 0 && behind * b->shape[b->axis] <= BLOCK) behind *= b->shape[b->axis--];
    for (int i = b->axis + 1; i < b->rank; i++) b->count[i] = b->shape[i];
    b->many = BLOCK / behind;
}

/* Sets count on the axis, which may be cut short at its end; returns the box's numbers. */
static hsize_t measure(box *b) {
    hsize_t items = 1;
    if (b->rank == 0) return 1;
    hsize_t left = b->shape[b->axis] - b->start[b->axis];
    b->count[b->axis] = left < b->many ? left : b->many;
    for (int i = 0; i < b->rank; i++) items *= b->count[i];
    return items;
}

/* 0 when there is none. */
static int next_box(box *b) {
    for (int i = b->axis; i >= 0 && b->rank; i--) {
        b->start[i] += b->count[i];
        if (b->start[i] < b->shape[i]) return 1;
        b->start[i] = 0;
    }
    return 0;
}

static pn_status read_box(conversion *c, const pn_keras_weight *w, hid_t dataset, hid_t space,
                          const box *b, hsize_t items) {
    hid_t memory = H5Screate_simple(1, &items, NULL);
    int bad = memory < 0;
    if (!bad && b->rank)
        bad = H5Sselect_hyperslab(space, H5S_SELECT_SET, b->start, NULL, b->count, NULL) < 0;
    bad = bad || H5Dread(dataset, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, c->buffer) < 0;
    pn_status status = PN_OK;
    if (bad)
        status =
            pn_h5_fail(&c->file->h5, "the weight '%.200s' of the layer '%.200s' cannot be read",
                       w->dataset, w->layer);
    if (memory >= 0) H5Sclose(memory);
    return status;
}

static pn_status copy_boxes(conversion *c, const pn_keras_weight *w, hid_t dataset, hid_t space) {
    const pn_keras_listener *listener = c->listener;
    box b;
    first_box(w, &b);
    for (int i = 0; i < w->rank; i++)
        if (w->shape[i] == 0) return PN_OK;
    do {
        hsize_t items = measure(&b);
        pn_status status = read_box(c, w, dataset, space, &b, items);
        if (status == PN_OK)
            status =
                pn_file_replace_write(&c->out, c->buffer, items * sizeof(float), c->file->h5.error);
        if (status != PN_OK) return status;
        c->done += (int64_t)(items * sizeof(float));
        if (listener->progress) listener->progress(listener->context, c->done, c->total);
        if (listener->cancelled && listener->cancelled(listener->context))
            return pn_fail(c->file->h5.error, PN_E_CANCELLED, "stopped");
    } while (next_box(&b));
    return PN_OK;
}

/* Keeps unpacked chunks, since boxes cut through them. */
static hid_t access_list(hid_t dataset) {
    hsize_t size[H5S_MAX_RANK];
    size_t bytes = 8;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS), creation = H5Dget_create_plist(dataset);
    if (creation >= 0 && H5Pget_layout(creation) == H5D_CHUNKED) {
        int rank = H5Pget_chunk(creation, H5S_MAX_RANK, size);
        for (int i = 0; i < rank && i < H5S_MAX_RANK; i++) bytes *= size[i];
    }
    H5Pset_chunk_cache(access, CHUNK_SLOTS, bytes > CHUNKS ? bytes : CHUNKS, 0.75);
    if (creation >= 0) H5Pclose(creation);
    return access;
}

/* `access` has no effect on a data set that is open already. */
static pn_status copy_open(conversion *c, const pn_keras_weight *w, hid_t group, hid_t access) {
    hid_t dataset = H5Dopen2(group, w->dataset, access), space = H5I_INVALID_HID;
    if (dataset >= 0) space = H5Dget_space(dataset);
    pn_status status;
    if (space < 0)
        status = pn_h5_fail(&c->file->h5, "the weight '%.300s' cannot be opened", w->dataset);
    else
        status = copy_boxes(c, w, dataset, space);
    if (space >= 0) H5Sclose(space);
    if (dataset >= 0) H5Dclose(dataset);
    return status;
}

static pn_status copy_weight(conversion *c, const pn_keras_weight *w) {
    pn_h5 *h5 = &c->file->h5;
    hid_t group, found;
    pn_status status = pn_h5_find(h5, c->file->root, w->layer, H5I_GROUP, &group);
    if (status != PN_OK) return status;
    status = pn_h5_find(h5, group, w->dataset, H5I_DATASET, &found);
    if (status == PN_OK) {
        hid_t access = access_list(found);
        H5Oclose(found);
        status = copy_open(c, w, group, access);
        H5Pclose(access);
    }
    H5Oclose(group);
    return status;
}

/* ---- all ---- */

static int64_t total_bytes(const pn_keras_file *file) {
    int64_t total = 0;
    for (size_t i = 0; i < file->weights; i++) {
        int64_t bytes = sizeof(float);
        for (int k = 0; k < file->weight[i].rank; k++) bytes *= file->weight[i].shape[k];
        total += bytes;
    }
    return total;
}

static pn_status convert(conversion *c, const char *path, const pn_text *header) {
    pn_error *error = c->file->h5.error;
    pn_file_sweep(path);
    pn_status status = pn_file_replace_begin(path, &c->out, error);
    if (status != PN_OK) return status;
    status = pn_file_replace_write(&c->out, header->data, header->size, error);
    for (size_t i = 0; i < c->file->weights && status == PN_OK; i++)
        status = copy_weight(c, &c->file->weight[i]);
    if (status == PN_OK) status = pn_file_replace_commit(&c->out, error);
    pn_file_replace_abort(&c->out);
    return status;
}

pn_status pn_keras_convert(pn_keras_file *file, const char *path,
                           const pn_keras_listener *listener) {
    conversion c = {.file = file, .listener = listener, .total = total_bytes(file)};
    pn_text header = {0};
    pn_status status = make_header(file, &header);
    if (status == PN_OK) {
        c.buffer = pn_alloc(BLOCK * sizeof(float));
        status = c.buffer ? convert(&c, path, &header)
                          : pn_fail_memory(file->h5.error, BLOCK * sizeof(float));
    }
    pn_free(c.buffer);
    pn_text_free(&header);
    return status;
}
