/* The gradients of a few pixels' products with a kernel (items, filters) that is used as it is, in
 * the order of its numbers in memory: it is read once, and reading it is what takes the time. */
#ifndef PN_KERNELS_SIMD_DIRECT_MATRIX_H
#define PN_KERNELS_SIMD_DIRECT_MATRIX_H

#include "kernels/direct_parts.h"
#include "kernels/simd/conv_squares.h"
#include "kernels/simd/product.h"

/* Rows of the kernel whose gradients are made at a time; that are read side by side. */
enum { SWEEP = 16, DOTS = 4 };

/* A panel of `rows` rows that are `columns` apart: `count` numbers and zeros. */
static void copy_panel(const float *from, int64_t rows, int64_t columns, int64_t count, float *to) {
    for (int64_t i = 0; i < rows; i++, from += columns, to += PANEL) {
        vf_store(to, vf_load_at(from, 0, count));
        vf_store(to + LANES, count > LANES ? vf_load_at(from, LANES, count) : (vf){0});
    }
}

/* The end of filters begin <= f < last of sums (pixels, filters). */
static void matrix_end(const pn_conv *g, const pn_conv_end *what, int lane, int64_t begin,
                       int64_t last, const float *sums) {
    vf y[2 * PN_DIRECT_WIDE] = {0};
    block b = {.rows = 1, .filters = g->filters, .lane = lane};
    for (b.filter = begin; b.filter < last; b.filter += LANES)
        for (b.column = 0; b.column < g->columns; b.column += PN_DIRECT_WIDE) {
            const int64_t left = g->columns - b.column;
            b.columns = left < PN_DIRECT_WIDE ? (int)left : PN_DIRECT_WIDE;
            for (int j = 0; j < b.columns; j++)
                y[j] = vf_load_at(sums + (b.column + j) * g->filters, b.filter, g->filters);
            end_squares(g, what, &b, y, PN_DIRECT_WIDE);
        }
}

static float add_up(vf v) {
    float items[LANES], sum = 0;
    vf_store(items, v);
    for (int l = 0; l < LANES; l++) sum += items[l];
    return sum;
}

/* Items i <= k < i + rows of DOTS pixels or fewer. */
PN_INLINE void dot_block(const pn_conv *g, const float *kernel, const float *gradient,
                         int64_t pixel, int64_t i, float *d_x, const int rows, const int pixels) {
    vf sum[DOTS][DOTS] = {0};
    for (int64_t f = 0; f < g->filters; f += LANES)
#pragma GCC unroll 4
        for (int k = 0; k < rows; k++) {
            const vf w = vf_load_at(kernel + (i + k) * g->filters, f, g->filters);
#pragma GCC unroll 4
            for (int n = 0; n < pixels; n++)
                sum[k][n] = vf_fma(w, vf_load(gradient + n * pixel + f), sum[k][n]);
        }
    for (int k = 0; k < rows; k++)
        for (int n = 0; n < pixels; n++) d_x[n * g->channels + i + k] = add_up(sum[k][n]);
}

static void matrix_input(const pn_conv *g, const float *kernel, const pn_direct_gradient *gradient,
                         int64_t begin, int64_t end, float *d_x) {
    const int64_t pixel = gradient->pixel;
    for (int64_t i = begin; i < end;) {
        const bool block = end - i >= DOTS;
        for (int64_t n = 0; n < g->columns;) {
            const bool pair = g->columns - n >= 2;
            const float *from = gradient->rows + n * pixel;
            float *to = d_x + n * g->channels;
            if (block && pair)
                dot_block(g, kernel, from, pixel, i, to, DOTS, 2);
            else if (block)
                dot_block(g, kernel, from, pixel, i, to, DOTS, 1);
            else
                dot_block(g, kernel, from, pixel, i, to, 1, 1);
            n += block && pair ? 2 : 1;
        }
        i += block ? DOTS : 1;
    }
}

static void matrix_kernel(const pn_conv *g, const float *x, const pn_direct_gradient *gradient,
                          int64_t begin, int64_t end, float *d_kernel) {
    const int64_t filters = g->filters;
    for (int64_t i = begin; i < end; i += SWEEP) {
        const int64_t rows = end - i < SWEEP ? end - i : SWEEP;
        for (int64_t f = 0; f < filters; f += PANEL) {
            float *to = d_kernel + i * filters + f, tail[SWEEP * PANEL];
            const int64_t left = filters - f;
            if (left < PANEL) copy_panel(to, rows, filters, left, tail);
            product_panel((product){.a = x + i,
                                    .a_row = 1,
                                    .a_k = g->channels,
                                    .b = gradient->rows + f,
                                    .b_k = gradient->pixel,
                                    .k = g->columns,
                                    .c = left < PANEL ? tail : to,
                                    .c_row = left < PANEL ? PANEL : filters,
                                    .add = true},
                          rows);
            if (left >= PANEL) continue;
            for (int64_t j = 0; j < rows; j++)
                memcpy(to + j * filters, tail + j * PANEL, (size_t)left * sizeof *to);
        }
    }
}

#endif
