#define _GNU_SOURCE
#include "plot/gnuplot.h"

#include "base/cancel.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
    OUTPUT_LIMIT = 256 << 20, /* a picture beyond that is a mistake */
    COMPLAINT_LIMIT = 64 << 10,
    POLL_MS = 50,
    CHILD_FDS = 5, /* standard input, output, error, script, pixels */
    SAFE_FD = 10,  /* our copies stay above those, or the child's would overwrite them */
};

typedef struct child {
    pid_t pid;
    int out, err; /* our ends of its output and error; -1 once closed */
    bool exited;
    int status; /* as waitpid gives it */
} child;

static void close_end(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- starting ---- */

/* Moves a descriptor up to SAFE_FD or beyond; -1 with errno set. */
static int lift(int fd) {
    if (fd < 0 || fd >= SAFE_FD) return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, SAFE_FD), code = errno;
    close(fd);
    errno = code;
    return high;
}

/* A memory file with this content. */
static int memory_file(const char *name, const pn_text *content) {
    int fd = lift(memfd_create(name, MFD_CLOEXEC));
    const char *bytes = content->data;
    for (size_t left = content->size; fd >= 0 && left;) {
        ssize_t n = write(fd, bytes, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            close_end(&fd);
            break;
        }
        bytes += n;
        left -= (size_t)n;
    }
    return fd;
}

static bool open_pipe(int *ours, int *theirs) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) return false;
    *ours = lift(pair[0]);
    *theirs = lift(pair[1]);
    return *ours >= 0 && *theirs >= 0;
}

static bool open_all(child *c, int fds[CHILD_FDS], const pn_text *script, const pn_text *pixels) {
    fds[0] = lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (fds[0] < 0 || !open_pipe(&c->out, &fds[1]) || !open_pipe(&c->err, &fds[2])) return false;
    fds[3] = memory_file("gnuplot-script", script);
    if (fds[3] < 0) return false;
    fds[4] = memory_file("gnuplot-pixels", pixels);
    return fds[4] >= 0;
}

/* The child starts with the default signals and none blocked, whatever this process set up. */
static int spawn(pid_t *pid, const char *program, const int fds[CHILD_FDS]) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    /* -d: no ~/.gnuplot, no /etc/gnuplotrc */
    char *argv[] = {(char *)program, "-d", "/dev/fd/3", NULL};
    int code = posix_spawn_file_actions_init(&files);
    if (code) return code;
    code = posix_spawnattr_init(&attributes);
    if (code) {
        posix_spawn_file_actions_destroy(&files);
        return code;
    }
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int s = 1; s < 32; s++)
        if (s != SIGKILL && s != SIGSTOP) sigaddset(&defaults, s);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    for (int i = 0; i < CHILD_FDS && !code; i++)
        code = posix_spawn_file_actions_adddup2(&files, fds[i], i);
    if (!code) code = posix_spawnp(pid, program, &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return code;
}

static pn_status fail_start(const char *program, int code, pn_error *error) {
    if (code != ENOENT) return pn_fail_errno(error, code, "", "gnuplot could not be started");
    if (strcmp(program, "gnuplot") != 0)
        return pn_fail_path(error, PN_E_NOT_FOUND, program,
                            "PNEUMA_GNUPLOT names '%.300s', but there is no such program", program);
    return pn_fail(error, PN_E_NOT_FOUND,
                   "gnuplot is not installed, and figures need it: apt install gnuplot-nox");
}

static pn_status start(child *c, const pn_text *script, const pn_text *pixels, pn_error *error) {
    const char *program = getenv("PNEUMA_GNUPLOT");
    if (!program || !*program) program = "gnuplot";
    int fds[CHILD_FDS] = {-1, -1, -1, -1, -1};
    *c = (child){.pid = -1, .out = -1, .err = -1};
    bool opened = open_all(c, fds, script, pixels);
    int code = opened ? spawn(&c->pid, program, fds) : errno;
    for (int i = 0; i < CHILD_FDS; i++) close_end(&fds[i]);
    if (!code) return PN_OK;
    close_end(&c->out);
    close_end(&c->err);
    return opened ? fail_start(program, code, error)
                  : pn_fail_errno(error, code, "", "no descriptors to start gnuplot with");
}

