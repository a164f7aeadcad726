/* Attributes that hold texts. */
#define _GNU_SOURCE
#include "h5.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/* Far beyond any model's; bounds what a damaged file can ask for. */
enum { MOST_TEXTS = 100000, MOST_BYTES = 1 << 28 };

/* One attribute while it is read. */
typedef struct attribute {
    pn_h5 *h5;
    const char *where, *name;
    pn_arena *arena;
    hid_t id, type, space;
    hssize_t count;
} attribute;

static pn_status cannot_read(const attribute *a) {
    return pn_h5_fail(a->h5, "the attribute %s of %.300s cannot be read", a->name, a->where);
}

static pn_status keep(const attribute *a, const char *text, size_t size, const char **out) {
    *out = pn_arena_copy(a->arena, text, size);
    return *out ? PN_OK : pn_fail_memory(a->h5->error, size);
}

static pn_status read_variable(const attribute *a, hid_t type, char **texts, const char **out) {
    pn_status status = PN_OK;
    if (H5Aread(a->id, type, texts) < 0) return cannot_read(a);
    for (hssize_t i = 0; i < a->count && status == PN_OK; i++)
        status = keep(a, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0, &out[i]);
    H5Dvlen_reclaim(type, a->space, H5P_DEFAULT, texts);
    return status;
}

static pn_status read_fixed(const attribute *a, hid_t type, char *texts, const char **out) {
    pn_status status = PN_OK;
    size_t size = H5Tget_size(type);
    int spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    if (H5Aread(a->id, type, texts) < 0) return cannot_read(a);
    for (hssize_t i = 0; i < a->count && status == PN_OK; i++) {
        const char *text = texts + (size_t)i * size;
        size_t length = strnlen(text, size);
        while (spaces && length && text[length - 1] == ' ') length--;
        status = keep(a, text, length, &out[i]);
    }
    return status;
}

/* The type in memory: HDF5 converts no text from one length to the other. */
static hid_t memory_type(const attribute *a, int variable) {
    if (!variable) return H5Tcopy(a->type);
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        H5Tset_size(type, H5T_VARIABLE);
        H5Tset_cset(type, H5Tget_cset(a->type));
    }
    return type;
}

static pn_status read_texts(const attribute *a, const char **out) {
    int variable = H5Tis_variable_str(a->type) > 0;
    size_t item = variable ? sizeof(char *) : H5Tget_size(a->type);
    if (item == 0 || (size_t)a->count > MOST_BYTES / item)
        return pn_h5_bad(a->h5, PN_E_FORMAT, "the attribute %s of %.300s is absurdly large",
                         a->name, a->where);
    void *texts = pn_calloc((size_t)a->count, item);
    if (!texts) return pn_fail_memory(a->h5->error, (size_t)a->count * item);
    hid_t type = memory_type(a, variable);
    pn_status status = type < 0   ? cannot_read(a)
                       : variable ? read_variable(a, type, texts, out)
                                  : read_fixed(a, type, texts, out);
    if (type >= 0) H5Tclose(type);
    pn_free(texts);
    return status;
}

static pn_status read_open(attribute *a, pn_h5_names *out) {
    a->type = H5Aget_type(a->id);
    if (a->type < 0) return cannot_read(a);
    a->space = H5Aget_space(a->id);
    if (a->space < 0) return cannot_read(a);
    a->count = H5Sget_simple_extent_npoints(a->space);
    if (a->count < 0) return cannot_read(a);
    *out = (pn_h5_names){0};
    if (a->count == 0) return PN_OK; /* h5py writes an empty list as one of numbers */
    if (H5Tget_class(a->type) != H5T_STRING)
        return pn_h5_bad(a->h5, PN_E_FORMAT, "the attribute %s of %.300s holds no text", a->name,
                         a->where);
    if (a->count > MOST_TEXTS)
        return pn_h5_bad(a->h5, PN_E_FORMAT, "the attribute %s of %.300s has %lld texts", a->name,
                         a->where, (long long)a->count);
    out->name = pn_arena_alloc(a->arena, (size_t)a->count * sizeof *out->name);
    if (!out->name) return pn_fail_memory(a->h5->error, (size_t)a->count * sizeof *out->name);
    out->count = (size_t)a->count;
    return read_texts(a, out->name);
}

pn_status pn_h5_texts(pn_h5 *h5, hid_t object, const char *where, const char *name, pn_arena *arena,
                      pn_h5_names *out) {
    attribute a = {.h5 = h5, .where = where, .name = name, .arena = arena};
    if (!pn_h5_has_attribute(object, name))
        return pn_h5_bad(h5, PN_E_FORMAT, "%.300s has no attribute %s", where, name);
    a.type = a.space = H5I_INVALID_HID;
    a.id = H5Aopen(object, name, H5P_DEFAULT);
    pn_status status = a.id < 0 ? cannot_read(&a) : read_open(&a, out);
    if (a.space >= 0) H5Sclose(a.space);
    if (a.type >= 0) H5Tclose(a.type);
    if (a.id >= 0) H5Aclose(a.id);
    return status;
}

static pn_status append(pn_h5 *h5, pn_arena *arena, pn_h5_names *all, const pn_h5_names *more) {
    size_t bytes = (all->count + more->count) * sizeof *all->name;
    const char **name = pn_arena_alloc(arena, bytes);
    if (!name) return pn_fail_memory(h5->error, bytes);
    if (all->count) memcpy(name, all->name, all->count * sizeof *name);
    if (more->count) memcpy(name + all->count, more->name, more->count * sizeof *name);
    all->name = name;
    all->count += more->count;
    return PN_OK;
}

pn_status pn_h5_all_texts(pn_h5 *h5, hid_t object, const char *where, const char *name,
                          pn_arena *arena, pn_h5_names *out) {
    char part[80];
    snprintf(part, sizeof part, "%s0", name);
    if (pn_h5_has_attribute(object, name) || !pn_h5_has_attribute(object, part))
        return pn_h5_texts(h5, object, where, name, arena, out);
    *out = (pn_h5_names){0};
    pn_status status = PN_OK;
    for (int i = 0; status == PN_OK && pn_h5_has_attribute(object, part);) {
        pn_h5_names more = {0};
        status = pn_h5_texts(h5, object, where, part, arena, &more);
        if (status == PN_OK) status = append(h5, arena, out, &more);
        snprintf(part, sizeof part, "%s%d", name, ++i);
    }
    return status;
}

pn_status pn_h5_text(pn_h5 *h5, hid_t object, const char *name, pn_arena *arena, const char **out) {
    pn_h5_names names = {0};
    *out = NULL;
    if (!pn_h5_has_attribute(object, name)) return PN_OK;
    pn_status status = pn_h5_texts(h5, object, "the file", name, arena, &names);
    if (status != PN_OK) return status;
    if (names.count != 1)
        return pn_h5_bad(h5, PN_E_FORMAT, "the attribute %s holds %zu texts instead of one", name,
                         names.count);
    *out = names.name[0];
    return PN_OK;
}
