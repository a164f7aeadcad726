/* The record of what a stage read, as JSON. */
#include "stage/record.h"

#include "stage/json.h"

#include <string.h>

/* One reading is an array, not an object: there are thousands of them. */
static json_t *encode_reading(const pn_reading *r) {
    char hash[PN_HASH_HEX];
    pn_hash_hex(r->hash, hash);
    return json_pack("[o, i, I, s, I, I, I]", pn_json_bytes(r->path, strlen(r->path)),
                     r->is_folder | r->failed << 1 | r->racy << 2, (json_int_t)r->limit, hash,
                     (json_int_t)r->stamp.size, (json_int_t)r->stamp.mtime_ns,
                     (json_int_t)r->stamp.inode);
}

json_t *pn_record_encode(const pn_record *record) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < record->count; i++) {
        if (json_array_append_new(list, encode_reading(&record->reading[i])) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static pn_status decode_reading(json_t *json, pn_record *record, pn_error *error) {
    json_t *path;
    const char *hash;
    int flags;
    json_int_t limit, size, mtime_ns, inode;
    pn_reading r = {0};
    if (json_unpack(json, "[o, i, I, s, I, I, I]", &path, &flags, &limit, &hash, &size, &mtime_ns,
                    &inode) != 0 ||
        limit < 0 || !pn_hash_parse(hash, &r.hash))
        return pn_fail(error, PN_E_FORMAT, "a record of what was read is malformed");
    r.is_folder = flags & 1;
    r.failed = flags >> 1 & 1;
    r.racy = flags >> 2 & 1;
    r.limit = (uint64_t)limit;
    r.stamp = (pn_stamp){
        .size = size, .mtime_ns = mtime_ns, .inode = (uint64_t)inode, .is_folder = r.is_folder};
    size_t length;
    char *text = pn_json_text(path, &record->arena, &length);
    if (!text || text[0] != '/')
        return pn_fail(error, PN_E_FORMAT, "a record of what was read names no absolute path");
    return pn_record_add(record, text, &r, error);
}

pn_status pn_record_decode(json_t *json, pn_record *record, pn_error *error) {
    *record = (pn_record){0};
    if (!json_is_array(json))
        return pn_fail(error, PN_E_FORMAT, "the record of what was read is missing");
    size_t i;
    json_t *item;
    pn_status status = PN_OK;
    json_array_foreach(json, i, item) {
        status = decode_reading(item, record, error);
        if (status != PN_OK) break;
    }
    if (status != PN_OK) pn_record_free(record);
    return status;
}
