/* Reading packed values. The bytes may come from a process that runs foreign code, or from a disk
 * that lost some: every size and offset is checked before it is used. */
#define _GNU_SOURCE
#include "stage/pack.h"

#include "base/hash.h"
#include "base/memory.h"
#include "stage/pack_format.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct pn_pack {
    atomic_int references;
    char *base;
    uint64_t size, blobs; /* of the file; where its blobs begin */
    int mapped;
    json_t *header;
};

enum { SMALL = 1 << 16 };

/* ---- the file ---- */

static pn_status read_small(int fd, pn_pack *pack, pn_error *error) {
    pack->base = pn_alloc(pack->size);
    if (!pack->base) return pn_fail_memory(error, pack->size);
    for (uint64_t at = 0; at < pack->size;) {
        ssize_t n = pread(fd, pack->base + at, pack->size - at, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return pn_fail_errno(error, errno, "", "results cannot be read");
        if (n == 0) return pn_fail(error, PN_E_FORMAT, "the file is cut off");
        at += (uint64_t)n;
    }
    return PN_OK;
}

static pn_status get_bytes(int fd, pn_pack *pack, pn_error *error) {
    struct stat st;
    if (fstat(fd, &st) != 0) return pn_fail_errno(error, errno, "", "results cannot be read");
    pack->size = (uint64_t)st.st_size;
    if (pack->size < sizeof(pn_pack_prelude))
        return pn_fail(error, PN_E_FORMAT, "the file is cut off");
    if (pack->size <= SMALL) return read_small(fd, pack, error);
    void *base = mmap(NULL, pack->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) return pn_fail_memory(error, pack->size);
    pack->base = base;
    pack->mapped = 1;
    pn_live_add((int64_t)pack->size);
    return PN_OK;
}

static pn_status read_header(pn_pack *pack, pn_error *error) {
    pn_pack_prelude p;
    memcpy(&p, pack->base, sizeof p);
    if (memcmp(p.magic, PN_PACK_MAGIC, sizeof p.magic) != 0)
        return pn_fail(error, PN_E_FORMAT, "the file holds no packed values");
    if (p.file_size != pack->size || p.header_size > pack->size - sizeof p)
        return pn_fail(error, PN_E_FORMAT, "the file is cut off");
    pn_hash hash = pn_hash_bytes(pack->base + sizeof p, p.header_size);
    if (hash.high != p.hash_high || hash.low != p.hash_low)
        return pn_fail(error, PN_E_FORMAT, "the header is damaged");
    pack->blobs = pn_pack_align(sizeof p + p.header_size);
    pack->header = json_loadb(pack->base + sizeof p, p.header_size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(pack->header) || pack->blobs > pack->size)
        return pn_fail(error, PN_E_FORMAT, "the header is malformed");
    return PN_OK;
}

pn_status pn_pack_open(int fd, pn_pack **out, pn_error *error) {
    pn_pack *pack = pn_calloc(1, sizeof *pack);
    if (!pack) return pn_fail_memory(error, sizeof *pack);
    atomic_init(&pack->references, 1);
    pn_status status = get_bytes(fd, pack, error);
    if (status == PN_OK) status = read_header(pack, error);
    if (status == PN_OK)
        *out = pack;
    else
        pn_pack_release(pack);
    return status;
}

void pn_pack_release(pn_pack *pack) {
    if (!pack || atomic_fetch_sub(&pack->references, 1) != 1) return;
    if (pack->mapped) {
        munmap(pack->base, pack->size);
        pn_live_add(-(int64_t)pack->size);
    } else
        pn_free(pack->base);
    json_decref(pack->header);
    pn_free(pack);
}

json_t *pn_pack_extra(const pn_pack *pack) {
    return json_object_get(pack->header, "extra");
}

/* ---- its values ---- */

typedef struct unpacker {
    pn_pack *pack;
    int verify;
    pn_values *values;
    pn_error *error;
} unpacker;

static pn_status malformed(unpacker *u) {
    return pn_fail(u->error, PN_E_FORMAT, "the header is malformed");
}

/* The blob at an offset, checked to lie inside and, when asked, to have its hash. */
static pn_status get_blob(unpacker *u, json_int_t offset, uint64_t size, const char *hash,
                          char **data) {
    uint64_t room = u->pack->size - u->pack->blobs, at = (uint64_t)offset;
    if (offset < 0 || at % PN_PACK_ALIGN != 0 || at > room || size > room - at)
        return pn_fail(u->error, PN_E_FORMAT, "a value lies outside the file");
    *data = u->pack->base + u->pack->blobs + at;
    pn_hash wanted;
    if (!u->verify) return PN_OK;
    if (!pn_hash_parse(hash, &wanted) || !pn_hash_equal(wanted, pn_hash_bytes(*data, size)))
        return pn_fail(u->error, PN_E_FORMAT, "a value is damaged");
    return PN_OK;
}

static int parse_shape(json_t *json, int64_t shape[PN_MAX_RANK], int *rank) {
    if (!json_is_array(json) || json_array_size(json) > PN_MAX_RANK) return -1;
    *rank = (int)json_array_size(json);
    for (int i = 0; i < *rank; i++) {
        json_t *item = json_array_get(json, (size_t)i);
        shape[i] = json_integer_value(item);
        if (!json_is_integer(item) || shape[i] < 0) return -1;
    }
    return 0;
}

/* Bytes of a dense array, or -1 when that number does not exist. */
static int64_t bytes_of(pn_dtype dtype, int rank, const int64_t *shape) {
    int64_t bytes = (int64_t)pn_dtype_size(dtype);
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, shape[i], &bytes)) return -1;
    return bytes;
}

