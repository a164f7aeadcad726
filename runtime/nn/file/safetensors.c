/* Reading. Whatever a header says is checked before it is used: the format's rules leave no room
 * for gaps or overlaps, so that every byte of the data belongs to exactly one tensor. */
#include "nn/file/safetensors.h"

#include "base/file.h"
#include "base/memory.h"
#include "nn/file/safetensors_types.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pn_safetensors {
    atomic_int references;
    char *bytes;
    size_t size;
    void (*release)(void *owner); /* NULL: pn_free */
    void *owner;
    char *path;     /* or what messages call it */
    json_t *header; /* names and metadata live here */
    pn_safetensors_entry *entry;
    size_t count;
};

/* The format's own limit. */
static const uint64_t longest_header = 100000000;

static pn_status bad(const pn_safetensors *file, pn_error *error, const char *what) {
    return pn_fail_path(error, PN_E_FORMAT, file->path, "'%.400s' is no valid safetensors file: %s",
                        file->path, what);
}

/* `what` stands behind the tensor's name. */
static pn_status bad_tensor(const pn_safetensors *file, const char *name, pn_status status,
                            pn_error *error, const char *what) {
    return pn_fail_path(error, status, file->path, "'%.400s': the tensor '%.200s' %s", file->path,
                        name, what);
}

/* ---- the header ---- */

static pn_status read_shape(const pn_safetensors *file, pn_safetensors_entry *e, json_t *shape,
                            pn_error *error) {
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape))
        return bad_tensor(file, e->name, PN_E_FORMAT, error, "has no list as its shape");
    if (rank > PN_MAX_RANK)
        return pn_fail_path(error, PN_E_UNSUPPORTED, file->path,
                            "'%.400s': the tensor '%.200s' has %zu axes; up to %d are read",
                            file->path, e->name, rank, PN_MAX_RANK);
    e->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        json_t *axis = json_array_get(shape, i);
        e->shape[i] = json_integer_value(axis);
        if (!json_is_integer(axis) || e->shape[i] < 0)
            return bad_tensor(file, e->name, PN_E_FORMAT, error,
                              "has a shape that is not of whole numbers");
    }
    return PN_OK;
}

/* The bytes that dtype and shape ask for; 0 when they are too many to count. */
static int bytes_needed(const pn_safetensors_entry *e, size_t item, int64_t *bytes) {
    int64_t total = (int64_t)item;
    for (int i = 0; i < e->rank; i++)
        if (__builtin_mul_overflow(total, e->shape[i], &total)) return 0;
    *bytes = total;
    return 1;
}

static pn_status read_place(const pn_safetensors *file, pn_safetensors_entry *e, json_t *offsets,
                            size_t item, char *data, pn_error *error) {
    json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(first), end = json_integer_value(last);
    int64_t available = file->bytes + file->size - data, needed = 0;
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
        return bad_tensor(file, e->name, PN_E_FORMAT, error, "has no two data_offsets");
    if (begin < 0 || end < begin)
        return bad_tensor(file, e->name, PN_E_FORMAT, error, "has data_offsets that run backwards");
    if (end > available)
        return pn_fail_path(error, PN_E_FORMAT, file->path,
                            "'%.400s': the tensor '%.200s' ends at byte %" JSON_INTEGER_FORMAT
                            " of the data, of which there are %" PRId64 ": the file is cut off or "
                            "damaged",
                            file->path, e->name, end, available);
    if (!bytes_needed(e, item, &needed) || needed != end - begin) {
        char shape[PN_SHAPE_TEXT];
        return pn_fail_path(error, PN_E_FORMAT, file->path,
                            "'%.400s': the tensor '%.200s' has %" JSON_INTEGER_FORMAT
                            " bytes, which do not fit its shape %s of %s",
                            file->path, e->name, end - begin,
                            pn_shape_text(e->rank, e->shape, shape, sizeof shape), e->dtype);
    }
    e->data = data + begin;
    e->size = (size_t)needed;
    return PN_OK;
}

