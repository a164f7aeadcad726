/* Where Pneuma's own files are, in the build tree and when installed. */
#ifndef PN_BASE_HOME_H
#define PN_BASE_HOME_H

#include "base/error.h"
#include "base/file.h"

/* Writes the path of one of Pneuma's resources: "stages" (the plugins), "plots" (the templates),
 * "notebooks", "bin/pneuma" (the program). Looked for under PNEUMA_HOME, else relative to the
 * library. PN_E_NOT_FOUND names what was looked for and where. */
pn_status pn_home_path(char out[PN_PATH], const char *resource, pn_error *error);

/* The cache's folder: PNEUMA_CACHE, else $XDG_CACHE_HOME/pneuma, else ~/.cache/pneuma. It is not
 * made here. PN_E_NOT_FOUND when none of the three is set. */
pn_status pn_home_cache(char out[PN_PATH], pn_error *error);

/* The user's own plugins: $XDG_DATA_HOME/pneuma/stages, else ~/.local/share/pneuma/stages; ""
 * when neither variable is set. */
void pn_home_user_stages(char out[PN_PATH]);

#endif
