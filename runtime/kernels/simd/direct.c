#include "kernels/simd/vector.h"

#include "kernels/direct_parts.h"
#include "kernels/simd/conv_squares.h"
#include "kernels/simd/direct_matrix.h"
#include "kernels/simd/direct_sums.h"

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int vectors_of(int64_t left) {
    return left > LANES ? 2 : 1;
}

/* packed (panels, kernel rows, kernel columns, depth, PANEL): panels of filters and depth of
 * channels, or (backward) the other way round. */
static void pack(const pn_conv *g, bool backward, const float *kernel, const float *scale,
                 int64_t begin, int64_t end, float *packed) {
    const int64_t depth = backward ? g->filters : g->channels;
    const int64_t columns = backward ? g->channels : g->filters;
    const int64_t items = g->kernel[0] * g->kernel[1] * depth;
    for (int64_t i = begin * items; i < end * items; i++) {
        const int64_t first = i / items * PANEL, place = i % items / depth, l = i % depth;
        const float *from = kernel + place * g->channels * g->filters;
        float *to = packed + i * PANEL;
        memset(to, 0, PANEL * sizeof *to);
        for (int64_t j = 0; j < least(PANEL, columns - first); j++) {
            const int64_t c = backward ? first + j : l, f = backward ? l : first + j;
            to[j] = from[c * g->filters + f] * (scale ? scale[f] : 1);
        }
    }
}

/* ---- windows ---- */

/* The input's numbers under a span: those of kernel row a and result row i are in row
 * i * stride + a from `first` on, where that row is between `begin` and `end`. */
typedef struct windows {
    const float *first;
    int64_t line; /* floats from row to row */
    int64_t begin, end;
} windows;

/* Copies the rows' numbers with zeros where there are none. */
static windows copy_windows(const pn_conv *g, const float *image, const pn_direct_span *at,
                            windows w, int64_t top, int64_t left, int64_t width, float *space) {
    const int64_t from = most(left, 0), to = least(left + width, g->width), c = g->channels;
    w.first = space;
    w.line = width * c;
    const int64_t rows = least(w.end, (at->rows - 1) * g->stride[0] + g->kernel[0]);
    for (int64_t y = w.begin; y < rows; y++) {
        float *row = space + y * w.line;
        memset(row, 0, (size_t)w.line * sizeof *row);
        if (from < to)
            memcpy(row + (from - left) * c, image + ((top + y) * g->width + from) * c,
                   (size_t)((to - from) * c) * sizeof *row);
    }
    return w;
}

static windows find_windows(const pn_conv *g, const float *x, const pn_direct_span *at,
                            float *space) {
    const int64_t top = at->row * g->stride[0] - g->before[0];
    const int64_t left = at->column * g->stride[1] - g->before[1];
    const int64_t width = (at->columns - 1) * g->stride[1] + g->kernel[1];
    const float *image = x + at->image * g->height * g->width * g->channels;
    windows w = {.line = g->width * g->channels, .begin = most(0, -top), .end = g->height - top};
    if (left < 0 || left + width > g->width)
        return copy_windows(g, image, at, w, top, left, width, space);
    w.first = image + (top * g->width + left) * g->channels;
    return w;
}

/* Kernel rows begin <= a < end of result row i that are inside. */
static void inside_rows(const pn_conv *g, const windows *w, int i, int64_t *begin, int64_t *end) {
    *begin = most(0, w->begin - i * g->stride[0]);
    *end = most(*begin, least(g->kernel[0], w->end - i * g->stride[0]));
}

/* ---- forward ---- */

static runs runs_of(const pn_conv *g, const windows *w, int i, const float *panel) {
    const int64_t length = g->kernel[1] * g->channels;
    int64_t begin, end;
    inside_rows(g, w, i, &begin, &end);
    return (runs){.a = w->first + (i * g->stride[0] + begin) * w->line,
                  .b = panel + begin * length * PANEL,
                  .a_row = g->stride[1] * g->channels,
                  .length = length,
                  .outer = end - begin,
                  .outer_a = w->line,
                  .outer_b = length * PANEL,
                  .inner = 1};
}

