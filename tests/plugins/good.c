/* A well-behaved plugin, as somebody outside would write it. */
#include <pneuma/stage.h>

#include <stdio.h>
#include <string.h>

static int64_t count_of(const pn_array *a) {
    int64_t n = 1;
    for (int i = 0; i < a->rank; i++) n *= a->shape[i];
    return n;
}

/* ---- invert: maximum - x, image by image ---- */

static const pn_param invert_params[] = {
    {.name = "top", .type = PN_PARAM_INT, .preset = "255", .maximum = 255, .help = "white"},
    {.name = "speed",
     .type = PN_PARAM_CHOICE,
     .preset = "fast",
     .choices = (const char *const[]){"fast", "slow", NULL},
     .help = "how"},
    {.name = "gain", .type = PN_PARAM_FLOAT, .preset = "1", .maximum = 4, .help = "factor"},
    {.name = "loud", .type = PN_PARAM_BOOL, .preset = "false", .help = "leave a note"},
};
static const pn_port invert_inputs[] = {{.name = "images",
                                         .kind = PN_KIND_ARRAYS,
                                         .dtypes = PN_BIT_U8,
                                         .min_rank = 2,
                                         .max_rank = 3,
                                         .help = "images"}};
static const pn_port invert_results[] = {
    {.name = "inverted", .kind = PN_KIND_ARRAYS, .dtypes = PN_BIT_U8, .help = "images"}};

typedef struct inversion {
    const uint8_t *from;
    uint8_t *to;
    int64_t top;
    double gain;
} inversion;

static void invert_range(void *context, int64_t begin, int64_t end) {
    inversion *v = context;
    for (int64_t i = begin; i < end; i++)
        v->to[i] = (uint8_t)((double)(v->top - v->from[i]) * v->gain);
}

static int invert(const pn_host *host, pn_call *call) {
    int64_t n = host->input_count(call, "images");
    for (int64_t i = 0; i < n; i++) {
        pn_array in, out;
        if (host->input_array(call, "images", i, &in) != 0) return host->fail(call, "no input");
        out = in;
        if (host->add_array(call, "inverted", &out) != 0) return -1;
        inversion v = {in.data, out.data, host->param_int(call, "top"),
                       host->param_float(call, "gain")};
        host->parallel_for(call, count_of(&in), invert_range, &v);
        host->progress(call, i + 1, n);
    }
    if (host->param_bool(call, "loud"))
        host->note(call, "%s, %s", "done", host->param_string(call, "speed"));
    return 0;
}

/* ---- measure: several results ---- */

static const pn_port measure_inputs[] = {
    {.name = "numbers", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_F32, .help = "numbers"},
    {.name = "names", .kind = PN_KIND_STRINGS, .optional = 1, .help = "names"}};
static const pn_port measure_results[] = {
    {.name = "sum", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_F32, .help = "their sum"},
    {.name = "names", .kind = PN_KIND_STRINGS, .help = "the names, each twice"},
    {.name = "parts", .kind = PN_KIND_ARRAYS, .help = "each number"}};

static int measure(const pn_host *host, pn_call *call) {
    pn_array in, sum = {.dtype = PN_F32, .rank = 1, .shape = {1}};
    if (host->input_array(call, "numbers", 0, &in) != 0) return host->fail(call, "no input");
    if (host->add_array(call, "sum", &sum) != 0) return -1;
    for (int64_t i = 0; i < count_of(&in); i++) {
        float x = ((const float *)in.data)[i];
        pn_array part = {.dtype = PN_F32, .rank = 0};
        ((float *)sum.data)[0] += x;
        if (host->add_array(call, "parts", &part) != 0) return -1;
        *(float *)part.data = x;
    }
    for (int64_t i = 0; i < host->input_count(call, "names"); i++) {
        size_t size;
        const char *name = host->input_string(call, "names", i, &size);
        if (host->add_string(call, "names", name, size) != 0) return -1;
        if (host->add_string(call, "names", name, size) != 0) return -1;
    }
    return 0;
}

/* ---- draw: random numbers and a file ---- */

static const pn_param draw_params[] = {{.name = "count",
                                        .type = PN_PARAM_INT,
                                        .preset = "3",
                                        .minimum = 1,
                                        .maximum = 1000,
                                        .help = "numbers"}};
static const pn_port draw_results[] = {
    {.name = "values", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_I32, .help = "numbers"},
    {.name = "file", .kind = PN_KIND_STRINGS, .help = "where they are"}};

static int draw(const pn_host *host, pn_call *call) {
    pn_array out = {.dtype = PN_I32, .rank = 1, .shape = {host->param_int(call, "count")}};
    if (host->add_array(call, "values", &out) != 0) return -1;
    uint64_t x = host->seed(call);
    for (int64_t i = 0; i < out.shape[0]; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        ((int32_t *)out.data)[i] = (int32_t)(x >> 40);
    }
    const char *folder = host->output_folder(call);
    if (!folder) return -1;
    char path[5000];
    snprintf(path, sizeof path, "%s/values.bin", folder);
    FILE *file = fopen(path, "wb");
    if (!file) return host->fail(call, "cannot write %s", path);
    size_t written = fwrite(out.data, sizeof(int32_t), (size_t)out.shape[0], file);
    if (fclose(file) != 0 || written != (size_t)out.shape[0])
        return host->fail(call, "cannot write %s", path);
    return host->add_string(call, "file", path, strlen(path));
}

