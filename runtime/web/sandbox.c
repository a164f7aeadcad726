#define _GNU_SOURCE
#include "web/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static pn_status fail(pn_error *error, int code, const char *what) {
    return pn_fail_errno(error, code, "", "the sandbox for images cannot be made: %s", what);
}

/* ---- descriptors ---- */

static int close_from(unsigned first, unsigned last) {
    if (first > last || close_range(first, last, 0) == 0) return 0;
    if (errno != ENOSYS && errno != EPERM) return -1;
    /* An old kernel, or a container that does not know the call: one by one. */
    const long most = sysconf(_SC_OPEN_MAX), limit = most > 0 && most < 1 << 20 ? most : 1 << 20;
    for (unsigned fd = first; fd <= last && fd < limit; fd++) close((int)fd);
    return 0;
}

static pn_status close_others(int keep, pn_error *error) {
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return fail(error, errno, "/dev/null");
    int bad = 0;
    for (int fd = 0; fd <= (SANITIZED ? STDOUT_FILENO : STDERR_FILENO); fd++)
        if (fd != keep) bad |= dup2(nowhere, fd) < 0;
    if (keep > STDERR_FILENO) {
        bad |= close_from(STDERR_FILENO + 1, (unsigned)keep - 1) < 0;
        bad |= close_from((unsigned)keep + 1, ~0U) < 0;
    } else {
        bad |= close_from(STDERR_FILENO + 1, ~0U) < 0;
    }
    return bad ? fail(error, errno, "closing files") : PN_OK;
}

/* ---- limits ---- */

/* Counted from what is there already: the sanitizers keep terabytes of addresses. */
static int limit_memory(size_t memory) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return -1;
    const int read = fscanf(file, "%llu", &pages);
    fclose(file);
    if (read != 1) return -1;
    const rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + memory;
    return setrlimit(RLIMIT_AS, &(struct rlimit){most, most});
}

static pn_status limit_resources(size_t memory, pn_error *error) {
    static const int none[] = {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_NOFILE};
    if (limit_memory(memory) != 0) return fail(error, errno, "the limit of memory");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (setrlimit(none[i], &(struct rlimit){0, 0}) != 0) return fail(error, errno, "limits");
    return PN_OK;
}

/* ---- system calls ---- */

/* What memory, locks and the end of a process take. When memory runs out, malloc asks how many
 * processors there are. Timers end a worker whose parent is gone. */
static const int allowed[] = {
    SCMP_SYS(munmap),    SCMP_SYS(mremap),          SCMP_SYS(madvise),
    SCMP_SYS(brk),       SCMP_SYS(futex),           SCMP_SYS(clock_gettime),
    SCMP_SYS(exit),      SCMP_SYS(exit_group),      SCMP_SYS(rt_sigreturn),
    SCMP_SYS(getrandom), SCMP_SYS(rt_sigprocmask),  SCMP_SYS(sched_yield),
    SCMP_SYS(setitimer), SCMP_SYS(restart_syscall), SCMP_SYS(sched_getaffinity),
#if SANITIZED
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettid),
    SCMP_SYS(getpid),    SCMP_SYS(sigaltstack),
#endif
};

/* 0 or a negative errno. `keep` is the one descriptor. */
static int add_rules(scmp_filter_ctx filter, int keep) {
    const scmp_datum_t fd = (scmp_datum_t)keep;
    int code = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && code == 0; i++)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1,
                                SCMP_A0_32(SCMP_CMP_EQ, fd));
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
                                SCMP_A0_32(SCMP_CMP_EQ, fd), SCMP_A4(SCMP_CMP_EQ, 0));
    if (code == 0 && SANITIZED)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                SCMP_A0_32(SCMP_CMP_EQ, STDERR_FILENO));
    /* Memory of its own, not files, and nothing to be executed. */
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                SCMP_A3_32(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (code == 0)
        code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return code;
}

static pn_status filter_calls(int keep, pn_error *error) {
    scmp_filter_ctx filter =
        seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (!filter) return fail(error, ENOSYS, "seccomp");
    int code = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (code == 0) code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (code == 0) code = add_rules(filter, keep);
    if (code == 0) code = seccomp_load(filter);
    seccomp_release(filter);
    return code == 0 ? PN_OK : fail(error, -code, "seccomp");
}

pn_status pn_sandbox_enter(int keep, size_t memory, pn_error *error) {
    mallopt(M_ARENA_MAX, 1); /* more would read from /sys when memory is short */
    pn_status status = close_others(keep, error);
    if (status != PN_OK) return status;
    status = limit_resources(memory, error);
    if (status != PN_OK) return status;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail(error, errno, "privileges");
    return filter_calls(keep, error);
}