static void forward(const pn_conv *g, const float *x, const float *packed, const pn_conv_end *what,
                    const pn_direct_span *at, int lane, float *space) {
    enum { HALF = 2 * PN_DIRECT_WIDE };
    const windows w = find_windows(g, x, at, space);
    const int64_t items = g->kernel[0] * g->kernel[1] * g->channels;
    const int width = (int)(at->columns + at->columns % 2);
    vf y[2 * HALF];
    block b = {.image = at->image,
               .row = at->row,
               .column = at->column,
               .rows = at->rows,
               .columns = (int)at->columns,
               .filters = g->filters,
               .lane = lane};
    /* Squares at the edges are worked through as a whole. */
    if (at->rows < 2 || width > at->columns) memset(y, 0, sizeof y);
    for (int64_t f = 0; f < g->filters; f += PANEL) {
        const int vectors = vectors_of(g->filters - f);
        for (int i = 0; i < at->rows; i++) {
            const runs r = runs_of(g, &w, i, packed + f * items);
            sum_pixels(&r, at->columns, vectors, y + i * width, HALF);
        }
        for (int v = 0; v < vectors; v++) {
            b.filter = f + v * LANES;
            end_squares(g, what, &b, y + v * HALF, width);
        }
    }
}

/* ---- gradients ---- */

static float *gradient_at(const pn_direct_gradient *d, int64_t row, int64_t column) {
    return d->rows + (row - d->first) * d->line + (d->left + column) * d->pixel;
}

static void clear_edges(const pn_conv *g, const pn_direct_gradient *d, int64_t row) {
    float *end = gradient_at(d, row, g->columns), *begin = gradient_at(d, row, -d->left);
    memset(begin, 0, (size_t)(d->left * d->pixel) * sizeof *begin);
    memset(end, 0, (size_t)(begin + d->line - end) * sizeof *end);
}

/* One vector of filters of at most two rows. */
static void slope_rows(const pn_conv *g, const pn_conv_slope *slope, const block *b,
                       const pn_direct_gradient *to, double *d_bias) {
    const sloping e = begin_slope(g, slope, b);
    const int64_t pixel = to->pixel;
    float *row = gradient_at(to, b->row, b->column) + b->filter;
    vf sum = {0}, sum2 = {0};
    for (int j = 0; j < b->columns; j += 2, row += 2 * pixel) {
        vf y[4];
        slope_square(&e, b, 0, j, y);
        sum += y[0] + y[1];
        sum2 += y[2] + y[3];
        const bool pair = j + 1 < b->columns;
        vf_store(row, y[0]);
        if (pair) vf_store(row + pixel, y[1]);
        if (b->rows < 2) continue;
        vf_store(row + to->line, y[2]);
        if (pair) vf_store(row + to->line + pixel, y[3]);
    }
    if (!d_bias) return;
    float items[LANES];
    vf_store(items, sum + sum2);
    for (int l = 0; l < e.at.count; l++) d_bias[b->filter + l] += items[l];
}

static void load_slope(const pn_conv *g, const pn_conv_slope *slope, const pn_direct_span *at,
                       const pn_direct_gradient *to, double *d_bias) {
    block b = {.image = at->image, .row = at->row, .rows = at->rows, .filters = g->filters};
    for (int i = 0; i < at->rows; i++) clear_edges(g, to, at->row + i);
    for (b.column = 0; b.column < g->columns; b.column += PN_DIRECT_WIDE) {
        b.columns = (int)least(PN_DIRECT_WIDE, g->columns - b.column);
        for (b.filter = 0; b.filter < g->filters; b.filter += LANES)
            slope_rows(g, slope, &b, to, d_bias);
    }
}

/* Rows begin <= i < end of the kernel's items, one panel of filters. */
static void add_items(const pn_conv *g, const windows *w, outer_sums p, int64_t begin, int64_t end,
                      int vectors, float *sums, int64_t pixel) {
    const int64_t length = g->kernel[1] * g->channels;
    for (int64_t i = begin; i < end;) {
        const int rows = next_rows(end - i, vectors);
        for (int j = 0; j < rows; j++, i++) {
            p.a[j] = w->first + i / length * w->line + i % length;
            p.c[j] = sums + i * pixel;
        }
        outer_rows(&p, rows, vectors);
    }
}

