/* The steps of conv_end.h for rows of squares of 2 x 2 results, as pooling takes them: each square
 * goes through all steps in registers. For the direct convolutions, whose sums take so little time
 * that every further pass over the results would show. */
#ifndef PN_KERNELS_SIMD_CONV_SQUARES_H
#define PN_KERNELS_SIMD_CONV_SQUARES_H

#include "kernels/simd/conv_end.h"

/* Item (0, 0) of the block, the items of its vector there are, and the steps to other squares. */
typedef struct places {
    int64_t map, map_row, pooled, pooled_row, filters;
    int count;
} places;

PN_INLINE places find_places(const pn_conv *g, const block *b) {
    const int64_t left = b->filters - b->filter;
    const int64_t pooled = b->image * (g->rows / 2) + b->row / 2;
    const int64_t map = b->image * g->rows + b->row;
    return (places){.map = (map * g->columns + b->column) * b->filters + b->filter,
                    .map_row = g->columns * b->filters,
                    .pooled = (pooled * (g->columns / 2) + b->column / 2) * b->filters + b->filter,
                    .pooled_row = g->columns / 2 * b->filters,
                    .filters = b->filters,
                    .count = left < LANES ? (int)left : LANES};
}

PN_INLINE vf load_count(const float *from, const int count) {
    return count == LANES ? vf_load(from) : vf_load_part(from, count);
}

PN_INLINE void store_count(float *to, vf v, const int count) {
    if (count == LANES)
        vf_store(to, v);
    else
        vf_store_part(to, v, count);
}

PN_INLINE void store_bytes(uint8_t *to, vi v, const int count) {
    const vb bytes = vb_from(v);
    memcpy(to, &bytes, (size_t)count);
}

PN_INLINE vi load_bytes(const uint8_t *from, const int count) {
    vb bytes = {0};
    memcpy(&bytes, from, (size_t)count);
    return vi_from(bytes);
}

/* ---- the end ---- */

/* What the steps need, in registers: a copy, as stores of bytes might change the original. */
typedef struct ending {
    pn_conv_end end;
    places at;
    vf bias, scale, shift;
    pooling pooling;
    vf sum[4], square[4];
} ending;

PN_INLINE ending begin_end(const pn_conv *g, const pn_conv_end *end, const block *b) {
    const int64_t f = b->filter, filters = b->filters;
    ending e; /* set item by item: clearing all of it first would show */
    e.end = *end;
    e.at = find_places(g, b);
    e.bias = end->bias ? vf_load_at(end->bias, f, filters) : (vf){0};
    e.scale = end->scale ? vf_load_at(end->scale, f, filters) : vf_all(1);
    e.shift = end->scale ? vf_load_at(end->shift, f, filters) : (vf){0};
    for (int k = 0; k < 4; k++) e.sum[k] = e.square[k] = (vf){0};
    e.pooling = pooling_of(end->sign, f, filters);
    return e;
}

PN_INLINE void square_pool(const ending *e, int64_t at, const vf y[4], const int count) {
    vf best;
    if (e->end.place)
        store_bytes(e->end.place + at, pool_four(&e->pooling, y, &best), count);
    else
        best = pool_best(&e->pooling, y);
    store_count(e->end.pooled + at, best, count);
}

/* Square (i, j), of which so many rows and columns are inside. */
PN_INLINE void end_square(ending *e, int i, int j, vf y[4], const int rows, const int columns,
                          const int count) {
    const int64_t map = e->at.map + i * e->at.map_row + j * e->at.filters;
    for (int k = 0; k < 4; k++) {
        const bool inside = k / 2 < rows && k % 2 < columns;
        y[k] += e->bias;
        if (e->end.relu) y[k] = vf_relu(y[k]);
        if (e->end.sums && inside) {
            e->sum[k] += y[k];
            e->square[k] = vf_fma(y[k], y[k], e->square[k]);
        }
        if (e->end.scale) y[k] = vf_fma(y[k], e->scale, e->shift);
        if (e->end.map && inside)
            store_count(e->end.map + map + k / 2 * e->at.map_row + k % 2 * e->at.filters, y[k],
                        count);
    }
    if (e->end.pooled && rows >= 2 && columns >= 2)
        square_pool(e, e->at.pooled + i / 2 * e->at.pooled_row + j / 2 * e->at.filters, y, count);
}

static void end_late_squares(const pn_conv *g, const pn_conv_end *end, const block *b, const vf *y,
                             const int width) {
    const late_end e = begin_late(end, b->filter, b->filters);
    const places at = find_places(g, b);
    for (int i = 0; i + 1 < b->rows; i += 2)
        for (int j = 0; j + 1 < b->columns; j += 2) {
            const vf *w = y + i * width + j;
            store_count(end->pooled + at.pooled + i / 2 * at.pooled_row + j / 2 * at.filters,
                        end_late(&e, w[0], w[1], w[width], w[width + 1], e.flips), at.count);
        }
}

