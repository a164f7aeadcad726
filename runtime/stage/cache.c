/* Size, order of use and removal of the cache's entries. */
#define _GNU_SOURCE
#include "stage/cache.h"

#include "base/home.h"
#include "base/memory.h"
#include "stage/outputs.h"
#include "stage/scratch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t preset_limit = (uint64_t)4 << 30;

static uint64_t limit(void) {
    const char *text = getenv("PNEUMA_CACHE_LIMIT");
    char *end;
    if (!text || !*text) return preset_limit;
    uint64_t value = strtoull(text, &end, 10);
    return *end ? preset_limit : value;
}

pn_status pn_cache_folder(char path[PN_PATH], pn_error *error) {
    char found[PN_PATH], here[PN_PATH] = "";
    pn_status status = pn_home_cache(found, error);
    if (status != PN_OK) return status;
    if (*found != '/' && !getcwd(here, sizeof here))
        return pn_fail_errno(error, errno, ".", "the working directory cannot be found");
    for (size_t n = strlen(found); n > 1 && found[n - 1] == '/'; n--) found[n - 1] = '\0';
    return pn_path_join(path, here, found, error);
}

pn_status pn_cache_entry(pn_entry *entry, const char *cache, const char *key, int slot,
                         pn_error *error) {
    char name[64], folder[PN_PATH];
    entry->lock = -1;
    if (slot)
        snprintf(name, sizeof name, "%s-%d", key, slot);
    else
        snprintf(name, sizeof name, "%s", key);
    pn_status status = pn_path_join(entry->cache, "", cache, error);
    if (status == PN_OK) status = pn_path_join(folder, cache, "entries", error);
    return status == PN_OK ? pn_path_join(entry->folder, folder, name, error) : status;
}

/* ---- all entries ---- */

typedef struct item {
    char name[64];
    uint64_t bytes;
    int64_t used; /* when, ns */
    int finished;
} item;

typedef struct listing {
    item *item;
    size_t count;
    uint64_t bytes;
} listing;

static void look_at(const char *folder, item *it) {
    char path[PN_PATH];
    pn_stamp stamp;
    if (pn_path_join(path, folder, "lock", NULL) == PN_OK &&
        pn_file_stamp(path, &stamp, NULL) == PN_OK)
        it->used = stamp.mtime_ns;
    it->finished = pn_path_join(path, folder, "values", NULL) == PN_OK &&
                   pn_file_stamp(path, &stamp, NULL) == PN_OK;
    it->bytes = pn_tree_bytes(folder);
}

static pn_status list_entries(const char *cache, listing *all, pn_error *error) {
    char entries[PN_PATH], folder[PN_PATH];
    pn_names names;
    *all = (listing){0};
    pn_status status = pn_path_join(entries, cache, "entries", error);
    if (status == PN_OK) status = pn_folder_list(entries, &names, error);
    if (status == PN_E_NOT_FOUND) return PN_OK;
    if (status != PN_OK) return status;
    all->item = pn_calloc(names.count, sizeof *all->item);
    if (!all->item) status = pn_fail_memory(error, names.count * sizeof *all->item);
    for (size_t i = 0; i < names.count && status == PN_OK; i++) {
        item *it = &all->item[all->count];
        if (strlen(names.name[i]) >= sizeof it->name ||
            pn_path_join(folder, entries, names.name[i], NULL) != PN_OK)
            continue;
        strcpy(it->name, names.name[i]);
        look_at(folder, it);
        all->bytes += it->bytes;
        all->count++;
    }
    pn_names_free(&names);
    return status;
}

static int by_use(const void *a, const void *b) {
    const item *x = a, *y = b;
    return x->used < y->used ? -1 : x->used > y->used;
}

static int remove_item(const char *cache, const item *it) {
    pn_entry entry;
    return pn_cache_entry(&entry, cache, it->name, 0, NULL) == PN_OK && pn_entry_remove(&entry);
}

static void trim_to(const char *cache, uint64_t most) {
    listing all;
    if (list_entries(cache, &all, NULL) != PN_OK) return;
    if (all.bytes > most && all.count) qsort(all.item, all.count, sizeof *all.item, by_use);
    for (size_t i = 0; i < all.count && all.bytes > most; i++)
        if (remove_item(cache, &all.item[i])) all.bytes -= all.item[i].bytes;
    pn_free(all.item);
}

/* Looking through the whole cache takes time: once a process, and then for every 64 MiB (or
 * hundredth of the limit) that was added. */
void pn_cache_trim(const char *cache, uint64_t added) {
    static atomic_int looked;
    static atomic_ullong since;
    enum { STEP = 64 << 20 };
    uint64_t most = limit(), step = most / 100 < STEP ? most / 100 : STEP;
    if (atomic_fetch_add(&since, added) + added <= step && atomic_load(&looked)) return;
    atomic_store(&looked, 1);
    atomic_store(&since, 0);
    pn_scratch_sweep(cache);
    trim_to(cache, most);
}

pn_status pn_cache_measure(pn_cache_stats *stats, pn_error *error) {
    listing all;
    *stats = (pn_cache_stats){.limit = limit()};
    pn_status status = pn_cache_folder(stats->folder, error);
    if (status == PN_OK) status = list_entries(stats->folder, &all, error);
    if (status != PN_OK) return status;
    for (size_t i = 0; i < all.count; i++) {
        stats->entries += (uint64_t)all.item[i].finished;
        stats->unfinished += (uint64_t)!all.item[i].finished;
    }
    stats->bytes = all.bytes;
    pn_free(all.item);
    return PN_OK;
}

pn_status pn_cache_clear(uint64_t *removed, uint64_t *kept, pn_error *error) {
    char cache[PN_PATH], last[PN_PATH];
    listing all;
    *removed = *kept = 0;
    pn_status status = pn_cache_folder(cache, error);
    if (status == PN_OK) status = list_entries(cache, &all, error);
    if (status != PN_OK) return status;
    for (size_t i = 0; i < all.count; i++) {
        if (remove_item(cache, &all.item[i]))
            ++*removed;
        else
            ++*kept;
    }
    pn_free(all.item);
    pn_scratch_sweep(cache);
    status = pn_path_join(last, cache, "last", error);
    return status == PN_OK ? pn_tree_remove(last, error) : status;
}
