/* Conv2D and what follows it at once (conv_run.h): each number of the input is read once, each
 * result written once. With pooling, the normalization of a training step works on the pooled
 * numbers: a ReLU and a normalization are monotonous, so that the largest (the smallest, where
 * gamma is negative) stays the same one. */
#include "base/pool.h"
#include "kernels/norm.h"
#include "nn/fuse/conv_run.h"
#include "nn/fuse/engine.h"
#include "nn/fuse/fixed_norm.h"

#include <math.h>
#include <string.h>

enum { LINE = 16 }; /* floats in a cache line */

/* Hands out parts of a workspace, or only counts them when there is none. */
typedef struct space {
    float *memory;
    int64_t used;
} space;

static float *take(space *s, int64_t floats) {
    float *part = s->memory ? s->memory + s->used : NULL;
    s->used += (floats + LINE - 1) / LINE * LINE;
    return part;
}

/* What a step keeps for its backward. */
typedef struct saved {
    float *mean,
        *inverse; /* (filters) of the normalization: inverse = 1 / sqrt(variance + epsilon) */
    float *map, *pooled; /* before the normalization */
    uint8_t *place;      /* without a normalization, which keeps the map */
} saved;

static saved take_saved(const pn_conv_run *r, space *s) {
    saved k = {0};
    if (r->norm) {
        k.mean = take(s, r->conv.filters);
        k.inverse = take(s, r->conv.filters);
        k.map = take(s, pn_conv_run_map(r));
        if (r->pools) k.pooled = take(s, pn_conv_run_out(r));
    }
    if (r->pools && !r->norm) k.place = (uint8_t *)take(s, (pn_conv_run_out(r) + 3) / 4);
    return k;
}

/* The workspace of one call. */
typedef struct work {
    float *packed, *engine;
    float *factor, *offset, *slope; /* (filters) */
    double *sums, *lanes;           /* (2, filters), (lanes, 2, filters) */
} work;

static work take_work(const pn_conv_run *r, const pn_run *run, bool backward, space *s) {
    const int64_t filters = r->conv.filters, two = sizeof(double) / sizeof(float);
    const bool packs = backward || !run->fixed || run->backward;
    work w = {0};
    if (packs) w.packed = take(s, pn_engine_packed(&r->conv, backward));
    const pn_conv_asked asked = !backward    ? PN_CONV_FORWARD
                                : run->fixed ? PN_CONV_BACKWARD_NO_KERNEL
                                             : PN_CONV_BACKWARD;
    w.engine = take(s, pn_engine_scratch(&r->conv, asked, run->threads));
    w.factor = take(s, filters);
    w.offset = take(s, filters);
    w.slope = take(s, filters);
    w.sums = (double *)(void *)take(s, two * 2 * filters);
    w.lanes = (double *)(void *)take(s, two * 2 * filters * run->threads);
    return w;
}

static bool fits(const pn_run *run) {
    pn_conv_run r;
    if (!pn_conv_run_read(run, run->batch, &r)) return false;
    return !r.norm || r.relu_before || pn_engine_packed(&r.conv, false) > 0;
}

/* Fixed weights are packed once; those of a plan with gradients in each call, which is of one or
 * few images anyway. */
static bool prepares(const pn_run *run) {
    return run->fixed && !run->backward;
}

static pn_run_need need(const pn_run *run) {
    pn_conv_run r;
    space kept = {0}, forward = {0}, backward = {0}, prepared = {0};
    pn_conv_run_read(run, run->batch, &r);
    if (pn_conv_run_keeps(run, &r)) take_saved(&r, &kept);
    take_work(&r, run, false, &forward);
    take_work(&r, run, true, &backward);
    if (prepares(run)) {
        take(&prepared, r.conv.filters); /* the bias */
        take(&prepared, pn_engine_packed(&r.conv, false));
    }
    return (pn_run_need){.saved = kept.used,
                         .scratch = forward.used,
                         .scratch_back = backward.used,
                         .prepared = prepared.used};
}

