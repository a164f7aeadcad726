/* BatchNormalization over the last axis: with the mean and variance of each channel,
 *     out (R, C) = (in (R, C) - mean (C)) / sqrt(variance (C) + epsilon) * gamma (C) + beta (C)
 * where R counts everything before the last axis, the batch included. While training these are the
 * batch's own, and the moving averages follow them; at other times, and in a layer that is not
 * trainable, they are the moving averages. Ioffe and Szegedy, 2015. */
#include "nn/layers/axis.h"
#include "nn/layers/copy.h"
#include "nn/layers/settings.h"

#include "base/pool.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- the layer ---- */

static void configure(pn_layer *layer, pn_config *config) {
    pn_batch_normalization *s = layer->settings;
    s->axis = pn_axis_read(config);
    s->momentum = pn_config_number(config, "momentum", 0.99, 0, 1);
    s->epsilon = pn_config_number(config, "epsilon", 1e-3, 0, DBL_MAX);
    s->center = pn_config_bool(config, "center", true);
    s->scale = pn_config_bool(config, "scale", true);
    static const char *const kept[] = {"beta_initializer",
                                       "gamma_initializer",
                                       "moving_mean_initializer",
                                       "moving_variance_initializer",
                                       "beta_regularizer",
                                       "gamma_regularizer",
                                       "beta_constraint",
                                       "gamma_constraint",
                                       "synchronized",
                                       "renorm_clipping",
                                       "renorm_momentum"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) pn_config_ignore(config, kept[i]);
    if (json_object_get(config->json, "renorm") && pn_config_bool(config, "renorm", false))
        pn_config_wrong(config, "renorm", "false");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const pn_batch_normalization *s = layer->settings;
    pn_status status = pn_axis_last(s->axis, in, error);
    return status == PN_OK ? pn_copy_output(layer, in, inputs, out, error) : status;
}

/* gamma, beta, moving_mean, moving_variance; the first two may be off. */
static pn_status build(pn_layer *layer, const pn_dims *in, pn_error *error) {
    const pn_batch_normalization *s = layer->settings;
    const pn_dims c = {1, {in->size[in->rank - 1]}};
    pn_status status = PN_OK;
    if (s->scale)
        status = pn_layer_add_weight(layer, "gamma", &c, "gamma_initializer", "ones", error);
    if (s->center && status == PN_OK)
        status = pn_layer_add_weight(layer, "beta", &c, "beta_initializer", "zeros", error);
    if (status == PN_OK)
        status = pn_layer_add_weight(layer, "moving_mean", &c, "moving_mean_initializer", "zeros",
                                     error);
    if (status == PN_OK)
        status = pn_layer_add_weight(layer, "moving_variance", &c, "moving_variance_initializer",
                                     "ones", error);
    for (int i = 0; i < layer->weights; i++) layer->weight[i].moving = i >= s->scale + s->center;
    return status;
}

/* ---- how the work is cut ---- */

enum { BLOCKS = 64, BLOCK_ITEMS = 32768 }; /* at most so many blocks, of at least so many items */

/* One pass. Sums over rows are taken a block of rows at a time; the blocks depend on the shape
 * alone and are added in order, so that the bits do not depend on the threads. */
typedef struct job {
    const pn_pass *pass;
    const pn_real *gamma, *beta; /* (C); NULL where they are off */
    pn_real *moving_mean, *moving_variance;
    int64_t rows, channels, blocks;
    bool batch_statistics;
    pn_real *mean, *inverse;          /* saved (C): inverse = 1 / sqrt(variance + epsilon) */
    double *sums;                     /* scratch (blocks, 2, C) */
    pn_real *factor, *offset, *slope; /* scratch (C): what a pass over the rows needs */
} job;

static int64_t block_count(int64_t items) {
    int64_t blocks = items / BLOCK_ITEMS;
    return blocks < 1 ? 1 : blocks > BLOCKS ? BLOCKS : blocks;
}

static pn_need need(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads) {
    const int64_t channels = in->size[in->rank - 1];
    const int64_t doubles = 2 * channels * block_count(batch * pn_dims_count(in));
    (void)layer, (void)out, (void)threads;
    return (pn_need){.saved = 2 * channels,
                     .scratch =
                         doubles * (int64_t)(sizeof(double) / sizeof(pn_real)) + 3 * channels};
}

