/* Helper processes come and go. */
#ifndef PN_STAGE_SPAWN_H
#define PN_STAGE_SPAWN_H

#include "stage/isolate.h"

/* Starts a helper for the plugin. PN_E_NOT_FOUND when the program is not where it was installed,
 * PN_E_IO when the system refuses. */
pn_status pn_isolate_start(pn_isolate *isolate, const char *path, pn_error *error);

/* Lets go of the helper; kills it when it has not ended after so many milliseconds. Returns how it
 * ended, as waitpid says, or -1 when it had to be killed. */
int pn_isolate_end(pn_isolate *isolate, int patience);

/* "crashed: signal 11 (Segmentation fault)", "ended its process with exit code 3", "cut the
 * connection". */
void pn_isolate_end_text(int how, char *text, size_t size);

#endif
