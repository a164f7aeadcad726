/* A stage that takes its time, counts its runs, writes files and can be killed in the middle. */
#define _DEFAULT_SOURCE
#include <pneuma/stage.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const pn_param slow_params[] = {
    {.name = "log", .type = PN_PARAM_PATH, .help = "gets a line for every run"},
    {.name = "steps",
     .type = PN_PARAM_INT,
     .preset = "10",
     .minimum = 1,
     .maximum = 100000,
     .help = "how many"},
    {.name = "ms", .type = PN_PARAM_INT, .preset = "10", .maximum = 1000, .help = "for each"},
    {.name = "files", .type = PN_PARAM_BOOL, .preset = "true", .help = "write files"}};
static const pn_port slow_results[] = {
    {.name = "paths", .kind = PN_KIND_STRINGS, .help = "files"},
    {.name = "numbers", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_I32, .help = "0, 1, 2, ..."}};

static int step(const pn_host *host, pn_call *call, const char *folder, int64_t i) {
    char path[5000];
    snprintf(path, sizeof path, "%s/%04d", folder, (int)i);
    FILE *file = fopen(path, "w");
    if (!file) return host->fail(call, "cannot write %s", path);
    fprintf(file, "%d\n", (int)i);
    if (fclose(file) != 0) return host->fail(call, "cannot write %s", path);
    return host->add_string(call, "paths", path, strlen(path));
}

static int slow(const pn_host *host, pn_call *call) {
    int64_t steps = host->param_int(call, "steps"), ms = host->param_int(call, "ms");
    int log = open(host->param_string(call, "log"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (log < 0 || write(log, "run\n", 4) != 4) return host->fail(call, "cannot write the log");
    close(log);
    const char *folder = host->param_bool(call, "files") ? host->output_folder(call) : NULL;
    pn_array numbers = {.dtype = PN_I32, .rank = 1, .shape = {steps}};
    if (host->add_array(call, "numbers", &numbers) != 0) return -1;
    for (int64_t i = 0; i < steps; i++) {
        if (host->cancelled(call)) return -1;
        if (ms) usleep((useconds_t)ms * 1000);
        ((int32_t *)numbers.data)[i] = (int32_t)i;
        if (folder && step(host, call, folder, i) != 0) return -1;
        host->progress(call, i + 1, steps);
    }
    host->note(call, "%d steps", (int)steps);
    return 0;
}

static const pn_stage stages[] = {
    {"slow", "1", "Takes its time", slow_params, 4, NULL, 0, slow_results, 2, 0, slow}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