static job begin(const pn_layer *layer, const pn_pass *pass) {
    const pn_batch_normalization *s = layer->settings;
    const pn_dims *in = pass->in_dims;
    const int64_t items = pass->batch * pn_dims_count(in), c = in->size[in->rank - 1];
    pn_real *const *weight = pass->weight;
    job j = {.pass = pass, .rows = items / c, .channels = c, .blocks = block_count(items)};
    j.gamma = s->scale ? *weight++ : NULL;
    j.beta = s->center ? *weight++ : NULL;
    j.moving_mean = weight[0];
    j.moving_variance = weight[1];
    j.batch_statistics = pass->training && layer->trainable;
    j.mean = pass->saved;
    j.inverse = j.mean + c;
    j.sums = (double *)pass->scratch;
    j.factor = (pn_real *)(j.sums + j.blocks * 2 * c);
    j.offset = j.factor + c;
    j.slope = j.offset + c;
    return j;
}

/* The sums of all blocks into those of the first. */
static void add_blocks(const job *j) {
    for (int64_t b = 1; b < j->blocks; b++)
        for (int64_t i = 0; i < 2 * j->channels; i++)
            j->sums[i] += j->sums[b * 2 * j->channels + i];
}

/* ---- forward ---- */

/* sums of x - shift and of its square, where the shift is the first row: variances stay exact when
 * the mean is far from 0. */
static void add_row(const pn_real *restrict x, const pn_real *restrict shift, int64_t channels,
                    double *restrict sum, double *restrict square) {
    for (int64_t c = 0; c < channels; c++) {
        const double d = (double)x[c] - shift[c];
        sum[c] += d;
        square[c] += d * d;
    }
}

static void sum_blocks(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    const int64_t channels = j->channels;
    for (int64_t b = begin; b < end; b++) {
        double *sum = j->sums + b * 2 * channels;
        memset(sum, 0, (size_t)(2 * channels) * sizeof *sum);
        for (int64_t r = b * j->rows / j->blocks; r < (b + 1) * j->rows / j->blocks; r++)
            add_row(j->pass->in[0] + r * channels, j->pass->in[0], channels, sum, sum + channels);
    }
}

/* As Keras 2.15: its fused kernel, which works on images, gives the moving average the unbiased
 * variance (over R - 1), all others the biased one (over R). */
static void move_averages(const pn_batch_normalization *s, const job *j, int64_t c, double mean,
                          double variance) {
    const double rows = (double)j->rows;
    if (j->pass->in_dims->rank == 3 && j->rows > 1) variance *= rows / (rows - 1);
    j->moving_mean[c] = (pn_real)(s->momentum * j->moving_mean[c] + (1 - s->momentum) * mean);
    j->moving_variance[c] =
        (pn_real)(s->momentum * j->moving_variance[c] + (1 - s->momentum) * variance);
}

static void find_statistics(const pn_batch_normalization *s, const job *j) {
    if (j->batch_statistics) {
        pn_parallel_for(j->blocks, 1, sum_blocks, (void *)j);
        add_blocks(j);
    }
    for (int64_t c = 0; c < j->channels; c++) {
        double mean = j->moving_mean[c], variance = j->moving_variance[c];
        if (j->batch_statistics) {
            const double shifted = j->sums[c] / (double)j->rows;
            mean = j->pass->in[0][c] + shifted;
            variance = j->sums[j->channels + c] / (double)j->rows - shifted * shifted;
            if (variance < 0) variance = 0;
            move_averages(s, j, c, mean, variance);
        }
        j->mean[c] = (pn_real)mean;
        j->inverse[c] = (pn_real)(1 / sqrt(variance + s->epsilon));
    }
}

static void normalize_row(const job *j, const pn_real *restrict x, pn_real *restrict out) {
    const pn_real *restrict mean = j->mean, *restrict factor = j->factor;
    const pn_real *restrict offset = j->offset;
    for (int64_t c = 0; c < j->channels; c++) out[c] = (x[c] - mean[c]) * factor[c] + offset[c];
}

static void normalize_rows(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    for (int64_t r = begin; r < end; r++)
        normalize_row(j, j->pass->in[0] + r * j->channels, j->pass->out + r * j->channels);
}

static int64_t row_grain(const job *j) {
    return PN_LAYER_GRAIN / j->channels + 1;
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass);
    (void)error;
    find_statistics(layer->settings, &j);
    for (int64_t c = 0; c < j.channels; c++) {
        j.factor[c] = j.gamma ? j.gamma[c] * j.inverse[c] : j.inverse[c];
        j.offset[c] = j.beta ? j.beta[c] : 0;
    }
    pn_parallel_for(j.rows, row_grain(&j), normalize_rows, &j);
    return PN_OK;
}

