/* A plugin that does what none should. */
#define _DEFAULT_SOURCE
#include <pneuma/stage.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const pn_param params[] = {
    {.name = "what", .type = PN_PARAM_STRING, .preset = "good", .help = "how to misbehave"}};
static const pn_port results[] = {
    {.name = "out", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_F32, .min_rank = 1, .max_rank = 2}};

static int add(const pn_host *host, pn_call *call, pn_dtype dtype, int rank, int64_t size) {
    pn_array out = {.dtype = dtype, .rank = rank, .shape = {size, 2}};
    return host->add_array(call, "out", &out);
}

static void sleep_for_ever(void) {
    for (;;) usleep(10000);
}

static void leave(const char *what) {
    if (strcmp(what, "crash") == 0) *(volatile int *)8 = 1;
    if (strcmp(what, "abort") == 0) abort();
    if (strcmp(what, "exit") == 0) exit(3);
    if (strcmp(what, "_exit") == 0) _exit(0);
    if (strcmp(what, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(what, "hang") == 0) sleep_for_ever();
    if (strcmp(what, "deaf") == 0) {
        for (int fd = 3; fd < 100; fd++) close(fd);
        sleep_for_ever();
    }
    if (strcmp(what, "babble") == 0) {
        /* Whatever socket the helper has: something that is no message. */
        for (int fd = 3; fd < 100; fd++) (void)!write(fd, "babble", 6);
        sleep_for_ever();
    }
}

static int misuse(const pn_host *host, pn_call *call, const char *what) {
    static int somewhere;
    pn_array unused;
    if (strcmp(what, "nothing") == 0) return 0;
    if (strcmp(what, "silent") == 0) return -1;
    if (strcmp(what, "twice") == 0) {
        add(host, call, PN_F32, 1, 2);
        return add(host, call, PN_F32, 1, 2), 0; /* overlooks the failure */
    }
    if (strcmp(what, "negative") == 0) return add(host, call, PN_F32, 1, -5);
    if (strcmp(what, "huge") == 0) return add(host, call, PN_F32, 2, INT64_MAX / 2);
    if (strcmp(what, "dtype") == 0) return add(host, call, PN_I32, 1, 2);
    if (strcmp(what, "no dtype") == 0) return add(host, call, (pn_dtype)77, 1, 2);
    if (strcmp(what, "rank") == 0) return add(host, call, PN_F32, 99, 2);
    if (strcmp(what, "param") == 0) host->param_int(call, "whatever");
    if (strcmp(what, "type") == 0) host->param_int(call, "what");
    if (strcmp(what, "input") == 0 && host->input_array(call, "whatever", 0, &unused) == 0) abort();
    if (strcmp(what, "result") == 0) host->add_string(call, "out", "x", 1);
    if (strcmp(what, "free") == 0) host->free(call, &somewhere);
    if (strcmp(what, "memory") == 0 && !host->alloc(call, SIZE_MAX / 2)) return -1;
    if (strcmp(what, "long") == 0) {
        char text[5000];
        memset(text, 'x', sizeof text);
        text[sizeof text - 1] = '\0';
        return host->fail(call, "%s", text);
    }
    return add(host, call, PN_F32, 1, 2);
}

static int run(const pn_host *host, pn_call *call) {
    const char *what = host->param_string(call, "what");
    if (strcmp(what, "polite") == 0) {
        while (!host->cancelled(call)) usleep(1000);
        return -1;
    }
    leave(what);
    return misuse(host, call, what);
}

static const pn_stage stages[] = {
    {"naughty", "1", "Misbehaves", params, 1, NULL, 0, results, 1, 0, run}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
