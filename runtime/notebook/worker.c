#define _GNU_SOURCE
#include "notebook/worker.h"

#include "base/cancel.h"
#include "base/pool.h"
#include "base/random.h"
#include "lua/edge.h"
#include "notebook/channel.h"
#include "notebook/record.h"
#include "notebook/scope.h"
#include "stage/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock; /* one record at a time: progress comes from any thread */
    pn_inbox in;
    char *name;                 /* of the notebook, for messages */
    bool show;                  /* someone watches in a terminal */
    atomic_int cell;            /* that runs, or 0 */
    atomic_int pending;         /* a signal for a cell whose RUN is still on its way */
    atomic_llong next_progress; /* in milliseconds; progress before that is dropped */
} worker = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- signals ---- */

static void kill_group(int number) {
    (void)number;
    if (getpgrp() == getpid()) kill(0, SIGKILL);
    _exit(1);
}

static void on_stop(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    int value = info->si_code == SI_QUEUE
                    ? info->si_value.sival_int
                    : atomic_load(&worker.cell) * PN_REASONS + PN_CANCEL_INTERRUPT;
    int cell = atomic_load(&worker.cell);
    if (cell && value / PN_REASONS == cell) pn_scope_interrupt(value % PN_REASONS);
    if (value / PN_REASONS > cell) atomic_store(&worker.pending, value);
}

static void ignore(int number) {
    (void)number;
}

/* The supervisor sends SIGINT to the whole group, for the commands a cell waits for; a handler
 * instead of SIG_IGN, since those commands must not inherit that. */
static void catch_signals(void) {
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = kill_group;
    sigaction(SIGRTMIN, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGRTMIN);
    struct pollfd supervisor = {.fd = PN_WORKER_SOCKET};
    if (poll(&supervisor, 1, 0) > 0) kill_group(0); /* it died before the line above */
    prctl(PR_SET_NAME, "pneuma-worker");            /* in ps and top, for people who look */
    action = (struct sigaction){.sa_sigaction = on_stop, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigaction(PN_WORKER_SIGNAL, &action, NULL);
}

/* ---- the channel ---- */

/* The next record from the supervisor, its payload as fields. */
static pn_message receive(pn_fields *fields) {
    pn_message type;
    const char *payload;
    size_t size;
    while (!pn_channel_next(&worker.in, &type, &payload, &size))
        if (pn_channel_receive(PN_WORKER_SOCKET, &worker.in) <= 0) kill_group(0);
    *fields = (pn_fields){.next = payload, .left = size};
    return type;
}

static void reply(pn_message type, pn_text *payload) {
    pthread_mutex_lock(&worker.lock);
    if (pn_channel_send(PN_WORKER_SOCKET, type, payload) != 0) kill_group(0);
    pthread_mutex_unlock(&worker.lock);
    pn_text_free(payload);
}

/* Sends and waits until the supervisor has it, so that nothing printed later comes before it. */
static void hand_over(pn_message type, pn_text *payload) {
    pn_fields unused;
    fflush(stdout);
    if (payload->failed) {
        pn_text_free(payload);
        return;
    }
    reply(type, payload);
    while (receive(&unused) != PN_MSG_ACK) continue;
}

/* ---- the sink ---- */

static void sink_show(void *context, int count, const char *const *mime, const char *const *data,
                      const size_t *size) {
    (void)context;
    pn_text payload = {0};
    pn_record_put_int(&payload, count);
    for (int i = 0; i < count; i++) {
        pn_record_put_string(&payload, mime[i]);
        pn_record_put_bytes(&payload, data[i], size[i]);
    }
    hand_over(PN_MSG_SHOW, &payload);
}

static void sink_remark(void *context, const char *kind, const char *text) {
    (void)context;
    pn_text payload = {0};
    pn_record_put_string(&payload, kind);
    pn_record_put_string(&payload, text);
    hand_over(PN_MSG_REMARK, &payload);
}

static void sink_progress(void *context, const char *what, int64_t done, int64_t total) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000, due;
    due = atomic_load(&worker.next_progress);
    if (done < total && ms < due) return;
    if (!atomic_compare_exchange_strong(&worker.next_progress, &due, ms + 100)) return;
    pn_text payload = {0};
    pn_record_put_string(&payload, what);
    pn_record_put_int(&payload, done);
    pn_record_put_int(&payload, total);
    reply(PN_MSG_PROGRESS, &payload);
}