/* ---- the normalization ---- */

typedef struct norm {
    const pn_batch_normalization *settings;
    const float *gamma, *beta;
    float *moving_mean, *moving_variance;
    float *d_gamma, *d_beta;
    bool batch_statistics;
} norm;

static norm find_norm(const pn_conv_run *r, const pn_run_pass *pass) {
    norm n = {.settings = r->norm->settings,
              .batch_statistics = pass->training && r->norm->trainable};
    int at = r->norm_slot;
    if (n.settings->scale) {
        n.gamma = pass->weight[at];
        n.d_gamma = pass->d_weight[at++];
    }
    if (n.settings->center) {
        n.beta = pass->weight[at];
        n.d_beta = pass->d_weight[at++];
    }
    n.moving_mean = pass->weight[at];
    n.moving_variance = pass->weight[at + 1];
    return n;
}

/* As the layer: Keras 2.15 gives the moving average the unbiased variance of images. */
static void move_averages(const norm *n, int64_t c, double mean, double variance, double rows) {
    const double momentum = n->settings->momentum;
    if (rows > 1) variance *= rows / (rows - 1);
    n->moving_mean[c] = (float)(momentum * n->moving_mean[c] + (1 - momentum) * mean);
    n->moving_variance[c] = (float)(momentum * n->moving_variance[c] + (1 - momentum) * variance);
}

/* Means and variances into w->sums, from the sums of all lanes: those of the results and of their
 * squares, or of the differences from `shift`. Whether that was exact: where a mean is FAR times
 * larger (both squared) than what is spread around it, its square hides that. */
static bool take_statistics(const pn_conv_run *r, const work *w, int lanes, const float *shift) {
    enum { FAR = 1000 };
    const int64_t filters = r->conv.filters;
    const double rows = (double)pn_conv_run_map(r) / (double)filters;
    bool exact = true;
    for (int64_t c = 0; c < filters; c++) {
        double sum = 0, square = 0;
        for (int lane = 0; lane < lanes; lane++) {
            sum += w->lanes[lane * 2 * filters + c];
            square += w->lanes[lane * 2 * filters + filters + c];
        }
        const double mean = sum / rows, variance = square / rows - mean * mean;
        exact = exact && !(mean * mean > FAR * variance);
        w->sums[c] = shift ? shift[c] + mean : mean;
        w->sums[filters + c] = variance < 0 ? 0 : variance; /* NaN stays */
    }
    return exact;
}

typedef struct differences {
    const pn_conv_run *r;
    const float *map, *mean;
    double *lanes;
    int count; /* of lanes */
} differences;

static void sum_differences(void *context, int64_t begin, int64_t end) {
    const differences *d = context;
    const int64_t filters = d->r->conv.filters, rows = pn_conv_run_map(d->r) / filters;
    for (int64_t lane = begin; lane < end; lane++) {
        double *sum = d->lanes + lane * 2 * filters, *square = sum + filters;
        memset(sum, 0, sizeof *sum * 2 * (size_t)filters);
        for (int64_t i = lane * rows / d->count; i < (lane + 1) * rows / d->count; i++)
            for (int64_t c = 0; c < filters; c++) {
                const double off = (double)d->map[i * filters + c] - d->mean[c];
                sum[c] += off;
                square[c] += off * off;
            }
    }
}

static void find_statistics(const pn_conv_run *r, const norm *n, const work *w, int lanes,
                            const saved *k) {
    const int64_t filters = r->conv.filters;
    const double rows = (double)pn_conv_run_map(r) / (double)filters;
    if (n->batch_statistics && !take_statistics(r, w, lanes, NULL)) {
        for (int64_t c = 0; c < filters; c++) k->mean[c] = (float)w->sums[c];
        differences d = {r, k->map, k->mean, w->lanes, lanes};
        pn_parallel_for(lanes, 1, sum_differences, &d);
        take_statistics(r, w, lanes, k->mean);
    }
    for (int64_t c = 0; c < filters; c++) {
        double mean = n->moving_mean[c], variance = n->moving_variance[c];
        if (n->batch_statistics) {
            mean = w->sums[c];
            variance = w->sums[filters + c];
            move_averages(n, c, mean, variance, rows);
        }
        k->mean[c] = (float)mean;
        k->inverse[c] = (float)(1 / sqrt(variance + n->settings->epsilon));
    }
}

