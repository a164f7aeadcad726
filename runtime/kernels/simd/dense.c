#include "kernels/dense_parts.h"
#include "kernels/simd/product.h"

#include <stdbool.h>

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* ---- what is read next ---- */

enum { LINE = 16 }; /* floats of a cache line */

/* Rows of w that come next. They are asked for a few lines at a time, in the order in which they
 * lie in memory and evenly over the work on the present ones: more at once than the processor keeps
 * in flight would hold up the work. */
typedef struct ahead {
    const float *w;
    int64_t out, columns; /* the distance of rows; what is wanted of each */
    int64_t rows, column; /* left; of the next line */
    int64_t lines;        /* at a time */
} ahead;

static ahead ahead_of(const float *w, int64_t out, int64_t columns, int64_t rows, int64_t times) {
    const int64_t lines = rows > 0 ? rows * ((columns + LINE - 1) / LINE) : 0;
    return (ahead){
        .w = w, .out = out, .columns = columns, .rows = rows, .lines = (lines + times - 1) / times};
}

static void fetch(ahead *a) {
    for (int64_t n = 0; n < a->lines && a->rows > 0; n++) {
        __builtin_prefetch(a->w + a->column);
        a->column += LINE;
        if (a->column < a->columns) continue;
        a->column = 0;
        if (--a->rows > 0) a->w += a->out;
    }
}

/* ---- forward ---- */

/* Inputs of a block; whose rows of w are read side by side. */
enum { DEPTH = 16, SIDE = 4 };

/* Inputs `first` to first + count of all rows, so that those of one input lie together. */
static void take_inputs(const float *x, int64_t rows, int64_t in, int64_t first, int64_t count,
                        float *to) {
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < count; i++) to[i * rows + row] = x[row * in + first + i];
}

/* Rows of a panel, one after the other: in w they are so far apart that they would drive each other
 * out of the cache, and the last panel's would end behind w. */
static void take_panel(const float *w, int64_t out, int64_t count, int64_t columns, float *to) {
    for (int64_t i = 0; i < count; i++, w += out, to += PANEL) {
        vf_store(to, vf_load_at(w, 0, columns));
        vf_store(to + LANES, columns > LANES ? vf_load_at(w, LANES, columns) : (vf){0});
    }
}

static void add_panel(const pn_dense_sum *s, int64_t first, int64_t count, int64_t column,
                      const float *x, ahead *next) {
    float panel[DEPTH * PANEL];
    const int64_t columns = least(PANEL, s->out - column);
    const float *w = s->w + first * s->out + column;
    product p = {.a = x,
                 .a_row = 1,
                 .a_k = s->rows,
                 .b = w,
                 .b_k = s->out,
                 .k = count,
                 .c = s->sums + column,
                 .c_row = s->row,
                 .add = first > s->begin};
    if (s->rows > BLOCK_ROWS || columns < PANEL) {
        take_panel(w, s->out, count, columns, panel);
        p.b = panel;
        p.b_k = PANEL;
    }
    for (int64_t row = 0; row < s->rows; row += BLOCK_ROWS) {
        fetch(next);
        product_panel(p, least(BLOCK_ROWS, s->rows - row));
        p.a += BLOCK_ROWS;
        p.c += BLOCK_ROWS * s->row;
    }
}

