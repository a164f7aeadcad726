/* Long work in steps: a file and an event for each; what an earlier try left is resumed from. */
#define _DEFAULT_SOURCE
#include <pneuma/stage.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const pn_param params[] = {
    {.name = "steps", .type = PN_PARAM_INT, .preset = "3", .maximum = 1000, .help = "how many"},
    {.name = "ms", .type = PN_PARAM_INT, .preset = "0", .maximum = 1000, .help = "for each"},
    {.name = "size",
     .type = PN_PARAM_INT,
     .preset = "0",
     .maximum = 1e6,
     .help = "bytes of one more event"},
    {.name = "trouble",
     .type = PN_PARAM_CHOICE,
     .preset = "none",
     .choices = (const char *const[]){"none", "first", "crash", "thread", "deaf", NULL},
     .help = "first: fails after two steps unless it resumes"}};
static const pn_port results[] = {
    {.name = "found",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_I32,
     .help = "steps of earlier tries"},
    {.name = "answers", .kind = PN_KIND_STRINGS, .help = "to its events"},
    {.name = "folder", .kind = PN_KIND_STRINGS, .help = "where its files are"},
    {.name = "process",
     .kind = PN_KIND_ARRAY,
     .dtypes = PN_BIT_I32,
     .help = "its id; 1 where there is a limit: core files, addresses"}};

static int describe_process(const pn_host *host, pn_call *call) {
    pn_array out = {.dtype = PN_I32, .rank = 1, .shape = {3}};
    struct rlimit core, addresses;
    if (host->add_array(call, "process", &out) != 0) return -1;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_AS, &addresses);
    ((int32_t *)out.data)[0] = (int32_t)getpid();
    ((int32_t *)out.data)[1] = core.rlim_cur == 0 && core.rlim_max == 0;
    ((int32_t *)out.data)[2] = addresses.rlim_max != RLIM_INFINITY;
    return 0;
}

static int tell(const pn_host *host, pn_call *call, const char *text) {
    const char *answer = host->event(call, text);
    return answer ? host->add_string(call, "answers", answer, strlen(answer)) : 0;
}

typedef struct elsewhere {
    const pn_host *host;
    pn_call *call;
} elsewhere;

static void *tell_elsewhere(void *context) {
    elsewhere *e = context;
    e->host->event(e->call, "from another thread");
    return NULL;
}

static int make_trouble(const pn_host *host, pn_call *call, int64_t step, int resumed) {
    const char *trouble = host->param_string(call, "trouble");
    if (strcmp(trouble, "deaf") == 0)
        while (step == 2) usleep(10000);
    if (step < 2 || resumed) return 0;
    if (strcmp(trouble, "first") == 0) return host->fail(call, "trouble");
    if (strcmp(trouble, "crash") == 0) abort();
    if (strcmp(trouble, "thread") == 0) {
        pthread_t thread;
        elsewhere e = {host, call};
        pthread_create(&thread, NULL, tell_elsewhere, &e);
        pthread_join(thread, NULL);
    }
    return 0;
}

static int do_step(const pn_host *host, pn_call *call, const char *path) {
    usleep((useconds_t)host->param_int(call, "ms") * 1000);
    FILE *file = fopen(path, "w");
    if (!file || fclose(file) != 0) return host->fail(call, "cannot write %s", path);
    return 0;
}

static int send_large(const pn_host *host, pn_call *call, int64_t size) {
    char *text = host->alloc(call, (size_t)size + 1);
    if (!text) return -1;
    memset(text, 'x', (size_t)size);
    text[size] = '\0';
    return tell(host, call, text);
}

static int run(const pn_host *host, pn_call *call) {
    pn_array found = {.dtype = PN_I32, .rank = 0};
    const char *folder = host->output_folder(call);
    if (!folder || host->add_array(call, "found", &found) != 0) return -1;
    if (describe_process(host, call) != 0) return -1;
    for (int64_t i = 0; i < host->param_int(call, "steps"); i++) {
        char path[5000], text[100];
        snprintf(path, sizeof path, "%s/%d", folder, (int)i);
        if (access(path, F_OK) == 0)
            ++*(int32_t *)found.data;
        else if (do_step(host, call, path) != 0)
            return -1;
        snprintf(text, sizeof text, "{\"step\": %d}", (int)i);
        if (tell(host, call, text) != 0) return -1;
        if (make_trouble(host, call, i, *(int32_t *)found.data > 0) != 0) return -1;
        if (host->cancelled(call)) return -1;
    }
    int64_t size = host->param_int(call, "size");
    if (size && send_large(host, call, size) != 0) return -1;
    host->note(call, "done");
    return host->add_string(call, "folder", folder, strlen(folder));
}

static const pn_stage stages[] = {
    {"steps", "1", "Works in steps", params, 4, NULL, 0, results, 4, 0, run},
    {"fresh_steps", "1", "Never cached", params, 4, NULL, 0, results, 4, PN_STAGE_NO_CACHE, run},
    {"safe_steps", "1", "Works in a helper", params, 4, NULL, 0, results, 4, PN_STAGE_ISOLATED,
     run}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
