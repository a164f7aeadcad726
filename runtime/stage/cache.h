/* The cache as a whole. */
#ifndef PN_STAGE_CACHE_H
#define PN_STAGE_CACHE_H

#include "base/error.h"
#include "base/file.h"
#include "stage/entry.h"
#include "stage/key.h"

/* The absolute path of the cache's folder; it need not exist. */
pn_status pn_cache_folder(char path[PN_PATH], pn_error *error);

/* The entry of a key: `slot` counts the alternatives (0, 1, ...) for results that were computed
 * from other contents of the same files while the entry before was in use. */
enum { PN_CACHE_SLOTS = 4 };
pn_status pn_cache_entry(pn_entry *entry, const char *cache, const char *key, int slot,
                         pn_error *error);

/* Writes into why[PN_STAGE_WHY] why there is no result for this key, by comparing it with the last
 * keys of its stage: "first time", "parameter low changed 60 -> 70". */
void pn_cache_explain(const char *cache, const char *stage, const json_t *parts, char *why);
/* Remembers the key for such comparisons. */
void pn_cache_remember(const char *cache, const char *stage, json_t *parts);

/* Called after an entry was published: from time to time removes the least recently used entries
 * beyond the limit (4 GiB, or PNEUMA_CACHE_LIMIT bytes) and what dead processes left. Entries in
 * use stay. */
void pn_cache_trim(const char *cache, uint64_t added);

typedef struct pn_cache_stats {
    char folder[PN_PATH];
    uint64_t entries, unfinished; /* with results; with files to resume from only */
    uint64_t bytes, limit;
} pn_cache_stats;

/* A cache that was never used is empty, not an error. */
pn_status pn_cache_measure(pn_cache_stats *stats, pn_error *error);

/* Removes all entries that nobody uses; *kept counts the others. */
pn_status pn_cache_clear(uint64_t *removed, uint64_t *kept, pn_error *error);

#endif
