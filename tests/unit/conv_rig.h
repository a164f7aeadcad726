/* A random convolution and what it should give, by plain sums in double precision: for the tests of
 * the fast ones. Each test program uses a part of this. */
#ifndef PN_TESTS_UNIT_CONV_RIG_H
#define PN_TESTS_UNIT_CONV_RIG_H

#include "base/memory.h"
#include "base/random.h"
#include "kernels/conv.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define RIG_USE static __attribute__((unused))

typedef struct conv_rig {
    pn_conv g;
    float *x, *kernel;
    float *bias, *scale, *shift, *slope, *sign; /* (filters) */
    float *map, *d, *y; /* (batch, rows, columns, filters); d, y: or pooled */
    uint8_t *place;
    double *result;                  /* of the convolution alone */
    double *gradient;                /* by it, as rig_slope says */
    double *d_x, *d_kernel, *d_bias; /* from `gradient` */
} conv_rig;

RIG_USE int64_t rig_x(const pn_conv *g) {
    return g->batch * g->height * g->width * g->channels;
}

RIG_USE int64_t rig_map(const pn_conv *g) {
    return g->batch * g->rows * g->columns * g->filters;
}

RIG_USE int64_t rig_pooled(const pn_conv *g) {
    return g->batch * (g->rows / 2) * (g->columns / 2) * g->filters;
}

RIG_USE int64_t rig_kernel(const pn_conv *g) {
    return g->kernel[0] * g->kernel[1] * g->channels * g->filters;
}

/* Exactly so many numbers: reading one more is what the sanitizer finds. */
RIG_USE float *rig_numbers(pn_random *random, int64_t count, double low, double high) {
    float *v = pn_alloc((size_t)count * sizeof *v);
    for (int64_t i = 0; i < count; i++)
        v[i] = (float)(low + (high - low) * pn_random_uniform(random));
    return v;
}

RIG_USE int64_t rig_between(pn_random *random, int64_t low, int64_t high) {
    return low + (int64_t)pn_random_below(random, (uint64_t)(high - low + 1));
}

/* Calls with each pair of numbers that meet: of x (or -1, in the padding), kernel and result. */
#define RIG_EACH(g, xi, ki, ri, body)                                                              \
    for (int64_t n_ = 0; n_ < (g)->batch; n_++)                                                    \
        for (int64_t r_ = 0; r_ < (g)->rows; r_++)                                                 \
            for (int64_t q_ = 0; q_ < (g)->columns; q_++)                                          \
                for (int64_t a_ = 0; a_ < (g)->kernel[0]; a_++)                                    \
                    for (int64_t b_ = 0; b_ < (g)->kernel[1]; b_++) {                              \
                        const int64_t y_ = r_ * (g)->stride[0] + a_ - (g)->before[0];              \
                        const int64_t z_ = q_ * (g)->stride[1] + b_ - (g)->before[1];              \
                        if (y_ < 0 || y_ >= (g)->height || z_ < 0 || z_ >= (g)->width) continue;   \
                        for (int64_t c_ = 0; c_ < (g)->channels; c_++)                             \
                            for (int64_t f_ = 0; f_ < (g)->filters; f_++) {                        \
                                const int64_t xi =                                                 \
                                    ((n_ * (g)->height + y_) * (g)->width + z_) * (g)->channels +  \
                                    c_;                                                            \
                                const int64_t ki =                                                 \
                                    ((a_ * (g)->kernel[1] + b_) * (g)->channels + c_) *            \
                                        (g)->filters +                                             \
                                    f_;                                                            \
                                const int64_t ri =                                                 \
                                    ((n_ * (g)->rows + r_) * (g)->columns + q_) * (g)->filters +   \
                                    f_;                                                            \
                                body;                                                              \
                            }                                                                      \
                    }

