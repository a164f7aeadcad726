/* Third-party plugins, and stages that read what may be hostile, run in helper processes: whatever
 * they do, this process goes on. */
#ifndef PN_STAGE_ISOLATE_H
#define PN_STAGE_ISOLATE_H

#include "stage/host.h"
#include "stage/table.h"

#include <pthread.h>
#include <sys/types.h>

/* The first argument that makes the program a helper. */
#define PN_HELPER_COMMAND "stage-helper"

/* The helper of one plugin; started when needed, again when it died. */
typedef struct pn_isolate {
    /* One user at a time. The mutex is held for moments only: a user may call the listener of its
     * run, which may look for stages, and so take other locks. */
    pthread_mutex_t lock;
    pthread_cond_t left;
    int used;       /* somebody talks with the helper: */
    pthread_t user; /* this thread */
    pid_t pid;      /* 0: none */
    int socket;
} pn_isolate;

void pn_isolate_init(pn_isolate *isolate);

/* Starts a helper for the plugin and asks what stages it has. PN_E_STAGE says what is wrong,
 * without the plugin's name: it is not one, it crashed while being loaded, it took too long. */
pn_status pn_isolate_describe(pn_isolate *isolate, const char *path, pn_stage_set *set,
                              pn_error *error);

/* As pn_host_run, in the helper. When the plugin crashes, exits or answers nonsense: PN_E_STAGE
 * with its name, the stage and the signal. When it does not stop within a second after a
 * cancellation it is killed: PN_E_CANCELLED. The next run starts a new helper. Events come live;
 * their answers do not go back. */
pn_status pn_isolate_run(pn_isolate *isolate, const char *path, const pn_stage_arguments *arguments,
                         const pn_run_place *place, pn_run *run, pn_error *error);

/* Ends the helper, if there is one. */
void pn_isolate_stop(pn_isolate *isolate);

#endif
