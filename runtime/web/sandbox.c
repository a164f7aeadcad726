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

/* A call, and what its arguments must be. */
typedef struct rule {
    int call;
    unsigned count;
    struct scmp_arg_cmp argument[2];
} rule;

#define IS(number, value)                                                                          \
    { .arg = (number), .op = SCMP_CMP_EQ, .datum_a = (value) }
#define BITS(number, mask, value)                                                                  \
    { .arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value) }

/* Memory of its own, not files, and nothing to be executed; locks; the end of the process. When
 * memory runs out, malloc asks how many processors there are. */
static const rule allowed[] = {
    {SCMP_SYS(mmap), 2, {BITS(2, PROT_EXEC, 0), BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)}},
    {SCMP_SYS(mprotect), 1, {BITS(2, PROT_EXEC, 0)}},
    {.call = SCMP_SYS(munmap)},
    {.call = SCMP_SYS(mremap)},
    {.call = SCMP_SYS(madvise)},
    {.call = SCMP_SYS(brk)},
    {.call = SCMP_SYS(sched_getaffinity)},
    {.call = SCMP_SYS(sched_yield)},
    {.call = SCMP_SYS(futex)},
    {.call = SCMP_SYS(clock_gettime)},
    {.call = SCMP_SYS(setitimer)},
    {.call = SCMP_SYS(getrandom)},
    {.call = SCMP_SYS(restart_syscall)},
    {.call = SCMP_SYS(rt_sigreturn)},
    {.call = SCMP_SYS(rt_sigprocmask)},
    {.call = SCMP_SYS(exit)},
    {.call = SCMP_SYS(exit_group)},
#if SANITIZED
    {.call = SCMP_SYS(nanosleep)},
    {.call = SCMP_SYS(clock_nanosleep)},
    {.call = SCMP_SYS(gettid)},
    {.call = SCMP_SYS(getpid)},
    {.call = SCMP_SYS(sigaltstack)},
    {SCMP_SYS(write), 1, {IS(0, STDERR_FILENO)}},
#endif
};

static int add_rule(scmp_filter_ctx filter, const rule *r) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->call, r->count, r->argument);
}

/* 0 or a negative errno. `keep` is the one descriptor; a message goes to its other end alone. */
static int add_rules(scmp_filter_ctx filter, int keep) {
    const rule receive = {SCMP_SYS(recvfrom), 1, {IS(0, (scmp_datum_t)keep)}};
    const rule send = {SCMP_SYS(sendto), 2, {IS(0, (scmp_datum_t)keep), IS(4, 0)}};
    int code = add_rule(filter, &receive);
    if (code == 0) code = add_rule(filter, &send);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && code == 0; i++)
        code = add_rule(filter, &allowed[i]);
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
