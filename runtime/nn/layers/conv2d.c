/* Conv2D: out (B, rows, columns, F) = windows of in (B, H, W, C) times kernel (kh, kw, C, F) +
 * bias. The reference: windows are copied into the rows of a matrix (im2col) and multiplied by the
 * kernel, a tile at a time: so many positions of the window that the matrix stays in the cache.
 * Formulas: Goodfellow et al., Deep Learning, 9.5. */
#include "nn/layers/im2col.h"
#include "nn/layers/settings.h"

#include "base/pool.h"

#include <stdatomic.h>
#include <string.h>

/* One pass: the geometry, and how the work is cut. A tile is a part of one image, or all of
 * several small images; a group is the images that one or more tiles are. The cut depends on the
 * shape alone. Lanes are runs of tiles (of groups, where tiles of an image write to the same
 * place) that go side by side, each with scratch of its own. */
typedef struct job {
    const pn_conv2d *settings;
    const pn_pass *pass;
    pn_windows w;
    int64_t positions, patch; /* of an image; numbers in a window */
    int64_t group, groups;    /* images a group; groups in the batch */
    int64_t tiles, tile;      /* tiles a group, positions a tile */
    int64_t lanes, rows;      /* rows: numbers that a lane needs for its windows */
    int64_t sums;             /* numbers that a lane needs for the weights' gradients */
    pn_status status;
    pn_error *error;
} job;

enum {
    TILE_ITEMS = 1 << 16, /* numbers in a tile's matrix ... */
    TILE_ROWS = 256,      /* ... but at least so many rows: fewer make poor products */
    SUM_ITEMS = 1 << 18,  /* kernels from here on are summed in one place */
};

static void configure(pn_layer *layer, pn_config *config) {
    static const int64_t one[2] = {1, 1};
    pn_conv2d *s = layer->settings;
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
    const pn_conv2d *s = layer->settings;
    pn_windows w;
    (void)inputs;
    pn_status status = pn_window_place(&s->window, in, &w, error);
    if (status == PN_OK) *out = (pn_dims){3, {w.rows, w.columns, s->filters}};
    return status;
}

static pn_status build(pn_layer *layer, const pn_dims *in, pn_error *error) {
    const pn_conv2d *s = layer->settings;
    const pn_dims kernel = {4, {s->window.kernel[0], s->window.kernel[1], in->size[2], s->filters}};
    const pn_dims bias = {1, {s->filters}};
    pn_status status = pn_layer_add_weight(layer, "kernel", &kernel, "kernel_initializer",
                                           "glorot_uniform", error);
    if (status == PN_OK && s->use_bias)
        status = pn_layer_add_weight(layer, "bias", &bias, "bias_initializer", "zeros", error);
    return status;
}

/* ---- how the work is cut ---- */

