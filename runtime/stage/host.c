/* The host table and the run of a stage. Functions marked [any thread] in pneuma/stage.h lock the
 * call or touch nothing that changes. */
#define _GNU_SOURCE
#include "stage/host.h"

#include "base/cancel.h"
#include "base/memory.h"
#include "base/pool.h"
#include "stage/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void record_failure(pn_call *call, pn_status status, const char *format, va_list args) {
    char text[PN_ERROR_TEXT];
    vsnprintf(text, sizeof text, format, args);
    pthread_mutex_lock(&call->lock);
    if (call->failure.status == PN_OK) pn_fail(&call->failure, status, "%s", text);
    pthread_mutex_unlock(&call->lock);
}

int pn_call_fail(pn_call *call, pn_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    record_failure(call, status, format, args);
    va_end(args);
    return -1;
}

__attribute__((format(printf, 2, 3))) static int fail(pn_call *call, const char *format, ...) {
    va_list args;
    va_start(args, format);
    record_failure(call, PN_E_STAGE, format, args);
    va_end(args);
    return -1;
}

__attribute__((format(printf, 2, 3))) static void note(pn_call *call, const char *format, ...) {
    char text[PN_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if (*c == '\n') *c = ' ';
    pn_values *notes = call->run->notes;
    pthread_mutex_lock(&call->lock);
    /* A note that finds no memory is lost: not worth a failure. */
    pn_values_add_string(notes, &notes->value[0], text, strlen(text), NULL);
    pthread_mutex_unlock(&call->lock);
}

static void parallel_for(pn_call *call, int64_t count, pn_work work, void *context) {
    (void)call;
    pn_parallel_for_each(count, work, context);
}

static int threads(pn_call *call) {
    (void)call;
    return pn_threads();
}

static uint64_t seed(pn_call *call) {
    return call->arguments->seed;
}

int pn_run_stopped(const pn_run_place *place) {
    return pn_cancelled() != PN_CANCEL_NONE ||
           (place->stop && atomic_load_explicit(place->stop, memory_order_relaxed));
}

static int cancelled(pn_call *call) {
    return pn_run_stopped(call->place);
}

static void progress(pn_call *call, int64_t done, int64_t total) {
    static const long long tenth_of_a_second = 100000000;
    if (!call->place->progress) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    long long last = atomic_load_explicit(&call->shown, memory_order_relaxed);
    if (ns - last < tenth_of_a_second && done < total) return;
    if (!atomic_compare_exchange_strong(&call->shown, &last, ns)) return;
    call->place->progress(call->place->context, done, total);
}

static const char *event(pn_call *call, const char *text) {
    size_t size = strlen(text);
    pn_error why;
    if (!pthread_equal(call->thread, pthread_self()))
        return pn_call_fail(call, PN_E_STAGE, "it sends an event from another thread"), NULL;
    if (size > PN_STAGE_EVENT)
        return pn_call_fail(call, PN_E_STAGE, "it sends an event of %zu bytes; the most are %d",
                            size, PN_STAGE_EVENT),
               NULL;
    pn_values *events = call->run->events;
    /* Unlike a note it counts: a cached result without it would not be the same. */
    if (pn_values_add_string(events, &events->value[0], text, size, &why) != PN_OK)
        return pn_call_fail(call, PN_E_MEMORY, "%s", why.message), NULL;
    if (!call->place->event) return NULL;
    const char *answer = call->place->event(call->place->context, text);
    return call->place->steered ? answer : NULL;
}

static const pn_host host = {
    .abi = PN_STAGE_ABI,
    .size = sizeof(pn_host),
    .param_int = pn_call_param_int,
    .param_float = pn_call_param_float,
    .param_bool = pn_call_param_bool,
    .param_string = pn_call_param_string,
    .input_count = pn_call_input_count,
    .input_array = pn_call_input_array,
    .input_string = pn_call_input_string,
    .add_array = pn_call_add_array,
    .add_string = pn_call_add_string,
    .alloc = pn_call_alloc,
    .free = pn_call_free,
    .parallel_for = parallel_for,
    .threads = threads,
    .seed = seed,
    .read_file = pn_call_read_file,
    .list_folder = pn_call_list_folder,
    .output_folder = pn_call_output_folder,
    .progress = progress,
    .cancelled = cancelled,
    .fail = fail,
    .note = note,
    .event = event,
    .watch_file = pn_call_watch_file,
};

/* A recorded failure counts even where run() returned 0: the stage overlooked it. */
static pn_status judge(pn_call *call, int returned, pn_error *error) {
    const char *name = call->stage->name;
    if (returned != 0 && pn_run_stopped(call->place))
        return pn_fail(error, PN_E_CANCELLED, "stage.%s was stopped", name);
    if (call->failure.status != PN_OK)
        return pn_fail(error, call->failure.status, "stage.%s: %s", name, call->failure.message);
    if (returned != 0)
        return pn_fail(error, PN_E_STAGE, "stage.%s failed without saying why", name);
    pn_error why;
    if (pn_values_check(call->run->results, call->stage->results, call->stage->result_count,
                        &why) == PN_OK)
        return PN_OK;
    return pn_fail(error, PN_E_STAGE, "stage.%s did not return what it declares: result %s", name,
                   why.message);
}

pn_values *pn_run_texts(const char *name) {
    const pn_port port = {.name = name, .kind = PN_KIND_STRINGS};
    return pn_values_new(&port, 1);
}

pn_status pn_host_run(const pn_stage *stage, const pn_stage_arguments *arguments,
                      const pn_run_place *place, pn_run *run, pn_error *error) {
    *run = (pn_run){.results = pn_values_new(stage->results, stage->result_count),
                    .notes = pn_run_texts("notes"),
                    .events = pn_run_texts("events")};
    if (!run->results || !run->notes || !run->events)
        return pn_fail_memory(error, sizeof *run->results);
    pn_call call = {.stage = stage,
                    .arguments = arguments,
                    .place = place,
                    .run = run,
                    .thread = pthread_self()};
    pthread_mutex_init(&call.lock, NULL);
    int returned = stage->run(&host, &call);
    pn_status status = judge(&call, returned, error);
    pn_call_release_blocks(&call);
    pn_arena_free(&call.arena);
    pthread_mutex_destroy(&call.lock);
    return status;
}

void pn_run_free(pn_run *run) {
    pn_values_free(run->results);
    pn_values_free(run->notes);
    pn_values_free(run->events);
    pn_record_free(&run->record);
    *run = (pn_run){0};
}
