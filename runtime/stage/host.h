/* Runs a stage's code: the pn_host functions it calls, and what they collect. The same in this
 * process and in a helper. */
#ifndef PN_STAGE_HOST_H
#define PN_STAGE_HOST_H

#include "base/error.h"
#include "base/file.h"
#include "stage/arguments.h"
#include "stage/record.h"

#include <stdatomic.h>

/* Where a run takes place. */
typedef struct pn_run_place {
    const char *folder; /* for the stage's files; made at its first use */
    /* Progress, about ten times a second, from any thread; NULL: nobody listens. */
    void (*progress)(void *context, int64_t done, int64_t total);
    /* Events, on the thread of the run; NULL: nobody listens. The answer goes to the stage where
     * `steered` says so. */
    const char *(*event)(void *context, const char *text);
    int steered;
    const atomic_int *stop; /* non-zero: this run is to stop; or NULL */
    void *context;
} pn_run_place;

/* What a run left. */
typedef struct pn_run {
    pn_values *results;
    pn_values *notes;  /* one STRINGS value, "notes" */
    pn_values *events; /* one STRINGS value, "events": all that were sent, in order */
    pn_record record;
    int used_folder; /* the stage asked for its output folder */
} pn_run;

/* 1 when the run at this place is to stop: Ctrl-C, a time-out, or its listener's wish. */
int pn_run_stopped(const pn_run_place *place);

/* One empty STRINGS value of that name; NULL when memory is out. */
pn_values *pn_run_texts(const char *name);

/* Runs `stage` (its run function is called here and now) with finished arguments. On success *run
 * holds results that are what the stage declared. On failure the notes are still there. PN_E_STAGE,
 * PN_E_CANCELLED, PN_E_MEMORY. Release with pn_run_free either way. */
pn_status pn_host_run(const pn_stage *stage, const pn_stage_arguments *arguments,
                      const pn_run_place *place, pn_run *run, pn_error *error);
void pn_run_free(pn_run *run);

#endif