static void release_pack(void *pack) {
    pn_pack_release(pack);
}

static pn_status unpack_array(unpacker *u, json_t *json, pn_value *value) {
    int dtype, rank;
    json_t *list;
    json_int_t offset;
    const char *hash;
    int64_t shape[PN_MAX_RANK];
    char *data;
    if (json_unpack(json, "[i, o, I, s]", &dtype, &list, &offset, &hash) != 0 || dtype < 0 ||
        dtype > PN_I32 || parse_shape(list, shape, &rank) != 0)
        return malformed(u);
    int64_t bytes = bytes_of((pn_dtype)dtype, rank, shape);
    if (bytes < 0) return malformed(u);
    pn_status status = get_blob(u, offset, (uint64_t)bytes, hash, &data);
    if (status != PN_OK) return status;
    pn_tensor *tensor = NULL;
    atomic_fetch_add(&u->pack->references, 1); /* given back by release_pack, come what may */
    status = pn_tensor_wrap((pn_dtype)dtype, rank, shape, data, release_pack, u->pack, &tensor,
                            u->error);
    if (status == PN_OK) status = pn_values_add_array(value, tensor, u->error);
    pn_tensor_release(tensor);
    return status;
}

static pn_status unpack_strings(unpacker *u, json_t *json, pn_value *value) {
    json_int_t count, where, at, size;
    const char *where_hash, *hash;
    char *lengths, *bytes;
    if (json_unpack(json, "{s:I, s:[I, s], s:[I, I, s]}", "count", &count, "lengths", &where,
                    &where_hash, "bytes", &at, &size, &hash) != 0 ||
        count < 0 || size < 0 || count > INT64_MAX / 8)
        return malformed(u);
    pn_status status = get_blob(u, where, (uint64_t)count * 8, where_hash, &lengths);
    if (status == PN_OK) status = get_blob(u, at, (uint64_t)size, hash, &bytes);
    uint64_t left = (uint64_t)size;
    for (json_int_t i = 0; i < count && status == PN_OK; i++) {
        uint64_t length;
        memcpy(&length, lengths + i * 8, 8);
        if (left == 0 || length > left - 1) return malformed(u);
        status = pn_values_add_string(u->values, value, bytes, length, u->error);
        bytes += length + 1;
        left -= length + 1;
    }
    return status;
}

static pn_status unpack_value(unpacker *u, json_t *json, pn_value *value) {
    if (value->kind == PN_KIND_STRINGS) return unpack_strings(u, json, value);
    json_t *items = json_object_get(json, "items"), *item;
    if (!json_is_array(items) || (value->kind == PN_KIND_ARRAY && json_array_size(items) > 1))
        return malformed(u);
    size_t i;
    pn_status status = PN_OK;
    json_array_foreach(items, i, item) {
        status = unpack_array(u, item, value);
        if (status != PN_OK) break;
    }
    return status;
}

/* The values' names and kinds, as ports, for pn_values_new. */
static pn_status read_ports(unpacker *u, json_t *list, pn_port *ports) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        int kind;
        if (json_unpack(json_array_get(list, i), "{s:s, s:i}", "name", &ports[i].name, "kind",
                        &kind) != 0 ||
            kind < 0 || kind > PN_KIND_STRINGS)
            return malformed(u);
        ports[i].kind = (pn_kind)kind;
    }
    return PN_OK;
}

static pn_status unpack_list(unpacker *u, json_t *list) {
    size_t count = json_array_size(list);
    pn_port *ports = pn_calloc(count, sizeof *ports);
    if (!ports) return pn_fail_memory(u->error, count * sizeof *ports);
    pn_status status = read_ports(u, list, ports);
    if (status == PN_OK) {
        u->values = pn_values_new(ports, count);
        if (!u->values) status = pn_fail_memory(u->error, count * sizeof *ports);
    }
    pn_free(ports);
    for (size_t i = 0; i < count && status == PN_OK; i++) {
        status = unpack_value(u, json_array_get(list, i), &u->values->value[i]);
        u->values->value[i].given = 1;
    }
    return status;
}

pn_status pn_pack_values(pn_pack *pack, const char *part, int verify, pn_values **out,
                         pn_error *error) {
    unpacker u = {.pack = pack, .verify = verify, .error = error};
    json_t *list = json_object_get(json_object_get(pack->header, "parts"), part);
    pn_status status = json_is_array(list) ? unpack_list(&u, list) : malformed(&u);
    if (status == PN_OK)
        *out = u.values;
    else
        pn_values_free(u.values);
    return status;
}
