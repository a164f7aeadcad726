#define _GNU_SOURCE
#include "stage/isolate.h"

#include "base/cancel.h"
#include "base/cpu.h"
#include "base/pool.h"
#include "stage/json.h"
#include "stage/registry.h"
#include "stage/spawn.h"
#include "stage/wire.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    GRACE_MS = 1000,    /* to stop after a cancellation */
    LOADING_MS = 10000, /* to load a plugin */
    TICK_MS = 50,       /* between looks at the cancel flag */
    CRASH_MS = 500,     /* between the end of the socket and that of the process */
};

void pn_isolate_init(pn_isolate *isolate) {
    pthread_mutex_init(&isolate->lock, NULL);
    pthread_cond_init(&isolate->left, NULL);
    isolate->used = 0;
    isolate->pid = 0;
}

/* Waits until nobody talks with the helper; false when that is this thread, which would wait for
 * itself. */
static bool enter(pn_isolate *isolate) {
    pthread_mutex_lock(&isolate->lock);
    bool own = isolate->used && pthread_equal(isolate->user, pthread_self());
    while (!own && isolate->used) pthread_cond_wait(&isolate->left, &isolate->lock);
    if (!own) {
        isolate->used = 1;
        isolate->user = pthread_self();
    }
    pthread_mutex_unlock(&isolate->lock);
    return !own;
}

static void leave(pn_isolate *isolate) {
    pthread_mutex_lock(&isolate->lock);
    isolate->used = 0;
    pthread_cond_signal(&isolate->left);
    pthread_mutex_unlock(&isolate->lock);
}

static pn_status fail_own(pn_error *error) {
    return pn_fail(
        error, PN_E_STAGE,
        "its one helper process is in use: a stage of the same plugin is telling an event");
}

void pn_isolate_stop(pn_isolate *isolate) {
    if (!enter(isolate)) return;
    pn_isolate_end(isolate, 0);
    leave(isolate);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what stages are there? ---- */

static pn_status read_description(int file, pn_stage_set *set, pn_error *error) {
    pn_pack *pack = NULL;
    pn_error why;
    pn_status status = pn_wire_unpack(file, &pack, &why);
    if (status != PN_OK)
        return pn_fail(error, PN_E_STAGE, "its description makes no sense: %s", why.message);
    status = pn_stage_set_decode(pn_pack_extra(pack), set, error);
    pn_pack_release(pack);
    return status;
}

/* Waits for the first message; leaves no helper behind when it is bad. */
static pn_status first_message(pn_isolate *isolate, pn_stage_set *set, pn_error *error) {
    char text[100];
    pn_wire_message message;
    int file, got = 0;
    for (int64_t end = now_ms() + LOADING_MS; got == 0 && now_ms() < end;) {
        got = pn_wire_receive(isolate->socket, &message, &file, TICK_MS);
        if (got == 0 && pn_cancelled() != PN_CANCEL_NONE) {
            pn_isolate_end(isolate, 0);
            return pn_fail(error, PN_E_CANCELLED, "stopped while it was being loaded");
        }
    }
    pn_status status;
    if (got > 0 && message.kind == PN_WIRE_DESCRIBED)
        status = read_description(file, set, error);
    else if (got > 0) {
        status = pn_fail(error, PN_E_STAGE, "%s", message.text);
        if (file >= 0) close(file);
    } else if (got == 0)
        status =
            pn_fail(error, PN_E_STAGE, "it was not loaded after %d seconds", LOADING_MS / 1000);
    else {
        pn_isolate_end_text(pn_isolate_end(isolate, CRASH_MS), text, sizeof text);
        status = pn_fail(error, PN_E_STAGE, "while being loaded it %s", text);
    }
    if (status != PN_OK) pn_isolate_end(isolate, 0);
    return status;
}

static pn_status describe(pn_isolate *isolate, const char *path, pn_stage_set *set,
                          pn_error *error) {
    pn_isolate_end(isolate, 0);
    pn_status status = pn_isolate_start(isolate, path, error);
    return status == PN_OK ? first_message(isolate, set, error) : status;
}

pn_status pn_isolate_describe(pn_isolate *isolate, const char *path, pn_stage_set *set,
                              pn_error *error) {
    if (!enter(isolate)) return fail_own(error);
    pn_status status = describe(isolate, path, set, error);
    leave(isolate);
    return status;
}

/* ---- one run ---- */

typedef struct errand {
    pn_isolate *isolate;
    const char *path;
    const pn_stage_arguments *arguments;
    const pn_run_place *place;
    pn_run *run;
    pn_error *error;
} errand;

static pn_status fail_plugin(const errand *e, const char *what) {
    return pn_fail_path(e->error, PN_E_STAGE, e->path, "stage.%s failed: its plugin '%.300s' %s",
                        e->arguments->info->table->name, e->path, what);
}

/* A helper may have died since the last run, or never lived. */
static pn_status ensure_helper(const errand *e) {
    struct pollfd p = {.fd = e->isolate->socket, .events = POLLIN};
    if (e->isolate->pid && poll(&p, 1, 0) == 0) return PN_OK;
    pn_stage_set set = {0};
    pn_error why;
    pn_status status = describe(e->isolate, e->path, &set, &why);
    pn_stage_set_free(&set);
    if (status == PN_E_CANCELLED) return pn_fail(e->error, status, "%s", why.message);
    if (status == PN_OK) return PN_OK;
    char text[PN_ERROR_TEXT + 40];
    snprintf(text, sizeof text, "cannot be used: %s", why.message);
    return fail_plugin(e, text);
}

static json_t *make_request(const errand *e) {
    const pn_stage_arguments *a = e->arguments;
    const pn_stage *stage = a->info->table;
    json_t *params = json_object();
    int failed = !params;
    for (size_t i = 0; !failed && i < stage->param_count; i++) {
        pn_text text = {0};
        pn_param_value_text(&stage->params[i], &a->param[i], &text);
        json_t *value = text.failed ? NULL : pn_json_bytes(pn_text_string(&text), text.size);
        failed = json_object_set_new(params, stage->params[i].name, value) != 0;
        pn_text_free(&text);
    }
    if (failed) {
        json_decref(params);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:i, s:i, s:o, s:o}", "stage",
                     (json_int_t)(a->info - a->info->file->info), "seed", (json_int_t)a->seed,
                     "threads", pn_threads(), "cpu", (int)pn_cpu(), "params", params, "folder",
                     pn_json_bytes(e->place->folder, strlen(e->place->folder)));
}

