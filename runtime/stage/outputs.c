#define _GNU_SOURCE
#include "stage/outputs.h"

#include "base/file.h"
#include "stage/json.h"
#include "stage/stage.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Calls visit() for every file below root/below; `path` is root/below, `below` its end. Stops when
 * visit() returns non-zero. Links are not followed. */
typedef int (*visit_file)(void *context, const char *below, const struct stat *st);

static int walk(const char *root, const char *below, visit_file visit, void *context) {
    char path[PN_PATH];
    pn_names names;
    if (pn_path_join(path, root, below, NULL) != PN_OK ||
        pn_folder_list(path, &names, NULL) != PN_OK)
        return -1;
    int stop = 0;
    for (size_t i = 0; i < names.count && !stop; i++) {
        char name[PN_PATH];
        struct stat st;
        if (pn_path_join(name, below, names.name[i], NULL) != PN_OK ||
            pn_path_join(path, root, name, NULL) != PN_OK || lstat(path, &st) != 0)
            stop = -1;
        else if (S_ISDIR(st.st_mode))
            stop = walk(root, name, visit, context);
        else
            stop = visit(context, name, &st);
    }
    pn_names_free(&names);
    return stop;
}

static int64_t mtime_ns(const struct stat *st) {
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static int list_file(void *context, const char *below, const struct stat *st) {
    json_t *item = json_pack("[o, I, I]", pn_json_bytes(below, strlen(below)),
                             (json_int_t)st->st_size, (json_int_t)mtime_ns(st));
    return json_array_append_new(context, item);
}

json_t *pn_outputs_list(const char *folder) {
    json_t *list = json_array();
    if (list && walk(folder, "files", list_file, list) == 0) return list;
    json_decref(list);
    return NULL;
}

static int verify_file(const char *folder, json_t *item, char *why) {
    json_t *name;
    json_int_t size, mtime;
    size_t length;
    char path[PN_PATH];
    struct stat st;
    pn_arena arena = {0};
    snprintf(why, PN_STAGE_WHY, "the cached result was damaged");
    if (json_unpack(item, "[o, I, I]", &name, &size, &mtime) != 0) return 0;
    const char *below = pn_json_text(name, &arena, &length);
    int same = below && pn_path_join(path, folder, below, NULL) == PN_OK && lstat(path, &st) == 0 &&
               st.st_size == size && mtime_ns(&st) == mtime;
    if (!same && below) snprintf(why, PN_STAGE_WHY, "its output %.300s changed", below);
    pn_arena_free(&arena);
    return same;
}

int pn_outputs_verify(const char *folder, json_t *outputs, char *why) {
    size_t i;
    json_t *item;
    json_array_foreach(outputs, i, item) {
        if (!verify_file(folder, item, why)) return 0;
    }
    return 1;
}

static int add_size(void *context, const char *below, const struct stat *st) {
    (void)below;
    *(uint64_t *)context += (uint64_t)st->st_size;
    return 0;
}

uint64_t pn_tree_bytes(const char *folder) {
    uint64_t total = 0;
    walk(folder, "", add_size, &total);
    return total;
}
