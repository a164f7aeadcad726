/* Folders of the cache that last as long as this process: for outputs that are not cached. */
#ifndef PN_STAGE_SCRATCH_H
#define PN_STAGE_SCRATCH_H

#include "base/error.h"
#include "base/file.h"

/* The path of a new folder, not made yet, removed when the process ends; should it be killed, the
 * next process that calls pn_scratch_sweep removes it. In the cache's folder, or in TMPDIR (/tmp)
 * where the cache cannot be written. */
pn_status pn_scratch_folder(char path[PN_PATH], pn_error *error);

/* A new file "CACHE/tmp/...", open and locked by the returned descriptor: while the lock is held
 * nobody sweeps it away. */
pn_status pn_scratch_file(const char *cache, char path[PN_PATH], int *fd, pn_error *error);

/* Removes what dead processes left in the cache's tmp folder. */
void pn_scratch_sweep(const char *cache);

#endif