static pn_status send_request(const errand *e) {
    const pn_pack_part inputs = {"inputs", e->arguments->inputs};
    const pn_wire_message message = {.kind = PN_WIRE_RUN};
    int file;
    json_t *extra = make_request(e);
    if (!extra) return pn_fail_memory(e->error, 1);
    pn_status status = pn_wire_pack(&inputs, 1, extra, &file, e->error);
    json_decref(extra);
    if (status != PN_OK) return status;
    int sent = pn_wire_send(e->isolate->socket, &message, file);
    close(file);
    if (sent == 0) return PN_OK;
    pn_isolate_end(e->isolate, 0);
    return fail_plugin(e, "is gone");
}

static pn_status nonsense(const errand *e, const char *what) {
    char text[PN_ERROR_TEXT + 40];
    pn_isolate_end(e->isolate, 0);
    snprintf(text, sizeof text, "answered nonsense: %s", what);
    return fail_plugin(e, text);
}

/* Takes one part of what came back that is a single list of strings. */
static pn_status read_texts(pn_pack *pack, const char *part, pn_values **texts, pn_error *why) {
    pn_status status = pn_pack_values(pack, part, 0, texts, why);
    if (status == PN_OK && ((*texts)->count != 1 || (*texts)->value[0].kind != PN_KIND_STRINGS))
        status = pn_fail(why, PN_E_FORMAT, "its %s are none", part);
    return status;
}

/* What came back is checked like a stranger's: the plugin may have written over the helper. */
static pn_status read_run(const errand *e, int file, int good) {
    pn_pack *pack = NULL;
    pn_error why = {0};
    int used;
    const pn_stage *stage = e->arguments->info->table;
    pn_status status = pn_wire_unpack(file, &pack, &why);
    if (status == PN_OK) status = read_texts(pack, "notes", &e->run->notes, &why);
    if (good && status == PN_OK) status = read_texts(pack, "events", &e->run->events, &why);
    if (good && status == PN_OK)
        status = pn_pack_values(pack, "results", 0, &e->run->results, &why);
    if (good && status == PN_OK)
        status = pn_values_check(e->run->results, stage->results, stage->result_count, &why);
    if (good && status == PN_OK) {
        json_t *extra = pn_pack_extra(pack);
        if (json_unpack(extra, "{s:b}", "used_folder", &used) != 0)
            status = pn_fail(&why, PN_E_FORMAT, "the header is malformed");
        else
            status = pn_record_decode(json_object_get(extra, "readings"), &e->run->record, &why);
        e->run->used_folder = status == PN_OK && used;
    }
    pn_pack_release(pack);
    if (status == PN_OK || status == PN_E_MEMORY)
        return status == PN_OK ? PN_OK : pn_fail(e->error, status, "%s", why.message);
    pn_run_free(e->run);
    return nonsense(e, why.message);
}

