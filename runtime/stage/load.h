/* Loading a plugin's code into this process. */
#ifndef PN_STAGE_LOAD_H
#define PN_STAGE_LOAD_H

#include "stage/table.h"

/* Loads the shared object for good and reads its table. PN_E_STAGE says what is wrong with it,
 * without its name. */
pn_status pn_plugin_load(const char *path, pn_stage_set *set, pn_error *error);

#endif
