/* The steps of Winograd's convolutions for one size of tiles: included by winograd_6.c and
 * winograd_4.c behind their transforms. */
#include "kernels/simd/winograd_few.h"
#include "kernels/simd/winograd_window.h"

/* ---- kernels ---- */

enum { BLOCK_PANELS = PN_TILES_FILTERS / PANEL };

/* Where a panel of a packed kernel begins: (blocks, points, panels of the block, depth, PANEL), in
 * the order in which the products read it; (panels, points, depth, PANEL) where there is so little
 * to sum up that no products are made (winograd_few.h). */
PN_INLINE int64_t panel_at(int64_t panel, int64_t panels, int point, int64_t depth) {
    const int64_t most = depth <= PN_WINOGRAD_FEW ? 1 : BLOCK_PANELS;
    const int64_t first = panel / most * most;
    const int64_t count = least(most, panels - first);
    return (first * PRODUCTS + point * count + panel - first) * depth * PANEL;
}

static int64_t panels_of(int64_t columns) {
    return (columns + PANEL - 1) / PANEL;
}

/* G k G' of one vector of kernels. */
static void transform_kernel(vf k[3][3], vf y[POINTS][POINTS]) {
    vf t[POINTS][3];
    for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < 3; j++)
            t[i][j] = vf_all(line_kernel[i][0]) * k[0][j] + vf_all(line_kernel[i][1]) * k[1][j] +
                      vf_all(line_kernel[i][2]) * k[2][j];
    for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < POINTS; j++)
            y[i][j] = vf_all(line_kernel[j][0]) * t[i][0] + vf_all(line_kernel[j][1]) * t[i][1] +
                      vf_all(line_kernel[j][2]) * t[i][2];
}

/* LANES kernels from channel c and filter f on: those of as many filters, or (backward) of as many
 * channels. */
static void load_kernel(const pn_conv *g, bool backward, const float *kernel, const float *scale,
                        int64_t c, int64_t f, vf k[3][3]) {
    const int64_t step = backward ? g->filters : 1;
    const int64_t count = least(LANES, backward ? g->channels - c : g->filters - f);
    for (int i = 0; i < 9; i++) {
        const float *from = kernel + (i * g->channels + c) * g->filters + f;
        float to[LANES] = {0};
        for (int64_t l = 0; l < count; l++)
            to[l] = from[l * step] * (scale ? scale[backward ? f : f + l] : 1);
        k[i / 3][i % 3] = vf_load(to);
    }
}

/* The depth is channels, or (backward) filters. */
static void pack(const pn_conv *g, bool backward, const float *kernel, const float *scale,
                 int64_t begin, int64_t end, float *packed) {
    const int64_t depth = backward ? g->filters : g->channels;
    const int64_t columns = backward ? g->channels : g->filters;
    for (int64_t p = begin; p < end; p++)
        for (int64_t l = 0; l < depth; l++)
            for (int half = 0; half < PANEL; half += LANES) {
                const int64_t column = p * PANEL + half;
                vf k[3][3] = {0}, y[POINTS][POINTS];
                if (column < columns)
                    load_kernel(g, backward, kernel, scale, backward ? column : l,
                                backward ? l : column, k);
                transform_kernel(k, y);
                for (int i = 0; i < PRODUCTS; i++)
                    vf_store(packed + panel_at(p, panels_of(columns), i, depth) + l * PANEL + half,
                             y[i / POINTS][i % POINTS]);
            }
}

/* ---- the input ---- */

/* With `inside`, all rows, columns and channels are there. */
PN_INLINE void load_vector(const window *w, const float *all, int64_t c, const bool inside,
                           float *to, int64_t step) {
    vf t[POINTS][POINTS];
    for (int j = 0; j < POINTS; j++) {
        vf x[POINTS], y[POINTS];
        for (int i = 0; i < POINTS; i++) {
            const float *from = all + w->first + (i * w->width + j) * w->channels;
            x[i] =
                inside || is_inside(w, i, j) ? vf_load_in(from, c, w->channels, inside) : (vf){0};
        }
        line_input(x, y);
        for (int i = 0; i < POINTS; i++) t[i][j] = y[i];
    }
    for (int i = 0; i < POINTS; i++) {
        vf y[POINTS];
        line_input(t[i], y);
        for (int j = 0; j < POINTS; j++) vf_store(to + (i * POINTS + j) * step, y[j]);
    }
}

static void load(const pn_tile_group *group, const float *x, int64_t begin, int64_t end) {
    if (group->conv->channels <= PN_WINOGRAD_FEW) {
        load_few(group, x, begin, end);
        return;
    }
    for (int64_t t = begin; t < end; t++) {
        const window w = find_window(group->conv, &group->tile[t]);
        float *to = group->in + t * group->in_row;
        const int64_t step = group->in_step;
        for (int64_t c = 0; c < w.channels; c += LANES)
            if (w.inside && c + LANES <= w.channels)
                load_vector(&w, x, c, true, to + c, step);
            else
                load_vector(&w, x, c, false, to + c, step);
    }
}