static void add_kernel(const pn_conv *g, const float *x, const pn_direct_span *at,
                       const pn_direct_gradient *gradient, float *sums, float *space) {
    const windows w = find_windows(g, x, at, space);
    const int64_t length = g->kernel[1] * g->channels;
    int64_t begin, end;
    inside_rows(g, &w, 0, &begin, &end);
    for (int64_t f = 0; f < g->filters; f += PANEL) {
        const outer_sums p = {.a_k = g->stride[1] * g->channels,
                              .b = gradient_at(gradient, at->row, at->column) + f,
                              .b_k = gradient->pixel,
                              .k = at->columns};
        add_items(g, &w, p, begin * length, end * length, vectors_of(g->filters - f), sums + f,
                  gradient->pixel);
    }
}

/* Steps of the kernel that meet the input's places `at`, at + stride, ... with `at` counted from
 * the padding's begin: kernel place first + m * stride meets result `result` - m. */
typedef struct steps {
    int64_t first, result, count;
} steps;

static steps find_steps(int64_t at, int64_t kernel, int64_t stride) {
    const steps s = {.first = at % stride, .result = at / stride};
    return (steps){s.first, s.result, most(0, (kernel - s.first + stride - 1) / stride)};
}

/* Columns p, p + stride, ... of a row of the input meet the same items of the kernel. */
static void input_columns(const pn_conv *g, const float *packed, const pn_direct_gradient *d,
                          const steps *rows, int64_t p, float *d_x) {
    const int64_t stride = g->stride[1], step = g->filters * PANEL;
    const int64_t items = g->kernel[0] * g->kernel[1] * g->filters;
    const int64_t pixels = (g->width - p + stride - 1) / stride;
    const steps columns = find_steps(p + g->before[1], g->kernel[1], stride);
    runs r = {.a_row = d->pixel,
              .length = g->filters,
              .outer = rows->count,
              .outer_a = -d->line,
              .outer_b = g->stride[0] * g->kernel[1] * step,
              .inner = columns.count,
              .inner_a = -d->pixel,
              .inner_b = stride * step};
    for (int64_t i = 0; i < pixels; i += PN_DIRECT_WIDE) {
        const int64_t count = least(PN_DIRECT_WIDE, pixels - i);
        r.a = gradient_at(d, rows->result, columns.result + i);
        for (int64_t c = 0; c < g->channels; c += PANEL) {
            vf y[2 * PN_DIRECT_WIDE];
            const int vectors = vectors_of(g->channels - c);
            r.b = packed + c * items + (rows->first * g->kernel[1] + columns.first) * step;
            sum_pixels(&r, count, vectors, y, PN_DIRECT_WIDE);
            for (int64_t j = 0; j < count; j++)
                for (int v = 0; v < vectors; v++)
                    vf_store_at(d_x + (p + (i + j) * stride) * g->channels, c + v * LANES,
                                g->channels, y[v * PN_DIRECT_WIDE + j]);
        }
    }
}

static void input_row(const pn_conv *g, const float *packed, const pn_direct_gradient *d,
                      int64_t row, float *d_x) {
    steps rows = find_steps(row + g->before[0], g->kernel[0], g->stride[0]);
    const int64_t below = most(0, rows.result - (g->rows - 1)); /* results that are not there */
    rows.first += below * g->stride[0];
    rows.result -= below;
    rows.count = most(0, least(rows.count - below, rows.result + 1));
    for (int64_t p = 0; p < least(g->stride[1], g->width); p++)
        input_columns(g, packed, d, &rows, p, d_x);
}

static void add_sums(const pn_conv *g, const float *sums, int64_t pixel, int lanes,
                     int64_t lane_floats, int64_t begin, int64_t end, float *d_kernel) {
    for (int64_t i = begin; i < end; i++)
        for (int64_t f = 0; f < g->filters; f += LANES) {
            float *to = d_kernel + i * g->filters;
            vf sum = {0};
            for (int lane = 0; lane < lanes; lane++)
                sum += vf_load(sums + lane * lane_floats + i * pixel + f);
            vf_store_at(to, f, g->filters, vf_load_at(to, f, g->filters) + sum);
        }
}

const pn_direct_ops PN_LEVEL(pn_direct) = {
    .panel = PANEL,
    .vector = LANES,
    .pack = pack,
    .forward = forward,
    .load_slope = load_slope,
    .add_kernel = add_kernel,
    .input_row = input_row,
    .add_sums = add_sums,
    .matrix_end = matrix_end,
    .matrix_input = matrix_input,
    .matrix_kernel = matrix_kernel,
};
