/* Conv2D: out (B, rows, columns, F) = windows of in (B, H, W, C) times kernel (kh, kw, C, F) +
 * bias. The reference: windows are copied into rows (im2col) and multiplied by the kernel, a group
 * of images at a time; groups run side by side. Formulas: Goodfellow et al., Deep Learning, 9.5. */
#include "nn/layers/im2col.h"

#include "base/pool.h"

#include <stdatomic.h>
#include <string.h>

typedef struct conv2d {
    int64_t filters;
    bool use_bias;
    pn_window window;
} conv2d;

/* One pass: the geometry, and how images are grouped. */
typedef struct job {
    const conv2d *settings;
    const pn_pass *pass;
    pn_windows w;
    int64_t positions, patch; /* rows of a group's matrix an image, and their length */
    int64_t group, groups;    /* images a group; groups in the batch */
    int64_t lanes;            /* groups that may run at once, each with scratch of its own */
    pn_status status;
    pn_error *error;
} job;

enum { LEAST_ROWS = 256 }; /* fewer make poor matrix products: take several images together */

static void configure(pn_layer *layer, pn_config *config) {
    static const int64_t one[2] = {1, 1};
    conv2d *s = layer->settings;
    s->filters = pn_config_int(config, "filters", PN_CONFIG_REQUIRED, 1, INT32_MAX);
    pn_window_read(config, "kernel_size", NULL, one, &s->window);
    pn_config_pair(config, "dilation_rate", one, 1, s->window.dilation);
    s->use_bias = pn_config_bool(config, "use_bias", true);
    pn_layer_read_activation(layer, config);
    pn_config_only_int(config, "groups", 1);
    pn_config_only_word(config, "data_format", "channels_last");
    pn_config_ignore(config, "kernel_initializer");
    pn_config_ignore(config, "bias_initializer");
    pn_config_ignore(config, "kernel_regularizer");
    pn_config_ignore(config, "bias_regularizer");
    pn_config_ignore(config, "activity_regularizer");
    pn_config_ignore(config, "kernel_constraint");
    pn_config_ignore(config, "bias_constraint");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const conv2d *s = layer->settings;
    pn_windows w;
    (void)inputs;
    pn_status status = pn_window_place(&s->window, in, &w, error);
    if (status == PN_OK) *out = (pn_dims){3, {w.rows, w.columns, s->filters}};
    return status;
}

static pn_status build(pn_layer *layer, const pn_dims *in, pn_error *error) {
    const conv2d *s = layer->settings;
    const pn_dims kernel = {4, {s->window.kernel[0], s->window.kernel[1], in->size[2], s->filters}};
    const pn_dims bias = {1, {s->filters}};
    pn_status status = pn_layer_add_weight(layer, "kernel", &kernel, "kernel_initializer",
                                           "glorot_uniform", error);
    if (status == PN_OK && s->use_bias)
        status = pn_layer_add_weight(layer, "bias", &bias, "bias_initializer", "zeros", error);
    return status;
}

/* ---- how the work is cut ---- */

static job plan(const conv2d *s, const pn_dims *in, int64_t batch, int threads) {
    job j = {.settings = s};
    pn_window_place(&s->window, in, &j.w, NULL);
    j.positions = j.w.rows * j.w.columns;
    j.patch = s->window.kernel[0] * s->window.kernel[1] * j.w.channels;
    j.group = j.positions < LEAST_ROWS ? LEAST_ROWS / j.positions : 1;
    if (j.group > batch) j.group = batch > 0 ? batch : 1;
    j.groups = (batch + j.group - 1) / j.group;
    j.lanes = j.groups < threads ? 1 : threads;
    return j;
}

static int64_t group_rows(const job *j) {
    return j->group * j->positions;
}

static int64_t kernel_items(const job *j) {
    return j->patch * j->settings->filters;
}

/* Each lane: the rows of a group, and sums of the weights' gradients. */
static int64_t lane_items(const job *j) {
    return group_rows(j) * j->patch + kernel_items(j) + j->settings->filters;
}

static pn_need need(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads) {
    (void)out;
    job j = plan(layer->settings, in, batch, threads);
    return (pn_need){.scratch = j.lanes * lane_items(&j)};
}

static job begin(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = plan(layer->settings, &pass->in_dims[0], pass->batch, pass->threads);
    j.pass = pass;
    j.error = error;
    return j;
}

typedef pn_status (*group_fn)(job *j, int64_t group, pn_real *scratch, pn_error *error);

typedef struct lane_work {
    job *j;
    group_fn work;
    atomic_int failed; /* the lane that failed first tells why */
} lane_work;

/* Lane l takes the groups l * groups / lanes and on, up to the next lane's first. */
static void run_lanes(void *context, int64_t begin, int64_t end) {
    lane_work *w = context;
    job *j = w->j;
    for (int64_t lane = begin; lane < end; lane++) {
        pn_real *scratch = j->pass->scratch + lane * lane_items(j);
        int64_t last = (lane + 1) * j->groups / j->lanes;
        for (int64_t g = lane * j->groups / j->lanes; g < last && !atomic_load(&w->failed); g++) {
            pn_error why;
            pn_status status = w->work(j, g, scratch, &why);
            if (status != PN_OK && atomic_exchange(&w->failed, 1) == 0)
                j->status = pn_fail(j->error, status, "%s", why.message);
        }
    }
}