static pn_status finish(const errand *e, const pn_wire_message *message, int file) {
    if (message->kind == PN_WIRE_DONE) return read_run(e, file, 1);
    if (message->kind != PN_WIRE_FAILED) {
        if (file >= 0) close(file);
        return nonsense(e, "a message of an unknown kind");
    }
    if (file >= 0) read_run(e, file, 0); /* the notes; without them it has failed all the same */
    pn_status status = (pn_status)message->a;
    if (status <= PN_OK || status > PN_E_INTERNAL) status = PN_E_STAGE;
    return pn_fail(e->error, status, "%s", message->text);
}

static pn_status died(const errand *e) {
    char text[100];
    int how = pn_isolate_end(e->isolate, CRASH_MS);
    pn_isolate_end_text(how, text, sizeof text);
    return fail_plugin(e, text);
}

static pn_status stopped(const errand *e, const char *what) {
    pn_isolate_end(e->isolate, 0);
    return pn_fail_path(e->error, PN_E_CANCELLED, e->path,
                        "stage.%s was stopped; its plugin '%.300s' %s",
                        e->arguments->info->table->name, e->path, what);
}

static pn_status hear_event(const errand *e, int file) {
    pn_pack *pack = NULL;
    pn_error why;
    pn_arena arena = {0};
    size_t size;
    pn_status status = pn_wire_unpack(file, &pack, &why);
    if (status != PN_OK) return nonsense(e, why.message);
    const char *text = pn_json_text(json_object_get(pn_pack_extra(pack), "text"), &arena, &size);
    if (!text || size > PN_STAGE_EVENT)
        status = nonsense(e, "an event that is none");
    else if (e->place->event)
        e->place->event(e->place->context, text);
    pn_arena_free(&arena);
    pn_pack_release(pack);
    return status;
}

/* While the run goes on: what the helper says on the way. */
static pn_status hear(const errand *e, const pn_wire_message *message, int file) {
    if (message->kind == PN_WIRE_EVENT) return hear_event(e, file);
    if (file >= 0) close(file);
    if (e->place->progress) e->place->progress(e->place->context, message->a, message->b);
    return PN_OK;
}

static int is_on_the_way(const pn_wire_message *message) {
    return message->kind == PN_WIRE_PROGRESS || message->kind == PN_WIRE_EVENT;
}

/* The first time, tells the helper to stop, and sets its *deadline. */
static void tell_stop(const errand *e, int64_t *deadline) {
    pn_cancel_reason reason = pn_cancelled();
    if (reason == PN_CANCEL_NONE) reason = PN_CANCEL_INTERRUPT; /* of this run alone */
    const pn_wire_message stop = {.kind = PN_WIRE_CANCEL, .a = reason};
    if (*deadline) return;
    pn_wire_send(e->isolate->socket, &stop, -1);
    *deadline = now_ms() + GRACE_MS;
}

static pn_status wait_answer(const errand *e) {
    int64_t deadline = 0; /* after a cancellation */
    for (;;) {
        pn_wire_message message;
        int file, got = pn_wire_receive(e->isolate->socket, &message, &file, TICK_MS);
        if (got == -1 && (deadline || pn_run_stopped(e->place))) return stopped(e, "ended");
        if (got == -1) return died(e);
        if (got < 0) return nonsense(e, "something that is no message");
        if (got > 0 && !is_on_the_way(&message)) return finish(e, &message, file);
        pn_status status = got > 0 ? hear(e, &message, file) : PN_OK;
        if (status != PN_OK) return status;
        if (pn_run_stopped(e->place)) tell_stop(e, &deadline);
        if (deadline && now_ms() > deadline) return stopped(e, "did not obey and was killed");
    }
}

pn_status pn_isolate_run(pn_isolate *isolate, const char *path, const pn_stage_arguments *arguments,
                         const pn_run_place *place, pn_run *run, pn_error *error) {
    const errand e = {.isolate = isolate,
                      .path = path,
                      .arguments = arguments,
                      .place = place,
                      .run = run,
                      .error = error};
    *run = (pn_run){0};
    if (!enter(isolate))
        return pn_fail(error, PN_E_STAGE,
                       "stage.%s cannot run inside an event of a stage from the same plugin: both "
                       "need its one helper process",
                       arguments->info->table->name);
    pn_status status = ensure_helper(&e);
    if (status == PN_OK) status = send_request(&e);
    if (status == PN_OK) status = wait_answer(&e);
    leave(isolate);
    return status;
}
