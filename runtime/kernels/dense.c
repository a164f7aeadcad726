#include "kernels/dense.h"

#include "base/pool.h"
#include "kernels/dense_parts.h"

#include <stdbool.h>
#include <stddef.h>

/* Products worth another thread; inputs that a lane has at least. A block of the gradient by w: its
 * inputs are a multiple of STEP, its columns at most COLUMNS, its items about BLOCK. SPACE keeps
 * rows apart whose distance would be a power of two. */
enum { GRAIN = 1 << 18, LANE_INPUTS = 64, SPACE = 16 };
enum { STEP = 12, MOST_INPUTS = 96, COLUMNS = 2048, BLOCK = 8192 };

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t padded(int64_t out) {
    return divide_up(out, PN_DENSE_PANEL) * PN_DENSE_PANEL;
}

static int64_t block_columns(int64_t out) {
    return least(out, COLUMNS);
}

static int64_t block_inputs(int64_t out) {
    const int64_t inputs = BLOCK / block_columns(out) / STEP * STEP;
    return inputs < STEP ? STEP : least(inputs, MOST_INPUTS);
}

/* Of a lane: the block's part of x, the block's gradient and what is written behind it. */
static int64_t lane_floats(int64_t rows, int64_t out) {
    return (rows + block_columns(out)) * block_inputs(out) + PN_DENSE_PANEL;
}

int64_t pn_dense_scratch(int64_t rows, int64_t in, int64_t out, int lanes) {
    const int64_t forward = lanes * least(rows, PN_DENSE_ROWS) * (padded(out) + SPACE);
    const int64_t backward = rows * padded(out) + lanes * lane_floats(rows, out);
    (void)in;
    return forward > backward ? forward : backward;
}

/* ---- forward ---- */

typedef struct forward {
    pn_dense_sum sum;
    int64_t lanes;
    const float *bias;
    float *y;
} forward;

static void add_lanes(void *context, int64_t begin, int64_t end) {
    const forward *f = context;
    for (int64_t lane = begin; lane < end; lane++) {
        pn_dense_sum sum = f->sum;
        sum.begin = lane * sum.in / f->lanes;
        sum.end = (lane + 1) * sum.in / f->lanes;
        sum.sums += lane * sum.rows * sum.row;
        PN_PICK(pn_dense_add)(&sum);
    }
}

static void finish_rows(void *context, int64_t begin, int64_t end) {
    const forward *f = context;
    const pn_dense_sum *s = &f->sum;
    for (int64_t row = begin; row < end; row++) {
        float *y = f->y + row * s->out;
        for (int64_t j = 0; j < s->out; j++) y[j] = f->bias ? f->bias[j] : 0;
        for (int64_t lane = 0; lane < f->lanes; lane++) {
            const float *sums = s->sums + (lane * s->rows + row) * s->row;
            for (int64_t j = 0; j < s->out; j++) y[j] += sums[j];
        }
    }
}

/* Lanes that have enough to do. */
static int64_t useful_lanes(int64_t rows, int64_t in, int64_t out, int lanes) {
    int64_t most = least(divide_up(in, LANE_INPUTS), divide_up(rows * in * out, GRAIN));
    if (most < 1) most = 1;
    return least(lanes, most);
}

void pn_dense_forward(int64_t rows, int64_t in, int64_t out, const float *x, const float *w,
                      const float *bias, float *y, int lanes, float *scratch) {
    for (int64_t row = 0; row < rows; row += PN_DENSE_ROWS) {
        const int64_t count = least(rows - row, PN_DENSE_ROWS);
        forward f = {.sum = {.rows = count,
                             .in = in,
                             .out = out,
                             .x = x + row * in,
                             .w = w,
                             .sums = scratch,
                             .row = padded(out) + SPACE},
                     .lanes = useful_lanes(count, in, out, lanes),
                     .bias = bias,
                     .y = y + row * out};
        pn_parallel_for(f.lanes, 1, add_lanes, &f);
        pn_parallel_for(count, divide_up(GRAIN / 16, f.lanes * out), finish_rows, &f);
    }
}

