#define _GNU_SOURCE
#include "web/decode_process.h"

#include "web/decode_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ---- the process ---- */

/* In a group of its own: Ctrl-C is for the app, which may finish the images it has. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int bad = posix_spawnattr_setsigmask(attributes, &none);
    bad |= posix_spawnattr_setsigdefault(attributes, &all);
    bad |= posix_spawnattr_setpgroup(attributes, 0);
    return bad |
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *program, int socket, char **environment, pid_t *pid) {
    char *const argv[] = {(char *)program, PN_DECODE_WORKER_COMMAND, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);
    if (code) return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
        if (code == 0) code = set_attributes(&attributes);
        if (code == 0) code = posix_spawn(pid, program, &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Variables that a worker needs to start, and to compute as this process does; the rest may hold
 * secrets. */
enum { VARIABLES = 8 };

static int is_needed(const char *variable) {
    static const char *const names[] = {
        "LD_LIBRARY_PATH=", "PNEUMA_CPU=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return 1;
    return 0;
}

static void pick_environment(char *picked[VARIABLES + 1]) {
    size_t count = 0;
    for (char **variable = environ; variable && *variable && count < VARIABLES; variable++)
        if (is_needed(*variable)) picked[count++] = *variable;
    picked[count] = NULL;
}

pn_status pn_decode_start(const char *program, pn_decode_process *process, pn_error *error) {
    static const char cannot[] = "the worker that decodes images cannot be started";
    char *environment[VARIABLES + 1];
    int pair[2];
    *process = (pn_decode_process){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return pn_fail_errno(error, errno, "", "%s", cannot);
    pick_environment(environment);
    int code = spawn(program, pair[1], environment, &process->pid);
    close(pair[1]);
    process->socket = pair[0];
    if (code == 0) return PN_OK;
    close(pair[0]);
    process->pid = 0;
    return pn_fail_errno(error, code, "", "%s", cannot);
}

void pn_decode_end(pn_decode_process *process) {
    if (process->pid == 0) return;
    close(process->socket);
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) continue;
    process->pid = 0;
}

/* ---- bytes ---- */

int pn_decode_is_quiet(const pn_decode_process *process) {
    char byte;
    return process->pid != 0 && recv(process->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
}

int64_t pn_decode_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* After a call that moved n bytes or failed: whether to go on with the next. */
static pn_decode_moved wait_until(int socket, short event, ssize_t n, int64_t deadline) {
    struct pollfd p = {.fd = socket, .events = event};
    const int waits = n < 0 && errno == EAGAIN;
    if (n == 0 || (n < 0 && !waits && errno != EINTR)) return PN_DECODE_GONE;
    const int64_t left = deadline - pn_decode_now();
    if (left <= 0) return PN_DECODE_LATE;
    if (waits) poll(&p, 1, (int)left);
    return PN_DECODE_MOVED;
}

pn_decode_moved pn_decode_give(const pn_decode_process *process, const void *bytes, size_t size,
                               int64_t deadline) {
    pn_decode_moved moved = PN_DECODE_MOVED;
    for (const char *at = bytes; size > 0 && moved == PN_DECODE_MOVED;) {
        ssize_t n = send(process->socket, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        moved = wait_until(process->socket, POLLOUT, n, deadline);
        if (n > 0) at += n, size -= (size_t)n;
    }
    return moved;
}

pn_decode_moved pn_decode_take(const pn_decode_process *process, void *bytes, size_t size,
                               int64_t deadline) {
    pn_decode_moved moved = PN_DECODE_MOVED;
    for (char *at = bytes; size > 0 && moved == PN_DECODE_MOVED;) {
        ssize_t n = recv(process->socket, at, size, MSG_DONTWAIT);
        moved = wait_until(process->socket, POLLIN, n, deadline);
        if (n > 0) at += n, size -= (size_t)n;
    }
    return moved;
}