RIG_USE conv_rig rig_new(pn_random *random, pn_conv g) {
    conv_rig r = {.g = g};
    r.x = rig_numbers(random, rig_x(&g), -1, 1);
    r.kernel = rig_numbers(random, rig_kernel(&g), -0.5, 0.5);
    float **row[] = {&r.bias, &r.scale, &r.shift, &r.slope, &r.sign};
    for (int i = 0; i < 5; i++) *row[i] = rig_numbers(random, g.filters, -1, 1);
    if (g.filters % 2) r.sign[g.filters / 2] = 0;
    r.map = rig_numbers(random, rig_map(&g), -4, 4);
    for (int64_t i = 0; i < rig_map(&g); i++) r.map[i] = roundf(r.map[i]) / 4; /* many equal ones */
    r.d = rig_numbers(random, rig_map(&g), -1, 1);
    r.y = rig_numbers(random, rig_map(&g), -1, 1);
    r.place = pn_alloc((size_t)rig_map(&g));
    for (int64_t i = 0; i < rig_map(&g); i++) r.place[i] = (uint8_t)pn_random_below(random, 4);
    r.result = pn_calloc((size_t)rig_map(&g), sizeof *r.result);
    RIG_EACH(&g, xi, ki, ri, r.result[ri] += (double)r.x[xi] * r.kernel[ki])
    return r;
}

RIG_USE void rig_free(conv_rig *r) {
    void *all[] = {r->x,        r->kernel, r->bias,     r->scale, r->shift, r->slope,
                   r->sign,     r->map,    r->d,        r->y,     r->place, r->result,
                   r->gradient, r->d_x,    r->d_kernel, r->d_bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) pn_free(all[i]);
}

RIG_USE double rig_worst(const double *expected, const float *got, int64_t count) {
    double most = 1e-30, worst = 0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(expected[i]));
    for (int64_t i = 0; i < count; i++) {
        const double error = fabs(expected[i] - got[i]);
        worst = error <= worst ? worst : error; /* NaN is the worst */
    }
    return worst / most;
}

/* ---- the end ---- */

/* What follows the convolution, into `map` (doubles) and the sums before scale. */
RIG_USE void rig_end(const conv_rig *r, const pn_conv_end *end, double *map, double *sums) {
    const int64_t filters = r->g.filters;
    for (int64_t i = 0; i < rig_map(&r->g); i++) {
        const int64_t f = i % filters;
        double v = r->result[i] + (end->bias ? end->bias[f] : 0);
        if (end->relu && v < 0) v = 0;
        sums[f] += v;
        sums[filters + f] += v * v;
        map[i] = end->scale ? v * end->scale[f] + end->shift[f] : v;
    }
}

/* Number `place` of window (n, i, j) in the map. */
RIG_USE int64_t rig_taken(const pn_conv *g, int64_t at, int place) {
    const int64_t f = at % g->filters, window = at / g->filters;
    const int64_t j = window % (g->columns / 2), i = window / (g->columns / 2) % (g->rows / 2);
    const int64_t n = window / (g->columns / 2) / (g->rows / 2);
    return ((n * g->rows + 2 * i + place / 2) * g->columns + 2 * j + place % 2) * g->filters + f;
}

/* Which number of the window is taken from the map. */
RIG_USE int rig_place(const pn_conv_slope *s, const pn_conv *g, int64_t at) {
    if (!s->by_map) return s->place[at];
    const float sign = s->sign ? s->sign[at % g->filters] : 1;
    int taken = 0;
    for (int k = 1; k < 4; k++) {
        const float more = s->map[rig_taken(g, at, k)] - s->map[rig_taken(g, at, taken)];
        const bool none = isnan(s->map[rig_taken(g, at, k)]); /* which wins */
        if (none || (sign != 0 && (sign < 0 ? more < 0 : more > 0))) taken = k;
    }
    return taken;
}

RIG_USE void rig_pool(const conv_rig *r, const pn_conv_end *end, const double *map,
                      double *pooled) {
    for (int64_t at = 0; at < rig_pooled(&r->g); at++) {
        const float s = end->sign ? end->sign[at % r->g.filters] : 1;
        const double sign = s < 0 ? -1 : 1;
        double best = sign * map[rig_taken(&r->g, at, 0)];
        for (int k = 1; s != 0 && k < 4; k++)
            best = fmax(best, sign * map[rig_taken(&r->g, at, k)]);
        pooled[at] = sign * best;
    }
}

/* ---- the gradient ---- */

