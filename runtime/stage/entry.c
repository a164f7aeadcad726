/* Reading and publishing one entry. */
#define _GNU_SOURCE
#include "stage/entry.h"

#include "base/memory.h"
#include "stage/entry_lock.h"
#include "stage/json.h"
#include "stage/outputs.h"
#include "stage/pack.h"
#include "stage/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the record: a checksum, a new line, JSON ---- */

static json_t *load_record(const char *path) {
    char *data;
    size_t size;
    pn_hash wanted;
    json_t *json = NULL;
    if (pn_file_read(path, 0, &data, &size, NULL) != PN_OK) return NULL;
    if (size > PN_HASH_HEX && data[PN_HASH_HEX - 1] == '\n') {
        data[PN_HASH_HEX - 1] = '\0';
        if (pn_hash_parse(data, &wanted) &&
            pn_hash_equal(wanted, pn_hash_bytes(data + PN_HASH_HEX, size - PN_HASH_HEX)))
            json = json_loadb(data + PN_HASH_HEX, size - PN_HASH_HEX, 0, NULL);
    }
    pn_free(data);
    return json;
}

/* Writes a file of the entry beside and renames it into place. */
static pn_status put_file(pn_entry *entry, const char *name,
                          pn_status (*write_to)(int fd, void *context, pn_error *error),
                          void *context, pn_error *error) {
    char temporary[PN_PATH], path[PN_PATH];
    int fd;
    pn_status status = pn_path_join(path, entry->folder, name, error);
    if (status == PN_OK) status = pn_scratch_file(entry->cache, temporary, &fd, error);
    if (status != PN_OK) return status;
    status = write_to(fd, context, error);
    if (status == PN_OK && rename(temporary, path) != 0)
        status = pn_fail_errno(error, errno, path, "cannot write '%s'", path);
    if (status != PN_OK) unlink(temporary);
    close(fd);
    return status;
}

static pn_status write_record(int fd, void *context, pn_error *error) {
    char *text = json_dumps(context, JSON_COMPACT), hash[PN_HASH_HEX];
    if (!text) return pn_fail_memory(error, 1);
    size_t size = strlen(text);
    pn_hash_hex(pn_hash_bytes(text, size), hash);
    hash[PN_HASH_HEX - 1] = '\n';
    int bad = write(fd, hash, PN_HASH_HEX) != PN_HASH_HEX;
    for (size_t at = 0; !bad && at < size;) {
        ssize_t n = write(fd, text + at, size - at);
        if (n < 0 && errno != EINTR) bad = 1;
        if (n > 0) at += (size_t)n;
    }
    int code = errno;
    free(text);
    return bad ? pn_fail_errno(error, code, "", "the record cannot be written") : PN_OK;
}

/* ---- a hit ---- */

/* Files that had to be read again and were the same get their new stamps, so that the next hit
 * need not. Failing to is no harm. */
static void refresh_record(pn_entry *entry, json_t *json, const pn_record *record) {
    json_t *readings = pn_record_encode(record);
    if (readings && json_object_set_new(json, "readings", readings) == 0)
        put_file(entry, "record", write_record, json, NULL);
}

static pn_entry_state check_readings(pn_entry *entry, json_t *json, char *why) {
    pn_record record;
    char changed[PN_PATH];
    int refreshed = 0;
    if (pn_record_decode(json_object_get(json, "readings"), &record, NULL) != PN_OK)
        return PN_ENTRY_DAMAGED;
    int same = pn_record_verify(&record, changed, &refreshed);
    if (same && refreshed) refresh_record(entry, json, &record);
    pn_record_free(&record);
    if (same) return PN_ENTRY_HIT;
    snprintf(why, PN_STAGE_WHY, "%.400s changed", *changed ? changed : "a file");
    return PN_ENTRY_CHANGED;
}

static pn_entry_state check_record(pn_entry *entry, int *has_files, char *why) {
    char path[PN_PATH];
    if (pn_path_join(path, entry->folder, "record", NULL) != PN_OK) return PN_ENTRY_DAMAGED;
    json_t *json = load_record(path);
    if (!json) return PN_ENTRY_DAMAGED;
    pn_entry_state state = PN_ENTRY_DAMAGED;
    json_t *outputs = json_object_get(json, "outputs");
    pn_arena arena = {0};
    size_t size;
    const char *folder = pn_json_text(json_object_get(json, "folder"), &arena, &size);
    *has_files = json_is_array(outputs);
    /* Results hold paths in the folder: elsewhere they would be wrong. */
    if (folder && strcmp(folder, entry->folder) == 0) {
        state = check_readings(entry, json, why);
        if (state == PN_ENTRY_HIT && *has_files && !pn_outputs_verify(entry->folder, outputs, why))
            state = PN_ENTRY_CHANGED;
    }
    pn_arena_free(&arena);
    json_decref(json);
    return state;
}

