/* The end of a convolution (pn_conv_end) for one vector of filters of a block of results, and the
 * start of its gradient (pn_conv_slope). Blocks begin at even rows and columns. */
#ifndef PN_KERNELS_SIMD_CONV_END_H
#define PN_KERNELS_SIMD_CONV_END_H

#include "kernels/conv.h"
#include "kernels/simd/vector.h"

#include <math.h>

/* Where a block stands: rows and columns of it are inside the map. */
typedef struct block {
    int64_t image, row, column;
    int rows, columns;
    int64_t filter, filters; /* the vector's first; how many there are */
    int lane;
} block;

PN_INLINE int64_t map_at(const pn_conv *g, const block *b, int i, int j) {
    return ((b->image * g->rows + b->row + i) * g->columns + b->column + j) * g->filters;
}

PN_INLINE int64_t pooled_at(const pn_conv *g, const block *b, int i, int j) {
    return ((b->image * (g->rows / 2) + b->row / 2 + i) * (g->columns / 2) + b->column / 2 + j) *
           g->filters;
}

PN_INLINE void store_places(uint8_t *to, int64_t at, int64_t count, const bool whole, vi places) {
    const vb bytes = vb_from(places);
    memcpy(to + at, &bytes, (size_t)(whole || at + LANES <= count ? LANES : count - at));
}

PN_INLINE vi load_places(const uint8_t *from, int64_t at, int64_t count, const bool whole) {
    vb bytes = {0};
    if (whole || at + LANES <= count)
        memcpy(&bytes, from + at, sizeof bytes);
    else
        memcpy(&bytes, from + at, (size_t)(count - at));
    return vi_from(bytes);
}

/* ---- the end ---- */

PN_INLINE void add_doubles(double *to, vf v, const int64_t count) {
    float items[LANES];
    vf_store(items, v);
    for (int64_t l = 0; l < count; l++) to[l] += items[l];
}

static inline void count_sums(double *sums, int64_t at, int64_t count, vf sum, vf square) {
    if (at + LANES <= count) {
        add_doubles(sums + at, sum, LANES);
        add_doubles(sums + count + at, square, LANES);
    } else {
        add_doubles(sums + at, sum, count - at);
        add_doubles(sums + count + at, square, count - at);
    }
}

/* The larger one of each pair of items that `differ`, the best so far when they are equal; NaN wins
 * and stays. */
PN_INLINE void pool_two(vf *best, vi *place, vf other, vi differ, int number) {
    const vi more = ((other > *best) & differ) | (other != other);
    *best = vf_pick(more, other, *best);
    *place = vf_pick_int(more, number - (vi){0}, *place);
}

/* How a window is pooled: items whose order is turned, those of which the first one is taken
 * unless others differ. */
typedef struct pooling {
    vi flip, differ;
    bool plain; /* all of the vector's differ */
} pooling;

PN_INLINE pooling pooling_of(const float *sign, int64_t f, int64_t filters) {
    const vf s = sign ? vf_load_at(sign, f, filters) : vf_all(1);
    const vi differ = s != (vf){0};
    return (pooling){(s < (vf){0}) & (vi)vf_all(-0.0F), differ, !vi_any(~differ)};
}

/* Which of the four is taken; the number itself goes to *best. */
PN_INLINE vi pool_four(const pooling *p, const vf y[4], vf *best) {
    vf most = (vf)((vi)y[0] ^ p->flip);
    vi place = {0};
    for (int k = 1; k < 4; k++) pool_two(&most, &place, (vf)((vi)y[k] ^ p->flip), p->differ, k);
    *best = (vf)((vi)most ^ p->flip);
    return place;
}

/* The largest of four, NaN where one of them is NaN. */
PN_INLINE vf largest_of(vf a, vf b, vf c, vf d) {
    const vi none = vf_unordered(a, b) | vf_unordered(c, d);
    return (vf)((vi)vf_max(vf_max(a, b), vf_max(c, d)) | none);
}