static bool is_pointwise(const pn_window *k) {
    return k->kernel[0] == 1 && k->kernel[1] == 1 && k->stride[0] == 1 && k->stride[1] == 1;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t kernel_items(const job *j) {
    return j->patch * j->settings->filters;
}

static job plan(const pn_conv2d *s, const pn_dims *in, int64_t batch) {
    job j = {.settings = s};
    pn_window_place(&s->window, in, &j.w, NULL);
    j.positions = j.w.rows * j.w.columns;
    j.patch = s->window.kernel[0] * s->window.kernel[1] * j.w.channels;
    int64_t most = TILE_ITEMS / j.patch < TILE_ROWS ? TILE_ROWS : TILE_ITEMS / j.patch;
    j.group = j.positions < most ? most / j.positions : 1;
    if (j.group > batch) j.group = batch > 0 ? batch : 1;
    j.groups = divide_up(batch, j.group);
    j.tiles = j.group > 1 ? 1 : divide_up(j.positions, most);
    j.tile = divide_up(j.group * j.positions, j.tiles);
    j.rows = is_pointwise(&s->window) ? 0 : j.tile * j.patch;
    j.sums = kernel_items(&j) < SUM_ITEMS ? kernel_items(&j) + s->filters : 0;
    return j;
}

static pn_need need(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads) {
    job j = plan(layer->settings, in, batch);
    (void)out;
    return (pn_need){.scratch = threads * (j.rows + j.sums)};
}

static job begin(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = plan(layer->settings, &pass->in_dims[0], pass->batch);
    j.pass = pass;
    j.error = error;
    return j;
}

/* Tile number `tile` of the batch: `count` positions from `first` on of the images from `image`
 * on. */
typedef struct part {
    int64_t image, first, count;
} part;

static part find_part(const job *j, int64_t tile) {
    const int64_t group = tile / j->tiles, at = tile % j->tiles * j->tile;
    part p = {group * j->group, at, j->tile};
    int64_t images = j->pass->batch - p.image < j->group ? j->pass->batch - p.image : j->group;
    if (p.first + p.count > images * j->positions) p.count = images * j->positions - p.first;
    return p;
}

/* Adds or writes the tile's share; `rows` and `sums` are its lane's. */
typedef pn_status (*tile_fn)(const job *j, part p, pn_real *rows, pn_real *sums, pn_error *error);

typedef struct lane_work {
    job *j;
    tile_fn work;
    int64_t units, tiles; /* what lanes share; tiles a unit */
    atomic_int failed;    /* the lane that failed first tells why */
} lane_work;

static pn_real *lane_sums(const job *j, int64_t lane) {
    return j->pass->scratch + lane * (j->rows + j->sums) + j->rows;
}

/* Lane l takes the units l * units / lanes and on, up to the next lane's first. */
static void run_lanes(void *context, int64_t begin, int64_t end) {
    lane_work *w = context;
    job *j = w->j;
    for (int64_t lane = begin; lane < end; lane++) {
        pn_real *sums = lane_sums(j, lane), *rows = sums - j->rows;
        int64_t tile = lane * w->units / j->lanes * w->tiles;
        int64_t last = (lane + 1) * w->units / j->lanes * w->tiles;
        for (; tile < last && !atomic_load(&w->failed); tile++) {
            pn_error why;
            pn_status status = w->work(j, find_part(j, tile), rows, sums, &why);
            if (status != PN_OK && atomic_exchange(&w->failed, 1) == 0)
                j->status = pn_fail(j->error, status, "%s", why.message);
        }
    }
}

/* `units` of `tiles` tiles each. One lane runs here and its products take all threads. */
static pn_status run_tiles(job *j, tile_fn work, int64_t units, int64_t tiles, int64_t lanes) {
    lane_work w = {.j = j, .work = work, .units = units, .tiles = tiles};
    j->lanes = units < lanes ? 1 : lanes;
    if (j->lanes == 1)
        run_lanes(&w, 0, 1);
    else
        pn_parallel_for(j->lanes, 1, run_lanes, &w);
    return j->status;
}

/* ---- the three directions ---- */

static int64_t image_items(const job *j) {
    return j->w.height * j->w.width * j->w.channels;
}

/* The tile's windows as rows: the images themselves where the kernel is 1 x 1. */
static const pn_real *load_rows(const job *j, part p, pn_real *rows) {
    const pn_real *in = j->pass->in[0] + p.image * image_items(j);
    if (is_pointwise(&j->w.window)) return in + p.first * j->patch;
    for (int64_t done = 0; done < p.count; in += image_items(j)) {
        int64_t left = j->positions - p.first, now = p.count - done < left ? p.count - done : left;
        pn_im2col(&j->w, in, p.first, now, rows + done * j->patch);
        done += now;
    }
    return rows;
}

/* Where the tile stands in out or d_out, in numbers. */
static int64_t out_at(const job *j, part p) {
    return (p.image * j->positions + p.first) * j->settings->filters;
}

static pn_status forward_tile(const job *j, part p, pn_real *rows, pn_real *sums, pn_error *error) {
    const int64_t filters = j->settings->filters;
    const pn_real *in = load_rows(j, p, rows), *bias = j->pass->weight[1];
    pn_real *out = j->pass->out + out_at(j, p);
    (void)sums;
    if (j->settings->use_bias)
        for (int64_t i = 0; i < p.count; i++)
            memcpy(out + i * filters, bias, (size_t)filters * sizeof *out);
    return pn_real_gemm(p.count, filters, j->patch, (pn_real_matrix){in, j->patch, false},
                        (pn_real_matrix){j->pass->weight[0], filters, false},
                        j->settings->use_bias ? 1 : 0, out, filters, error);
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    return run_tiles(&j, forward_tile, j.groups * j.tiles, 1, pass->threads);
}

/* d_in: the gradients of the rows, d_out times the transposed kernel, added up where windows
 * overlap. */
static pn_status backward_tile(const job *j, part p, pn_real *rows, pn_real *sums,
                               pn_error *error) {
    const int64_t filters = j->settings->filters;
    pn_real *d_in = j->pass->d_in[0] + p.image * image_items(j);
    const bool pointwise = is_pointwise(&j->w.window);
    if (pointwise) rows = d_in + p.first * j->patch;
    (void)sums;
    pn_status status = pn_real_gemm(
        p.count, j->patch, filters, (pn_real_matrix){j->pass->d_out + out_at(j, p), filters, false},
        (pn_real_matrix){j->pass->weight[0], filters, true}, 0, rows, j->patch, error);
    for (int64_t done = 0; done < p.count && !pointwise; d_in += image_items(j)) {
        int64_t left = j->positions - p.first, now = p.count - done < left ? p.count - done : left;
        if (p.first == 0) memset(d_in, 0, (size_t)image_items(j) * sizeof *d_in);
        pn_col2im(&j->w, rows + done * j->patch, p.first, now, d_in);
        done += now;
    }
    return status;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    if (!pass->d_in[0]) return PN_OK;
    return run_tiles(&j, backward_tile, j.groups, j.tiles, pass->threads);
}

/* d_kernel: transposed rows times d_out; d_bias: the sum of d_out. */
static pn_status add_gradients(const job *j, part p, pn_real *rows, pn_real *d_kernel,
                               pn_real *d_bias, pn_error *error) {
    const int64_t filters = j->settings->filters;
    const pn_real *d_out = j->pass->d_out + out_at(j, p);
    for (int64_t i = 0; d_bias && i < p.count; i++)
        for (int64_t f = 0; f < filters; f++) d_bias[f] += d_out[i * filters + f];
    if (!d_kernel) return PN_OK;
    return pn_real_gemm(j->patch, filters, p.count,
                        (pn_real_matrix){load_rows(j, p, rows), j->patch, true},
                        (pn_real_matrix){d_out, filters, false}, 1, d_kernel, filters, error);
}

static pn_real *bias_gradient(const job *j) {
    return j->settings->use_bias ? j->pass->d_weight[1] : NULL;
}

/* A lone lane adds to the gradients themselves, several to sums of their own. */
static pn_status accumulate_tile(const job *j, part p, pn_real *rows, pn_real *sums,
                                 pn_error *error) {
    pn_real *d_kernel = j->pass->d_weight[0], *d_bias = bias_gradient(j);
    if (j->lanes > 1 && d_kernel) d_kernel = sums;
    if (j->lanes > 1 && d_bias) d_bias = sums + kernel_items(j);
    return add_gradients(j, p, rows, d_kernel, d_bias, error);
}

static void add(const pn_real *restrict from, int64_t count, pn_real *restrict to) {
    for (int64_t i = 0; to && i < count; i++) to[i] += from[i];
}

static pn_status accumulate(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass, error);
    const int64_t lanes = j.sums ? pass->threads : 1;
    for (int64_t lane = 0; lane < lanes; lane++)
        memset(lane_sums(&j, lane), 0, (size_t)j.sums * sizeof(pn_real));
    pn_status status = run_tiles(&j, accumulate_tile, j.groups * j.tiles, 1, lanes);
    /* In the order of the lanes: the same bits whichever was done first. */
    for (int64_t lane = 0; lane < j.lanes && j.lanes > 1; lane++) {
        add(lane_sums(&j, lane), kernel_items(&j), pass->d_weight[0]);
        add(lane_sums(&j, lane) + kernel_items(&j), j.settings->filters, bias_gradient(&j));
    }
    return status;
}

const pn_layer_type PN_LAYER(conv2d) = {
    .class_name = "Conv2D",
    .base_name = "conv2d",
    .settings_size = sizeof(pn_conv2d),
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
