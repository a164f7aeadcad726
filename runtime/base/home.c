#define _GNU_SOURCE
#include "base/home.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The build tree and the installed tree have the same shape below "home":
 *   bin/pneuma  lib/libpneuma.so  lib/pneuma/stages/  share/pneuma/{plots,notebooks}/
 * so home is two folders up from the library. */
static const struct {
    const char *resource, *below_home;
} places[] = {
    {"stages", "lib/pneuma/stages"},
    {"plots", "share/pneuma/plots"},
    {"notebooks", "share/pneuma/notebooks"},
    {"bin/pneuma", "bin/pneuma"},
};

static const char anchor = 0; /* an address inside this library */

/* lib/<multiarch>/libpneuma.so is one deeper than lib/libpneuma.so: try both. */
static int search_up(char home[PN_PATH], const char *library) {
    char probe[PN_PATH];
    if (!realpath(library, home)) return 0;
    for (int up = 0; up < 4; up++) {
        char *slash = strrchr(home, '/');
        if (!slash) return 0;
        *slash = '\0';
        int n = snprintf(probe, sizeof probe, "%s/lib/pneuma/stages", home);
        if (n > 0 && n < (int)sizeof probe && access(probe, F_OK) == 0) return 1;
    }
    return 0;
}

static pn_status find_home(char home[PN_PATH], pn_error *error) {
    const char *variable = getenv("PNEUMA_HOME");
    if (variable && *variable) return pn_path_join(home, "", variable, error);
    Dl_info info;
    if (dladdr(&anchor, &info) && info.dli_fname && search_up(home, info.dli_fname)) return PN_OK;
    return pn_fail(error, PN_E_NOT_FOUND,
                   "Pneuma's own files are not where they were installed; set PNEUMA_HOME to the "
                   "folder that holds bin, lib and share");
}

pn_status pn_home_path(char out[PN_PATH], const char *resource, pn_error *error) {
    char home[PN_PATH];
    pn_status status = find_home(home, error);
    if (status != PN_OK) return status;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(resource, places[i].resource) != 0) continue;
        status = pn_path_join(out, home, places[i].below_home, error);
        if (status != PN_OK || access(out, F_OK) == 0) return status;
        return pn_fail_path(error, PN_E_NOT_FOUND, out,
                            "Pneuma's %s should be at '%.300s', but it is not", resource, out);
    }
    return pn_fail(error, PN_E_INTERNAL, "no resource is called '%s'", resource);
}

static int below_variable(char out[PN_PATH], const char *variable, const char *below) {
    const char *folder = getenv(variable);
    return folder && *folder && pn_path_join(out, folder, below, NULL) == PN_OK;
}

pn_status pn_home_cache(char out[PN_PATH], pn_error *error) {
    if (below_variable(out, "PNEUMA_CACHE", "") ||
        below_variable(out, "XDG_CACHE_HOME", "pneuma") ||
        below_variable(out, "HOME", ".cache/pneuma"))
        return PN_OK;
    return pn_fail(error, PN_E_NOT_FOUND,
                   "no place for the cache: set PNEUMA_CACHE, XDG_CACHE_HOME or HOME");
}

void pn_home_user_stages(char out[PN_PATH]) {
    if (below_variable(out, "XDG_DATA_HOME", "pneuma/stages") ||
        below_variable(out, "HOME", ".local/share/pneuma/stages"))
        return;
    out[0] = '\0';
}