/* As pool_four, where nobody asks which one it is. */
PN_INLINE vf pool_best(const pooling *p, const vf y[4]) {
    vf best;
    if (!p->plain) {
        pool_four(p, y, &best);
        return best;
    }
    vi x[4];
    for (int k = 0; k < 4; k++) x[k] = (vi)y[k] ^ p->flip;
    best = largest_of((vf)x[0], (vf)x[1], (vf)x[2], (vf)x[3]);
    return (vf)((vi)best ^ p->flip);
}

/* d for the one that is taken of the four, 0 for the others. */
PN_INLINE void pool_share(const pooling *p, const vf y[4], vf d, vf to[4]) {
    vf x[4], best;
    if (!p->plain || vi_any(vf_unordered(y[0], y[1]) | vf_unordered(y[2], y[3]))) {
        const vi place = pool_four(p, y, &best);
        for (int k = 0; k < 4; k++) to[k] = vf_where(place == k, d);
        return;
    }
    for (int k = 0; k < 4; k++) x[k] = (vf)((vi)y[k] ^ p->flip);
    best = vf_max(vf_max(x[0], x[1]), vf_max(x[2], x[3]));
    for (int k = 0; k < 3; k++) {
        const vi taken = x[k] == best;
        to[k] = vf_where(taken, d);
        d = vf_where(~taken, d);
    }
    to[3] = d;
}

PN_INLINE void end_pool(const pn_conv *g, const pn_conv_end *end, const block *b, const vf *y,
                        const int height, const int width, const bool whole) {
    const pooling p = pooling_of(end->sign, b->filter, b->filters);
#pragma GCC unroll 4
    for (int i = 0; i < height / 2; i++) {
        if (!whole && b->row / 2 + i >= g->rows / 2) break;
#pragma GCC unroll 4
        for (int j = 0; j < width / 2; j++) {
            if (!whole && b->column / 2 + j >= g->columns / 2) break;
            const vf *w = y + 2 * i * width + 2 * j;
            const vf square[4] = {w[0], w[1], w[width], w[width + 1]};
            const int64_t at = pooled_at(g, b, i, j);
            vf best;
            if (end->place)
                store_places(end->place + at, b->filter, b->filters, whole,
                             pool_four(&p, square, &best));
            else
                best = pool_best(&p, square);
            vf_store_in(end->pooled + at, b->filter, b->filters, whole, best);
        }
    }
}

/* Predictions need nothing but the largest of each window. All steps before the pooling keep the
 * order of numbers, or reverse it (a negative scale): then the pooling comes first, and they are
 * done once instead of four times. */
typedef struct late_end {
    vf bias, least, scale, shift; /* without a ReLU the least is -infinity */
    vi flip;
    bool flips; /* some of them */
} late_end;

/* The compiler, which takes pointers for set, must not take this for rare. */
PN_INLINE bool only_pools(const pn_conv_end *end) {
    const bool only = end->pooled && !end->map && !end->sums && !end->place && !end->sign;
    return __builtin_expect_with_probability(only, 1, 0.5);
}

PN_INLINE late_end begin_late(const pn_conv_end *end, int64_t f, int64_t filters) {
    late_end e = {.bias = end->bias ? vf_load_at(end->bias, f, filters) : (vf){0},
                  .least = vf_all(end->relu ? 0 : -INFINITY),
                  .scale = end->scale ? vf_load_at(end->scale, f, filters) : vf_all(1),
                  .shift = end->scale ? vf_load_at(end->shift, f, filters) : (vf){0}};
    e.flip = (e.scale < (vf){0}) & (vi)vf_all(-0.0F);
    e.flips = vi_any(e.flip);
    return e;
}

/* NaN wins, and stays NaN in all that follows. */
PN_INLINE vf end_late(const late_end *e, vf a, vf b, vf c, vf d, const bool flips) {
    if (flips) {
        a = (vf)((vi)a ^ e->flip);
        b = (vf)((vi)b ^ e->flip);
        c = (vf)((vi)c ^ e->flip);
        d = (vf)((vi)d ^ e->flip);
    }
    vf y = largest_of(a, b, c, d);
    if (flips) y = (vf)((vi)y ^ e->flip);
    return vf_fma(vf_max(e->least, y + e->bias), e->scale, e->shift);
}

