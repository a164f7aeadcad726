#define _GNU_SOURCE
#include "notebook/process.h"

#include "notebook/channel.h"
#include "notebook/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The worker's ends, moved above 9 so that none is in the way of 0 to 3. */
static int move_up(int *fd) {
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 10);
    if (moved < 0) return -1;
    close(*fd);
    *fd = moved;
    return 0;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* far[0] and far[1] are the write ends, far[2] the worker's end of the socket. */
static int make_channels(pn_process *process, int far[3]) {
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return -1;
        process->stream[i] = ends[0];
        far[i] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || move_up(&far[i]) != 0) return -1;
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    process->socket = ends[0];
    far[2] = ends[1];
    return move_up(&far[2]);
}

static int spawn(pn_process *process, const int far[3]) {
    static char program[] = "pneuma", command[] = PN_WORKER_COMMAND;
    char *argv[] = {program, command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, PN_WORKER_SIGNAL);
    if (posix_spawn_file_actions_init(&files) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int code = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 3 && code == 0; i++)
        code = posix_spawn_file_actions_adddup2(&files, far[i], i + 1);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    if (code == 0)
        code = posix_spawn(&process->pid, "/proc/self/exe", &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return code;
}

pn_status pn_process_spawn(pn_process *process, pn_error *error) {
    int far[3] = {-1, -1, -1};
    *process = (pn_process){.socket = -1, .stream = {-1, -1}};
    /* What the worker leaves behind becomes our child, so that we can wait for its end. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int code = make_channels(process, far) != 0 ? errno : spawn(process, far);
    for (int i = 0; i < 3; i++) close_fd(&far[i]);
    if (code == 0) return PN_OK;
    process->pid = 0;
    pn_process_close(process);
    return pn_fail_errno(error, code, "", "cannot start the worker process");
}

void pn_process_stop(const pn_process *process, int cell, pn_cancel_reason reason) {
    union sigval value = {.sival_int = cell * PN_REASONS + (int)reason};
    sigqueue(process->pid, PN_WORKER_SIGNAL, value);
    pn_process_signal(process, SIGINT);
}

void pn_process_signal(const pn_process *process, int signal) {
    if (process->pid > 0) kill(-process->pid, signal);
}

int pn_process_wait(const pn_process *process, double seconds) {
    long pause = 50000; /* nanoseconds; usually the worker is about to end */
    for (double waited = 0;; waited += (double)pause * 1e-9) {
        siginfo_t info = {0};
        /* WNOWAIT: while the worker is a zombie its group's number belongs to nobody else. */
        int result = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (result != 0 && errno != EINTR) return 1;
        if (result == 0 && info.si_pid) return 1;
        if (waited >= seconds) return 0;
        if (pause < 2000000) pause *= 2;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

void pn_process_reap(pn_process *process) {
    int status;
    pid_t pid, group = process->pid;
    if (group <= 0) return;
    kill(-group, SIGKILL);
    while ((pid = waitpid(-group, &status, 0)) > 0 || (pid < 0 && errno == EINTR))
        if (pid == group) process->status = status;
    process->pid = 0;
}

void pn_process_close(pn_process *process) {
    close_fd(&process->socket);
    close_fd(&process->stream[0]);
    close_fd(&process->stream[1]);
}
