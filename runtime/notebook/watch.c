#define _GNU_SOURCE
#include "notebook/watch.h"

#include "notebook/record.h"
#include "notebook/terminal.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A cell whose time is over has this long to unwind before its process is killed. */
static const double grace = 2;
static const double reminder = 0.5; /* seconds between one word to stop and the next */

/* ---- streams ---- */

static void take_text(pn_watch *watch, int which, const char *bytes, size_t size) {
    pn_outputs_stream(watch->outputs, which, bytes, size);
    /* What comes before the first cell has no place in the report. */
    if (watch->show || watch->outputs->cell == 0)
        pn_terminal_stream(watch->progress, which, bytes, size);
}

/* Reads up to `most` bytes; false when there was nothing. */
static bool read_stream(pn_watch *watch, int which, size_t most) {
    char chunk[1 << 16];
    int *fd = &watch->process.stream[which];
    if (*fd < 0) return false;
    ssize_t n = read(*fd, chunk, most < sizeof chunk ? most : sizeof chunk);
    if (n > 0) {
        take_text(watch, which, chunk, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
    close(*fd);
    *fd = -1;
    return false;
}

/* Reads what is in the pipes at this moment, and no more: what comes later belongs behind the
 * record that is about to be handled, and a command in the background may print for ever. */
static void drain(pn_watch *watch) {
    for (int which = 0; which < 2; which++) {
        int there = 0;
        if (watch->process.stream[which] < 0) continue;
        if (ioctl(watch->process.stream[which], FIONREAD, &there) != 0) continue;
        while (there > 0) {
            size_t before = watch->outputs->stream[which].total;
            if (!read_stream(watch, which, (size_t)there)) break;
            there -= (int)(watch->outputs->stream[which].total - before);
        }
    }
}

void pn_watch_last_words(pn_watch *watch) {
    double until = pn_progress_clock() + 0.5; /* whoever left the group may hold a pipe open */
    while (pn_progress_clock() < until) {
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++)
            fds[i] = (struct pollfd){.fd = watch->process.stream[i], .events = POLLIN};
        if (watch->process.stream[0] < 0 && watch->process.stream[1] < 0) return;
        if (poll(fds, 2, 100) <= 0) continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents) read_stream(watch, i, 1 << 16);
    }
}

/* ---- records ---- */

/* The journal has no use for what is drawn in a terminal. */
static int without_terminal(int count, const char **mime, const char **data, size_t *size) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(mime[i], "text/x-terminal") == 0 || kept == PN_REPRESENTATIONS) continue;
        mime[kept] = mime[i];
        data[kept] = data[i];
        size[kept++] = size[i];
    }
    return kept;
}

static void on_show(pn_watch *watch, pn_fields *fields) {
    enum { MOST = PN_REPRESENTATIONS + 1 };
    char *names[MOST] = {NULL};
    const char *mime[MOST], *data[MOST];
    size_t size[MOST];
    int64_t count = pn_fields_int(fields);
    int n = 0;
    while (n < count && n < MOST && (names[n] = pn_fields_copy(fields, NULL))) {
        mime[n] = names[n];
        data[n] = pn_fields_bytes(fields, &size[n]);
        n++;
    }
    if (watch->show) pn_terminal_shown(watch->progress, n, mime, data, size);
    pn_outputs_shown(watch->outputs, without_terminal(n, mime, data, size), mime, data, size);
    for (int i = 0; i < n; i++) free(names[i]);
}

static void on_remark(pn_watch *watch, pn_fields *fields) {
    size_t size;
    char *kind = pn_fields_copy(fields, NULL);
    const char *text = pn_fields_bytes(fields, &size);
    if (kind) {
        pn_outputs_remark(watch->outputs, kind, text, size);
        if (watch->show) pn_terminal_remark(watch->progress, kind, text, size);
    }
    free(kind);
}

static void on_progress(pn_watch *watch, pn_fields *fields) {
    char *what = pn_fields_copy(fields, NULL);
    int64_t done = pn_fields_int(fields), total = pn_fields_int(fields);
    if (what) pn_progress_work(watch->progress, what, done, total);
    free(what);
}

static void on_record(pn_watch *watch, pn_message type, const char *payload, size_t size) {
    pn_fields fields = {.next = payload, .left = size};
    if (type == PN_MSG_PROGRESS) {
        on_progress(watch, &fields);
        return;
    }
    drain(watch);
    if (type == PN_MSG_SHOW) on_show(watch, &fields);
    if (type == PN_MSG_REMARK) on_remark(watch, &fields);
    if (type == PN_MSG_READY) watch->ready = true;
    if (type == PN_MSG_SHOW || type == PN_MSG_REMARK) {
        /* A failure shows as the end of the socket. */
        (void)pn_channel_send(watch->process.socket, PN_MSG_ACK, NULL);
    }
    if (type == PN_MSG_DONE || type == PN_MSG_VARIABLES) {
        watch->reply.size = 0;
        pn_text_add(&watch->reply, payload, size);
        watch->reply_type = type;
        watch->replied = true;
    }
}

