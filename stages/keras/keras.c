/* The stages keras_read and keras_write: Keras's .h5 files, legacy layout. A file is read by
 * conversion into safetensors, in a process of its own, since HDF5 trusts what it reads. */
#include "base/file.h"
#include "file.h"
#include "pneuma/stage.h"
#include "write.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

typedef struct job {
    const pn_host *host;
    pn_call *call;
} job;

static void progress(void *context, int64_t done, int64_t total) {
    const job *j = context;
    j->host->progress(j->call, done, total);
}

static int cancelled(void *context) {
    const job *j = context;
    return j->host->cancelled(j->call);
}

static int finish(const job *j, pn_status status, const pn_error *error) {
    if (status == PN_OK) return 0;
    if (status == PN_E_CANCELLED) return -1;
    return j->host->fail(j->call, "%s", error->message);
}

/* ---- keras_read ---- */

static int give_results(const job *j, const pn_keras_file *file, const char *path) {
    if (j->host->add_string(j->call, "path", path, strlen(path)) != 0) return -1;
    for (size_t i = 0; i < file->layers.count; i++) {
        const char *name = file->layers.name[i];
        if (j->host->add_string(j->call, "layers", name, strlen(name)) != 0) return -1;
    }
    return 0;
}

/* Damaged files can make HDF5 turn in circles. The helper then ends by signal, and says so. */
enum { SECONDS_TO_OPEN = 5, SECONDS_FOR_A_BLOCK = 60 };

static void limit_time(rlim_t seconds) {
    struct rusage used;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0) return;
    limit.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds;
    if (limit.rlim_cur <= limit.rlim_max) setrlimit(RLIMIT_CPU, &limit);
}

static void end_time_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CPU, &limit);
}

static void block_done(void *context, int64_t done, int64_t total) {
    limit_time(SECONDS_FOR_A_BLOCK);
    progress(context, done, total);
}

static int run_read(const pn_host *host, pn_call *call) {
    job j = {host, call};
    const pn_keras_listener listener = {block_done, cancelled, &j};
    const char *from = host->param_string(call, "path"), *folder = host->output_folder(call);
    char to[PN_PATH];
    pn_error error = {0};
    pn_keras_file file;
    if (!folder) return -1;
    const char *reason;
    if (host->watch_file(call, from, &reason) != 0) return host->fail(call, "%s", reason);
    pn_status status = pn_path_join(to, folder, "model.safetensors", &error);
    if (status != PN_OK) return finish(&j, status, &error);
    limit_time(SECONDS_TO_OPEN);
    status = pn_keras_open(&file, from, &error);
    limit_time(SECONDS_FOR_A_BLOCK);
    if (status == PN_OK) status = pn_keras_convert(&file, to, &listener);
    end_time_limit();
    int result = finish(&j, status, &error);
    if (result == 0) result = give_results(&j, &file, to);
    pn_keras_close(&file);
    return result;
}

/* ---- keras_write ---- */

static const char **take_texts(const job *j, const char *input, size_t *count) {
    *count = (size_t)j->host->input_count(j->call, input);
    const char **texts = j->host->alloc(j->call, (*count + 1) * sizeof *texts);
    for (size_t i = 0; texts && i < *count; i++)
        texts[i] = j->host->input_string(j->call, input, (int64_t)i, NULL);
    return texts;
}

static pn_array *take_arrays(const job *j, const char *input, size_t *count) {
    *count = (size_t)j->host->input_count(j->call, input);
    pn_array *arrays = j->host->alloc(j->call, (*count + 1) * sizeof *arrays);
    for (size_t i = 0; arrays && i < *count; i++)
        j->host->input_array(j->call, input, (int64_t)i, &arrays[i]);
    return arrays;
}

static int run_write(const pn_host *host, pn_call *call) {
    job j = {host, call};
    const pn_keras_listener listener = {progress, cancelled, &j};
    pn_keras_model model = {.architecture = host->input_string(call, "architecture", 0, NULL),
                            .training = host->input_string(call, "training", 0, NULL)};
    const char *path = host->param_string(call, "path");
    size_t named;
    pn_error error = {0};
    model.arrays = take_arrays(&j, "weights", &model.count);
    model.names = take_texts(&j, "names", &named);
    model.layers = take_texts(&j, "layers", &model.layer_count);
    if (!model.arrays || !model.names || !model.layers) return -1;
    if (named != model.count)
        return host->fail(call, "there are %zu weights and %zu names for them", model.count, named);
    if (host->input_count(call, "architecture") != 1)
        return host->fail(call, "architecture is one text: the model's JSON");
    if (host->input_count(call, "training") > 1)
        return host->fail(call, "training is one text: the JSON of how the model is trained");
    pn_status status = pn_keras_write(path, &model, &listener, &error);
    if (finish(&j, status, &error) != 0) return -1;
    return host->add_string(call, "path", path, strlen(path));
}

/* ---- the table ---- */

static const pn_param read_params[] = {
    {"path", PN_PARAM_PATH, NULL, 0, 0, NULL, "a Keras model or weights file (.h5)"},
};

static const pn_port read_results[] = {
    {"path", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "the safetensors file"},
    {"layers", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "names of all layers, in order"},
};

static const pn_param write_params[] = {
    {"path", PN_PARAM_PATH, NULL, 0, 0, NULL, "the file to write (.h5)"},
};

static const pn_port write_inputs[] = {
    {"weights", PN_KIND_ARRAYS, PN_BIT_F32, 0, 0, 0, "all weights, in model order"},
    {"names", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "of the weights: layer/weight"},
    {"layers", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "names of all layers, in order"},
    {"architecture", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "the model's JSON, as Keras 2 has it"},
    {"training", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 1, "JSON of how it is trained"},
};

static const pn_port write_results[] = {
    {"path", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "the file"},
};

static const pn_stage stages[] = {
    {
        .name = "keras_read",
        .version = "1",
        .help = "converts a Keras .h5 file to safetensors",
        .params = read_params,
        .param_count = sizeof read_params / sizeof *read_params,
        .results = read_results,
        .result_count = sizeof read_results / sizeof *read_results,
        .flags = PN_STAGE_ISOLATED,
        .run = run_read,
    },
    {
        .name = "keras_write",
        .version = "1",
        .help = "writes a model as a Keras .h5 file",
        .params = write_params,
        .param_count = sizeof write_params / sizeof *write_params,
        .inputs = write_inputs,
        .input_count = sizeof write_inputs / sizeof *write_inputs,
        .results = write_results,
        .result_count = sizeof write_results / sizeof *write_results,
        .flags = PN_STAGE_NO_CACHE,
        .run = run_write,
    },
};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
