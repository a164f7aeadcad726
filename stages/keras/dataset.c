/* What a data set must be, to be read: floating-point numbers that stand in this file. */
#include "file.h"

#include <stdio.h>
#include <string.h>

/* Deflate makes at best 1032 bytes of one. */
static const uint64_t most_packed = 1100;
static const uint64_t largest_chunk = (uint64_t)1 << 30;

typedef struct dataset {
    pn_keras_file *file;
    const pn_keras_weight *weight;
    hid_t id, creation;
    uint64_t item, bytes; /* as stored, unpacked */
} dataset;

/* "'conv2d/kernel:0' of the layer 'conv2d' ..." */
static pn_status bad(const dataset *d, pn_status status, const char *what) {
    return pn_h5_bad(&d->file->h5, status, "the weight '%.200s' of the layer '%.200s' %s",
                     d->weight->dataset, d->weight->layer, what);
}

static pn_status unreadable(const dataset *d) {
    return pn_h5_fail(&d->file->h5, "the weight '%.200s' of the layer '%.200s' cannot be looked at",
                      d->weight->dataset, d->weight->layer);
}

static pn_status check_type(dataset *d) {
    char text[100];
    hid_t type = H5Dget_type(d->id);
    if (type < 0) return unreadable(d);
    H5T_class_t class = H5Tget_class(type);
    d->item = H5Tget_size(type);
    H5Tclose(type);
    if (class == H5T_FLOAT && d->item >= 2 && d->item <= 8) return PN_OK;
    snprintf(text, sizeof text, "holds %s of %llu bytes; read are floats of 2, 4 and 8",
             class == H5T_FLOAT     ? "floats"
             : class == H5T_INTEGER ? "integers"
             : class == H5T_STRING  ? "text"
                                    : "items",
             (unsigned long long)d->item);
    return bad(d, PN_E_UNSUPPORTED, text);
}

static pn_status check_shape(dataset *d, pn_keras_weight *w) {
    hsize_t size[H5S_MAX_RANK];
    hid_t space = H5Dget_space(d->id);
    if (space < 0) return unreadable(d);
    H5S_class_t class = H5Sget_simple_extent_type(space);
    int rank = H5Sget_simple_extent_dims(space, size, NULL);
    H5Sclose(space);
    if (class != H5S_SCALAR && class != H5S_SIMPLE) return bad(d, PN_E_FORMAT, "has no shape");
    if (rank < 0) return unreadable(d);
    if (rank > PN_MAX_RANK) return bad(d, PN_E_UNSUPPORTED, "has more than 8 axes");
    /* As doubles they would fit, too: what is written is not larger than that. */
    uint64_t bytes = 8;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, size[i], &bytes) || bytes > INT64_MAX)
            return bad(d, PN_E_FORMAT, "has an impossible shape");
    w->rank = rank;
    for (int i = 0; i < rank; i++) w->shape[i] = (int64_t)size[i];
    d->bytes = bytes / 8 * d->item;
    return PN_OK;
}

static pn_status check_filters(const dataset *d) {
    int count = H5Pget_nfilters(d->creation);
    if (count < 0) return unreadable(d);
    for (int i = 0; i < count; i++) {
        char name[60] = "", text[160];
        unsigned flags, config;
        size_t values = 0;
        H5Z_filter_t filter = H5Pget_filter2(d->creation, (unsigned)i, &flags, &values, NULL,
                                             sizeof name, name, &config);
        if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
            filter == H5Z_FILTER_FLETCHER32)
            continue;
        snprintf(text, sizeof text,
                 "is packed with filter %d (%.40s); read are deflate (gzip), shuffle and "
                 "fletcher32",
                 (int)filter, *name ? name : "unknown");
        return bad(d, PN_E_UNSUPPORTED, text);
    }
    return PN_OK;
}

static pn_status check_chunks(const dataset *d) {
    hsize_t size[H5S_MAX_RANK];
    int rank = H5Pget_chunk(d->creation, H5S_MAX_RANK, size);
    uint64_t bytes = d->item;
    if (rank < 0) return unreadable(d);
    for (int i = 0; i < rank && i < H5S_MAX_RANK; i++)
        if (__builtin_mul_overflow(bytes, size[i], &bytes) || bytes > largest_chunk)
            return bad(d, PN_E_UNSUPPORTED, "stands in chunks of more than 1 GiB");
    return check_filters(d);
}

/* All data sets together occupy no more than the file has: none stands in the place of another,
 * and none is mostly a promise. */
static pn_status check_storage(const dataset *d) {
    uint64_t stored = H5Dget_storage_size(d->id);
    int chunked = H5Pget_layout(d->creation) == H5D_CHUNKED;
    if (stored > d->file->h5.size - d->file->stored)
        return bad(d, PN_E_FORMAT, "would occupy more bytes than the file has");
    d->file->stored += stored;
    if (chunked ? stored < d->bytes / most_packed || (d->bytes && !stored) : stored < d->bytes)
        return bad(d, PN_E_FORMAT, "is incomplete: the file holds fewer numbers than its shape");
    return PN_OK;
}

static pn_status check_layout(const dataset *d) {
    H5D_layout_t layout = H5Pget_layout(d->creation);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        return bad(d, PN_E_UNSUPPORTED, "is put together from other data sets");
    if (H5Pget_external_count(d->creation) != 0)
        return bad(d, PN_E_UNSUPPORTED, "stands in another file");
    pn_status status = layout == H5D_CHUNKED ? check_chunks(d) : PN_OK;
    return status == PN_OK ? check_storage(d) : status;
}

pn_status pn_keras_check_dataset(pn_keras_file *file, hid_t id, pn_keras_weight *weight) {
    dataset d = {.file = file, .weight = weight, .id = id};
    pn_status status = check_type(&d);
    if (status == PN_OK) status = check_shape(&d, weight);
    if (status != PN_OK) return status;
    d.creation = H5Dget_create_plist(id);
    if (d.creation < 0) return unreadable(&d);
    status = check_layout(&d);
    H5Pclose(d.creation);
    return status;
}
