/* Why a result was not in the cache: the last keys of each stage are remembered in CACHE/last, and
 * the one that differs least tells what changed. */
#define _GNU_SOURCE
#include "stage/cache.h"

#include "stage/scratch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REMEMBERED = 16 };

static int memory_path(const char *cache, const char *stage, char path[PN_PATH]) {
    char folder[PN_PATH], name[128];
    snprintf(name, sizeof name, "%s.json", stage);
    return pn_path_join(folder, cache, "last", NULL) == PN_OK &&
           pn_path_join(path, folder, name, NULL) == PN_OK;
}

static json_t *load(const char *cache, const char *stage) {
    char path[PN_PATH];
    json_t *list = memory_path(cache, stage, path) ? json_load_file(path, 0, NULL) : NULL;
    if (json_is_array(list)) return list;
    json_decref(list);
    return NULL;
}

void pn_cache_explain(const char *cache, const char *stage, const json_t *parts, char *why) {
    json_t *list = load(cache, stage), *before;
    int least = INT_MAX;
    size_t i;
    snprintf(why, PN_STAGE_WHY, "first time");
    json_array_foreach(list, i, before) {
        char text[PN_STAGE_WHY];
        int differences = pn_key_difference(before, parts, text);
        if (differences >= least) continue;
        least = differences;
        snprintf(why, PN_STAGE_WHY, "%s", differences ? text : "its result is no longer there");
    }
    json_decref(list);
}

/* The same key again moves to the front. */
static void put_first(json_t *list, json_t *parts) {
    size_t i;
    json_t *before;
    json_array_foreach(list, i, before) {
        if (json_equal(before, parts)) {
            json_array_remove(list, i);
            break;
        }
    }
    json_array_insert(list, 0, parts);
    while (json_array_size(list) > REMEMBERED) json_array_remove(list, REMEMBERED);
}

/* Writes the text to the file; 0 when all of it is there. */
static int write_text(int fd, const char *text) {
    size_t size = strlen(text);
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0) return -1;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

static int rename_into(const char *cache, const char *temporary, const char *path) {
    char folder[PN_PATH];
    if (rename(temporary, path) == 0) return 0;
    return pn_path_join(folder, cache, "last", NULL) == PN_OK &&
                   pn_folder_make(folder, NULL) == PN_OK && rename(temporary, path) == 0
               ? 0
               : -1;
}

/* Two processes may write at once: the last one wins, and nothing but a hint is lost. */
void pn_cache_remember(const char *cache, const char *stage, json_t *parts) {
    char path[PN_PATH], temporary[PN_PATH], *text = NULL;
    int fd;
    if (!memory_path(cache, stage, path)) return;
    json_t *list = load(cache, stage);
    if (!list) list = json_array();
    if (list) {
        put_first(list, parts);
        text = json_dumps(list, JSON_COMPACT);
        json_decref(list);
    }
    if (text && pn_scratch_file(cache, temporary, &fd, NULL) == PN_OK) {
        if (write_text(fd, text) != 0 || rename_into(cache, temporary, path) != 0)
            unlink(temporary);
        close(fd);
    }
    free(text);
}