/* ---- the results ---- */

/* Asks for the panel behind this one (behind the very last there is nothing, but to ask does no
 * harm) and for a part of the input's next point. */
static void ask_products(const pn_tile_group *group, product p, int point, int64_t panel,
                         int64_t panels) {
    const int64_t all = point + 1 < PRODUCTS ? group->tiles * group->in_row : 0;
    const int64_t size = p.k * PANEL, part = (all + panels - 1) / panels;
    product_panel_asking(p, group->tiles, group->in + (point + 1) * group->in_step + panel * part,
                         part, p.b + size, size);
}

static void multiply(const pn_tile_group *group, const float *packed, int64_t begin, int64_t end) {
    const int64_t depth = group->conv->channels, panels = panels_of(group->conv->filters);
    for (int i = 0; i < PRODUCTS; i++)
        for (int64_t f = begin; f < end; f += PANEL) {
            const float *panel = packed + panel_at(f / PANEL, panels, i, depth);
            product p = {.a = group->in + i * group->in_step,
                         .a_row = group->in_row,
                         .a_k = 1,
                         .b = panel,
                         .b_k = PANEL,
                         .k = depth,
                         .c = group->out + i * group->out_step + (f - begin),
                         .c_row = group->out_row};
            if (group->far)
                ask_products(group, p, i, (f - begin) / PANEL, (end - begin + PANEL - 1) / PANEL);
            else
                product_panel(p, group->tiles);
        }
}

/* The results of one vector of filters. With `asks` those are asked for that are read after them,
 * `ahead` floats from these: there are too many places for the processor to see that. */
PN_INLINE void read_vector(const float *from, int64_t step, int64_t ahead, vf y[TILE][TILE],
                           const bool asks) {
    vf t[TILE][POINTS];
    for (int j = 0; j < POINTS; j++) {
        vf x[POINTS], o[TILE];
        for (int i = 0; i < POINTS; i++) x[i] = vf_load(from + (i * POINTS + j) * step);
        for (int i = 0; asks && i < POINTS; i++)
            __builtin_prefetch(from + (i * POINTS + j) * step + ahead);
        line_output(x, o);
        for (int i = 0; i < TILE; i++) t[i][j] = o[i];
    }
    for (int i = 0; i < TILE; i++) line_output(t[i], y[i]);
}

/* Of a tile whose results by filters from `begin` on are at `tile`. */
static void read_panel(const pn_tile_group *group, const tile_end *e, const block *b,
                       const float *tile, int64_t begin, int64_t end) {
    const pn_conv *g = group->conv;
    const int64_t step = group->out_step, at = b->filter - begin;
    const int64_t ahead = b->filter + PANEL < end ? PANEL : group->out_row - at;
    const float *from = tile + at;
    panel_results y;
    read_vector(from, step, ahead, y[0], true);
    end_vector(g, e, b, 0, y);
    if (b->filter + LANES < end) {
        read_vector(from + LANES, step, ahead, y[1], (int)LANES == (int)LINE_FLOATS);
        end_vector(g, e, b, 1, y);
    }
    stream_panel(g, e, b, y);
}

static void forward(const pn_tile_group *group, const float *packed, int64_t begin, int64_t end,
                    const pn_conv_end *what) {
    if (group->conv->channels <= PN_WINOGRAD_FEW) {
        forward_few(group, packed, begin, end, what);
        return;
    }
    const tile_end e = begin_tiles(group->conv, what);
    multiply(group, packed, begin, end);
    for (int64_t t = 0; t < group->tiles; t++) {
        block b = block_of(group, t);
        for (b.filter = begin; b.filter < end; b.filter += PANEL)
            read_panel(group, &e, &b, group->out + t * group->out_row, begin, end);
    }
    finish_tiles(&e);
}

/* ---- gradients ---- */

static void slope_vector(const pn_conv *g, const pn_conv_slope *slope, const block *b, float *to,
                         int64_t step) {
    vf y[TILE][TILE], t[POINTS][TILE];
    slope_block(g, slope, b, &y[0][0], TILE, TILE);
    for (int j = 0; j < TILE; j++) {
        vf x[TILE], o[POINTS];
        for (int i = 0; i < TILE; i++) x[i] = y[i][j];
        line_gradient(x, o);
        for (int i = 0; i < POINTS; i++) t[i][j] = o[i];
    }
    for (int i = 0; i < POINTS; i++) {
        vf o[POINTS];
        line_gradient(t[i], o);
        for (int j = 0; j < POINTS; j++) vf_store(to + (i * POINTS + j) * step, o[j]);
    }
}

