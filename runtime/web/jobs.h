/* Threads that work on uploads, each with a decoder of its own, and the line before them. */
#ifndef PN_WEB_JOBS_H
#define PN_WEB_JOBS_H

#include "web/prediction.h"

/* One upload. The giver owns it and keeps it until done() was called, on a thread of the jobs. */
typedef struct pn_job {
    pn_asked asked;
    const void *bytes;
    size_t size;
    pn_reply reply;
    void (*done)(struct pn_job *job);
    void *context; /* the giver's */
    struct pn_job *after;
} pn_job;

typedef struct pn_jobs pn_jobs;

/* `keep`: folder for uploads, or NULL. All that is given must live as long. */
pn_status pn_jobs_new(const pn_app_model *model, pn_predictor *predictor, const char *keep,
                      pn_jobs **out, pn_error *error);
/* Takes no more and waits for what is being computed; those in the line are answered with 503. NULL
 * is fine. */
void pn_jobs_stop(pn_jobs *jobs);
/* Nobody may give any more. */
void pn_jobs_free(pn_jobs *jobs);

/* Puts the job into the line; false when that is full: nothing happens then. */
bool pn_jobs_give(pn_jobs *jobs, pn_job *job);

#endif
