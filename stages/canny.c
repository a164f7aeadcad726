/* The stage `canny`: the edges of each image of a list. */
#include "kernels/canny.h"
#include "pneuma/stage.h"

typedef struct work {
    const pn_host *host;
    pn_call *call;
    pn_canny_options options;
    pn_array *images, *edges; /* [count] */
    int64_t count, done;
} work;

/* A list item seen as a batch: (H,W), (H,W,C) or (N,H,W,C). */
typedef struct batch {
    int64_t items, height, width;
    int channels;
} batch;

static batch batch_of(const pn_array *a) {
    const int64_t *shape = a->shape + (a->rank == 4);
    int channels = a->rank == 2 ? 1 : shape[2] == 1 || shape[2] == 3 ? (int)shape[2] : 0;
    return (batch){a->rank == 4 ? a->shape[0] : 1, shape[0], shape[1], channels};
}

static int fail_shape(const work *w, int64_t index, const pn_array *a) {
    return w->host->fail(w->call,
                         "image %lld has a shape of %d axes, the last of %lld: expected (H, W), "
                         "(H, W, C) or (N, H, W, C) with 1 or 3 channels and at least one pixel",
                         (long long)index + 1, (int)a->rank, (long long)a->shape[a->rank - 1]);
}

/* Reads the inputs and makes the results, which parallel work may not. */
static int prepare(work *w) {
    size_t bytes = ((size_t)w->count + 1) * sizeof(pn_array);
    w->images = w->host->alloc(w->call, bytes);
    w->edges = w->host->alloc(w->call, bytes);
    if (!w->images || !w->edges) return -1;
    for (int64_t i = 0; i < w->count; i++) {
        pn_array *image = &w->images[i], *edges = &w->edges[i];
        if (w->host->input_array(w->call, "images", i, image) != 0) return -1;
        batch b = batch_of(image);
        if (b.channels == 0 || b.height == 0 || b.width == 0) return fail_shape(w, i, image);
        *edges = (pn_array){.dtype = PN_U8, .rank = 2, .shape = {b.height, b.width}};
        if (image->rank == 4)
            *edges = (pn_array){.dtype = PN_U8, .rank = 3, .shape = {b.items, b.height, b.width}};
        if (w->host->add_array(w->call, "edges", edges) != 0) return -1;
    }
    return 0;
}

static int find_edges(work *w, int64_t index) {
    const pn_array *image = &w->images[index];
    batch b = batch_of(image);
    size_t size = (size_t)b.height * (size_t)b.width;
    size_t bytes = pn_canny_scratch(b.height, b.width, b.channels, &w->options);
    void *scratch = w->host->alloc(w->call, bytes ? bytes : 1);
    if (!scratch) return -1;
    pn_error error;
    pn_status status = PN_OK;
    for (int64_t n = 0; n < b.items && status == PN_OK; n++) {
        if (w->host->cancelled(w->call)) return -1;
        const uint8_t *pixels =
            (const uint8_t *)image->data + (size_t)n * size * (size_t)b.channels;
        status = pn_canny(pixels, b.height, b.width, b.channels, &w->options, scratch,
                          (uint8_t *)w->edges[index].data + (size_t)n * size, &error);
    }
    w->host->free(w->call, scratch);
    if (status != PN_OK)
        return w->host->fail(w->call, "image %lld: %s", (long long)index + 1, error.message);
    int64_t done = __atomic_add_fetch(&w->done, 1, __ATOMIC_RELAXED);
    w->host->progress(w->call, done, w->count);
    return 0;
}

static void find_some(void *context, int64_t begin, int64_t end) {
    work *w = context;
    for (int64_t i = begin; i < end; i++)
        if (find_edges(w, i) != 0) return;
}

static int run(const pn_host *host, pn_call *call) {
    work w = {.host = host, .call = call, .count = host->input_count(call, "images")};
    w.options = (pn_canny_options){.low = host->param_float(call, "low"),
                                   .high = host->param_float(call, "high"),
                                   .aperture = (int)host->param_int(call, "aperture"),
                                   .l2 = host->param_bool(call, "l2") != 0};
    if (prepare(&w) != 0) return -1;
    /* A few images: one after the other, each on all threads. Many: one a thread, which spares the
     * waiting at each step. */
    if (w.count < 2 * host->threads(call))
        find_some(&w, 0, w.count);
    else
        host->parallel_for(call, w.count, find_some, &w);
    return w.done == w.count ? 0 : -1;
}

static const pn_param params[] = {
    {.name = "low",
     .type = PN_PARAM_FLOAT,
     .help = "gradients above it are edges where they touch a strong one"},
    {.name = "high", .type = PN_PARAM_FLOAT, .help = "gradients above it are strong"},
    {.name = "aperture",
     .type = PN_PARAM_INT,
     .preset = "3",
     .minimum = 3,
     .maximum = 7,
     .help = "side of the Sobel kernel: 3, 5 or 7"},
    {.name = "l2",
     .type = PN_PARAM_BOOL,
     .preset = "false",
     .help = "the gradient's length as sqrt(dx^2 + dy^2), else |dx| + |dy|"},
};

static const pn_port inputs[] = {
    {"images", PN_KIND_ARRAYS, PN_BIT_U8, 2, 4, 0, "(H, W), (H, W, C) or (N, H, W, C)"},
};

static const pn_port results[] = {
    {"edges", PN_KIND_ARRAYS, PN_BIT_U8, 2, 3, 0, "255 on an edge, else 0: (H, W) or (N, H, W)"},
};

static const pn_stage stages[] = {{
    .name = "canny",
    .version = "1",
    .help = "finds edges as OpenCV's Canny does, pixel for pixel",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
