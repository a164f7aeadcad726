/* Small matrix products, c (rows, columns) = or += a (rows, k) times b (k, columns), as the inner
 * loop of the convolutions: a block of c stays in registers while k runs. */
#ifndef PN_KERNELS_SIMD_PRODUCT_H
#define PN_KERNELS_SIMD_PRODUCT_H

#include "kernels/simd/vector.h"

/* Columns that b is packed in: panels of PANEL, padded with zeros. Rows of a block. */
#if defined(__AVX512F__)
enum { PANEL = 2 * LANES, BLOCK_ROWS = 12 };
#else
enum { PANEL = 2 * LANES, BLOCK_ROWS = 6 };
#endif

/* `lines` cache lines from `from` on, of which `step` are asked for after each CHUNK of k. */
typedef struct asking {
    const float *from;
    int64_t lines, step;
} asking;

/* Strides in floats: a's item (i, l) is a[i * a_row + l * a_k]; row l of b begins at b + l * b_k.
 */
typedef struct product {
    const float *a;
    int64_t a_row, a_k;
    const float *b;
    int64_t b_k;
    int64_t k;
    float *c;
    int64_t c_row;
    bool add; /* to what is in c */
    /* For product_panel_asking: what of a and of b is needed next and comes from far. */
    asking next_a, next_b;
} product;

enum { CHUNK = 16, LINE_FLOATS = 16 };

/* A macro, as the compiler wants a constant nearness even where nothing is inlined. */
#define PN_ASK(next, nearness)                                                                     \
    do {                                                                                           \
        for (int64_t n = 0; n < (next).step && (next).lines > 0; n++, (next).lines--) {            \
            __builtin_prefetch((next).from, 0, nearness);                                          \
            (next).from += LINE_FLOATS;                                                            \
        }                                                                                          \
    } while (0)

PN_INLINE void ask_next(product *p) {
    PN_ASK(p->next_a, 2);
    PN_ASK(p->next_b, 3);
}

/* Adds k products to the sums. */
PN_INLINE void sum_products(const product *p, const float *a, const float *b, int64_t k,
                            vf sum[BLOCK_ROWS][2], const int rows) {
    const int64_t a_row = p->a_row, a_k = p->a_k, b_k = p->b_k;
    for (int64_t l = 0; l < k; l++, a += a_k, b += b_k) {
        const vf b0 = vf_load(b), b1 = vf_load(b + LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const vf x = vf_all(a[i * a_row]);
            sum[i][0] = vf_fma(x, b0, sum[i][0]);
            sum[i][1] = vf_fma(x, b1, sum[i][1]);
        }
    }
}

PN_INLINE void product_block(product *p, const bool asks, const int rows) {
    vf sum[BLOCK_ROWS][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (vf){0};
    if (!asks) sum_products(p, p->a, p->b, p->k, sum, rows);
    for (int64_t l = 0; asks && l < p->k; l += CHUNK) {
        sum_products(p, p->a + l * p->a_k, p->b + l * p->b_k, p->k - l < CHUNK ? p->k - l : CHUNK,
                     sum, rows);
        ask_next(p);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        float *c = p->c + i * p->c_row;
        if (p->add) {
            sum[i][0] += vf_load(c);
            sum[i][1] += vf_load(c + LANES);
        }
        vf_store(c, sum[i][0]);
        vf_store(c + LANES, sum[i][1]);
    }
}

/* Calls f(..., rows) with a constant, 1 <= rows <= most <= 12. */
#define PN_ROWS_CASE(n, most, f, ...)                                                              \
    case n:                                                                                        \
        if (n <= (most)) f(__VA_ARGS__, n);                                                        \
        break
#define PN_ROWS_OF(most, rows, f, ...)                                                             \
    switch (rows) {                                                                                \
        PN_ROWS_CASE(1, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(2, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(3, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(4, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(5, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(6, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(7, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(8, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(9, most, f, __VA_ARGS__);                                                     \
        PN_ROWS_CASE(10, most, f, __VA_ARGS__);                                                    \
        PN_ROWS_CASE(11, most, f, __VA_ARGS__);                                                    \
        PN_ROWS_CASE(12, most, f, __VA_ARGS__);                                                    \
    }

/* Numbers of k at a time: their part of a panel stays in the nearest cache for all rows. */
enum { PRODUCT_DEPTH = 256 };

/* Any number of rows, one panel: in blocks of about the same size, as a small rest would take
 * nearly as long as a full one. */
PN_INLINE void product_rows(product *all, int64_t rows, const bool asks) {
    product p = *all;
    for (int64_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS; blocks > 0; blocks--) {
        const int count = (int)((rows + blocks - 1) / blocks);
        PN_ROWS_OF(BLOCK_ROWS, count, product_block, &p, asks)
        p.a += count * p.a_row;
        p.c += count * p.c_row;
        rows -= count;
    }
    all->next_a = p.next_a;
    all->next_b = p.next_b;
}

PN_INLINE void product_parts(product p, int64_t rows, const bool asks) {
    for (int64_t left = p.k; left > 0; left -= p.k) {
        const int64_t parts = (left + PRODUCT_DEPTH - 1) / PRODUCT_DEPTH;
        p.k = (left + parts - 1) / parts;
        product_rows(&p, rows, asks);
        p.a += p.k * p.a_k;
        p.b += p.k * p.b_k;
        p.add = true;
    }
}

/* The same for any depth from 1 on. */
static void product_panel(product p, int64_t rows) {
    product_parts(p, rows, false);
}

/* And so many floats of a and of b are asked for, evenly over the work. */
__attribute__((unused)) static void product_panel_asking(product p, int64_t rows, const float *a,
                                                         int64_t a_count, const float *b,
                                                         int64_t b_count) {
    const int64_t chunks = (p.k + CHUNK - 1) / CHUNK * ((rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
    p.next_a = (asking){a, (a_count + LINE_FLOATS - 1) / LINE_FLOATS, 0};
    p.next_b = (asking){b, (b_count + LINE_FLOATS - 1) / LINE_FLOATS, 0};
    p.next_a.step = (p.next_a.lines + chunks - 1) / chunks;
    p.next_b.step = (p.next_b.lines + chunks - 1) / chunks;
    product_parts(p, rows, true);
}

#endif
