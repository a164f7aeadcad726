#define _GNU_SOURCE
#include "notebook/supervise.h"

#include "notebook/ending.h"
#include "notebook/parameter_names.h"
#include "notebook/record.h"
#include "notebook/terminal.h"
#include "notebook/watch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* How long the worker may take to close its state at the end. */
static const double closing_time = 3;

typedef struct supervisor {
    const pn_run_options *options;
    const pn_document *document;
    const char *name; /* of the notebook, without its folder */
    pn_journal *journal;
    pn_run_result *result;
    pn_watch watch;
} supervisor;

/* The worker's answer to RUN and SET. */
typedef struct answer {
    int failed, line, cancelled;
    char *message, *traceback;
    double peak;
} answer;

int pn_supervise_signals(void) {
    static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        struct sigaction now;
        if (sigaction(handled[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, handled[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- what went wrong ---- */

/* Records a failure of the run. The first one gives the message, the worst one the exit code. */
static void fail(supervisor *s, pn_run_end end, int exit_code, const pn_text *message,
                 const char *traceback) {
    pn_run_result *result = s->result;
    if (result->message.size == 0)
        pn_text_add(&result->message, pn_text_string(message), message->size);
    if (exit_code > result->exit_code) {
        result->exit_code = exit_code;
        result->end = end;
    }
    pn_terminal_error(s->watch.progress, pn_text_string(message), traceback);
}

static double time_limit(const supervisor *s, const pn_block *block) {
    double own = block->options.timeout;
    return own < 0 ? 0 : own > 0 ? own : s->options->timeout;
}

static void add_stopped(pn_text *text, const supervisor *s, const pn_block *block, int line) {
    const pn_watch *watch = &s->watch;
    pn_ending_cell(text, s->name, block);
    if (watch->stop == PN_CANCEL_TIMEOUT)
        pn_ending_timeout(text, time_limit(s, block), watch->killed);
    else
        pn_ending_signal(text, watch->stop_signal, watch->killed);
    if (line) pn_text_addf(text, " at line %d", line);
}

static void fail_stopped(supervisor *s, const pn_text *message, const char *traceback) {
    if (s->watch.stop == PN_CANCEL_TIMEOUT) {
        fail(s, PN_RUN_TIMEOUT, 124, message, traceback);
        return;
    }
    s->result->signal = s->watch.stop_signal;
    fail(s, PN_RUN_INTERRUPTED, 128 + s->watch.stop_signal, message, traceback);
}

/* ---- the worker's end ---- */

/* Waits for the worker that has closed its socket, ends its group, collects the last words. */
static void bury(supervisor *s) {
    if (!s->watch.killed && !pn_process_wait(&s->watch.process, 2)) s->watch.killed = true;
    pn_process_reap(&s->watch.process);
    pn_watch_last_words(&s->watch);
}

/* Records the worker's death; the text so far says where. */
static void fail_dead(supervisor *s, pn_text *message, bool running) {
    int status = s->watch.process.status;
    s->result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    pn_ending_death(message, status, running && s->watch.ready);
    fail(s, PN_RUN_CRASHED, s->result->signal ? 128 + s->result->signal : 1, message, NULL);
}

/* The worker ended while the cell ran. */
static void lose_worker(supervisor *s, const pn_block *block) {
    pn_text message = {0};
    bury(s);
    pn_outputs_end(s->watch.outputs);
    if (s->watch.stop) {
        add_stopped(&message, s, block, 0);
        fail_stopped(s, &message, NULL);
    } else {
        pn_ending_cell(&message, s->name, block);
        fail_dead(s, &message, true);
    }
    pn_journal_error(s->journal, pn_text_string(&message), NULL, block->line);
    pn_text_free(&message);
}

/* The worker closes its state, and with it files and pipes that the notebook left open. */
static void close_worker(supervisor *s) {
    pn_watch *watch = &s->watch;
    if (watch->process.pid == 0) return;
    if (!watch->gone && pn_channel_send(watch->process.socket, PN_MSG_QUIT, NULL) == 0 &&
        !pn_watch_gone(watch, closing_time))
        watch->killed = true; /* it waits for a command that it left running */
    bury(s);
    pn_outputs_end(watch->outputs);
    if (watch->process.status == 0 || watch->killed || s->result->exit_code) return;
    pn_text message = {0};
    pn_text_adds(&message, "after the last cell");
    fail_dead(s, &message, false);
    pn_text_free(&message);
}

/* ---- cells ---- */

static void read_answer(supervisor *s, answer *a) {
    pn_fields fields = {.next = s->watch.reply.data, .left = s->watch.reply.size};
    *a = (answer){0};
    a->failed = (int)pn_fields_int(&fields);
    a->message = pn_fields_copy(&fields, NULL);
    a->traceback = pn_fields_copy(&fields, NULL);
    a->line = (int)pn_fields_int(&fields);
    a->cancelled = (int)pn_fields_int(&fields);
    a->peak = pn_fields_real(&fields);
    if (!a->message) a->message = strdup("");
}

static void free_answer(answer *a) {
    free(a->message);
    free(a->traceback);
}

/* Sends a record and waits for the answer; false when the worker is gone. */
static bool ask(supervisor *s, pn_message type, const pn_text *payload) {
    if (pn_channel_send(s->watch.process.socket, type, payload) != 0) {
        /* Its last records may still be there to be read. */
        pn_watch_gone(&s->watch, 1);
        s->watch.gone = true;
        return false;
    }
    return pn_watch_reply(&s->watch);
}

/* Overrides one parameter. 1: done, 0: refused (the message is in the journal), -1: gone. */
static int set_parameter(supervisor *s, const char *setting) {
    const char *equals = strchr(setting, '=');
    pn_text payload = {0};
    pn_record_put_bytes(&payload, setting, (size_t)(equals - setting));
    pn_record_put_string(&payload, equals + 1);
    bool answered = ask(s, PN_MSG_SET, &payload);
    pn_text_free(&payload);
    if (!answered) return -1;
    answer a;
    read_answer(s, &a);
    if (a.failed) {
        pn_text message = {0};
        pn_text_addf(&message, "-p %s: %s", setting, a.message);
        pn_journal_error(s->journal, pn_text_string(&message), NULL, a.line);
        fail(s, PN_RUN_FAILED, 2, &message, NULL);
        pn_text_free(&message);
    }
    free_answer(&a);
    return !a.failed;
}

/* The cell's source shows other values than those in force: says so below it. */
static void note_overridden(supervisor *s, char *const *lines, size_t count) {
    pn_text text = {0};
    pn_list_overridden(s->options, lines, count, &text);
    if (text.size) {
        pn_journal_remark(s->journal, "note", text.data, text.size);
        if (s->watch.show) pn_terminal_remark(s->watch.progress, "note", text.data, text.size);
    }
    pn_text_free(&text);
}

static int list_parameters(supervisor *s) {
    if (!ask(s, PN_MSG_VARIABLES, NULL)) return -1;
    pn_fields fields = {.next = s->watch.reply.data, .left = s->watch.reply.size};
    int64_t count = pn_fields_int(&fields), read = 0;
    char **lines = calloc((size_t)count + 1, sizeof *lines);
    while (lines && read < count && (lines[read] = pn_fields_copy(&fields, NULL))) read++;
    if (lines) {
        pn_journal_parameters(s->journal, lines, (size_t)read);
        note_overridden(s, lines, (size_t)read);
    }
    for (int64_t i = 0; i < read; i++) free(lines[i]);
    free(lines);
    return 1;
}

/* After the parameters cell: what -p says, then the values in force. */
static int apply_parameters(supervisor *s) {
    for (size_t i = 0; i < s->options->parameter_count; i++) {
        int done = set_parameter(s, s->options->parameter[i]);
        if (done <= 0) return done;
    }
    return list_parameters(s);
}

static void fail_cell(supervisor *s, const pn_block *block, const answer *a) {
    pn_text message = {0};
    if (s->watch.stop) {
        add_stopped(&message, s, block, a->line);
        pn_journal_error(s->journal, pn_text_string(&message), a->traceback, a->line);
        fail_stopped(s, &message, a->traceback);
    } else {
        pn_journal_error(s->journal, a->message, a->traceback, a->line);
        pn_text_addf(&message, "cell %d failed: %s", block->number, a->message);
        fail(s, PN_RUN_FAILED, 1, &message, a->traceback);
    }
    pn_text_free(&message);
}

/* The cell has ended by itself or unwound: what it comes to. */
static pn_cell_state judge(supervisor *s, const pn_block *block, const answer *a) {
    if (s->watch.stop || (a->failed && !block->options.expect_error)) {
        fail_cell(s, block, a);
        return PN_CELL_FAILED;
    }
    if (a->failed) {
        pn_journal_error(s->journal, a->message, a->traceback, a->line);
        return PN_CELL_EXPECTED;
    }
    if (!block->options.expect_error) return PN_CELL_DONE;
    answer missing = {.line = block->line};
    char text[] = "the cell was to fail (expect-error), but did not";
    missing.message = text;
    fail_cell(s, block, &missing);
    return PN_CELL_FAILED;
}

static void put_cell(pn_text *payload, const pn_block *block) {
    pn_record_put_int(payload, block->number);
    pn_record_put_int(payload, block->line);
    pn_record_put_bytes(payload, block->text, block->size);
}

/* Runs the cell; true when the next one may follow. */
static bool run_cell(supervisor *s, const pn_block *block) {
    pn_watch *watch = &s->watch;
    pn_text payload = {0};
    pn_cell_state state = PN_CELL_FAILED;
    answer a = {0};
    double started = pn_progress_clock(), limit = time_limit(s, block);
    pn_journal_cell(s->journal, block->number);
    pn_outputs_begin(watch->outputs, block->number);
    pn_progress_cell(watch->progress, block->number);
    watch->cell = block->number;
    watch->stop = PN_CANCEL_NONE;
    watch->kill_at = 0;
    watch->deadline = limit > 0 ? started + limit : 0;

    put_cell(&payload, block);
    bool answered = ask(s, PN_MSG_RUN, &payload);
    pn_text_free(&payload);
    watch->cell = 0;
    watch->deadline = watch->kill_at = 0;
    if (answered) {
        read_answer(s, &a);
        pn_outputs_end(watch->outputs);
        state = judge(s, block, &a);
        if (state == PN_CELL_DONE && block->parameters) {
            int applied = apply_parameters(s);
            if (applied == 0) state = PN_CELL_FAILED;
            if (applied < 0) answered = false;
        }
    }
    if (!answered) {
        state = PN_CELL_FAILED;
        lose_worker(s, block);
    }
    pn_journal_cell_end(s->journal, state, pn_progress_clock() - started, a.peak);
    free_answer(&a);
    if (!answered || s->result->exit_code == 2) return false;
    return state != PN_CELL_FAILED || s->options->keep_going;
}

/* ---- the run ---- */

static int configure(supervisor *s) {
    pn_text payload = {0};
    pn_record_put_int(&payload, s->options->threads);
    pn_record_put_int(&payload, (int64_t)s->options->seed);
    pn_record_put_int(&payload, s->options->no_cache);
    pn_record_put_int(&payload, s->options->show);
    pn_record_put_string(&payload, s->name);
    int result = pn_channel_send(s->watch.process.socket, PN_MSG_CONFIG, &payload);
    pn_text_free(&payload);
    return result;
}

/* A signal between two cells ends the run as well. */
static bool stopped_between(supervisor *s) {
    if (!s->watch.stop_signal) return false;
    if (s->result->end == PN_RUN_INTERRUPTED) return true;
    pn_text message = {0};
    pn_text_adds(&message, "the run");
    pn_ending_signal(&message, s->watch.stop_signal, false);
    s->watch.stop = PN_CANCEL_INTERRUPT;
    fail_stopped(s, &message, NULL);
    pn_text_free(&message);
    return true;
}

static void journal_failed(supervisor *s) {
    pn_text message = {0};
    pn_text_adds(&message, s->journal->error.message);
    fail(s, PN_RUN_FAILED, 1, &message, NULL);
    pn_text_free(&message);
}

static void run_cells(supervisor *s) {
    for (size_t i = 0; i < s->document->block_count; i++) {
        const pn_block *block = &s->document->block[i];
        if (block->kind != PN_BLOCK_CELL) continue;
        if (stopped_between(s) || !run_cell(s, block)) return;
        if (s->journal->error.status != PN_OK) {
            journal_failed(s);
            return;
        }
    }
}

void pn_supervise(const pn_run_options *options, const pn_document *document, int signals,
                  pn_journal *journal, pn_outputs *outputs, pn_progress *progress,
                  pn_run_result *result) {
    supervisor s = {
        .options = options,
        .document = document,
        .name = pn_path_name(document->path),
        .journal = journal,
        .result = result,
        .watch = {
            .outputs = outputs, .progress = progress, .signals = signals, .show = options->show}};
    pn_error error;
    double started = pn_progress_clock();
    if (document->cell_count && pn_process_spawn(&s.watch.process, &error) != PN_OK) {
        pn_text message = {0};
        pn_text_adds(&message, error.message);
        fail(&s, PN_RUN_FAILED, 1, &message, NULL);
        pn_text_free(&message);
    } else if (document->cell_count) {
        (void)configure(&s); /* a worker that is gone shows when it is asked */
        run_cells(&s);
        close_worker(&s);
        stopped_between(&s);
        pn_process_close(&s.watch.process);
    }
    pn_progress_clear(progress);
    result->seconds = pn_progress_clock() - started;
    pn_journal_end(journal, result->end, result->signal,
                   result->message.size ? pn_text_string(&result->message) : NULL, result->seconds);
    pn_text_free(&s.watch.reply);
    pn_text_free(&s.watch.in.bytes);
}
