/* A process that has shut itself in cannot do what a taken-over one would. */
#define _GNU_SOURCE
#include "test.h"

#include "base/memory.h"
#include "web/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* The runtime of the thread sanitizer does not survive a fork without exec under these limits; the
 * workers of the app, which are programs of their own, do. */
#if defined(__SANITIZE_THREAD__)
enum { FORK_BREAKS = 1 };
#else
enum { FORK_BREAKS = 0 };
#endif

enum { FINE = 42, DENIED = 43, DONE = 44, NO_SANDBOX = 45 };

static int keep;
static const size_t room = (size_t)1 << 28;

/* Runs `act` in a sandboxed child; how it ended, as waitpid says. */
static int ended(int (*act)(void)) {
    int pair[2], how;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pn_error error;
        keep = pair[1];
        if (pn_sandbox_enter(keep, room, &error) != PN_OK) _exit(NO_SANDBOX);
        _exit(act());
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    close(pair[0]);
    close(pair[1]);
    return how;
}

static int outcome(long result) {
    return result == -1 && errno == EPERM ? DENIED : DONE;
}

/* ---- what is denied ---- */

static int open_file(void) {
    return outcome(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}
static int make_socket(void) {
    return outcome(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}
static int fork_away(void) {
    return outcome(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}
static int start_thread(void) {
    return outcome(syscall(SYS_clone3, NULL, 0));
}
static int run_program(void) {
    char *const argv[] = {"true", NULL};
    return outcome(syscall(SYS_execve, "/bin/true", argv, argv + 1));
}
static int kill_parent(void) {
    return outcome(syscall(SYS_kill, 1, 0));
}
static int trace(void) {
    return outcome(syscall(SYS_ptrace, 0, 0, 0, 0));
}
static int read_others(void) {
    return outcome(syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0));
}
static int make_ring(void) {
    char params[200] = {0};
    return outcome(syscall(SYS_io_uring_setup, 1, params));
}
static int lift_limits(void) {
    return outcome(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, NULL));
}
static int map_code(void) {
    return outcome(
        syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int map_file(void) {
    return outcome(syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, keep, 0));
}
static int make_code(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return outcome(syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC));
}
static int send_elsewhere(void) {
    return outcome(syscall(SYS_sendto, STDOUT_FILENO, "x", 1, 0, NULL, 0));
}
static int receive_elsewhere(void) {
    char byte;
    return outcome(syscall(SYS_recvfrom, keep + 1, &byte, 1, 0, NULL, NULL));
}
static int pass_files(void) {
    struct msghdr message = {0};
    return outcome(syscall(SYS_sendmsg, keep, &message, 0));
}
static int copy_socket(void) {
    return outcome(syscall(SYS_dup, keep));
}
static int print(void) {
    return outcome(syscall(SYS_write, STDOUT_FILENO, "x", 1));
}

static void escapes_are_denied(void **state) {
    (void)state;
    static const struct {
        const char *what;
        int (*act)(void);
    } escapes[] = {
        {"open a file", open_file},
        {"make a socket", make_socket},
        {"fork", fork_away},
        {"start a thread", start_thread},
        {"run a program", run_program},
        {"kill", kill_parent},
        {"ptrace", trace},
        {"read another process", read_others},
        {"make a ring", make_ring},
        {"lift limits", lift_limits},
        {"map code", map_code},
        {"map a file", map_file},
        {"make code", make_code},
        {"send elsewhere", send_elsewhere},
        {"print", print},
        {"receive elsewhere", receive_elsewhere},
        {"pass a file", pass_files},
        {"copy the socket", copy_socket},
    };
    if (FORK_BREAKS) skip();
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        const int how = ended(escapes[i].act);
        const int killed = WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS;
        const int denied = SANITIZED && WIFEXITED(how) && WEXITSTATUS(how) == DENIED;
        if (!killed && !denied) fail_msg("%s: status %#x", escapes[i].what, (unsigned)how);
    }
}

/* ---- what goes on working ---- */

static int work(void) {
    struct timespec t;
    for (size_t size = 1; size < room / 4; size *= 3) {
        char *memory = pn_alloc(size);
        if (!memory) return 1;
        memset(memory, 1, size);
        pn_free(memory);
    }
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) return 2;
    return send(keep, "x", 1, MSG_NOSIGNAL) == 1 ? FINE : 3;
}

static int exhaust_memory(void) {
    void *most = mmap(NULL, 2 * room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (most != MAP_FAILED || errno != ENOMEM) return 1;
    if (SANITIZED) return FINE; /* whose allocators would end the process */
    void *last = NULL;
    int blocks = 0;
    for (void *block; (block = pn_alloc(1000)); blocks++) {
        memcpy(block, &last, sizeof last);
        last = block;
    }
    while (last) {
        void *before;
        memcpy(&before, last, sizeof before);
        pn_free(last);
        last = before;
    }
    return blocks > 200000 && pn_alloc(1 << 20) ? FINE : 2;
}

static void work_goes_on(void **state) {
    (void)state;
    if (FORK_BREAKS) skip();
    int how = ended(work);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), FINE);
    how = ended(exhaust_memory);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), FINE);
}

static int die(void) {
    return raise(SIGSEGV);
}

static void crashes_end_the_process(void **state) {
    (void)state;
    if (SANITIZED) skip(); /* whose runtimes take the signal */
    int how = ended(die);  /* which asks for its own number first */
    assert_true(WIFSIGNALED(how));
    assert_false(WCOREDUMP(how));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_denied),
        cmocka_unit_test(work_goes_on),
        cmocka_unit_test(crashes_end_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