/* ---- listening ---- */

static void drain(int *fd, pn_text *into, size_t limit) {
    char buffer[65536];
    ssize_t n = read(*fd, buffer, sizeof buffer);
    if (n > 0 && into->size < limit)
        pn_text_add(into, buffer, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

/* One step of at most POLL_MS: reads, or sees the child end. */
static void step(child *c, pn_text *output, pn_text *complaint) {
    struct pollfd ends[2] = {{.fd = c->out, .events = POLLIN}, {.fd = c->err, .events = POLLIN}};
    if (c->out < 0 && c->err < 0) { /* closed both: about to end */
        pid_t pid = waitpid(c->pid, &c->status, WNOHANG);
        c->exited = pid == c->pid || (pid < 0 && errno == ECHILD);
        if (!c->exited) poll(NULL, 0, 1);
        return;
    }
    if (poll(ends, 2, POLL_MS) <= 0) return;
    if (ends[0].revents) drain(&c->out, output, OUTPUT_LIMIT);
    if (ends[1].revents) drain(&c->err, complaint, COMPLAINT_LIMIT);
}

static void stop(child *c) {
    close_end(&c->out);
    close_end(&c->err);
    if (c->exited) return;
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) continue;
    c->exited = true;
}

/* gnuplot's complaint as one line of valid text: runs of blanks and carets become one blank. */
static void squeeze(const char *bytes, size_t size, pn_text *line) {
    bool gap = false;
    while (size) {
        size_t n = pn_utf8_length(bytes, size);
        bool blank = isspace((unsigned char)*bytes) || iscntrl((unsigned char)*bytes);
        if (blank || *bytes == '^') {
            gap = true;
        } else {
            if (gap && line->size) pn_text_addc(line, ' ');
            pn_text_add_utf8(line, bytes, n ? n : 1);
            gap = false;
        }
        bytes += n ? n : 1;
        size -= n ? n : 1;
    }
}

/* gnuplot echoes the command it fails at, then says `"/dev/fd/3" line 12: why`. */
static const char *reason(const pn_text *complaint, size_t from) {
    const char *text = pn_text_string(complaint) + from, *last = NULL;
    for (const char *at = text; (at = strstr(at, "\"/dev/fd/3\" line ")); at++) last = at;
    const char *colon = last ? strstr(last, ": ") : NULL;
    return colon ? colon + 2 : text;
}

static pn_status judge(const child *c, const pn_text *complaint, size_t from, pn_error *error) {
    if (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0) return PN_OK;
    pn_text line = {0};
    const char *why = reason(complaint, from);
    squeeze(why, strlen(why), &line);
    if (WIFSIGNALED(c->status))
        pn_fail(error, PN_E_IO, "gnuplot was ended by signal %d%s%.700s", WTERMSIG(c->status),
                line.size ? ": " : "", pn_text_string(&line));
    else
        pn_fail(error, PN_E_IO, "gnuplot could not draw the figure: %.800s",
                line.size ? pn_text_string(&line) : "it gave no reason");
    pn_text_free(&line);
    return PN_E_IO;
}

pn_status pn_gnuplot_run(const pn_text *script, const pn_text *pixels, double seconds,
                         pn_text *output, pn_text *warnings, pn_error *error) {
    child c;
    size_t from = warnings->size;
    pn_status status = start(&c, script, pixels, error);
    if (status != PN_OK) return status;
    double deadline = now() + seconds;
    while (!c.exited && status == PN_OK) {
        step(&c, output, warnings);
        if (c.exited) break;
        if (pn_cancelled())
            status = pn_fail(error, PN_E_CANCELLED, "stopped while gnuplot was drawing");
        else if (now() > deadline)
            status = pn_fail(error, PN_E_IO, "gnuplot took longer than %g seconds and was stopped",
                             seconds);
    }
    stop(&c);
    if (status == PN_OK) status = judge(&c, warnings, from, error);
    if (status == PN_OK && (output->failed || warnings->failed))
        status = pn_fail_memory(error, output->size);
    if (status == PN_OK && output->size >= OUTPUT_LIMIT)
        status = pn_fail(error, PN_E_IO, "the figure is larger than %d MiB", OUTPUT_LIMIT >> 20);
    return status;
}
