#define _GNU_SOURCE
#include "stage/record.h"

#include "base/memory.h"
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* File systems stamp with a granularity of up to 2 s (FAT); within it a change may leave the
 * stamp as it was. */
static const int64_t racy_ns = 2000000000;

static int is_racy(const pn_stamp *stamp) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - stamp->mtime_ns < racy_ns;
}

static int same_stamp(const pn_stamp *a, const pn_stamp *b) {
    return a->size == b->size && a->mtime_ns == b->mtime_ns && a->inode == b->inode &&
           a->is_folder == b->is_folder;
}

/* The stamp is taken before the reading: a change in between makes the file racy. */
static void settle(pn_reading *reading, const char *path) {
    pn_stamp after;
    reading->racy = is_racy(&reading->stamp) || pn_file_stamp(path, &after, NULL) != PN_OK ||
                    !same_stamp(&reading->stamp, &after);
}

pn_status pn_record_file(const char *path, size_t limit, char **data, size_t *size,
                         pn_reading *reading, pn_error *error) {
    *reading = (pn_reading){.limit = limit};
    pn_status status = pn_file_stamp(path, &reading->stamp, error);
    if (status == PN_OK) status = pn_file_read(path, limit, data, size, error);
    reading->failed = status != PN_OK;
    if (status != PN_OK) return status;
    reading->hash = pn_hash_bytes(*data, *size);
    settle(reading, path);
    return PN_OK;
}

static void hash_piece(void *hasher, const void *bytes, size_t size) {
    pn_hasher_join(hasher, bytes, size);
}

pn_status pn_record_content(const char *path, uint64_t limit, pn_reading *reading,
                            pn_error *error) {
    *reading = (pn_reading){.limit = limit};
    pn_hasher *hasher = pn_hasher_new();
    if (!hasher) return pn_fail_memory(error, 1);
    pn_status status = pn_file_stamp(path, &reading->stamp, error);
    if (status == PN_OK) status = pn_file_pieces(path, limit, hash_piece, hasher, error);
    reading->failed = status != PN_OK;
    reading->hash = pn_hasher_finish(hasher);
    if (status == PN_OK) settle(reading, path);
    return status;
}

/* Adds the '/' behind folders' names; links to folders count as folders. */
static pn_status mark_folders(const char *path, pn_names *names, pn_error *error) {
    for (size_t i = 0; i < names->count; i++) {
        char full[PN_PATH];
        pn_stamp stamp;
        if (pn_path_join(full, path, names->name[i], NULL) != PN_OK ||
            pn_file_stamp(full, &stamp, NULL) != PN_OK || stamp.is_folder != 1)
            continue;
        size_t length = strlen(names->name[i]);
        char *longer = realloc(names->name[i], length + 2);
        if (!longer) return pn_fail_memory(error, length + 2);
        memcpy(longer + length, "/", 2);
        names->name[i] = longer;
    }
    return PN_OK;
}

static pn_status hash_names(const pn_names *names, pn_hash *hash, pn_error *error) {
    pn_hasher *hasher = pn_hasher_new();
    if (!hasher) return pn_fail_memory(error, 1);
    for (size_t i = 0; i < names->count; i++) pn_hasher_add_text(hasher, names->name[i]);
    *hash = pn_hasher_finish(hasher);
    return PN_OK;
}

pn_status pn_record_folder(const char *path, pn_names *names, pn_reading *reading,
                           pn_error *error) {
    *reading = (pn_reading){.is_folder = 1};
    pn_status status = pn_file_stamp(path, &reading->stamp, error);
    if (status == PN_OK) status = pn_folder_list(path, names, error);
    reading->failed = status != PN_OK;
    if (status != PN_OK) return status;
    status = mark_folders(path, names, error);
    if (status == PN_OK) status = hash_names(names, &reading->hash, error);
    if (status != PN_OK) pn_names_free(names);
    settle(reading, path);
    return status;
}

pn_status pn_record_add(pn_record *record, const char *path, const pn_reading *reading,
                        pn_error *error) {
    if (record->count == record->capacity) {
        size_t capacity = record->capacity ? record->capacity * 2 : 64;
        pn_reading *grown = pn_alloc(capacity * sizeof *grown);
        if (!grown) return pn_fail_memory(error, capacity * sizeof *grown);
        if (record->count) memcpy(grown, record->reading, record->count * sizeof *grown);
        pn_free(record->reading);
        record->reading = grown;
        record->capacity = capacity;
    }
    char *copy = pn_arena_copy(&record->arena, path, strlen(path));
    if (!copy) return pn_fail_memory(error, strlen(path));
    record->reading[record->count] = *reading;
    record->reading[record->count++].path = copy;
    return PN_OK;
}

void pn_record_free(pn_record *record) {
    pn_free(record->reading);
    pn_arena_free(&record->arena);
    *record = (pn_record){0};
}

/* ---- is it still so? ---- */

static void read_again(const pn_reading *old, pn_reading *now) {
    if (old->is_folder) {
        pn_names names;
        if (pn_record_folder(old->path, &names, now, NULL) == PN_OK) pn_names_free(&names);
        return;
    }
    if (pn_record_content(old->path, old->limit, now, NULL) == PN_E_MEMORY) now->failed = 1;
}

enum { SAME, REFRESHED, CHANGED };

static unsigned char verify_one(pn_reading *reading) {
    pn_stamp stamp;
    if (!reading->failed && !reading->racy && pn_file_stamp(reading->path, &stamp, NULL) == PN_OK &&
        same_stamp(&stamp, &reading->stamp))
        return SAME;
    pn_reading now;
    read_again(reading, &now);
    if (now.failed || reading->failed) return now.failed == reading->failed ? SAME : CHANGED;
    if (!pn_hash_equal(now.hash, reading->hash)) return CHANGED;
    now.path = reading->path;
    *reading = now;
    return REFRESHED;
}

typedef struct verification {
    pn_record *record;
    unsigned char *found;
} verification;

static void verify_range(void *context, int64_t begin, int64_t end) {
    verification *v = context;
    for (int64_t i = begin; i < end; i++) v->found[i] = verify_one(&v->record->reading[i]);
}

int pn_record_verify(pn_record *record, char *changed, int *refreshed) {
    verification v = {.record = record, .found = pn_calloc(record->count, 1)};
    *changed = '\0';
    if (!v.found) return 0;
    pn_parallel_for_each((int64_t)record->count, verify_range, &v);
    int same = 1;
    for (size_t i = 0; i < record->count && same; i++) {
        if (v.found[i] == REFRESHED) *refreshed = 1;
        if (v.found[i] != CHANGED) continue;
        same = 0;
        pn_path_join(changed, "", record->reading[i].path, NULL);
    }
    pn_free(v.found);
    return same;
}
