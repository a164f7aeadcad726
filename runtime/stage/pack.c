/* Writing packed values. Offsets are counted from the end of the header, so that the header can
 * be made before its own size is known. */
#define _GNU_SOURCE
#include "stage/pack.h"

#include "base/hash.h"
#include "base/memory.h"
#include "stage/pack_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the layout ---- */

typedef struct blob {
    const void *data;
    uint64_t size, offset;
    void *owned; /* to be freed */
} blob;

typedef struct layout {
    blob *blob;
    size_t count, capacity;
    uint64_t size;
    int failed; /* memory ran out */
} layout;

/* Adds a blob; returns [offset, hash] as two JSON values appended to `list`. */
static void add_blob(layout *l, const void *data, uint64_t size, void *owned, json_t *list,
                     int with_size) {
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 64;
        blob *grown = realloc(l->blob, capacity * sizeof *grown);
        if (!grown) {
            pn_free(owned);
            l->failed = 1;
            return;
        }
        l->blob = grown;
        l->capacity = capacity;
    }
    char hash[PN_HASH_HEX];
    pn_hash_hex(pn_hash_bytes(data, size), hash);
    l->blob[l->count++] = (blob){.data = data, .size = size, .offset = l->size, .owned = owned};
    int bad = json_array_append_new(list, json_integer((json_int_t)l->size)) != 0;
    if (with_size) bad |= json_array_append_new(list, json_integer((json_int_t)size)) != 0;
    bad |= json_array_append_new(list, json_string(hash)) != 0;
    l->failed |= bad;
    l->size = pn_pack_align(l->size + size);
}

static json_t *add_array(layout *l, const pn_tensor *tensor) {
    json_t *item = json_array(), *shape = json_array();
    int bad = !item || !shape;
    for (int i = 0; !bad && i < tensor->rank; i++)
        bad = json_array_append_new(shape, json_integer(tensor->shape[i])) != 0;
    bad = bad || json_array_append_new(item, json_integer(tensor->dtype)) != 0;
    bad = bad || json_array_append(item, shape) != 0;
    if (!bad) add_blob(l, tensor->data, pn_tensor_bytes(tensor), NULL, item, 0);
    json_decref(shape);
    l->failed |= bad;
    return item;
}

static void add_strings(layout *l, const pn_value *value, json_t *json) {
    uint64_t *lengths = pn_alloc(value->count * sizeof *lengths), total = 0;
    for (size_t i = 0; i < value->count; i++) total += value->string[i].size + 1;
    char *bytes = pn_alloc(total);
    json_t *where = json_array(), *what = json_array();
    if (!lengths || !bytes || !where || !what) {
        pn_free(lengths);
        pn_free(bytes);
        l->failed = 1;
    } else {
        char *to = bytes;
        for (size_t i = 0; i < value->count; i++) {
            lengths[i] = value->string[i].size;
            memcpy(to, value->string[i].data, lengths[i] + 1);
            to += lengths[i] + 1;
        }
        add_blob(l, lengths, value->count * sizeof *lengths, lengths, where, 0);
        add_blob(l, bytes, total, bytes, what, 1);
    }
    l->failed |= json_object_set_new(json, "count", json_integer((json_int_t)value->count)) != 0;
    l->failed |= json_object_set_new(json, "lengths", where) != 0;
    l->failed |= json_object_set_new(json, "bytes", what) != 0;
}

static json_t *add_value(layout *l, const pn_value *value) {
    json_t *json = json_pack("{s:s, s:i}", "name", value->name, "kind", (int)value->kind);
    if (value->kind == PN_KIND_STRINGS) {
        add_strings(l, value, json);
        return json;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < value->count; i++)
        l->failed |= json_array_append_new(items, add_array(l, value->array[i])) != 0;
    l->failed |= json_object_set_new(json, "items", items) != 0;
    return json;
}

static char *make_header(layout *l, const pn_pack_part *parts, size_t count, json_t *extra) {
    json_t *all = json_object(), *list = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *values = json_array();
        for (size_t k = 0; k < parts[i].values->count; k++)
            l->failed |=
                json_array_append_new(values, add_value(l, &parts[i].values->value[k])) != 0;
        l->failed |= json_object_set_new(list, parts[i].name, values) != 0;
    }
    l->failed |= json_object_set_new(all, "parts", list) != 0;
    if (extra) l->failed |= json_object_set(all, "extra", extra) != 0;
    char *text = l->failed ? NULL : json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

static void layout_free(layout *l) {
    for (size_t i = 0; i < l->count; i++) pn_free(l->blob[i].owned);
    free(l->blob);
}

/* ---- the file ---- */

enum { BUFFER = 1 << 16 };

typedef struct writer {
    int fd, failed; /* failed: errno of the first failure */
    uint64_t at;
    size_t used;
    char *buffer;
} writer;

static void write_out(writer *w, const char *data, size_t size) {
    while (size && !w->failed) {
        ssize_t n = write(w->fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            w->failed = errno;
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

static void flush(writer *w) {
    write_out(w, w->buffer, w->used);
    w->used = 0;
}

static void put(writer *w, const void *data, size_t size) {
    w->at += size;
    if (size > BUFFER - w->used) flush(w);
    if (size > BUFFER) {
        write_out(w, data, size);
        return;
    }
    if (size) memcpy(w->buffer + w->used, data, size);
    w->used += size;
}

static void pad_to(writer *w, uint64_t offset) {
    static const char zeros[PN_PACK_ALIGN];
    if (offset > w->at) put(w, zeros, (size_t)(offset - w->at));
}

static pn_status write_all(int fd, const layout *l, const char *header, pn_error *error) {
    size_t size = strlen(header);
    uint64_t begin = pn_pack_align(sizeof(pn_pack_prelude) + size);
    pn_hash hash = pn_hash_bytes(header, size);
    pn_pack_prelude prelude = {.header_size = size,
                               .file_size = begin + l->size,
                               .hash_high = hash.high,
                               .hash_low = hash.low};
    memcpy(prelude.magic, PN_PACK_MAGIC, sizeof prelude.magic);
    writer w = {.fd = fd, .buffer = pn_alloc(BUFFER)};
    if (!w.buffer) return pn_fail_memory(error, BUFFER);
    put(&w, &prelude, sizeof prelude);
    put(&w, header, size);
    for (size_t i = 0; i < l->count; i++) {
        pad_to(&w, begin + l->blob[i].offset);
        put(&w, l->blob[i].data, (size_t)l->blob[i].size);
    }
    pad_to(&w, begin + l->size);
    flush(&w);
    pn_free(w.buffer);
    return w.failed ? pn_fail_errno(error, w.failed, "", "results cannot be written") : PN_OK;
}

pn_status pn_pack_write(int fd, const pn_pack_part *parts, size_t count, json_t *extra,
                        pn_error *error) {
    layout l = {0};
    char *header = make_header(&l, parts, count, extra);
    pn_status status = header ? write_all(fd, &l, header, error) : pn_fail_memory(error, l.size);
    free(header);
    layout_free(&l);
    return status;
}