/* ---- backward ---- */

/* sums of d_out and of d_out * (x - mean). */
static void add_gradient_row(const job *j, const pn_real *restrict x, const pn_real *restrict d,
                             double *restrict sum, double *restrict product) {
    const pn_real *restrict mean = j->mean;
    for (int64_t c = 0; c < j->channels; c++) {
        sum[c] += d[c];
        product[c] += (double)d[c] * ((double)x[c] - mean[c]);
    }
}

static void sum_gradient_blocks(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    const int64_t channels = j->channels;
    for (int64_t b = begin; b < end; b++) {
        double *sum = j->sums + b * 2 * channels;
        memset(sum, 0, (size_t)(2 * channels) * sizeof *sum);
        for (int64_t r = b * j->rows / j->blocks; r < (b + 1) * j->rows / j->blocks; r++)
            add_gradient_row(j, j->pass->in[0] + r * channels, j->pass->d_out + r * channels, sum,
                             sum + channels);
    }
}

static void sum_gradients(const job *j) {
    pn_parallel_for(j->blocks, 1, sum_gradient_blocks, (void *)j);
    add_blocks(j);
}

/* d_in = factor * (d_out - offset - (x - mean) * slope): offset and slope are what the batch's own
 * mean and variance take away. */
static void backward_row(const job *j, const pn_real *restrict x, const pn_real *restrict d,
                         pn_real *restrict d_in) {
    const pn_real *restrict mean = j->mean, *restrict factor = j->factor;
    const pn_real *restrict offset = j->offset, *restrict slope = j->slope;
    for (int64_t c = 0; c < j->channels; c++)
        d_in[c] = factor[c] * (d[c] - offset[c] - (x[c] - mean[c]) * slope[c]);
}

static void backward_rows(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    const int64_t channels = j->channels;
    for (int64_t r = begin; r < end; r++)
        backward_row(j, j->pass->in[0] + r * channels, j->pass->d_out + r * channels,
                     j->pass->d_in[0] + r * channels);
}

/* With fixed statistics: d_in = factor * d_out. */
static void scale_rows(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    const pn_real *restrict factor = j->factor;
    for (int64_t r = begin; r < end; r++) {
        const pn_real *restrict d = j->pass->d_out + r * j->channels;
        pn_real *restrict d_in = j->pass->d_in[0] + r * j->channels;
        for (int64_t c = 0; c < j->channels; c++) d_in[c] = factor[c] * d[c];
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    job j = begin(layer, pass);
    (void)error;
    if (!pass->d_in[0]) return PN_OK;
    for (int64_t c = 0; c < j.channels; c++)
        j.factor[c] = j.gamma ? j.gamma[c] * j.inverse[c] : j.inverse[c];
    if (!j.batch_statistics) {
        pn_parallel_for(j.rows, row_grain(&j), scale_rows, &j);
        return PN_OK;
    }
    sum_gradients(&j);
    for (int64_t c = 0; c < j.channels; c++) {
        const double inverse = j.inverse[c], rows = (double)j.rows;
        j.offset[c] = (pn_real)(j.sums[c] / rows);
        j.slope[c] = (pn_real)(j.sums[j.channels + c] * inverse * inverse / rows);
    }
    pn_parallel_for(j.rows, row_grain(&j), backward_rows, &j);
    return PN_OK;
}

/* d_beta = sum of d_out; d_gamma = sum of d_out * (x - mean) * inverse. */
static pn_status accumulate(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const pn_batch_normalization *s = layer->settings;
    job j = begin(layer, pass);
    pn_real *d_gamma = s->scale ? pass->d_weight[0] : NULL;
    pn_real *d_beta = s->center ? pass->d_weight[s->scale] : NULL;
    (void)error;
    if (!d_gamma && !d_beta) return PN_OK;
    sum_gradients(&j);
    for (int64_t c = 0; c < j.channels; c++) {
        if (d_gamma) d_gamma[c] += (pn_real)(j.sums[j.channels + c] * j.inverse[c]);
        if (d_beta) d_beta[c] += (pn_real)j.sums[c];
    }
    return PN_OK;
}

const pn_layer_type PN_LAYER(batch_normalization) = {
    .class_name = "BatchNormalization",
    .base_name = "batch_normalization",
    .settings_size = sizeof(pn_batch_normalization),
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