RIG_USE double rig_slope_at(const pn_conv_slope *s, int64_t at) {
    return s->y && !(s->y[at] > 0) ? 0 : s->d[at];
}

/* Fills r->gradient, and from it d_x, d_kernel and d_bias. */
RIG_USE void rig_slope(conv_rig *r, const pn_conv_slope *s) {
    const pn_conv *g = &r->g;
    const int64_t items = rig_map(g);
    r->gradient = pn_calloc((size_t)items, sizeof *r->gradient);
    if (s->place || s->by_map)
        for (int64_t at = 0; at < rig_pooled(g); at++)
            r->gradient[rig_taken(g, at, rig_place(s, g, at))] = rig_slope_at(s, at);
    else
        for (int64_t i = 0; i < items; i++) r->gradient[i] = rig_slope_at(s, i);
    r->d_x = pn_calloc((size_t)rig_x(g), sizeof *r->d_x);
    r->d_kernel = pn_calloc((size_t)rig_kernel(g), sizeof *r->d_kernel);
    r->d_bias = pn_calloc((size_t)g->filters, sizeof *r->d_bias);
    for (int64_t i = 0; i < items; i++) {
        double *to = &r->gradient[i];
        const int64_t f = i % g->filters;
        if (s->scale)
            *to = *to * s->scale[f] + (s->shift ? s->shift[f] : 0) +
                  (s->slope ? s->slope[f] * (double)s->map[i] : 0);
        if (s->relu && !(s->map[i] > 0)) *to = 0;
        r->d_bias[f] += *to;
    }
    RIG_EACH(g, xi, ki, ri, r->d_x[xi] += r->gradient[ri] * r->kernel[ki];
             r->d_kernel[ki] += r->gradient[ri] * r->x[xi])
}

/* ---- all that may follow or come before, at random ---- */

RIG_USE pn_conv_end rig_random_end(pn_random *random, const conv_rig *r, int lanes) {
    const uint64_t bits = pn_random_bits(random);
    const bool pools = rig_pooled(&r->g) > 0 && (bits & 1), alone = pools && (bits & 64);
    pn_conv_end end = {.bias = bits & 2 ? r->bias : NULL,
                       .relu = bits & 4,
                       .scale = bits & 8 ? r->scale : NULL,
                       .shift = bits & 8 ? r->shift : NULL,
                       .sign = !alone && (bits & 16) ? r->sign : NULL};
    if (pools) end.pooled = pn_alloc((size_t)rig_pooled(&r->g) * sizeof *end.pooled);
    if (alone) return end; /* as in predictions */
    if (bits & 256) end.sums = pn_calloc((size_t)(lanes * 2 * r->g.filters), sizeof *end.sums);
    if (!pools || (bits & 32)) end.map = pn_alloc((size_t)rig_map(&r->g) * sizeof *end.map);
    if (end.pooled && (bits & 128)) end.place = pn_alloc((size_t)rig_pooled(&r->g));
    return end;
}

RIG_USE void rig_free_end(pn_conv_end *end) {
    pn_free(end->sums);
    pn_free(end->map);
    pn_free(end->pooled);
    pn_free(end->place);
}

RIG_USE pn_conv_slope rig_random_slope(pn_random *random, const conv_rig *r) {
    const uint64_t bits = pn_random_bits(random);
    const bool affine = bits & 4, pooled = rig_pooled(&r->g) > 0 && (bits & 2);
    const pn_conv_slope s = {.d = r->d,
                             .y = bits & 1 ? r->y : NULL,
                             .place = pooled && !(bits & 32) ? r->place : NULL,
                             .by_map = pooled && (bits & 32),
                             .sign = bits & 64 ? r->sign : NULL,
                             .map = r->map,
                             .scale = affine ? r->scale : NULL,
                             .shift = affine && (bits & 8) ? r->shift : NULL,
                             .slope = affine && (bits & 8) ? r->slope : NULL,
                             .relu = bits & 16};
    /* Where the map only says what was taken. */
    for (int i = 0; s.by_map && !affine && !s.relu && i < 5; i++)
        r->map[pn_random_below(random, (uint64_t)rig_map(&r->g))] = NAN;
    return s;
}

#endif