static pn_status read_entry(const pn_safetensors *file, pn_safetensors_entry *e, json_t *json,
                            char *data, pn_error *error) {
    e->dtype = json_string_value(json_object_get(json, "dtype"));
    if (!e->dtype) return bad_tensor(file, e->name, PN_E_FORMAT, error, "has no dtype");
    const pn_safetensors_type *type = pn_safetensors_type_find(e->dtype);
    if (!type)
        return pn_fail_path(error, PN_E_UNSUPPORTED, file->path,
                            "'%.400s': the tensor '%.200s' has the unknown dtype '%.20s'",
                            file->path, e->name, e->dtype);
    pn_status status = read_shape(file, e, json_object_get(json, "shape"), error);
    if (status != PN_OK) return status;
    return read_place(file, e, json_object_get(json, "data_offsets"), type->size, data, error);
}

/* By place; empty tensors stand before the one that begins where they do. */
static int by_place(const void *a, const void *b) {
    const pn_safetensors_entry *p = a, *q = b;
    if (p->data != q->data) return (char *)p->data < (char *)q->data ? -1 : 1;
    if (!p->size != !q->size) return p->size ? 1 : -1;
    return strcmp(p->name, q->name);
}

static pn_status check_places(const pn_safetensors *file, const char *data, pn_error *error) {
    for (size_t i = 0; i < file->count; i++) {
        const pn_safetensors_entry *e = &file->entry[i];
        if ((char *)e->data < data)
            return bad_tensor(file, e->name, PN_E_FORMAT, error, "overlaps the one before it");
        if ((char *)e->data > data)
            return bad_tensor(file, e->name, PN_E_FORMAT, error, "stands behind a gap in the data");
        data += e->size;
    }
    if (data == file->bytes + file->size) return PN_OK;
    return bad(file, error, "there are data that belong to no tensor");
}

static pn_status check_metadata(const pn_safetensors *file, json_t *metadata, pn_error *error) {
    const char *key;
    json_t *value;
    if (metadata && !json_is_object(metadata))
        return bad(file, error, "its __metadata__ is no map of texts");
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return bad(file, error, "its __metadata__ holds something other than text");
    }
    return PN_OK;
}

static pn_status read_entries(pn_safetensors *file, char *data, pn_error *error) {
    const char *name;
    json_t *value;
    pn_status status = check_metadata(file, json_object_get(file->header, "__metadata__"), error);
    size_t bytes = json_object_size(file->header) * sizeof *file->entry;
    file->entry = pn_alloc(bytes);
    if (!file->entry) return pn_fail_memory(error, bytes);
    json_object_foreach(file->header, name, value) {
        if (status != PN_OK) break;
        if (strcmp(name, "__metadata__") == 0) continue;
        pn_safetensors_entry *e = &file->entry[file->count++];
        *e = (pn_safetensors_entry){.name = name};
        status = read_entry(file, e, value, data, error);
    }
    if (status != PN_OK) return status;
    if (file->count) qsort(file->entry, file->count, sizeof *file->entry, by_place);
    return check_places(file, data, error);
}

static pn_status read_header(pn_safetensors *file, pn_error *error) {
    uint64_t length = 0;
    if (file->size < 8) return bad(file, error, "it is shorter than 8 bytes");
    for (int i = 7; i >= 0; i--) length = length << 8 | (unsigned char)file->bytes[i];
    if (length > file->size - 8 || length > longest_header)
        return pn_fail_path(error, PN_E_FORMAT, file->path,
                            "'%.400s' is no valid safetensors file, or cut off: it announces a "
                            "header of %" PRIu64 " bytes and has %zu",
                            file->path, length, file->size - 8);
    json_error_t why;
    const char *text = file->bytes + 8;
    if (length == 0 || *text != '{') return bad(file, error, "its header is no JSON object");
    file->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!file->header && json_error_code(&why) == json_error_out_of_memory)
        return pn_fail_memory(error, length);
    if (!file->header)
        return pn_fail_path(error, PN_E_FORMAT, file->path,
                            "'%.400s' is no valid safetensors file: its header is no JSON (%s)",
                            file->path, why.text);
    return read_entries(file, file->bytes + 8 + length, error);
}

/* ---- life ---- */