/* One lane runs here and its products take all threads; several run side by side. */
static pn_status run_groups(job *j, group_fn work) {
    lane_work w = {.j = j, .work = work};
    if (j->lanes == 1)
        run_lanes(&w, 0, 1);
    else
        pn_parallel_for(j->lanes, 1, run_lanes, &w);
    return j->status;
}

/* ---- the three directions ---- */

static int64_t images_in(const job *j, int64_t group) {
    int64_t left = j->pass->batch - group * j->group;
    return left < j->group ? left : j->group;
}

static bool is_pointwise(const job *j) {
    const pn_window *k = &j->w.window;
    return k->kernel[0] == 1 && k->kernel[1] == 1 && k->stride[0] == 1 && k->stride[1] == 1;
}

/* The windows of a group's images as rows: the images themselves where the kernel is 1 x 1. */
static const pn_real *load_rows(const job *j, int64_t group, pn_real *scratch) {
    int64_t image = j->w.height * j->w.width * j->w.channels;
    const pn_real *in = j->pass->in[0] + group * j->group * image;
    if (is_pointwise(j)) return in;
    for (int64_t i = 0; i < images_in(j, group); i++)
        pn_im2col(&j->w, in + i * image, scratch + i * j->positions * j->patch);
    return scratch;
}

static pn_status forward_group(job *j, int64_t group, pn_real *scratch, pn_error *error) {
    const int64_t filters = j->settings->filters, rows = images_in(j, group) * j->positions;
    const pn_real *in = load_rows(j, group, scratch), *bias = j->pass->weight[1];
    pn_real *out = j->pass->out + group * group_rows(j) * filters;
    if (j->settings->use_bias)
        for (int64_t i = 0; i < rows; i++)
            memcpy(out + i * filters, bias, (size_t)filters * sizeof *out);
    return pn_real_gemm(rows, filters, j->patch, (pn_real_matrix){in, j->patch, false},
                        (pn_real_matrix){j->pass->weight[0], filters, false},
                        j->settings->use_bias ? 1 : 0, out, filters, error);
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    return run_groups(&j, forward_group);
}

/* d_in: the gradients of the rows, d_out times the transposed kernel, added up where windows
 * overlap. */
static pn_status backward_group(job *j, int64_t group, pn_real *scratch, pn_error *error) {
    const int64_t filters = j->settings->filters, images = images_in(j, group);
    const int64_t image = j->w.height * j->w.width * j->w.channels;
    const pn_real *d_out = j->pass->d_out + group * group_rows(j) * filters;
    pn_real *d_in = j->pass->d_in[0] + group * j->group * image;
    pn_real *rows = is_pointwise(j) ? d_in : scratch;
    pn_status status = pn_real_gemm(
        images * j->positions, j->patch, filters, (pn_real_matrix){d_out, filters, false},
        (pn_real_matrix){j->pass->weight[0], filters, true}, 0, rows, j->patch, error);
    if (is_pointwise(j) || status != PN_OK) return status;
    memset(d_in, 0, (size_t)(images * image) * sizeof *d_in);
    for (int64_t i = 0; i < images; i++)
        pn_col2im(&j->w, rows + i * j->positions * j->patch, d_in + i * image);
    return PN_OK;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    return pass->d_in[0] ? run_groups(&j, backward_group) : PN_OK;
}

/* d_kernel: transposed rows times d_out; d_bias: the sum of d_out. Into the lane's own sums. */
static pn_status accumulate_group(job *j, int64_t group, pn_real *scratch, pn_error *error) {
    const int64_t filters = j->settings->filters, rows = images_in(j, group) * j->positions;
    const pn_real *in = load_rows(j, group, scratch);
    const pn_real *d_out = j->pass->d_out + group * group_rows(j) * filters;
    pn_real *d_kernel = scratch + group_rows(j) * j->patch, *d_bias = d_kernel + kernel_items(j);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t f = 0; f < filters; f++) d_bias[f] += d_out[i * filters + f];
    return pn_real_gemm(j->patch, filters, rows, (pn_real_matrix){in, j->patch, true},
                        (pn_real_matrix){d_out, filters, false}, 1, d_kernel, filters, error);
}

/* The lanes' sums are added in order: the same bits whatever thread came first. */
static void add_lanes(const job *j) {
    for (int64_t lane = 0; lane < j->lanes; lane++) {
        const pn_real *kernel = j->pass->scratch + lane * lane_items(j) + group_rows(j) * j->patch;
        const pn_real *bias = kernel + kernel_items(j);
        pn_real *d_kernel = j->pass->d_weight[0], *d_bias = j->pass->d_weight[1];
        if (d_kernel)
            for (int64_t i = 0; i < kernel_items(j); i++) d_kernel[i] += kernel[i];
        if (j->settings->use_bias && d_bias)
            for (int64_t f = 0; f < j->settings->filters; f++) d_bias[f] += bias[f];
    }
}

static pn_status accumulate(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    for (int64_t lane = 0; lane < j.lanes; lane++)
        memset(pass->scratch + lane * lane_items(&j) + group_rows(&j) * j.patch, 0,
               (size_t)(kernel_items(&j) + j.settings->filters) * sizeof(pn_real));
    pn_status status = run_groups(&j, accumulate_group);
    if (status == PN_OK) add_lanes(&j);
    return status;
}

const pn_layer_type PN_LAYER(conv2d) = {
    .class_name = "Conv2D",
    .base_name = "conv2d",
    .settings_size = sizeof(conv2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_KEEPS_IN,
    .configure = configure,
    .output = output,
    .build = build,
    .need = need,
    .forward = forward,
    .backward_input = backward_input,
    .accumulate = accumulate,
};