static void install_sink(void) {
    static const char *const wants[] = {"text/html", "image/svg+xml", "image/png", NULL};
    static pn_lua_sink sink = {
        .wants = wants, .show = sink_show, .remark = sink_remark, .progress = sink_progress};
    sink.also = worker.show ? "text/x-terminal" : NULL;
    pn_lua_sink_set(&sink);
}

/* ---- commands ---- */

static double peak_megabytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

/* A message or traceback; endless ones are cut, between two characters. */
static void put_sentence(pn_text *payload, const char *text) {
    enum { LONGEST = 16 << 10 };
    size_t size = text ? strlen(text) : 0;
    if (size > LONGEST) {
        size = LONGEST;
        while (size && ((unsigned char)text[size] & 0xc0) == 0x80) size--;
    }
    pn_record_put_bytes(payload, text ? text : "", size);
}

static void done(int status, pn_scope_error *error) {
    pn_text payload = {0};
    fflush(stdout);
    pn_record_put_int(&payload, status != 0);
    put_sentence(&payload, error->message);
    put_sentence(&payload, error->traceback);
    pn_record_put_int(&payload, error->line);
    pn_record_put_int(&payload, error->cancelled);
    pn_record_put_real(&payload, peak_megabytes());
    pn_scope_error_free(error);
    reply(PN_MSG_DONE, &payload);
}

static void run_cell(lua_State *L, pn_fields *fields) {
    pn_scope_error error = {0};
    int cell = (int)pn_fields_int(fields), line = (int)pn_fields_int(fields);
    size_t size;
    char *source = pn_fields_copy(fields, &size); /* the inbox is used again for the answers */
    int status = -1;
    if (source) {
        pn_cancel_reset();
        atomic_store(&worker.cell, cell);
        int pending = atomic_load(&worker.pending);
        if (pending / PN_REASONS == cell) pn_scope_interrupt(pending % PN_REASONS);
        status = pn_scope_run(L, worker.name, line, source, size, &error);
        atomic_store(&worker.cell, 0);
    } else {
        error.message = strdup("not enough memory for the cell's source");
    }
    free(source);
    done(status, &error);
}

static void set_parameter(lua_State *L, pn_fields *fields) {
    pn_scope_error error = {0};
    char *name = pn_fields_copy(fields, NULL), *value = pn_fields_copy(fields, NULL);
    int status = name && value ? pn_scope_set_parameter(L, name, value, &error) : -1;
    free(name);
    free(value);
    done(status, &error);
}

static void list_variables(lua_State *L) {
    size_t count = 0;
    char **lines = pn_scope_variables(L, &count);
    pn_text payload = {0};
    if (!lines) count = 0;
    pn_record_put_int(&payload, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        pn_record_put_string(&payload, lines[i]);
        free(lines[i]);
    }
    free(lines);
    reply(PN_MSG_VARIABLES, &payload);
}

static void configure(pn_fields *fields) {
    int threads = (int)pn_fields_int(fields);
    pn_set_run_seed((uint64_t)pn_fields_int(fields));
    pn_stage_set_cache(pn_fields_int(fields) == 0);
    worker.show = pn_fields_int(fields) != 0;
    worker.name = pn_fields_copy(fields, NULL);
    if (threads > 0) pn_set_threads(threads);
    install_sink();
}

static int open_scope(lua_State *L) {
    pn_scope_open(L);
    return 0;
}

static int serve(lua_State *L) {
    pn_fields fields;
    for (;;) {
        switch (receive(&fields)) {
        case PN_MSG_RUN:
            run_cell(L, &fields);
            break;
        case PN_MSG_SET:
            set_parameter(L, &fields);
            break;
        case PN_MSG_VARIABLES:
            list_variables(L);
            break;
        case PN_MSG_QUIT:
            return 0;
        default:
            kill_group(0);
        }
    }
}

int pn_worker_main(void) {
    pn_fields fields;
    if (fcntl(PN_WORKER_SOCKET, F_SETFD, FD_CLOEXEC) != 0) return 2;
    catch_signals();
    setvbuf(stdout, NULL, _IONBF, 0);
    if (receive(&fields) != PN_MSG_CONFIG) return 2;
    configure(&fields);
    lua_State *L = luaL_newstate();
    if (!L) return 1;
    lua_pushcfunction(L, open_scope);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
        return 1;
    }
    pn_text nothing = {0};
    reply(PN_MSG_READY, &nothing);
    int code = serve(L);
    lua_close(L);
    pn_text_free(&worker.in.bytes);
    free(worker.name);
    return code;
}
