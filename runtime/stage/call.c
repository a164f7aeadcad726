/* A call from outside: arguments, cache, run. */
#define _GNU_SOURCE

#include "base/memory.h"
#include "stage/cache.h"
#include "stage/registry.h"
#include "stage/scratch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

/* ---- settings ---- */

static atomic_int cache_off;

void pn_stage_set_cache(int on) {
    atomic_store(&cache_off, !on);
}

/* ---- one call ---- */

typedef struct calling {
    const pn_stage_arguments *arguments;
    const pn_stage *stage;
    const pn_stage_listener *listener;
    pn_stage_outcome *outcome;
    pn_error *error;
    pn_key key;
    char cache[PN_PATH];
    pn_entry entry;
    pn_entry_content content; /* of a hit */
} calling;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void tell_notes(const calling *c, const pn_values *notes) {
    if (!notes || !c->listener->note) return;
    for (size_t i = 0; i < notes->value[0].count; i++)
        c->listener->note(c->listener->context, notes->value[0].string[i].data);
}

static int never_cached(const calling *c) {
    return *c->arguments->uncached || c->stage->flags & PN_STAGE_NO_CACHE;
}

static pn_run_place place_of(const calling *c, const char *folder) {
    return (pn_run_place){.folder = folder,
                          .progress = c->listener->progress,
                          .event = c->listener->event,
                          .steered = never_cached(c),
                          .stop = c->listener->stop,
                          .context = c->listener->context};
}

static pn_status run_in(const calling *c, const char *folder, pn_run *run) {
    const pn_run_place place = place_of(c, folder);
    const pn_stage_info *info = c->arguments->info;
    pn_status status = info->isolated ? pn_isolate_run(&info->file->isolate, info->plugin,
                                                       c->arguments, &place, run, c->error)
                                      : pn_host_run(c->stage, c->arguments, &place, run, c->error);
    tell_notes(c, run->notes);
    return status;
}

static void take_results(calling *c, pn_run *run) {
    c->outcome->results = run->results;
    run->results = NULL;
}

static pn_status call_uncached(calling *c, const char *why) {
    char folder[PN_PATH];
    pn_run run;
    snprintf(c->outcome->why, PN_STAGE_WHY, "%s", why);
    pn_status status = pn_scratch_folder(folder, c->error);
    if (status != PN_OK) return status;
    status = run_in(c, folder, &run);
    if (status == PN_OK) take_results(c, &run);
    pn_run_free(&run);
    return status;
}

/* A cache that cannot be written is worth one warning; the work goes on. */
static void warn_once(const calling *c, const pn_error *why) {
    static atomic_int warned;
    char text[PN_ERROR_TEXT + 512];
    if (!c->listener->warning || atomic_exchange(&warned, 1)) return;
    snprintf(text, sizeof text, "the cache '%.300s' cannot be used, results are not kept: %s",
             c->cache, why->message);
    c->listener->warning(c->listener->context, text);
}

/* ---- with the cache ---- */

/* Tells what the run told, in the same order: events as it went, notes at its end. The lock on the
 * entry is given back by now, so the listener may take its time. */
static pn_status replay(calling *c) {
    const pn_run_place place = place_of(c, NULL);
    const pn_value *events = &c->content.events->value[0];
    size_t told = 0;
    while (place.event && told < events->count && !pn_run_stopped(&place))
        place.event(place.context, events->string[told++].data);
    int stopped = place.event && pn_run_stopped(&place);
    if (!stopped) tell_notes(c, c->content.notes);
    pn_values_free(c->content.notes);
    pn_values_free(c->content.events);
    if (!stopped)
        c->outcome->results = c->content.results;
    else
        pn_values_free(c->content.results);
    return stopped ? pn_fail(c->error, PN_E_CANCELLED, "stage.%s was stopped", c->stage->name)
                   : PN_OK;
}

/* Reads the entry that c->entry names; what was wrong with it is worth telling. */
static pn_entry_state read_entry(calling *c) {
    char why[PN_STAGE_WHY] = "";
    pn_entry_state state = pn_entry_read(&c->entry, c->stage, &c->content, why);
    c->outcome->cached = state == PN_ENTRY_HIT;
    if (state == PN_ENTRY_HIT || *why) snprintf(c->outcome->why, PN_STAGE_WHY, "%s", why);
    return state;
}

static int find_hit(calling *c) {
    for (int slot = 0; slot < PN_CACHE_SLOTS; slot++)
        if (pn_cache_entry(&c->entry, c->cache, c->key.name, slot, NULL) == PN_OK &&
            read_entry(c) == PN_ENTRY_HIT)
            return 1;
    return 0;
}