static void load_slope(const pn_tile_group *group, const pn_conv_slope *slope, double *d_bias) {
    const int64_t filters = group->conv->filters, step = group->out_step;
    for (int64_t t = 0; t < group->tiles; t++) {
        block b = block_of(group, t);
        float *to = group->out + t * group->out_row;
        for (b.filter = 0; b.filter < filters; b.filter += LANES)
            slope_vector(group->conv, slope, &b, to + b.filter, step);
        /* The transform at the point (1, 1) is the sum. */
        const float *sum = to + (POINTS + 1) * step;
        for (int64_t f = 0; f < filters; f++) d_bias[f] += sum[f];
    }
}

static void add_kernel(const pn_tile_group *group) {
    const int64_t channels = group->conv->channels, filters = group->conv->filters;
    for (int i = 0; i < PRODUCTS; i++)
        for (int64_t f = 0; f < filters; f += PANEL)
            product_panel((product){.a = group->in + i * group->in_step,
                                    .a_row = 1,
                                    .a_k = group->in_row,
                                    .b = group->out + i * group->out_step + f,
                                    .b_k = group->out_row,
                                    .k = group->tiles,
                                    .c = group->sums + (i * group->sums_row + f) * channels,
                                    .c_row = PANEL,
                                    .add = true},
                          channels);
}

PN_INLINE void spread_vector(const window *w, int64_t c, const bool inside, const float *from,
                             int64_t step, float *d_x) {
    vf t[POINTS][POINTS];
    for (int j = 0; j < POINTS; j++) {
        vf x[POINTS], y[POINTS];
        for (int i = 0; i < POINTS; i++) x[i] = vf_load(from + (i * POINTS + j) * step);
        line_spread(x, y);
        for (int i = 0; i < POINTS; i++) t[i][j] = y[i];
    }
    for (int i = 0; i < POINTS; i++) {
        vf y[POINTS];
        line_spread(t[i], y);
        for (int j = 0; j < POINTS; j++) {
            if (!inside && !is_inside(w, i, j)) continue;
            float *to = d_x + w->first + (i * w->width + j) * w->channels;
            vf_store_in(to, c, w->channels, inside, vf_load_in(to, c, w->channels, inside) + y[j]);
        }
    }
}

static void add_input(const pn_tile_group *group, const float *packed, float *d_x) {
    const int64_t channels = group->conv->channels, depth = group->conv->filters;
    const int64_t step = group->in_step, panels = panels_of(channels);
    for (int i = 0; i < PRODUCTS; i++)
        for (int64_t c = 0; c < channels; c += PANEL)
            product_panel((product){.a = group->out + i * group->out_step,
                                    .a_row = group->out_row,
                                    .a_k = 1,
                                    .b = packed + panel_at(c / PANEL, panels, i, depth),
                                    .b_k = PANEL,
                                    .k = depth,
                                    .c = group->in + i * step + c,
                                    .c_row = group->in_row},
                          group->tiles);
    for (int64_t t = 0; t < group->tiles; t++) {
        const window w = find_window(group->conv, &group->tile[t]);
        const float *from = group->in + t * group->in_row;
        for (int64_t c = 0; c < channels; c += LANES)
            if (w.inside && c + LANES <= channels)
                spread_vector(&w, c, true, from + c, step, d_x);
            else
                spread_vector(&w, c, false, from + c, step, d_x);
    }
}

/* G' s G of one vector of filters. */
static void fold_kernel(vf s[POINTS][POINTS], vf k[3][3]) {
    vf t[3][POINTS];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < POINTS; j++) {
            t[i][j] = (vf){0};
            for (int l = 0; l < POINTS; l++) t[i][j] += vf_all(line_kernel[l][i]) * s[l][j];
        }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            k[i][j] = (vf){0};
            for (int l = 0; l < POINTS; l++) k[i][j] += vf_all(line_kernel[l][j]) * t[i][l];
        }
}

static void add_sums(const pn_conv *g, const float *sums, int64_t sums_row, int lanes,
                     int64_t lane_floats, int64_t begin, int64_t end, float *d_kernel) {
    for (int64_t c = begin; c < end; c++)
        for (int64_t f = 0; f < g->filters; f += LANES) {
            vf s[POINTS][POINTS] = {0}, k[3][3];
            for (int lane = 0; lane < lanes; lane++)
                for (int i = 0; i < PRODUCTS; i++)
                    s[i / POINTS][i % POINTS] += vf_load(
                        sums + lane * lane_floats +
                        (i * sums_row + f / PANEL * PANEL) * g->channels + c * PANEL + f % PANEL);
            fold_kernel(s, k);
            for (int i = 0; i < 9; i++) {
                float *to = d_kernel + (i * g->channels + c) * g->filters;
                vf_store_at(to, f, g->filters, vf_load_at(to, f, g->filters) + k[i / 3][i % 3]);
            }
        }
}
