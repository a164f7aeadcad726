/* Opening one plugin. */
#define _GNU_SOURCE
#include "stage/registry.h"

#include "base/memory.h"
#include "stage/load.h"

#include <string.h>

static pn_plugin_file *plugins; /* all that were opened; guarded by the registry's lock */

static int unchanged(const pn_plugin_file *file) {
    pn_stamp now;
    /* A library stays loaded whatever becomes of its file. */
    if (file->native && file->state == PN_PLUGIN_GOOD) return 1;
    return pn_file_stamp(file->path, &now, NULL) == PN_OK && now.inode == file->stamp.inode &&
           now.mtime_ns == file->stamp.mtime_ns && now.size == file->stamp.size;
}

static pn_status hash_file(const char *path, pn_hash *hash, pn_error *error) {
    char *data;
    size_t size;
    pn_status status = pn_file_read(path, 0, &data, &size, error);
    if (status != PN_OK) return status;
    *hash = pn_hash_bytes(data, size);
    pn_free(data);
    return PN_OK;
}

/* A third-party plugin's code never enters this process. */
static pn_status load(pn_plugin_file *file, pn_error *error) {
    if (file->native) return pn_plugin_load(file->path, &file->set, error);
    return pn_isolate_describe(&file->isolate, file->path, &file->set, error);
}

static int is_isolated(const pn_plugin_file *file, size_t index) {
    return !file->native || (file->set.stage[index].flags & PN_STAGE_ISOLATED) != 0;
}

static pn_status make_infos(pn_plugin_file *file, pn_error *error) {
    file->info = pn_calloc(file->set.count, sizeof *file->info);
    if (!file->info) return pn_fail_memory(error, file->set.count * sizeof *file->info);
    for (size_t i = 0; i < file->set.count; i++)
        file->info[i] = (pn_stage_info){.table = &file->set.stage[i],
                                        .plugin = file->path,
                                        .native = file->native,
                                        .isolated = is_isolated(file, i),
                                        .file = file};
    return PN_OK;
}

static void open_file(pn_plugin_file *file) {
    pn_error why;
    pn_status status = pn_file_stamp(file->path, &file->stamp, &why);
    if (status == PN_OK) status = hash_file(file->path, &file->hash, &why);
    if (status == PN_OK) status = load(file, &why);
    if (status == PN_OK) status = make_infos(file, &why);
    file->state = status == PN_OK ? PN_PLUGIN_GOOD : PN_PLUGIN_BAD;
    if (status != PN_OK)
        pn_fail_path(&file->why, PN_E_STAGE, file->path, "plugin '%s': %s", file->path,
                     why.message);
}

pn_plugin_file *pn_plugin_open(const char *path, int native) {
    for (pn_plugin_file *file = plugins; file; file = file->next) {
        if (file->state == PN_PLUGIN_CHANGED || strcmp(file->path, path) != 0) continue;
        if (unchanged(file)) return file;
        file->state = PN_PLUGIN_CHANGED;
        pn_isolate_stop(&file->isolate);
        break;
    }
    pn_plugin_file *file = pn_calloc(1, sizeof *file);
    if (!file) return NULL;
    file->path = strdup(path);
    if (!file->path) return pn_free(file), NULL;
    file->native = native;
    pn_isolate_init(&file->isolate);
    open_file(file);
    file->next = plugins;
    plugins = file;
    return file;
}

void pn_plugin_take_warnings(pn_text *text) {
    for (pn_plugin_file *file = plugins; file; file = file->next) {
        if (file->state != PN_PLUGIN_BAD || file->warned) continue;
        file->warned = 1;
        pn_text_addf(text, "%s\n", file->why.message);
    }
}
