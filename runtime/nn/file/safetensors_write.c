#include "base/file.h"
#include "nn/file/safetensors.h"
#include "nn/file/safetensors_types.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- the header ---- */

static int is_utf8(const char *text) {
    size_t size = strlen(text);
    while (size) {
        size_t n = pn_utf8_length(text, size);
        if (!n) return 0;
        text += n;
        size -= n;
    }
    return 1;
}

static pn_status check_name(json_t *map, const char *name, pn_error *error) {
    if (!is_utf8(name))
        return pn_fail(error, PN_E_ARGUMENT, "a name in a safetensors file must be UTF-8");
    if (strcmp(name, "__metadata__") == 0)
        return pn_fail(error, PN_E_ARGUMENT, "no tensor can be called __metadata__");
    if (json_object_get(map, name))
        return pn_fail(error, PN_E_ARGUMENT, "the name '%.200s' comes twice", name);
    return PN_OK;
}

static pn_status add_pairs(json_t *header, const pn_safetensors_content *content, pn_error *error) {
    json_t *map = json_object();
    if (json_object_set_new(header, "__metadata__", map) != 0) return pn_fail_memory(error, 1);
    for (size_t i = 0; i < content->pair_count; i++) {
        const pn_safetensors_pair *pair = &content->pairs[i];
        pn_status status = check_name(map, pair->key, error);
        if (status != PN_OK) return status;
        if (!is_utf8(pair->value))
            return pn_fail(error, PN_E_ARGUMENT, "the text under '%.200s' must be UTF-8",
                           pair->key);
        if (json_object_set_new(map, pair->key, json_string(pair->value)) != 0)
            return pn_fail_memory(error, strlen(pair->value));
    }
    return PN_OK;
}

static int64_t bytes_of(const pn_array *array) {
    int64_t bytes = (int64_t)pn_dtype_size(array->dtype);
    for (int i = 0; i < array->rank; i++) bytes *= array->shape[i];
    return bytes;
}

static pn_status add_item(json_t *header, const pn_safetensors_item *item, int64_t *offset,
                          pn_error *error) {
    pn_status status = check_name(header, item->name, error);
    if (status != PN_OK) return status;
    json_t *shape = json_array();
    int failed = !shape;
    for (int i = 0; i < item->array.rank; i++)
        failed |= json_array_append_new(shape, json_integer(item->array.shape[i])) != 0;
    int64_t begin = *offset;
    *offset += bytes_of(&item->array);
    json_t *json =
        json_pack("{s:s, s:o, s:[I, I]}", "dtype", pn_safetensors_type_name(item->array.dtype),
                  "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)*offset);
    failed |= json_object_set_new(header, item->name, json) != 0;
    return failed ? pn_fail_memory(error, 1) : PN_OK;
}

static void put_header(const char *json, pn_text *out) {
    size_t length = strlen(json), padded = (length + 7) / 8 * 8;
    for (int i = 0; i < 8; i++) pn_text_addc(out, (char)((uint64_t)padded >> 8 * i & 255));
    pn_text_add(out, json, length);
    for (; length < padded; length++) pn_text_addc(out, ' ');
}

pn_status pn_safetensors_header(const pn_safetensors_content *content, pn_text *out,
                                pn_error *error) {
    json_t *header = json_object();
    if (!header) return pn_fail_memory(error, 1);
    int64_t offset = 0;
    pn_status status = content->pair_count ? add_pairs(header, content, error) : PN_OK;
    for (size_t i = 0; i < content->count && status == PN_OK; i++)
        status = add_item(header, &content->items[i], &offset, error);
    char *text = status == PN_OK ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (text) put_header(text, out);
    if (status == PN_OK && (!text || out->failed)) status = pn_fail_memory(error, 1);
    free(text);
    return status;
}

/* ---- with the data ---- */

pn_status pn_safetensors_text(const pn_safetensors_content *content, pn_text *out,
                              pn_error *error) {
    pn_status status = pn_safetensors_header(content, out, error);
    if (status != PN_OK) return status;
    for (size_t i = 0; i < content->count; i++) {
        const pn_array *array = &content->items[i].array;
        pn_text_add(out, array->data, (size_t)bytes_of(array));
    }
    return out->failed ? pn_fail_memory(error, out->size) : PN_OK;
}

pn_status pn_safetensors_save(const char *path, const pn_safetensors_content *content,
                              pn_error *error) {
    pn_text header = {0};
    pn_replacement file;
    pn_status status = pn_safetensors_header(content, &header, error);
    if (status == PN_OK) status = pn_file_replace_begin(path, &file, error);
    if (status != PN_OK) {
        pn_text_free(&header);
        return status;
    }
    status = pn_file_replace_write(&file, header.data, header.size, error);
    for (size_t i = 0; i < content->count && status == PN_OK; i++) {
        const pn_array *array = &content->items[i].array;
        status = pn_file_replace_write(&file, array->data, (size_t)bytes_of(array), error);
    }
    if (status == PN_OK) status = pn_file_replace_commit(&file, error);
    pn_file_replace_abort(&file);
    pn_text_free(&header);
    return status;
}