pn_status pn_safetensors_parse(void *bytes, size_t size, const char *name,
                               void (*release)(void *owner), void *owner, pn_safetensors **out,
                               pn_error *error) {
    pn_safetensors *file = pn_calloc(1, sizeof *file);
    char *path = file ? pn_alloc(strlen(name) + 1) : NULL;
    if (!path) {
        pn_free(file);
        if (release)
            release(owner);
        else
            pn_free(owner);
        return pn_fail_memory(error, sizeof *file);
    }
    atomic_init(&file->references, 1);
    file->path = strcpy(path, name);
    file->bytes = bytes;
    file->size = size;
    file->release = release;
    file->owner = owner;
    pn_status status = read_header(file, error);
    if (status == PN_OK)
        *out = file;
    else
        pn_safetensors_release(file);
    return status;
}

typedef struct mapping {
    void *data;
    size_t size;
} mapping;

static void unmap(void *owner) {
    mapping *m = owner;
    pn_file_unmap(m->data, m->size);
    pn_free(m);
}

pn_status pn_safetensors_open(const char *path, pn_safetensors **out, pn_error *error) {
    mapping *m = pn_alloc(sizeof *m);
    if (!m) return pn_fail_memory(error, sizeof *m);
    pn_status status = pn_file_map(path, &m->data, &m->size, error);
    if (status == PN_OK) return pn_safetensors_parse(m->data, m->size, path, unmap, m, out, error);
    pn_free(m);
    return status;
}

void pn_safetensors_release(pn_safetensors *file) {
    if (!file || atomic_fetch_sub(&file->references, 1) != 1) return;
    if (file->release)
        file->release(file->owner);
    else
        pn_free(file->owner);
    json_decref(file->header);
    pn_free(file->entry);
    pn_free(file->path);
    pn_free(file);
}

/* ---- what is in it ---- */

size_t pn_safetensors_count(const pn_safetensors *file) {
    return file->count;
}

const pn_safetensors_entry *pn_safetensors_at(const pn_safetensors *file, size_t index) {
    return &file->entry[index];
}

int64_t pn_safetensors_find(const pn_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->entry[i].name, name) == 0) return (int64_t)i;
    return -1;
}

const char *pn_safetensors_metadata(const pn_safetensors *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

int pn_safetensors_pair_at(const pn_safetensors *file, size_t index, const char **key,
                           const char **value) {
    json_t *text;
    json_object_foreach(json_object_get(file->header, "__metadata__"), *key, text) {
        if (index-- != 0) continue;
        *value = json_string_value(text);
        return 1;
    }
    return 0;
}

/* ---- tensors ---- */

static void let_go(void *owner) {
    pn_safetensors_release(owner);
}

static pn_status copy_items(const pn_safetensors *file, const pn_safetensors_entry *e,
                            const pn_safetensors_type *type, pn_tensor **out, pn_error *error) {
    pn_tensor *t = NULL;
    pn_status status = pn_tensor_new(type->dtype, e->rank, e->shape, &t, error);
    if (status != PN_OK) return status;
    int64_t count = pn_tensor_count(t);
    if (!type->convert)
        memcpy(t->data, e->data, e->size);
    else if (type->convert(e->data, count, t->data) < count) {
        pn_tensor_release(t);
        return bad_tensor(file, e->name, PN_E_FORMAT, error,
                          "holds an integer that does not fit int32");
    }
    *out = t;
    return PN_OK;
}

pn_status pn_safetensors_tensor(pn_safetensors *file, size_t index, pn_tensor **out,
                                pn_error *error) {
    const pn_safetensors_entry *e = &file->entry[index];
    const pn_safetensors_type *type = pn_safetensors_type_find(e->dtype);
    if (!type->readable)
        return pn_fail_path(error, PN_E_UNSUPPORTED, file->path,
                            "'%.400s': the tensor '%.200s' has the dtype %s, which is not read",
                            file->path, e->name, e->dtype);
    if (type->convert || (uintptr_t)e->data % type->size != 0)
        return copy_items(file, e, type, out, error);
    atomic_fetch_add(&file->references, 1);
    return pn_tensor_wrap(type->dtype, e->rank, e->shape, e->data, let_go, file, out, error);
}
