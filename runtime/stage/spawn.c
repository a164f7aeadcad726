/* Starting and ending helper processes. */
#define _GNU_SOURCE
#include "stage/spawn.h"

#include "base/home.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { HELPER_SOCKET = 3 };

/* SIGINT stays blocked until the helper ignores it. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t blocked, preset;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigfillset(&preset);
    int bad = posix_spawnattr_setsigmask(attributes, &blocked);
    bad |= posix_spawnattr_setsigdefault(attributes, &preset);
    return bad |
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const char *program, char *const *argv, int socket, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);
    if (code) return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, socket, HELPER_SOCKET);
        if (code == 0)
            code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (code == 0) code = set_attributes(&attributes);
        if (code == 0) code = posix_spawn(pid, program, &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

pn_status pn_isolate_start(pn_isolate *isolate, const char *path, pn_error *error) {
    char program[PN_PATH], parent[32], number[16];
    int pair[2];
    pn_status status = pn_home_path(program, "bin/pneuma", error);
    if (status != PN_OK) return status;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return pn_fail_errno(error, errno, "", "a helper process cannot be started");
    snprintf(number, sizeof number, "%d", HELPER_SOCKET);
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    char *const argv[] = {program, PN_HELPER_COMMAND, number, parent, (char *)path, NULL};
    int code = spawn(program, argv, pair[1], &isolate->pid);
    close(pair[1]);
    if (code == 0) {
        isolate->socket = pair[0];
        return PN_OK;
    }
    close(pair[0]);
    isolate->pid = 0;
    return pn_fail_errno(error, code, program, "the helper '%.300s' cannot be started", program);
}

/* Waits for the end of the helper; -1 when it goes on after `milliseconds`. */
static int wait_end(pid_t pid, int *how, int milliseconds) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0;; i++) {
        pid_t got = waitpid(pid, how, WNOHANG);
        if (got == pid) return 0;
        if (got < 0 && errno != EINTR) return *how = 0, 0; /* somebody else took it */
        if (i >= milliseconds) return -1;
        nanosleep(&pause, NULL);
    }
}

int pn_isolate_end(pn_isolate *isolate, int patience) {
    int how = 0;
    if (isolate->pid == 0) return 0;
    close(isolate->socket);
    if (wait_end(isolate->pid, &how, patience) != 0) {
        kill(isolate->pid, SIGKILL);
        while (waitpid(isolate->pid, &how, 0) < 0 && errno == EINTR) continue;
        how = -1;
    }
    isolate->pid = 0;
    return how;
}

void pn_isolate_end_text(int how, char *text, size_t size) {
    if (how == -1)
        snprintf(text, size, "cut the connection");
    else if (WIFSIGNALED(how))
        snprintf(text, size, "crashed: signal %d (%s)", WTERMSIG(how), strsignal(WTERMSIG(how)));
    else
        snprintf(text, size, "ended its process with exit code %d", WEXITSTATUS(how));
}
