/* The source of a stage's call: its inputs and one parameter. */
#ifndef PN_DATA_CALL_SOURCE_H
#define PN_DATA_CALL_SOURCE_H

#include "data/source_config.h"

/* Which of the stage's inputs and parameters describe the source. An input's name may be NULL, and
 * the inputs may be missing in the call. */
typedef struct pn_call_source {
    const char *config; /* the parameter (STRING) with the JSON text */
    const char *paths;  /* STRINGS */
    const char *x, *y;  /* ARRAY */
} pn_call_source;

/* Makes the source. Files are read through the host, so that a cached result is only used while
 * they are unchanged. The source must be released before run() returns. Statuses as
 * pn_data_source_new; nothing is recorded as the call's failure but where the host does so itself
 * (memory). */
pn_status pn_call_source_new(const pn_host *host, pn_call *call, const pn_call_source *names,
                             pn_source **out, pn_error *error);

#endif