static void set_factor(const pn_conv_run *r, const norm *n, const saved *k, float *factor) {
    for (int64_t c = 0; c < r->conv.filters; c++)
        factor[c] = n->gamma ? n->gamma[c] * k->inverse[c] : k->inverse[c];
}

/* ---- forward ---- */

static const float *bias_of(const pn_conv_run *r, const pn_run_pass *pass) {
    return r->bias ? pass->weight[r->slot + 1] : NULL;
}

/* The kernel as the engine wants it: in `packed`, or where it is. */
static const float *pack(const pn_conv_run *r, const pn_run_pass *pass, bool backward,
                         const float *scale, float *packed) {
    if (pn_engine_packed(&r->conv, backward) == 0) return pass->weight[r->slot];
    pn_engine_pack(&r->conv, backward, pass->weight[r->slot], scale, packed);
    return packed;
}

/* The map stays, the normalization comes last. */
static void forward_kept(const pn_conv_run *r, const pn_run *run, const pn_run_pass *pass) {
    space memory = {pass->saved, 0}, scratch = {pass->scratch, 0};
    const saved k = take_saved(r, &memory);
    const work w = take_work(r, run, false, &scratch);
    pn_conv_end end = {.bias = bias_of(r, pass), .relu = r->relu_before, .place = k.place};
    norm n = {0};
    end.map = r->norm ? k.map : r->pools ? NULL : pass->out;
    end.pooled = r->norm ? k.pooled : r->pools ? pass->out : NULL;
    if (r->norm) {
        n = find_norm(r, pass);
        end.sign = n.gamma;
        end.sums = n.batch_statistics ? w.lanes : NULL;
        memset(w.lanes, 0, sizeof *w.lanes * 2 * (size_t)(r->conv.filters * run->threads));
    }
    const float *packed = pack(r, pass, false, NULL, w.packed);
    pn_engine_forward(&r->conv, pass->in, packed, &end, run->threads, w.engine);
    if (!r->norm) return;
    find_statistics(r, &n, &w, run->threads, &k);
    set_factor(r, &n, &k, w.factor);
    memset(w.offset, 0, sizeof *w.offset * (size_t)r->conv.filters);
    const pn_norm apply = {.rows = pn_conv_run_out(r) / r->conv.filters,
                           .channels = r->conv.filters,
                           .mean = k.mean,
                           .factor = w.factor,
                           .offset = n.beta ? n.beta : w.offset,
                           .relu = r->relu_after};
    pn_norm_apply(&apply, r->pools ? k.pooled : k.map, pass->out);
}

/* Nothing stays: a normalization that follows the convolution at once becomes part of its
 * kernel and bias; one behind a ReLU is done to each result. */
static void forward_plain(const pn_conv_run *r, const pn_run *run, const pn_run_pass *pass) {
    space scratch = {pass->scratch, 0}, kept = {pass->prepared, 0};
    const work w = take_work(r, run, false, &scratch);
    const bool folds = r->norm && !r->relu_before, prepared = prepares(run);
    float *bias = prepared ? take(&kept, r->conv.filters) : w.slope;
    float *room = prepared ? take(&kept, pn_engine_packed(&r->conv, false)) : w.packed;
    const float *packed = pn_engine_packed(&r->conv, false) ? room : pass->weight[r->slot];
    pn_conv_end end = {.bias = folds ? bias : bias_of(r, pass),
                       .relu = r->relu_before || r->relu_after,
                       .map = r->pools ? NULL : pass->out,
                       .pooled = r->pools ? pass->out : NULL};
    if (r->norm)
        pn_norm_fix(r->norm->settings, pass->weight + r->norm_slot, r->conv.filters, w.factor,
                    w.offset);
    if (pass->fresh || !prepared) pack(r, pass, false, folds ? w.factor : NULL, room);
    if (folds)
        for (int64_t c = 0; c < r->conv.filters; c++)
            bias[c] = (r->bias ? pass->weight[r->slot + 1][c] : 0) * w.factor[c] + w.offset[c];
    else if (r->norm) {
        end.scale = w.factor;
        end.shift = w.offset;
    }
    pn_engine_forward(&r->conv, pass->in, packed, &end, run->threads, w.engine);
}