/* ---- backward ---- */

typedef struct backward {
    pn_dense_block block;
    const float *d_y;
    float *packed, *d_bias, *lane_space;
    const pn_dense_update *update; /* NULL: no gradient by w */
    int64_t lanes;
} backward;

static void pack_panels(void *context, int64_t begin, int64_t end) {
    const backward *b = context;
    PN_PICK(pn_dense_pack)
    (b->block.rows, b->block.out, b->d_y, begin * PN_DENSE_PANEL, end * PN_DENSE_PANEL, b->packed);
}

static void add_bias(void *context, int64_t begin, int64_t end) {
    const backward *b = context;
    for (int64_t row = 0; row < b->block.rows; row++)
        for (int64_t j = begin; j < end; j++) b->d_bias[j] += b->d_y[row * b->block.out + j];
}

/* The gradient by w of a block, handed on in runs of neighbouring items. */
static void give_weights(const backward *b, const pn_dense_block *block, float *x_part) {
    const pn_dense_update *u = b->update;
    const int64_t inputs = block->end - block->begin, out = block->out;
    float *gradient = x_part + block->rows * block_inputs(out);
    for (int64_t first = 0; first < out; first += COLUMNS) {
        const int64_t columns = least(COLUMNS, out - first);
        PN_PICK(pn_dense_weights)(block, first, columns, x_part, gradient);
        if (columns == out) {
            u->update(u->context, block->begin * out, inputs * out, gradient);
            return;
        }
        for (int64_t i = 0; i < inputs; i++)
            u->update(u->context, (block->begin + i) * out + first, columns,
                      gradient + i * columns);
    }
}

static void backward_lanes(void *context, int64_t begin, int64_t end) {
    const backward *b = context;
    const int64_t in = b->block.in, step = block_inputs(b->block.out), blocks = divide_up(in, step);
    for (int64_t lane = begin; lane < end; lane++) {
        pn_dense_block block = b->block;
        float *space = b->lane_space + lane * lane_floats(block.rows, block.out);
        const int64_t last = least((lane + 1) * blocks / b->lanes * step, in);
        for (block.begin = lane * blocks / b->lanes * step; block.begin < last;
             block.begin = block.end) {
            block.end = least(block.begin + step, last);
            if (block.d_x) PN_PICK(pn_dense_inputs)(&block);
            if (b->update) give_weights(b, &block, space);
        }
    }
}

static void add_gradient(void *context, int64_t offset, int64_t count, const float *gradient) {
    float *restrict d_w = (float *)context + offset;
    for (int64_t i = 0; i < count; i++) d_w[i] += gradient[i];
}

void pn_dense_backward(int64_t rows, int64_t in, int64_t out, const float *x, const float *w,
                       const float *d_y, float *d_x, float *d_w, float *d_bias,
                       const pn_dense_update *update, int lanes, float *scratch) {
    const pn_dense_update add = {add_gradient, d_w};
    backward b = {
        .block =
            {.rows = rows, .in = in, .out = out, .x = x, .w = w, .packed = scratch, .d_x = d_x},
        .d_y = d_y,
        .packed = scratch,
        .d_bias = d_bias,
        .lane_space = scratch + rows * padded(out),
        .update = update ? update
                  : d_w  ? &add
                         : NULL,
        .lanes = useful_lanes(rows, in, out, lanes)};
    if (d_bias) pn_parallel_for(out, GRAIN / 4 / (rows > 0 ? rows : 1) + 1, add_bias, &b);
    if (!d_x && !b.update) return;
    pn_parallel_for(padded(out) / PN_DENSE_PANEL,
                    GRAIN / 4 / PN_DENSE_PANEL / (rows > 0 ? rows : 1) + 1, pack_panels, &b);
    pn_parallel_for(b.lanes, 1, backward_lanes, &b);
}
