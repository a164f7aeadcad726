/* Products of a few pixels with a kernel (items, filters) that is used as it is, in the order of
 * its numbers in memory: it is read once, and reading it is what takes the time. */
#ifndef PN_KERNELS_SIMD_DIRECT_MATRIX_H
#define PN_KERNELS_SIMD_DIRECT_MATRIX_H

#include "kernels/direct_parts.h"
#include "kernels/simd/conv_end.h"
#include "kernels/simd/product.h"

/* Rows of the kernel that are read side by side. */
enum { SWEEP = 16, DOTS = 4 };

/* The last panel of rows of a matrix (rows, columns), filled up with zeros. */
static void copy_panel(const float *from, int64_t rows, int64_t columns, int64_t count, float *to) {
    for (int64_t i = 0; i < rows; i++) {
        memset(to + i * PANEL, 0, PANEL * sizeof *to);
        memcpy(to + i * PANEL, from + i * columns, (size_t)count * sizeof *to);
    }
}

static void matrix_end(const pn_conv *g, const pn_conv_end *what, int lane, int64_t begin,
                       int64_t last, const float *sums, int64_t sums_row) {
    vf y[PN_DIRECT_WIDE];
    block b = {.rows = 1, .filters = g->filters, .lane = lane};
    for (b.column = 0; b.column < g->columns; b.column += PN_DIRECT_WIDE) {
        const int64_t left = g->columns - b.column;
        b.columns = left < PN_DIRECT_WIDE ? (int)left : PN_DIRECT_WIDE;
        for (b.filter = begin; b.filter < last; b.filter += LANES) {
            for (int j = 0; j < b.columns; j++)
                y[j] = vf_load(sums + (b.column + j) * sums_row + (b.filter - begin));
            end_block(g, what, &b, y, 1, b.columns);
        }
    }
}

static void matrix_forward(const pn_conv *g, const float *x, const float *kernel,
                           const pn_conv_end *what, int lane, int64_t begin, int64_t last,
                           float *space) {
    const int64_t items = g->channels, filters = g->filters;
    const int64_t space_row = (last - begin + PANEL - 1) / PANEL * PANEL;
    float tail[SWEEP * PANEL];
    for (int64_t i = 0; i < items; i += SWEEP) {
        const int64_t rows = items - i < SWEEP ? items - i : SWEEP;
        for (int64_t f = begin; f < last; f += PANEL) {
            product p = {.a = x + i,
                         .a_row = items,
                         .a_k = 1,
                         .b = kernel + i * filters + f,
                         .b_k = filters,
                         .k = rows,
                         .c = space + (f - begin),
                         .c_row = space_row,
                         .add = i > 0};
            if (f + PANEL > filters) {
                copy_panel(p.b, rows, filters, filters - f, tail);
                p.b = tail;
                p.b_k = PANEL;
            }
            product_panel(p, g->columns);
        }
    }
    matrix_end(g, what, lane, begin, last, space, space_row);
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
