#include "nn/train/checkpoint.h"

#include "base/file.h"
#include "base/hash.h"
#include "nn/file/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {"pneuma.training", "pneuma.state", "pneuma.checksum"};
enum { TRAINING = 0, STATE, CHECKSUM, KEYS };

static pn_status checksum(const char *training, const char *state, const pn_checkpoint_part *parts,
                          int count, char text[PN_HASH_HEX], pn_error *error) {
    pn_hasher *hasher = pn_hasher_new();
    if (!hasher) return pn_fail_memory(error, sizeof(void *));
    pn_hasher_add_text(hasher, training);
    pn_hasher_add_text(hasher, state);
    for (int i = 0; i < count; i++) {
        pn_hasher_add_text(hasher, parts[i].name);
        pn_hasher_add(hasher, parts[i].data, (size_t)parts[i].count * sizeof *parts[i].data);
    }
    pn_hash_hex(pn_hasher_finish(hasher), text);
    return PN_OK;
}

static pn_status save(const char *path, const char *training, const pn_checkpoint_part *parts,
                      int count, const char *state, pn_error *error) {
    char sum[PN_HASH_HEX];
    pn_safetensors_item items[PN_CHECKPOINT_PARTS];
    pn_status status = checksum(training, state, parts, count, sum, error);
    if (status != PN_OK) return status;
    for (int i = 0; i < count; i++)
        items[i] = (pn_safetensors_item){
            parts[i].name,
            {.dtype = PN_F32, .rank = 1, .shape = {parts[i].count}, .data = parts[i].data}};
    const pn_safetensors_pair pairs[KEYS] = {
        {keys[TRAINING], training}, {keys[STATE], state}, {keys[CHECKSUM], sum}};
    const pn_safetensors_content content = {items, (size_t)count, pairs, KEYS};
    return pn_safetensors_save(path, &content, error);
}

pn_status pn_checkpoint_save(const char *path, const char *training,
                             const pn_checkpoint_part *parts, int count, const json_t *state,
                             pn_error *error) {
    char *text = json_dumps(state, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) return pn_fail_memory(error, sizeof(json_t));
    pn_status status = save(path, training, parts, count, text, error);
    free(text);
    return status;
}

/* ---- reading ---- */

static pn_status damaged(const char *path, const char *what, pn_error *error) {
    return pn_fail_path(error, PN_E_FORMAT, path, "the checkpoint '%s' is damaged: %s", path, what);
}

/* The parts as they stand in the file; sizes and checksum are checked. */
static pn_status find_parts(const pn_safetensors *file, const char *path,
                            const pn_checkpoint_part *parts, int count, pn_checkpoint_part *found,
                            pn_error *error) {
    char sum[PN_HASH_HEX];
    for (int i = 0; i < count; i++) {
        int64_t at = pn_safetensors_find(file, parts[i].name);
        if (at < 0) return damaged(path, "an array is missing", error);
        const pn_safetensors_entry *entry = pn_safetensors_at(file, (size_t)at);
        if (strcmp(entry->dtype, "F32") != 0 || entry->size != (size_t)parts[i].count * 4)
            return damaged(path, "an array has another size", error);
        found[i] = (pn_checkpoint_part){parts[i].name, entry->data, parts[i].count};
    }
    pn_status status =
        checksum(pn_safetensors_metadata(file, keys[TRAINING]),
                 pn_safetensors_metadata(file, keys[STATE]), found, count, sum, error);
    if (status != PN_OK) return status;
    if (strcmp(sum, pn_safetensors_metadata(file, keys[CHECKSUM])) != 0)
        return damaged(path, "its checksum does not fit", error);
    return PN_OK;
}

static pn_status load(const pn_safetensors *file, const char *path, const char *training,
                      const pn_checkpoint_part *parts, int count, json_t **state, pn_error *error) {
    pn_checkpoint_part found[PN_CHECKPOINT_PARTS];
    for (int i = 0; i < KEYS; i++)
        if (!pn_safetensors_metadata(file, keys[i])) return damaged(path, "it has no state", error);
    if (strcmp(pn_safetensors_metadata(file, keys[TRAINING]), training) != 0)
        return pn_fail_path(error, PN_E_ARGUMENT, path,
                            "the checkpoint '%s' is of another model, or of a training with other "
                            "options or data",
                            path);
    pn_status status = find_parts(file, path, parts, count, found, error);
    if (status != PN_OK) return status;
    *state = json_loads(pn_safetensors_metadata(file, keys[STATE]), 0, NULL);
    if (!*state) return damaged(path, "its state is no JSON", error);
    for (int i = 0; i < count; i++)
        memcpy(parts[i].data, found[i].data, (size_t)parts[i].count * sizeof *parts[i].data);
    return PN_OK;
}

pn_status pn_checkpoint_load(const char *path, const char *training,
                             const pn_checkpoint_part *parts, int count, json_t **state,
                             pn_error *error) {
    pn_safetensors *file;
    *state = NULL;
    pn_status status = pn_safetensors_open(path, &file, error);
    if (status != PN_OK) return status;
    status = load(file, path, training, parts, count, state, error);
    pn_safetensors_release(file);
    return status;
}