PN_INLINE void end_late_windows(const pn_conv *g, const pn_conv_end *end, const block *b,
                                const vf *y, const late_end *e, const int height, const int width,
                                const bool whole, const bool flips) {
    const int64_t f = b->filter, filters = b->filters, row = g->columns / 2 * filters;
    const int rows = whole ? height : b->rows, columns = whole ? width : b->columns;
    float *pooled = end->pooled + pooled_at(g, b, 0, 0);
#pragma GCC unroll 4
    for (int i = 0; i < height / 2; i++) {
        if (2 * i + 1 >= rows) break;
#pragma GCC unroll 4
        for (int j = 0; j < width / 2; j++) {
            if (2 * j + 1 >= columns) break;
            const vf *w = y + 2 * i * width + 2 * j;
            vf_store_in(pooled + i * row + j * filters, f, filters, whole,
                        end_late(e, w[0], w[1], w[width], w[width + 1], flips));
        }
    }
}

PN_INLINE void end_late_block(const pn_conv *g, const pn_conv_end *end, const block *b, const vf *y,
                              const int height, const int width, const bool whole) {
    const late_end e = begin_late(end, b->filter, b->filters);
    if (e.flips)
        end_late_windows(g, end, b, y, &e, height, width, whole, true);
    else
        end_late_windows(g, end, b, y, &e, height, width, whole, false);
}

/* All steps before the pooling for each result that is inside. */
PN_INLINE void end_results(const pn_conv *g, const pn_conv_end *end, const block *b, vf *y,
                           const int height, const int width, const bool whole, const bool sums,
                           const bool scales, const bool maps) {
    const int rows = whole ? height : b->rows, columns = whole ? width : b->columns;
    const int64_t f = b->filter, filters = b->filters;
    const vf bias = end->bias ? vf_load_at(end->bias, f, filters) : (vf){0};
    const vf least = vf_all(end->relu ? 0 : -INFINITY);
    const vf scale = scales ? vf_load_at(end->scale, f, filters) : vf_all(1);
    const vf shift = scales ? vf_load_at(end->shift, f, filters) : (vf){0};
    const int64_t row = g->columns * filters;
    float *map = maps ? end->map + map_at(g, b, 0, 0) : NULL;
    vf sum[2] = {0}, square[2] = {0};
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            vf v = vf_max(least, y[i * width + j] + bias);
            if (sums) {
                sum[j % 2] += v;
                square[j % 2] = vf_fma(v, v, square[j % 2]);
            }
            if (scales) v = vf_fma(v, scale, shift);
            if (maps) vf_store_in(map + i * row + j * filters, f, filters, whole, v);
            y[i * width + j] = v;
        }
    if (sums)
        count_sums(end->sums + b->lane * 2 * filters, f, filters, sum[0] + sum[1],
                   square[0] + square[1]);
}

/* Most blocks are whole and have no scale, and a map or sums: there nothing is asked result by
 * result. */
PN_INLINE void end_block_as(const pn_conv *g, const pn_conv_end *end, const block *b, vf *y,
                            const int height, const int width, const bool whole) {
    if (only_pools(end)) {
        end_late_block(g, end, b, y, height, width, whole);
        return;
    }
    if (!whole || end->scale || (!end->map && !end->sums))
        end_results(g, end, b, y, height, width, whole, end->sums, end->scale, end->map);
    else if (!end->sums)
        end_results(g, end, b, y, height, width, true, false, false, true);
    else if (end->map)
        end_results(g, end, b, y, height, width, true, true, false, true);
    else
        end_results(g, end, b, y, height, width, true, true, false, false);
    if (end->pooled) end_pool(g, end, b, y, height, width, whole);
}

/* Whether all of the block is there. */
PN_INLINE bool is_whole(const block *b, const int height, const int width) {
    return b->rows == height && b->columns == width && b->filter + LANES <= b->filters;
}

/* y (height, width): the convolution's results. */
PN_INLINE void end_block(const pn_conv *g, const pn_conv_end *end, const block *b, vf *y,
                         const int height, const int width) {
    if (is_whole(b, height, width))
        end_block_as(g, end, b, y, height, width, true);
    else
        end_block_as(g, end, b, y, height, width, false);
}