static void read_socket(pn_watch *watch) {
    pn_message type;
    const char *payload;
    size_t size;
    if (pn_channel_receive(watch->process.socket, &watch->in) <= 0) {
        watch->gone = true;
        return;
    }
    while (pn_channel_next(&watch->in, &type, &payload, &size))
        on_record(watch, type, payload, size);
}

/* ---- signals and time ---- */

static void kill_now(pn_watch *watch) {
    watch->killed = true;
    watch->kill_at = 0;
    watch->remind_at = 0;
    pn_process_signal(&watch->process, SIGKILL);
}

static void tell_stop(pn_watch *watch, pn_cancel_reason reason) {
    watch->stop = reason;
    watch->deadline = 0;
    watch->remind_at = pn_progress_clock() + reminder;
    if (watch->cell) pn_process_stop(&watch->process, watch->cell, reason);
}

/* Ctrl-Z: the worker stops with us, and the time we sleep does not count. */
static void suspend(pn_watch *watch) {
    double before = pn_progress_clock();
    pn_progress_clear(watch->progress);
    pn_process_signal(&watch->process, SIGSTOP);
    kill(getpid(), SIGSTOP);
    pn_process_signal(&watch->process, SIGCONT);
    double slept = pn_progress_clock() - before;
    if (watch->deadline > 0) watch->deadline += slept;
    if (watch->kill_at > 0) watch->kill_at += slept;
    if (watch->remind_at > 0) watch->remind_at += slept;
}

static void on_signal(pn_watch *watch) {
    struct signalfd_siginfo info;
    if (read(watch->signals, &info, sizeof info) != (ssize_t)sizeof info) return;
    int number = (int)info.ssi_signo;
    if (number == SIGTSTP) {
        suspend(watch);
        return;
    }
    bool again = watch->stop_signal != 0;
    if (!again) watch->stop_signal = number;
    if (again) {
        kill_now(watch);
        return;
    }
    tell_stop(watch, PN_CANCEL_INTERRUPT);
    if (number == SIGINT && watch->progress->terminal) {
        static const char hint[] = "stopping; Ctrl-C again kills what does not stop";
        pn_terminal_remark(watch->progress, "pneuma", hint, sizeof hint - 1);
    }
    /* A person at the keyboard decides when to press again; others do not ask twice. */
    if (number != SIGINT) watch->kill_at = pn_progress_clock() + grace;
}

static void check_time(pn_watch *watch) {
    double now = pn_progress_clock();
    if (watch->deadline > 0 && now >= watch->deadline) {
        tell_stop(watch, PN_CANCEL_TIMEOUT);
        watch->kill_at = now + grace;
    }
    /* A command that starts just as the signal comes has not heard it. */
    if (watch->remind_at > 0 && now >= watch->remind_at) tell_stop(watch, watch->stop);
    if (watch->kill_at > 0 && now >= watch->kill_at) kill_now(watch);
    pn_progress_tick(watch->progress);
}

/* Milliseconds until something is due without anything coming in. */
static int patience(const pn_watch *watch, double until) {
    double now = pn_progress_clock(), wait = pn_progress_due(watch->progress);
    if (until > 0) wait = fmin(wait, until - now);
    if (watch->deadline > 0) wait = fmin(wait, watch->deadline - now);
    if (watch->kill_at > 0) wait = fmin(wait, watch->kill_at - now);
    if (watch->remind_at > 0) wait = fmin(wait, watch->remind_at - now);
    return wait > 0 ? (int)fmin(ceil(wait * 1000), 60000) : 0;
}

/* One round: waits until something happens and handles it. */
static void watch_once(pn_watch *watch, double until) {
    struct pollfd fds[4] = {
        {.fd = watch->process.stream[0], .events = POLLIN},
        {.fd = watch->process.stream[1], .events = POLLIN},
        {.fd = watch->process.socket, .events = POLLIN},
        {.fd = watch->signals, .events = POLLIN},
    };
    if (poll(fds, 4, patience(watch, until)) > 0) {
        if (fds[3].revents) on_signal(watch);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents) read_stream(watch, i, 1 << 16);
        if (fds[2].revents) read_socket(watch);
    }
    check_time(watch);
}

bool pn_watch_reply(pn_watch *watch) {
    watch->replied = false;
    while (!watch->replied && !watch->gone) watch_once(watch, 0);
    return watch->replied;
}

bool pn_watch_gone(pn_watch *watch, double seconds) {
    double until = pn_progress_clock() + seconds;
    while (!watch->gone && pn_progress_clock() < until) watch_once(watch, until);
    return watch->gone;
}
