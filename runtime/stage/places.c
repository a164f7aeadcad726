/* Where plugins are looked for. */
#define _GNU_SOURCE
#include "stage/registry.h"

#include "base/home.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_place(pn_plugin_place *place, size_t *count, const char *path, int native) {
    char here[PN_PATH] = "";
    pn_stamp stamp;
    if (*path == '\0' || *count == PN_PLUGIN_PLACES) return;
    if (*path != '/' && !getcwd(here, sizeof here)) return;
    pn_plugin_place *p = &place[*count];
    if (pn_path_join(p->path, here, path, NULL) != PN_OK ||
        pn_file_stamp(p->path, &stamp, NULL) != PN_OK)
        return;
    p->native = native;
    p->is_file = stamp.is_folder != 1;
    ++*count;
}

size_t pn_plugin_places(pn_plugin_place *place) {
    size_t count = 0;
    char path[PN_PATH];
    if (pn_home_path(path, "stages", NULL) == PN_OK) add_place(place, &count, path, 1);
    for (const char *list = getenv("PNEUMA_STAGES"); list && *list;) {
        size_t length = strcspn(list, ":");
        if (length < sizeof path) {
            memcpy(path, list, length);
            path[length] = '\0';
            add_place(place, &count, path, 0);
        }
        list += length + (list[length] == ':');
    }
    pn_home_user_stages(path);
    add_place(place, &count, path, 0);
    return count;
}