/* y (height, width), both even: the convolution's results. */
PN_INLINE void end_squares(const pn_conv *g, const pn_conv_end *end, const block *b, const vf *y,
                           const int width) {
    if (only_pools(end)) {
        end_late_squares(g, end, b, y, width);
        return;
    }
    ending e = begin_end(g, end, b);
    const int count = e.at.count;
    for (int i = 0; i < b->rows; i += 2)
        for (int j = 0; j < b->columns; j += 2) {
            const vf *w = y + i * width + j;
            vf square[4] = {w[0], w[1], w[width], w[width + 1]};
            const int rows = b->rows - i, columns = b->columns - j;
            if (rows >= 2 && columns >= 2 && count == LANES)
                end_square(&e, i, j, square, 2, 2, LANES);
            else
                end_square(&e, i, j, square, rows, columns, count);
        }
    if (!end->sums) return;
    count_sums(end->sums + b->lane * 2 * b->filters, b->filter, b->filters,
               e.sum[0] + e.sum[1] + (e.sum[2] + e.sum[3]),
               e.square[0] + e.square[1] + (e.square[2] + e.square[3]));
}

/* ---- the gradient ---- */

typedef struct sloping {
    pn_conv_slope slope;
    places at;
    vf scale, shift, factor;
    pooling pooling;
} sloping;

PN_INLINE sloping begin_slope(const pn_conv *g, const pn_conv_slope *s, const block *b) {
    const int64_t f = b->filter, filters = b->filters;
    return (sloping){.slope = *s,
                     .at = find_places(g, b),
                     .scale = s->scale ? vf_load_at(s->scale, f, filters) : vf_all(1),
                     .shift = s->shift ? vf_load_at(s->shift, f, filters) : (vf){0},
                     .factor = s->slope ? vf_load_at(s->slope, f, filters) : (vf){0},
                     .pooling = pooling_of(s->sign, f, filters)};
}

/* d at one place of what came out. */
PN_INLINE vf square_d(const sloping *e, int64_t at, const int count) {
    const vf d = load_count(e->slope.d + at, count);
    return e->slope.y ? vf_where(load_count(e->slope.y + at, count) > (vf){0}, d) : d;
}

/* d of a square for the item that was taken: number `pooled` of the pooled ones, `map` of the map.
 */
PN_INLINE void square_share(const sloping *e, int64_t pooled, int64_t map, const int count,
                            vf to[4]) {
    const vf d = square_d(e, pooled, count);
    if (!e->slope.by_map) {
        const vi place = load_bytes(e->slope.place + pooled, count);
        for (int k = 0; k < 4; k++) to[k] = vf_where(place == k, d);
        return;
    }
    vf z[4];
    for (int k = 0; k < 4; k++)
        z[k] =
            load_count(e->slope.map + map + k / 2 * e->at.map_row + k % 2 * e->at.filters, count);
    pool_share(&e->pooling, z, d, to);
}

PN_INLINE vf slope_item(const sloping *e, int64_t at, vf d, const int count) {
    if (!e->slope.map) return vf_fma(d, e->scale, e->shift);
    const vf z = load_count(e->slope.map + at, count);
    d = vf_fma(d, e->scale, vf_fma(e->factor, z, e->shift));
    return e->slope.relu ? vf_where(z > (vf){0}, d) : d;
}

/* The gradient by the results of square (i, j), of which so many rows and columns are inside; zero
 * outside. */
PN_INLINE void slope_part(const sloping *e, int i, int j, vf y[4], const int rows,
                          const int columns, const int count) {
    const int64_t map = e->at.map + i * e->at.map_row + j * e->at.filters;
    const bool pooled = e->slope.by_map || e->slope.place, bare = !e->slope.scale && !e->slope.relu;
    vf share[4] = {0};
    if (pooled && rows >= 2 && columns >= 2)
        square_share(e, e->at.pooled + i / 2 * e->at.pooled_row + j / 2 * e->at.filters, map, count,
                     share);
    for (int k = 0; k < 4; k++) {
        const int64_t at = map + k / 2 * e->at.map_row + k % 2 * e->at.filters;
        const bool inside = k / 2 < rows && k % 2 < columns;
        y[k] = (vf){0};
        if (!inside) continue;
        y[k] = pooled ? share[k] : square_d(e, at, count);
        if (!bare) y[k] = slope_item(e, at, y[k], count);
    }
}

PN_INLINE void slope_square(const sloping *e, const block *b, int i, int j, vf y[4]) {
    const int rows = b->rows - i, columns = b->columns - j;
    if (rows >= 2 && columns >= 2 && e->at.count == LANES)
        slope_part(e, i, j, y, 2, 2, LANES);
    else
        slope_part(e, i, j, y, rows, columns, e->at.count);
}

#endif
