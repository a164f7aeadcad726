/* The host's functions for memory, files and folders. */
#define _GNU_SOURCE
#include "base/memory.h"
#include "stage/call.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- scratch memory ---- */

static size_t slot_of(const pn_call *call, const void *block) {
    size_t slot = ((uintptr_t)block >> 6) * 0x9e3779b97f4a7c15u % call->block_capacity;
    while (call->block[slot] && call->block[slot] != block)
        slot = (slot + 1) % call->block_capacity;
    return slot;
}

static int set_grow(pn_call *call) {
    void **old = call->block;
    size_t old_capacity = call->block_capacity, capacity = old_capacity ? old_capacity * 2 : 64;
    void **grown = pn_calloc(capacity, sizeof *grown);
    if (!grown) return -1;
    call->block = grown;
    call->block_capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i]) grown[slot_of(call, old[i])] = old[i];
    pn_free(old);
    return 0;
}

int pn_call_keep(pn_call *call, void *block) {
    pthread_mutex_lock(&call->lock);
    int full = call->blocks * 2 >= call->block_capacity && set_grow(call) != 0;
    if (!full) {
        call->block[slot_of(call, block)] = block;
        call->blocks++;
    }
    pthread_mutex_unlock(&call->lock);
    if (!full) return 0;
    pn_free(block);
    return pn_call_fail(call, PN_E_MEMORY, "out of memory");
}

void *pn_call_alloc(pn_call *call, size_t size) {
    void *block = pn_alloc(size);
    if (!block) {
        pn_call_fail(call, PN_E_MEMORY, "out of memory: %zu bytes could not be allocated", size);
        return NULL;
    }
    return pn_call_keep(call, block) == 0 ? block : NULL;
}

/* Open addressing: what stands behind the freed slot may have to move up. */
static void set_remove(pn_call *call, size_t slot) {
    call->block[slot] = NULL;
    call->blocks--;
    for (size_t i = (slot + 1) % call->block_capacity; call->block[i];
         i = (i + 1) % call->block_capacity) {
        void *moved = call->block[i];
        call->block[i] = NULL;
        call->block[slot_of(call, moved)] = moved;
    }
}

void pn_call_free(pn_call *call, void *memory) {
    if (!memory) return;
    pthread_mutex_lock(&call->lock);
    size_t slot = call->block_capacity ? slot_of(call, memory) : 0;
    int known = call->block_capacity && call->block[slot];
    if (known) set_remove(call, slot);
    pthread_mutex_unlock(&call->lock);
    if (known)
        pn_free(memory);
    else
        pn_call_fail(call, PN_E_STAGE, "it frees memory that the host did not give it");
}

void pn_call_release_blocks(pn_call *call) {
    for (size_t i = 0; i < call->block_capacity; i++) pn_free(call->block[i]);
    pn_free(call->block);
}

/* ---- files ---- */

static int full_path(const char *path, char full[PN_PATH], const char **reason) {
    char here[PN_PATH] = "";
    if (path[0] != '/' && !getcwd(here, sizeof here)) *here = '\0';
    if (pn_path_join(full, here, path, NULL) == PN_OK && full[0] == '/') return 0;
    *reason = "the path is too long";
    return -1;
}

/* Remembers the reading; on a failed one makes the reason last as long as the call. */
static int finish(pn_call *call, const char *path, const pn_reading *reading, const pn_error *why,
                  const char **reason) {
    pthread_mutex_lock(&call->lock);
    pn_status status = pn_record_add(&call->run->record, path, reading, NULL);
    if (reading->failed) {
        *reason = pn_arena_copy(&call->arena, why->message, strlen(why->message));
        if (!*reason) *reason = "it could not be read";
    }
    pthread_mutex_unlock(&call->lock);
    if (status != PN_OK) {
        *reason = "out of memory";
        return pn_call_fail(call, status, "out of memory");
    }
    return reading->failed ? -1 : 0;
}

/* Running out of memory says nothing about the file: the call fails, nothing is recorded. */
static int out_of_memory(pn_call *call, const pn_error *why, const char **reason) {
    *reason = "out of memory";
    return pn_call_fail(call, PN_E_MEMORY, "%s", why->message);
}

int pn_call_read_file(pn_call *call, const char *path, size_t limit, void **data, size_t *size,
                      const char **reason) {
    char full[PN_PATH], *bytes = NULL;
    const char *unused;
    if (!reason) reason = &unused;
    *data = NULL;
    *size = 0;
    pn_reading reading;
    pn_error why;
    if (full_path(path, full, reason) != 0) return -1;
    pn_status status = pn_record_file(full, limit, &bytes, size, &reading, &why);
    if (status == PN_E_MEMORY) return out_of_memory(call, &why, reason);
    if (finish(call, full, &reading, &why, reason) != 0) {
        pn_free(bytes);
        return -1;
    }
    if (pn_call_keep(call, bytes) != 0) return *reason = "out of memory", -1;
    *data = bytes;
    return 0;
}

int pn_call_watch_file(pn_call *call, const char *path, const char **reason) {
    char full[PN_PATH];
    const char *unused;
    if (!reason) reason = &unused;
    pn_reading reading;
    pn_error why;
    if (full_path(path, full, reason) != 0) return -1;
    pn_status status = pn_record_content(full, 0, &reading, &why);
    if (status == PN_E_MEMORY) return out_of_memory(call, &why, reason);
    return finish(call, full, &reading, &why, reason);
}

static const char **copy_names(pn_call *call, const pn_names *names) {
    pthread_mutex_lock(&call->lock);
    const char **copy = pn_arena_alloc(&call->arena, (names->count + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < names->count; i++) {
        copy[i] = pn_arena_copy(&call->arena, names->name[i], strlen(names->name[i]));
        if (!copy[i]) copy = NULL;
    }
    pthread_mutex_unlock(&call->lock);
    return copy;
}

int pn_call_list_folder(pn_call *call, const char *path, const char *const **names, size_t *count,
                        const char **reason) {
    char full[PN_PATH];
    const char *unused;
    if (!reason) reason = &unused;
    *names = NULL;
    *count = 0;
    pn_reading reading;
    pn_error why;
    pn_names list = {0};
    if (full_path(path, full, reason) != 0) return -1;
    pn_status status = pn_record_folder(full, &list, &reading, &why);
    if (status == PN_E_MEMORY) return out_of_memory(call, &why, reason);
    if (finish(call, full, &reading, &why, reason) != 0) {
        pn_names_free(&list);
        return -1;
    }
    const char **copy = copy_names(call, &list);
    size_t found = list.count;
    pn_names_free(&list);
    if (!copy) return out_of_memory(call, &(pn_error){.message = "out of memory"}, reason);
    *names = copy;
    *count = found;
    return 0;
}

const char *pn_call_output_folder(pn_call *call) {
    pn_error why;
    pn_status status = pn_folder_make(call->place->folder, &why);
    if (status != PN_OK) {
        pn_call_fail(call, status, "%s", why.message);
        return NULL;
    }
    pthread_mutex_lock(&call->lock);
    call->run->used_folder = 1;
    pthread_mutex_unlock(&call->lock);
    return call->place->folder;
}