/* Locks the entry to compute in: one that is not there, or a useless one that nobody uses. *hit
 * becomes 1 when somebody else has computed it meanwhile. PN_E_IO: the cache cannot be written. */
static pn_status claim(calling *c, int *hit, pn_error *why) {
    pn_status status = PN_OK;
    for (int slot = 0; slot < PN_CACHE_SLOTS; slot++) {
        status = pn_cache_entry(&c->entry, c->cache, c->key.name, slot, why);
        if (status != PN_OK) return status;
        pn_entry_state state = read_entry(c);
        if ((*hit = state == PN_ENTRY_HIT)) return PN_OK;
        /* Its files were handed out, but the result could not be put in place. */
        if (state == PN_ENTRY_ABSENT && pn_entry_is_held(&c->entry)) continue;
        if (state == PN_ENTRY_ABSENT)
            status = pn_entry_lock(&c->entry, why);
        else if (!pn_entry_try_lock(&c->entry))
            continue;
        if (status != PN_OK) return status;
        state = read_entry(c);
        if ((*hit = state == PN_ENTRY_HIT)) return PN_OK;
        if (state != PN_ENTRY_ABSENT) status = pn_entry_clear(&c->entry, why);
        if (status != PN_OK) pn_entry_abandon(&c->entry);
        return status;
    }
    return pn_fail(why, PN_E_IO, "all its entries for stage.%s are in use", c->stage->name);
}

static void publish(calling *c, const pn_run *run) {
    pn_error why;
    pn_status status = pn_entry_publish(&c->entry, run, &why);
    if (status != PN_OK) warn_once(c, &why);
    if (status == PN_OK || run->used_folder)
        pn_entry_settle(&c->entry, run->used_folder);
    else
        pn_entry_abandon(&c->entry);
    if (status != PN_OK) return;
    pn_cache_remember(c->cache, c->stage->name, c->key.parts);
    pn_cache_trim(c->cache, pn_values_bytes(run->results));
}

static pn_status compute(calling *c) {
    char folder[PN_PATH];
    pn_run run = {0};
    pn_status status = pn_entry_files(&c->entry, folder, c->error);
    if (status == PN_OK) status = run_in(c, folder, &run);
    if (status == PN_OK) {
        publish(c, &run);
        take_results(c, &run);
    } else
        pn_entry_abandon(&c->entry);
    pn_run_free(&run);
    return status;
}

static pn_status call_cached(calling *c) {
    pn_error why;
    int hit = 0;
    pn_status status = pn_key_make(c->arguments, &c->key, c->error);
    if (status != PN_OK) return status;
    if (find_hit(c)) return PN_OK;
    if (!*c->outcome->why)
        pn_cache_explain(c->cache, c->stage->name, c->key.parts, c->outcome->why);
    status = claim(c, &hit, &why);
    if (status == PN_OK) return hit ? PN_OK : compute(c);
    if (status == PN_E_CANCELLED) return pn_fail(c->error, status, "%s", why.message);
    warn_once(c, &why);
    return call_uncached(c, "the cache cannot be used");
}

static pn_status call(calling *c) {
    pn_error why;
    if (*c->arguments->uncached) return call_uncached(c, c->arguments->uncached);
    if (c->stage->flags & PN_STAGE_NO_CACHE) return call_uncached(c, "never cached");
    if (atomic_load(&cache_off)) return call_uncached(c, "cache off");
    if (pn_cache_folder(c->cache, &why) == PN_OK) return call_cached(c);
    warn_once(c, &why);
    return call_uncached(c, "no cache");
}

pn_status pn_stage_call(pn_stage_arguments *arguments, const pn_stage_listener *listener,
                        pn_stage_outcome *outcome, pn_error *error) {
    static const pn_stage_listener nobody = {0};
    *outcome = (pn_stage_outcome){0};
    double start = now();
    pn_status status = pn_stage_arguments_finish(arguments, error);
    if (status != PN_OK) return status;
    calling *c = pn_calloc(1, sizeof *c);
    if (!c) return pn_fail_memory(error, sizeof *c);
    c->arguments = arguments;
    c->stage = arguments->info->table;
    c->listener = listener ? listener : &nobody;
    c->outcome = outcome;
    c->error = error;
    c->entry.lock = -1;
    status = call(c);
    if (status == PN_OK && outcome->cached) status = replay(c);
    pn_key_free(&c->key);
    pn_free(c);
    outcome->seconds = now() - start;
    return status;
}
