/* Finding stages by name and listing them all. */
#define _GNU_SOURCE
#include "stage/registry.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the files in a place ---- */

static pn_status list_place(const pn_plugin_place *place, pn_names *names, pn_error *error) {
    if (!place->is_file) return pn_folder_list(place->path, names, error);
    names->count = 0;
    names->name = calloc(1, sizeof *names->name);
    if (names->name) names->name[0] = strdup("");
    if (!names->name || !names->name[0]) return pn_fail_memory(error, 1);
    names->count = 1;
    return PN_OK;
}

/* Calls visit() for every plugin in every place, in order of precedence, until it returns 1. */
static pn_status visit_all(int (*visit)(void *context, pn_plugin_file *file), void *context,
                           pn_error *error) {
    pn_plugin_place *place = pn_alloc(PN_PLUGIN_PLACES * sizeof *place);
    if (!place) return pn_fail_memory(error, PN_PLUGIN_PLACES * sizeof *place);
    size_t count = pn_plugin_places(place);
    pn_status status = PN_OK;
    int stop = 0;
    for (size_t i = 0; i < count && status == PN_OK && !stop; i++) {
        pn_names names = {0};
        if (list_place(&place[i], &names, NULL) != PN_OK) continue;
        for (size_t k = 0; k < names.count && status == PN_OK && !stop; k++) {
            char path[PN_PATH];
            if (!place[i].is_file && strcmp(pn_path_ending(names.name[k]), ".so") != 0) continue;
            if (place[i].is_file)
                pn_path_join(path, "", place[i].path, NULL);
            else if (pn_path_join(path, place[i].path, names.name[k], NULL) != PN_OK)
                continue;
            pn_plugin_file *file = pn_plugin_open(path, place[i].native);
            if (file)
                stop = visit(context, file);
            else
                status = pn_fail_memory(error, sizeof *file);
        }
        pn_names_free(&names);
    }
    pn_free(place);
    return status;
}

/* ---- find ---- */

static const pn_stage_info *stage_in(const pn_plugin_file *file, const char *name) {
    for (size_t i = 0; file->state == PN_PLUGIN_GOOD && i < file->set.count; i++)
        if (strcmp(file->set.stage[i].name, name) == 0) return &file->info[i];
    return NULL;
}

typedef struct search {
    const char *name;
    const pn_stage_info *found;
    const pn_plugin_file *broken; /* the file NAME.so, which cannot be used */
    const char **names;           /* all there are, for a suggestion; grows */
    size_t count, capacity;
} search;

static int visit_find(void *context, pn_plugin_file *file) {
    search *s = context;
    s->found = stage_in(file, s->name);
    for (size_t i = 0; !s->found && file->state == PN_PLUGIN_GOOD && i < file->set.count; i++) {
        if (s->count == s->capacity) {
            size_t capacity = s->capacity ? s->capacity * 2 : 64;
            const char **grown = realloc(s->names, capacity * sizeof *grown);
            if (!grown) break;
            s->names = grown;
            s->capacity = capacity;
        }
        s->names[s->count++] = file->set.stage[i].name;
    }
    return s->found != NULL;
}

/* The file that would hold the stage by its name, in this place. */
static int by_file_name(const pn_plugin_place *place, const char *name, char path[PN_PATH]) {
    char file[PN_PATH];
    pn_stamp stamp;
    int n = snprintf(file, sizeof file, "%s.so", name);
    if (n < 0 || n >= (int)sizeof file) return 0;
    if (place->is_file)
        return strcmp(pn_path_name(place->path), file) == 0 &&
               pn_path_join(path, "", place->path, NULL) == PN_OK;
    return pn_path_join(path, place->path, file, NULL) == PN_OK &&
           pn_file_stamp(path, &stamp, NULL) == PN_OK && stamp.is_folder == 0;
}

