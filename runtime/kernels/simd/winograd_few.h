/* Tiles of few channels: there the sums over the channels are so short that products, transforms
 * and the end are one, and nothing is put aside but the tile's own numbers, which are
 * (points, PN_WINOGRAD_FEW). For one size of tiles, as winograd_tiles.h. */
#ifndef PN_KERNELS_SIMD_WINOGRAD_FEW_H
#define PN_KERNELS_SIMD_WINOGRAD_FEW_H

#include "kernels/simd/winograd_window.h"

/* ---- the input ---- */

/* A row of a tile: numbers of neighbouring columns lie in one vector. */
enum { FEW_ROW = (POINTS * PN_WINOGRAD_FEW + LANES - 1) / LANES * LANES };

/* A tile at the edge, with zeros for what is outside. */
static void copy_few(const window *w, const float *x, float rows[POINTS][FEW_ROW]) {
    memset(rows, 0, POINTS * sizeof *rows);
    for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < POINTS; j++)
            if (is_inside(w, i, j))
                memcpy(rows[i] + j * w->channels, x + w->first + (i * w->width + j) * w->channels,
                       (size_t)w->channels * sizeof *x);
}

/* Transforms a tile whose rows are `line` floats apart. A point's numbers are stored with
 * whatever follows them in the vector, which the next point's then replace. */
static void transform_few(const float *from, int64_t line, int64_t channels, float *to,
                          int64_t step) {
    float t[POINTS][FEW_ROW + LANES];
    for (int64_t v = 0; v < FEW_ROW; v += LANES) {
        vf x[POINTS], y[POINTS];
        for (int i = 0; i < POINTS; i++) x[i] = vf_load(from + i * line + v);
        line_input(x, y);
        for (int i = 0; i < POINTS; i++) vf_store(t[i] + v, y[i]);
    }
    for (int i = 0; i < POINTS; i++) {
        vf x[POINTS], y[POINTS];
        vf_store(t[i] + FEW_ROW, (vf){0});
        for (int j = 0; j < POINTS; j++) x[j] = vf_load(t[i] + j * channels);
        line_input(x, y);
        for (int j = 0; j < POINTS; j++) vf_store(to + (i * POINTS + j) * step, y[j]);
    }
}

static void load_few(const pn_tile_group *group, const float *x, int64_t begin, int64_t end) {
    const pn_conv *g = group->conv;
    const int64_t line = g->width * g->channels;
    const int64_t all = g->batch * g->height * line, reach = (POINTS - 1) * line + FEW_ROW;
    for (int64_t t = begin; t < end; t++) {
        const window w = find_window(g, &group->tile[t]);
        float rows[POINTS][FEW_ROW], *to = group->in + t * group->in_row;
        if (w.inside && w.first + reach <= all) {
            transform_few(x + w.first, line, g->channels, to, group->in_step);
        } else {
            copy_few(&w, x, rows);
            transform_few(rows[0], FEW_ROW, g->channels, to, group->in_step);
        }
    }
}

/* ---- the results ---- */

PN_INLINE void few_panel(const float *from, const float *panel, panel_results y, const int depth) {
    vf t[2][TILE][POINTS];
    for (int j = 0; j < POINTS; j++, from += PN_WINOGRAD_FEW, panel += depth * PANEL) {
        vf m[2][POINTS], o[TILE];
#pragma GCC unroll 8
        for (int i = 0; i < POINTS; i++) {
            const float *a = from + i * POINTS * PN_WINOGRAD_FEW;
            const float *b = panel + i * POINTS * depth * PANEL;
            m[0][i] = vf_all(a[0]) * vf_load(b);
            m[1][i] = vf_all(a[0]) * vf_load(b + LANES);
#pragma GCC unroll 4
            for (int c = 1; c < depth; c++) {
                m[0][i] = vf_fma(vf_all(a[c]), vf_load(b + c * PANEL), m[0][i]);
                m[1][i] = vf_fma(vf_all(a[c]), vf_load(b + c * PANEL + LANES), m[1][i]);
            }
        }
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            line_output(m[v], o);
#pragma GCC unroll 8
            for (int i = 0; i < TILE; i++) t[v][i][j] = o[i];
        }
    }
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < TILE; i++) line_output(t[v][i], y[v][i]);
}

static void few_panel_1(const float *from, const float *panel, panel_results y) {
    few_panel(from, panel, y, 1);
}

static void few_panel_2(const float *from, const float *panel, panel_results y) {
    few_panel(from, panel, y, 2);
}

static void few_panel_3(const float *from, const float *panel, panel_results y) {
    few_panel(from, panel, y, 3);
}

static void few_panel_4(const float *from, const float *panel, panel_results y) {
    few_panel(from, panel, y, 4);
}

static void forward_few(const pn_tile_group *group, const float *packed, int64_t begin, int64_t end,
                        const pn_conv_end *what) {
    static void (*const panel_of[])(const float *from, const float *panel, panel_results y) = {
        few_panel_1, few_panel_2, few_panel_3, few_panel_4};
    const pn_conv *g = group->conv;
    const tile_end e = begin_tiles(g, what);
    for (int64_t f = begin; f < end; f += PANEL)
        for (int64_t t = 0; t < group->tiles; t++) {
            block b = block_of(group, t);
            panel_results y;
            panel_of[g->channels - 1](group->in + t * group->in_row,
                                      packed + f * PRODUCTS * g->channels, y);
            b.filter = f;
            for (int v = 0; v < 2 && f + v * LANES < end; v++) end_vector(g, &e, &b, v, y);
            stream_panel(g, &e, &b, y);
        }
    finish_tiles(&e);
}

#endif
