/* The stage `histogram`: how often which values occur, in images and in other numbers. */
#include "kernels/histogram.h"
#include "pneuma/stage.h"

typedef struct work {
    const pn_host *host;
    pn_call *call;
    double low, high; /* equal: each array's own range */
    int64_t bins;
    void *scratch;
    double *edges;
    int64_t *counts;
    float *least, *greatest; /* [arrays] */
} work;

static int64_t item_count(const pn_array *a) {
    int64_t count = 1;
    for (int i = 0; i < a->rank; i++) count *= a->shape[i];
    return count;
}

/* The least and greatest item; 0 when there is none. */
static int find_range(const pn_array *a, int64_t count, double *low, double *high) {
    if (a->dtype == PN_U8) {
        uint8_t l, h;
        if (!pn_range_u8(a->data, count, &l, &h)) return 0;
        *low = l, *high = h;
    } else if (a->dtype == PN_I32) {
        int32_t l, h;
        if (!pn_range_i32(a->data, count, &l, &h)) return 0;
        *low = l, *high = h;
    } else {
        float l, h;
        if (!pn_range_f32(a->data, count, &l, &h)) return 0;
        *low = l, *high = h;
    }
    return 1;
}

static pn_status count_items(const work *w, const pn_array *a, int64_t count, double low,
                             double high, pn_error *error) {
    if (a->dtype == PN_U8)
        return pn_histogram_u8(a->data, count, low, high, w->bins, w->scratch, w->edges, w->counts,
                               error);
    if (a->dtype == PN_I32)
        return pn_histogram_i32(a->data, count, low, high, w->bins, w->scratch, w->edges, w->counts,
                                error);
    return pn_histogram_f32(a->data, count, low, high, w->bins, w->scratch, w->edges, w->counts,
                            error);
}

static int give(const work *w) {
    pn_array counts = {.dtype = PN_I32, .rank = 1, .shape = {w->bins}};
    pn_array edges = {.dtype = PN_F32, .rank = 1, .shape = {w->bins + 1}};
    if (w->host->add_array(w->call, "counts", &counts) != 0 ||
        w->host->add_array(w->call, "edges", &edges) != 0)
        return -1;
    for (int64_t i = 0; i < w->bins; i++)
        ((int32_t *)counts.data)[i] = w->counts[i] > INT32_MAX ? INT32_MAX : (int32_t)w->counts[i];
    for (int64_t i = 0; i <= w->bins; i++) ((float *)edges.data)[i] = (float)w->edges[i];
    return 0;
}

static int do_array(const work *w, int64_t index) {
    pn_array a;
    pn_error error;
    double least, greatest;
    if (w->host->input_array(w->call, "values", index, &a) != 0) return -1;
    int64_t count = item_count(&a);
    if (!find_range(&a, count, &least, &greatest))
        return w->host->fail(w->call, "array %lld of values holds no number", (long long)index + 1);
    w->least[index] = (float)least;
    w->greatest[index] = (float)greatest;
    int own = w->low == w->high;
    pn_status status =
        count_items(w, &a, count, own ? least : w->low, own ? greatest : w->high, &error);
    if (status != PN_OK)
        return w->host->fail(w->call, "array %lld of values: %s", (long long)index + 1,
                             error.message);
    return give(w);
}

static float *add_column(const work *w, const char *name, int64_t count) {
    pn_array column = {.dtype = PN_F32, .rank = 1, .shape = {count}};
    return w->host->add_array(w->call, name, &column) == 0 ? column.data : NULL;
}

static int run(const pn_host *host, pn_call *call) {
    int64_t count = host->input_count(call, "values");
    work w = {.host = host,
              .call = call,
              .low = host->param_float(call, "low"),
              .high = host->param_float(call, "high"),
              .bins = host->param_int(call, "bins")};
    w.scratch = host->alloc(call, pn_histogram_scratch(w.bins));
    w.edges = host->alloc(call, ((size_t)w.bins + 1) * sizeof *w.edges);
    w.counts = host->alloc(call, (size_t)w.bins * sizeof *w.counts);
    if (!w.scratch || !w.edges || !w.counts) return -1;
    w.least = add_column(&w, "min", count);
    w.greatest = add_column(&w, "max", count);
    if (!w.least || !w.greatest) return -1;
    for (int64_t i = 0; i < count; i++) {
        if (host->cancelled(call) || do_array(&w, i) != 0) return -1;
        host->progress(call, i + 1, count);
    }
    return 0;
}

static const pn_param params[] = {
    {"bins", PN_PARAM_INT, "256", 1, 1 << 20, NULL, "how many, all of one width"},
    {"low", PN_PARAM_FLOAT, "0", 0, 0, NULL, "where the first bin begins"},
    {"high", PN_PARAM_FLOAT, "0", 0, 0, NULL,
     "where the last bin ends; equal to low: each array's own minimum to maximum"},
};

static const pn_port inputs[] = {
    {"values", PN_KIND_ARRAYS, PN_ANY_DTYPE, 0, 0, 0, "images or other numbers, of any shape"},
};

static const pn_port results[] = {
    {"counts", PN_KIND_ARRAYS, PN_BIT_I32, 1, 1, 0, "for each array (bins,)"},
    {"edges", PN_KIND_ARRAYS, PN_BIT_F32, 1, 1, 0, "for each array (bins + 1,)"},
    {"min", PN_KIND_ARRAY, PN_BIT_F32, 1, 1, 0, "the least value of each array, (arrays,)"},
    {"max", PN_KIND_ARRAY, PN_BIT_F32, 1, 1, 0, "the greatest value of each array, (arrays,)"},
};

static const pn_stage stages[] = {{
    .name = "histogram",
    .version = "1",
    .help = "counts values in bins, as NumPy does",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