/* Opens no more than the plugins called NAME.so: a start-up must not load them all. */
static pn_status find_by_file_name(search *s, pn_error *error) {
    pn_plugin_place *place = pn_alloc(PN_PLUGIN_PLACES * sizeof *place);
    if (!place) return pn_fail_memory(error, PN_PLUGIN_PLACES * sizeof *place);
    size_t count = pn_plugin_places(place);
    for (size_t i = 0; i < count && !s->found; i++) {
        char path[PN_PATH];
        if (!by_file_name(&place[i], s->name, path)) continue;
        pn_plugin_file *file = pn_plugin_open(path, place[i].native);
        if (!file) {
            pn_free(place);
            return pn_fail_memory(error, sizeof *file);
        }
        s->found = stage_in(file, s->name);
        if (file->state == PN_PLUGIN_BAD && !s->broken) s->broken = file;
    }
    pn_free(place);
    return PN_OK;
}

static pn_status not_found(const search *s, pn_error *error) {
    if (s->broken)
        return pn_fail_path(error, PN_E_STAGE, s->broken->path, "stage.%s cannot be used: %s",
                            s->name, s->broken->why.message);
    const char *near = pn_suggest(s->name, s->names, s->count);
    if (near)
        return pn_fail(error, PN_E_NOT_FOUND, "there is no stage '%.100s'; did you mean '%s'?",
                       s->name, near);
    pn_text list = {0};
    for (size_t i = 0; i < s->count; i++) pn_text_addf(&list, "%s%s", i ? ", " : "", s->names[i]);
    pn_status status = pn_fail(error, PN_E_NOT_FOUND, "there is no stage '%.100s'; there are: %s",
                               s->name, s->count ? pn_text_string(&list) : "none");
    pn_text_free(&list);
    return status;
}

pn_status pn_stage_find(const char *name, const pn_stage_info **out, pn_error *error) {
    search s = {.name = name};
    pthread_mutex_lock(&lock);
    pn_status status = strchr(name, '/') ? PN_OK : find_by_file_name(&s, error);
    if (status == PN_OK && !s.found && !s.broken) status = visit_all(visit_find, &s, error);
    if (status == PN_OK && !s.found) status = not_found(&s, error);
    pthread_mutex_unlock(&lock);
    free(s.names);
    *out = s.found;
    return status;
}

/* ---- list ---- */

static int has_name(const pn_stage_catalog *catalog, const char *name) {
    for (size_t i = 0; i < catalog->count; i++)
        if (strcmp(catalog->info[i]->table->name, name) == 0) return 1;
    return 0;
}

static int visit_list(void *context, pn_plugin_file *file) {
    pn_stage_catalog *catalog = context;
    if (file->state == PN_PLUGIN_BAD) {
        file->warned = 1; /* the list says it */
        pn_text_addf(&catalog->broken, "%s\n", file->why.message);
        return 0;
    }
    const pn_stage_info **grown =
        realloc(catalog->info, (catalog->count + file->set.count) * sizeof *grown);
    if (!grown) return catalog->broken.failed = 1;
    catalog->info = grown;
    for (size_t i = 0; i < file->set.count; i++)
        if (!has_name(catalog, file->set.stage[i].name))
            catalog->info[catalog->count++] = &file->info[i];
    return 0;
}

static int by_name(const void *a, const void *b) {
    const pn_stage_info *const *x = a, *const *y = b;
    return strcmp((*x)->table->name, (*y)->table->name);
}

pn_status pn_stage_list(pn_stage_catalog *catalog, pn_error *error) {
    *catalog = (pn_stage_catalog){0};
    pthread_mutex_lock(&lock);
    pn_status status = visit_all(visit_list, catalog, error);
    pthread_mutex_unlock(&lock);
    if (status == PN_OK && catalog->broken.failed) status = pn_fail_memory(error, 1);
    if (status != PN_OK) {
        pn_stage_catalog_free(catalog);
        return status;
    }
    if (catalog->count) qsort(catalog->info, catalog->count, sizeof *catalog->info, by_name);
    return PN_OK;
}

void pn_stage_catalog_free(pn_stage_catalog *catalog) {
    free(catalog->info);
    pn_text_free(&catalog->broken);
    *catalog = (pn_stage_catalog){0};
}

void pn_stage_take_warnings(pn_text *text) {
    pthread_mutex_lock(&lock);
    pn_plugin_take_warnings(text);
    pthread_mutex_unlock(&lock);
}