static pn_status forward(const pn_run *run, const pn_run_pass *pass, pn_error *error) {
    pn_conv_run r;
    (void)error;
    pn_conv_run_read(run, pass->batch, &r);
    if (pn_conv_run_keeps(run, &r))
        forward_kept(&r, run, pass);
    else
        forward_plain(&r, run, pass);
    return PN_OK;
}

/* ---- backward ---- */

/* d_map = factor * (d - sum / rows - (map - mean) * inverse^2 * product / rows), the two sums being
 * over d and over d * (map - mean); with fixed statistics factor * d. */
static void slope_of_norm(const pn_conv_run *r, const pn_run *run, const pn_run_pass *pass,
                          const saved *k, const work *w, pn_conv_slope *slope) {
    const norm n = find_norm(r, pass);
    const int64_t filters = r->conv.filters;
    const double rows = (double)pn_conv_run_map(r) / (double)filters;
    const pn_norm sums = {
        .rows = pn_conv_run_out(r) / filters, .channels = filters, .mean = k->mean};
    pn_norm_sums(&sums, pass->d_out, slope->y, r->pools ? k->pooled : k->map, w->sums, run->threads,
                 w->lanes);
    set_factor(r, &n, k, w->factor);
    for (int64_t c = 0; c < filters; c++) {
        const double sum = w->sums[c], product = w->sums[filters + c], inverse = k->inverse[c];
        if (n.d_beta) n.d_beta[c] += (float)sum;
        if (n.d_gamma) n.d_gamma[c] += (float)(product * inverse);
        const double tilt = w->factor[c] * inverse * inverse * product / rows;
        w->slope[c] = (float)-tilt;
        w->offset[c] = (float)(k->mean[c] * tilt - w->factor[c] * sum / rows);
    }
    slope->by_map = r->pools;
    slope->sign = n.gamma;
    slope->scale = w->factor;
    slope->relu = r->relu_before;
    slope->map = k->map;
    if (!n.batch_statistics) return;
    slope->shift = w->offset;
    slope->slope = w->slope;
}

static pn_status backward(const pn_run *run, const pn_run_pass *pass, pn_error *error) {
    pn_conv_run r;
    (void)error;
    pn_conv_run_read(run, pass->batch, &r);
    space memory = {pass->saved, 0}, scratch = {pass->scratch, 0};
    const saved k = take_saved(&r, &memory);
    const work w = take_work(&r, run, true, &scratch);
    pn_conv_slope slope = {.d = pass->d_out, .place = k.place};
    /* Where a ReLU comes last, what came out says what it let through. */
    if (r.relu_after || (r.relu_before && !r.norm)) slope.y = pass->out;
    if (r.norm) slope_of_norm(&r, run, pass, &k, &w, &slope);
    const float *packed = pass->d_in ? pack(&r, pass, true, NULL, w.packed) : NULL;
    pn_engine_backward(&r.conv, pass->in, packed, &slope, pass->d_in, pass->d_weight[r.slot],
                       r.bias ? pass->d_weight[r.slot + 1] : NULL, run->threads, w.engine);
    return PN_OK;
}

const pn_fused_type pn_fused_convolution = {
    .name = "convolution",
    .fits = fits,
    .need = need,
    .forward = forward,
    .backward = backward,
};