static pn_entry_state read_values(int fd, const pn_stage *stage, pn_entry_content *content) {
    pn_pack *pack = NULL;
    *content = (pn_entry_content){0};
    pn_status status = pn_pack_open(fd, &pack, NULL);
    if (status == PN_OK) status = pn_pack_values(pack, "results", 1, &content->results, NULL);
    if (status == PN_OK) status = pn_pack_values(pack, "notes", 1, &content->notes, NULL);
    if (status == PN_OK) status = pn_pack_values(pack, "events", 1, &content->events, NULL);
    if (status == PN_OK && (content->notes->count != 1 || content->events->count != 1))
        status = PN_E_FORMAT;
    if (status == PN_OK)
        status = pn_values_check(content->results, stage->results, stage->result_count, NULL);
    pn_pack_release(pack);
    if (status == PN_OK) return PN_ENTRY_HIT;
    pn_values_free(content->results);
    pn_values_free(content->notes);
    pn_values_free(content->events);
    *content = (pn_entry_content){0};
    return PN_ENTRY_DAMAGED;
}

static pn_entry_state read_shared(pn_entry *entry, const pn_stage *stage, pn_entry_content *content,
                                  int *has_files, char *why) {
    char path[PN_PATH];
    if (pn_path_join(path, entry->folder, "values", NULL) != PN_OK) return PN_ENTRY_ABSENT;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return PN_ENTRY_ABSENT;
    pn_entry_state state = check_record(entry, has_files, why);
    if (state == PN_ENTRY_HIT) state = read_values(fd, stage, content);
    if (state == PN_ENTRY_DAMAGED) snprintf(why, PN_STAGE_WHY, "the cached result was damaged");
    close(fd);
    return state;
}

pn_entry_state pn_entry_read(pn_entry *entry, const pn_stage *stage, pn_entry_content *content,
                             char *why) {
    int has_files = 0, locked = entry->lock >= 0;
    if (!locked && !pn_entry_share(entry)) return PN_ENTRY_ABSENT;
    pn_entry_state state = read_shared(entry, stage, content, &has_files, why);
    if (state == PN_ENTRY_HIT) {
        futimens(entry->lock, NULL); /* used just now */
        pn_entry_settle(entry, has_files);
    } else if (!locked)
        pn_entry_unlock(entry);
    return state;
}

/* ---- a new result ---- */

static pn_status remove_part(const pn_entry *entry, const char *name, pn_error *error) {
    char path[PN_PATH];
    pn_status status = pn_path_join(path, entry->folder, name, error);
    return status == PN_OK ? pn_tree_remove(path, error) : status;
}

pn_status pn_entry_clear(pn_entry *entry, pn_error *error) {
    pn_status status = remove_part(entry, "values", error); /* first: without it all is absent */
    if (status == PN_OK) status = remove_part(entry, "record", error);
    return status == PN_OK ? remove_part(entry, "files", error) : status;
}

pn_status pn_entry_files(const pn_entry *entry, char path[PN_PATH], pn_error *error) {
    return pn_path_join(path, entry->folder, "files", error);
}

static json_t *make_record(const pn_entry *entry, const pn_run *run) {
    json_t *json =
        json_pack("{s:o, s:o}", "folder", pn_json_bytes(entry->folder, strlen(entry->folder)),
                  "readings", pn_record_encode(&run->record));
    if (!json || !run->used_folder) return json;
    json_t *outputs = pn_outputs_list(entry->folder);
    if (outputs && json_object_set_new(json, "outputs", outputs) == 0) return json;
    json_decref(json);
    return NULL;
}

static pn_status write_values(int fd, void *context, pn_error *error) {
    const pn_run *run = context;
    const pn_pack_part parts[] = {
        {"results", run->results}, {"notes", run->notes}, {"events", run->events}};
    return pn_pack_write(fd, parts, 3, NULL, error);
}

pn_status pn_entry_publish(pn_entry *entry, const pn_run *run, pn_error *error) {
    pn_status status = PN_OK;
    if (!run->used_folder) status = remove_part(entry, "files", error);
    json_t *record = make_record(entry, run);
    if (!record) return pn_fail_memory(error, 1);
    if (status == PN_OK) status = put_file(entry, "record", write_record, record, error);
    json_decref(record);
    if (status == PN_OK) status = put_file(entry, "values", write_values, (void *)run, error);
    if (status == PN_OK) futimens(entry->lock, NULL);
    return status;
}

void pn_entry_settle(pn_entry *entry, int has_files) {
    if (has_files)
        pn_entry_hold(entry);
    else
        pn_entry_unlock(entry);
}