/* ---- read: a folder's files, their lengths and those that cannot be read ---- */

static const pn_param read_params[] = {{.name = "dir", .type = PN_PARAM_PATH, .help = "folder"},
                                       {.name = "limit",
                                        .type = PN_PARAM_INT,
                                        .preset = "0",
                                        .maximum = 1e9,
                                        .help = "bytes of each"}};
static const pn_port read_results[] = {
    {.name = "names", .kind = PN_KIND_STRINGS, .help = "names"},
    {.name = "failed", .kind = PN_KIND_STRINGS, .help = "unreadable ones, and why"},
    {.name = "first", .kind = PN_KIND_ARRAYS, .help = "their bytes"}};

static int read_one(const pn_host *host, pn_call *call, const char *dir, const char *name) {
    char path[5000];
    void *data;
    size_t size;
    const char *reason;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (host->read_file(call, path, (size_t)host->param_int(call, "limit"), &data, &size,
                        &reason) != 0)
        return host->add_string(call, "failed", reason, strlen(reason));
    pn_array out = {.dtype = PN_U8, .rank = 1, .shape = {(int64_t)size}};
    if (host->add_array(call, "first", &out) != 0) return -1;
    memcpy(out.data, data, size);
    host->free(call, data);
    return host->add_string(call, "names", name, strlen(name));
}

static int read_folder(const pn_host *host, pn_call *call) {
    const char *dir = host->param_string(call, "dir"), *reason;
    const char *const *names;
    size_t count;
    if (host->list_folder(call, dir, &names, &count, &reason) != 0)
        return host->fail(call, "%s", reason);
    for (size_t i = 0; i < count; i++)
        if (read_one(host, call, dir, names[i]) != 0) return -1;
    return 0;
}

/* ---- crowd: everything that may be done on any thread, on many ---- */

typedef struct crowd {
    const pn_host *host;
    pn_call *call;
    const char *dir;
    int32_t *sums;
    int64_t count;
} crowd;

static void crowd_range(void *context, int64_t begin, int64_t end) {
    const crowd *c = context;
    const pn_host *host = c->host;
    for (int64_t i = begin; i < end && !host->cancelled(c->call); i++) {
        int32_t *scratch = host->alloc(c->call, 1000 * sizeof *scratch);
        const char *const *names, *reason;
        void *data;
        size_t size, count = 0;
        if (!scratch) return;
        for (int k = 0; k < 1000; k++) scratch[k] = (int32_t)i;
        if (i % 10 == 0 && host->list_folder(c->call, c->dir, &names, &count, &reason) != 0)
            host->fail(c->call, "%s", reason);
        for (size_t n = 0; n < count; n++) {
            char path[5000];
            snprintf(path, sizeof path, "%s/%s", c->dir, names[n]);
            if (host->read_file(c->call, path, 0, &data, &size, &reason) == 0 && n % 2)
                host->free(c->call, data);
        }
        if (i % 50 == 0) host->note(c->call, "at %d", (int)i);
        c->sums[i] = scratch[999] + (int32_t)host->param_int(c->call, "limit");
        if (i % 3) host->free(c->call, scratch);
        host->progress(c->call, i + 1, c->count);
    }
}

static const pn_port crowd_results[] = {
    {.name = "sums", .kind = PN_KIND_ARRAY, .dtypes = PN_BIT_I32, .help = "0, 1, 2, ..."}};

static int crowd_run(const pn_host *host, pn_call *call) {
    pn_array out = {.dtype = PN_I32, .rank = 1, .shape = {2000}};
    if (host->add_array(call, "sums", &out) != 0) return -1;
    crowd c = {host, call, host->param_string(call, "dir"), out.data, out.shape[0]};
    host->parallel_for(call, c.count, crowd_range, &c);
    return 0;
}

#define PORTS(list) list, sizeof list / sizeof *list

static const pn_stage stages[] = {
    {"invert", "1", "Inverts images", PORTS(invert_params), PORTS(invert_inputs),
     PORTS(invert_results), 0, invert},
    {"measure", "1", "Adds up numbers", NULL, 0, PORTS(measure_inputs), PORTS(measure_results), 0,
     measure},
    {"draw", "1", "Draws random numbers", PORTS(draw_params), NULL, 0, PORTS(draw_results),
     PN_STAGE_SEED, draw},
    {"read_folder", "1", "Reads the files in a folder", PORTS(read_params), NULL, 0,
     PORTS(read_results), 0, read_folder},
    {"crowd", "1", "Works on many threads", PORTS(read_params), NULL, 0, PORTS(crowd_results), 0,
     crowd_run},
    {"fresh", "1", "Never cached", NULL, 0, PORTS(measure_inputs), PORTS(measure_results),
     PN_STAGE_NO_CACHE, measure},
};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