/* ---- the gradient ---- */

/* d at one place of what came out. */
PN_INLINE vf slope_of(const pn_conv_slope *s, const block *b, int64_t at, const bool whole) {
    const vf d = vf_load_in(s->d + at, b->filter, b->filters, whole);
    if (!s->y) return d;
    return vf_where(vf_load_in(s->y + at, b->filter, b->filters, whole) > (vf){0}, d);
}

/* d of window (i, j) for the item that was taken. */
PN_INLINE void slope_share(const pn_conv *g, const pn_conv_slope *s, const pooling *p,
                           const block *b, int i, int j, const bool whole, vf to[4]) {
    const int64_t at = pooled_at(g, b, i, j);
    const vf d = slope_of(s, b, at, whole);
    if (!s->by_map) {
        const vi place = load_places(s->place + at, b->filter, b->filters, whole);
        for (int k = 0; k < 4; k++) to[k] = vf_where(place == k, d);
        return;
    }
    vf z[4];
    for (int k = 0; k < 4; k++)
        z[k] = vf_load_in(s->map + map_at(g, b, 2 * i + k / 2, 2 * j + k % 2), b->filter,
                          b->filters, whole);
    pool_share(p, z, d, to);
}

PN_INLINE void slope_pooled(const pn_conv *g, const pn_conv_slope *s, const block *b, vf *y,
                            const int height, const int width, const bool whole) {
    const pooling p = pooling_of(s->sign, b->filter, b->filters);
#pragma GCC unroll 4
    for (int i = 0; i < height / 2; i++)
#pragma GCC unroll 4
        for (int j = 0; j < width / 2; j++) {
            vf *w = y + 2 * i * width + 2 * j;
            if (!whole && (b->row / 2 + i >= g->rows / 2 || b->column / 2 + j >= g->columns / 2)) {
                w[0] = w[1] = w[width] = w[width + 1] = (vf){0};
                continue;
            }
            vf share[4];
            slope_share(g, s, &p, b, i, j, whole, share);
            w[0] = share[0];
            w[1] = share[1];
            w[width] = share[2];
            w[width + 1] = share[3];
        }
}

PN_INLINE void slope_spread(const pn_conv *g, const pn_conv_slope *s, const block *b, vf *y,
                            const int height, const int width, const bool whole) {
    if (s->place || s->by_map) {
        slope_pooled(g, s, b, y, height, width, whole);
        return;
    }
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            const bool inside = whole || (i < b->rows && j < b->columns);
            y[i * width + j] = inside ? slope_of(s, b, map_at(g, b, i, j), whole) : (vf){0};
        }
}

PN_INLINE void slope_block_as(const pn_conv *g, const pn_conv_slope *s, const block *b, vf *y,
                              const int height, const int width, const bool whole) {
    slope_spread(g, s, b, y, height, width, whole);
    if (!s->scale && !s->relu) return;
    const int64_t f = b->filter, filters = b->filters;
    const vf zero = {0};
    const vf scale = s->scale ? vf_load_at(s->scale, f, filters) : vf_all(1);
    const vf shift = s->shift ? vf_load_at(s->shift, f, filters) : zero;
    const vf slope = s->slope ? vf_load_at(s->slope, f, filters) : zero;
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            vf *to = &y[i * width + j];
            if (!whole && (i >= b->rows || j >= b->columns)) {
                *to = zero;
                continue;
            }
            if (!s->map) {
                *to = vf_fma(*to, scale, shift);
                continue;
            }
            const vf z = vf_load_in(s->map + map_at(g, b, i, j), f, filters, whole);
            *to = vf_fma(*to, scale, vf_fma(slope, z, shift));
            if (s->relu) *to = vf_where(z > zero, *to);
        }
}

/* The gradient by the convolution's results, y (height, width); zero outside the map. */
PN_INLINE void slope_block(const pn_conv *g, const pn_conv_slope *s, const block *b, vf *y,
                           const int height, const int width) {
    if (is_whole(b, height, width))
        slope_block_as(g, s, b, y, height, width, true);
    else
        slope_block_as(g, s, b, y, height, width, false);
}

#endif
