/* A call from outside: arguments, cache, run. */
#define _GNU_SOURCE
#include "stage/run.h"

#include "base/cancel.h"
#include "stage/scratch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static atomic_int cache_off;
static atomic_ullong seed;

void pn_stage_set_cache(int on) {
    atomic_store(&cache_off, !on);
}

int pn_stage_cache_on(void) {
    return !atomic_load(&cache_off);
}

void pn_stage_set_seed(uint64_t value) {
    atomic_store(&seed, value);
}

uint64_t pn_stage_seed(void) {
    return atomic_load(&seed);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static pn_status scratch_folder(void *context, char path[PN_PATH], pn_error *error) {
    (void)context;
    return pn_scratch_folder(path, error);
}

static void tell_notes(const pn_values *notes, const pn_stage_listener *listener) {
    if (!notes || !listener->note) return;
    for (size_t i = 0; i < notes->value[0].count; i++)
        listener->note(listener->context, notes->value[0].string[i].data);
}

pn_status pn_stage_call(pn_stage_arguments *arguments, const pn_stage_listener *listener,
                        pn_stage_outcome *outcome, pn_error *error) {
    static const pn_stage_listener nobody = {0};
    if (!listener) listener = &nobody;
    *outcome = (pn_stage_outcome){0};
    double start = now();
    pn_status status = pn_stage_arguments_finish(arguments, error);
    if (status != PN_OK) return status;
    const pn_run_place place = {
        .folder = scratch_folder, .progress = listener->progress, .context = listener->context};
    pn_run run;
    status = pn_host_run(arguments->info->table, arguments, &place, &run, error);
    tell_notes(run.notes, listener);
    if (status == PN_OK) {
        outcome->results = run.results;
        run.results = NULL;
        snprintf(outcome->why, sizeof outcome->why, "cache off");
    }
    pn_run_free(&run);
    outcome->seconds = now() - start;
    return status;
}
