#include "web/jobs.h"

#include "base/memory.h"

#include <pthread.h>

/* Threads: decoding, PNG and JSON beside the one that computes. Jobs that may wait: more would only
 * wait longer than anyone is patient. */
enum { THREADS = 3, LINE = 32 };

struct pn_jobs {
    pn_prediction_tools tools[THREADS];
    pthread_t thread[THREADS];
    int started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t given;
    pn_job *first, **last;
    int waiting;
    bool stop;
};

typedef struct seat {
    pn_jobs *jobs;
    int number;
} seat;

static pn_job *take(pn_jobs *jobs) {
    pthread_mutex_lock(&jobs->lock);
    while (!jobs->first && !jobs->stop) pthread_cond_wait(&jobs->given, &jobs->lock);
    pn_job *job = jobs->first;
    if (job) {
        jobs->first = job->after;
        if (!jobs->first) jobs->last = &jobs->first;
        jobs->waiting--;
    }
    pthread_mutex_unlock(&jobs->lock);
    return job;
}

static void *work(void *context) {
    const seat s = *(const seat *)context;
    pn_free(context);
    for (pn_job *job; (job = take(s.jobs)) != NULL;) {
        pn_prediction_make(&s.jobs->tools[s.number], &job->asked, job->bytes, job->size,
                           &job->reply);
        job->done(job);
    }
    return NULL;
}

bool pn_jobs_give(pn_jobs *jobs, pn_job *job) {
    pthread_mutex_lock(&jobs->lock);
    const bool room = jobs->waiting < LINE && !jobs->stop;
    if (room) {
        job->after = NULL;
        *jobs->last = job;
        jobs->last = &job->after;
        jobs->waiting++;
        pthread_cond_signal(&jobs->given);
    }
    pthread_mutex_unlock(&jobs->lock);
    return room;
}

/* ---- life ---- */

static pn_status start(pn_jobs *jobs, int number, pn_error *error) {
    pn_status status = pn_decoder_new(&jobs->tools[number].decoder, error);
    seat *s = pn_alloc(sizeof *s);
    if (status == PN_OK && !s) status = pn_fail_memory(error, sizeof *s);
    if (status == PN_OK) {
        *s = (seat){jobs, number};
        const int code = pthread_create(&jobs->thread[number], NULL, work, s);
        if (code == 0) {
            jobs->started++;
            return PN_OK;
        }
        status = pn_fail_errno(error, code, "", "cannot start a thread");
    }
    pn_free(s);
    return status;
}

pn_status pn_jobs_new(const pn_app_model *model, pn_predictor *predictor, const char *keep,
                      pn_jobs **out, pn_error *error) {
    pn_jobs *jobs = pn_calloc(1, sizeof *jobs);
    pn_status status = PN_OK;
    *out = NULL;
    if (!jobs) return pn_fail_memory(error, sizeof *jobs);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->given, NULL);
    jobs->last = &jobs->first;
    for (int i = 0; i < THREADS; i++)
        jobs->tools[i] = (pn_prediction_tools){model, predictor, NULL, keep};
    for (int i = 0; i < THREADS && status == PN_OK; i++) status = start(jobs, i, error);
    if (status == PN_OK)
        *out = jobs;
    else
        pn_jobs_free(jobs);
    return status;
}

void pn_jobs_stop(pn_jobs *jobs) {
    if (!jobs) return;
    pthread_mutex_lock(&jobs->lock);
    pn_job *job = jobs->first, *after;
    jobs->first = NULL;
    jobs->last = &jobs->first;
    jobs->waiting = 0;
    jobs->stop = true;
    pthread_cond_broadcast(&jobs->given);
    pthread_mutex_unlock(&jobs->lock);
    for (; job; job = after) {
        after = job->after;
        pn_reply_error(&job->reply, 503, "stopping", "the server is being stopped");
        job->done(job);
    }
    for (int i = 0; i < jobs->started; i++) pthread_join(jobs->thread[i], NULL);
    jobs->started = 0;
}

void pn_jobs_free(pn_jobs *jobs) {
    if (!jobs) return;
    pn_jobs_stop(jobs);
    for (int i = 0; i < THREADS; i++) pn_decoder_free(jobs->tools[i].decoder);
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->given);
    pn_free(jobs);
}