static void add_block(const pn_dense_sum *s, int64_t i, int64_t first, int64_t columns) {
    float x[DEPTH * PN_DENSE_ROWS];
    const int64_t count = least(DEPTH, s->end - i), rest = s->end - i - count;
    const int64_t times = (columns + PANEL - 1) / PANEL * ((s->rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
    ahead next = ahead_of(s->w + (rest ? i + DEPTH : i) * s->out + first, s->out, columns,
                          least(DEPTH, rest), times);
    take_inputs(s->x, s->rows, s->in, i, count, x);
    for (int64_t j = 0; j < columns; j += PANEL) add_panel(s, i, count, first + j, x, &next);
}

/* Of one row alone: rows of w of at least so many floats lie pages apart and are read side by side,
 * shorter ones one after the other; floats that are then asked for in advance. */
enum { LONG = 1024, ADVANCE = 512 };

/* Inputs of a block that are not 0. */
typedef struct taken {
    int64_t item[DEPTH];
    int count;
} taken;

/* Which ones these are nobody can foresee: without a branch. */
static taken take_items(const float *x, int64_t first, int64_t last) {
    taken t = {.count = 0};
    for (int64_t i = first; i < last; i++) {
        t.item[t.count] = i;
        t.count += x[i] != 0;
    }
    return t;
}

/* Adds x[item] times row item of w for `inputs` items, and asks for row `next`. */
PN_INLINE void add_inputs(const pn_dense_sum *s, const int64_t *item, int64_t next, int64_t first,
                          int64_t columns, float *sums, const int inputs) {
    const float *w[SIDE], *ahead = s->w + next * s->out + first;
    vf x[SIDE];
#pragma GCC unroll 4
    for (int i = 0; i < inputs; i++) {
        w[i] = s->w + item[i] * s->out + first;
        x[i] = vf_all(s->x[item[i]]);
    }
    for (int64_t j = 0; j < columns; j += LANES) {
        vf sum = vf_load(sums + j);
        if (inputs == 1) __builtin_prefetch(ahead + j);
#pragma GCC unroll 4
        for (int i = 0; i < inputs; i++) sum = vf_fma(x[i], vf_load_at(w[i], j, columns), sum);
        vf_store(sums + j, sum);
    }
}

/* A block of one row: the same sums as those of many rows, but w is read in the order in which it
 * lies in memory, as fast as memory gives it, and not where the input is 0, as it often is behind a
 * ReLU. */
static void add_row_block(const pn_dense_sum *s, int64_t i, int64_t first, int64_t columns) {
    float block[PN_DENSE_COLUMNS] __attribute__((aligned(64)));
    const int64_t last = least(s->end, i + DEPTH), rows = 1 + (ADVANCE - 1) / s->out;
    const taken t = take_items(s->x, i, last);
    float *sums = s->sums + first;
    const bool add = i > s->begin;
    int at = 0;
    memset(block, 0, (size_t)(columns + LANES - 1) / LANES * sizeof(vf));
    for (; s->out >= LONG && at + SIDE <= t.count; at += SIDE)
        add_inputs(s, t.item + at, 0, first, columns, block, SIDE);
    for (; at < t.count; at++) {
        const int64_t next = at + rows < t.count ? t.item[at + rows] : last + at + rows - t.count;
        add_inputs(s, t.item + at, next, first, columns, block, 1);
    }
    for (int64_t j = 0; j < columns; j += LANES)
        vf_store(sums + j, add ? vf_load(block + j) + vf_load(sums + j) : vf_load(block + j));
}

static void add_row(const pn_dense_sum *s) {
    for (int64_t i = s->begin; i < s->end; i += DEPTH)
        for (int64_t first = 0; first < s->out; first += PN_DENSE_COLUMNS)
            add_row_block(s, i, first, least(PN_DENSE_COLUMNS, s->out - first));
}

void PN_LEVEL(pn_dense_add)(const pn_dense_sum *sum) {
    if (sum->rows == 1) {
        add_row(sum);
        return;
    }
    for (int64_t first = 0; first < sum->out; first += PN_DENSE_COLUMNS) {
        const int64_t columns = least(PN_DENSE_COLUMNS, sum->out - first);
        for (int64_t i = sum->begin; i < sum->end; i += DEPTH) add_block(sum, i, first, columns);
    }
}

/* ---- backward ---- */

void PN_LEVEL(pn_dense_pack)(int64_t rows, int64_t out, const float *d_y, int64_t begin,
                             int64_t end, float *packed) {
    for (int64_t column = begin; column < end; column += PANEL)
        for (int64_t row = 0; row < rows; row++) {
            float *to = packed + column * rows + row * PANEL;
            for (int64_t j = 0; j < PANEL; j++)
                to[j] = column + j < out ? d_y[row * out + column + j] : 0;
        }
}

typedef struct input_block {
    vf sum[4][4]; /* rows, inputs */
} input_block;

/* Columns from j on, a vector of them or (at the end of w's rows) a part of one. */
PN_INLINE void input_step(const pn_dense_block *b, const float *w, const float *d, int64_t j,
                          const int inputs, const int rows, input_block *s) {
    vf v[4];
    d += j / PANEL * PANEL * b->rows + j % PANEL;
#pragma GCC unroll 16
    for (int i = 0; i < inputs; i++) v[i] = vf_load_at(w + i * b->out, j, b->out);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
        const vf x = vf_load(d + r * PANEL);
#pragma GCC unroll 16
        for (int i = 0; i < inputs; i++) s->sum[r][i] = vf_fma(x, v[i], s->sum[r][i]);
    }
}

/* d_x of a few inputs and rows: products along w's rows, sums in registers. */
PN_INLINE void input_sums(const pn_dense_block *b, int64_t input, int64_t row, const int inputs,
                          const int rows) {
    input_block s = {0};
    const float *w = b->w + input * b->out, *d = b->packed + row * PANEL;
    int64_t j = 0;
    for (; j + LANES <= b->out; j += LANES) input_step(b, w, d, j, inputs, rows, &s);
    if (j < b->out) input_step(b, w, d, j, inputs, rows, &s);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
        for (int i = 0; i < inputs; i++)
            b->d_x[(row + r) * b->in + input + i] = vf_sum(s.sum[r][i]);
}

PN_INLINE void input_rows(const pn_dense_block *b, int64_t input, const int inputs) {
    int64_t row = 0;
    const int64_t rest = b->in - input - inputs;
    ahead next = ahead_of(b->w + (rest ? input + inputs : input) * b->out, b->out, b->out,
                          least(inputs, rest), b->rows / 4 + b->rows % 4);
    for (; row + 4 <= b->rows; row += 4) {
        fetch(&next);
        input_sums(b, input, row, inputs, 4);
    }
    for (; row < b->rows; row++) {
        fetch(&next);
        input_sums(b, input, row, inputs, 1);
    }
}

void PN_LEVEL(pn_dense_inputs)(const pn_dense_block *block) {
    int64_t input = block->begin;
    for (; input + 3 <= block->end; input += 3) input_rows(block, input, 3);
    for (; input < block->end; input++) input_rows(block, input, 1);
}

/* Whole panels are stored: what the last one has too many falls into the row behind it, whose own
 * numbers must come later. So the last panel goes first, and its rows in their order, each of them
 * at once: a second part of the depth would be added to numbers that stay. */
void PN_LEVEL(pn_dense_weights)(const pn_dense_block *block, int64_t first, int64_t columns,
                                float *x_part, float *gradient) {
    const int64_t inputs = block->end - block->begin;
    for (int64_t row = 0; row < block->rows; row++)
        memcpy(x_part + row * inputs, block->x + row * block->in + block->begin,
               (size_t)inputs * sizeof *x_part);
    product p = {
        .a = x_part, .a_row = 1, .a_k = inputs, .b_k = PANEL, .k = block->rows, .c_row = columns};
    for (int64_t column = (columns - 1) / PANEL * PANEL, n = 0; n < columns; n += PANEL) {
        p.b = block->packed + (first + column) * block->rows;
        p.c = gradient + column;
        product_rows(&p, inputs, false);
        column = n;
    }
}
