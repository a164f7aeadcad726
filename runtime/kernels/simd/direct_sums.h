/* The inner loops of the direct convolutions: blocks of sums that stay in registers. */
#ifndef PN_KERNELS_SIMD_DIRECT_SUMS_H
#define PN_KERNELS_SIMD_DIRECT_SUMS_H

#include "kernels/simd/product.h"

/* Rows of a block of one vector: as many as hide the latency of the sums. */
enum { THIN_ROWS = 12 };

/* What each pixel of a row sums: runs of `length` numbers side by side in a, times rows of the
 * packed kernel b. There are outer x inner runs, so many floats apart in a and in b. */
typedef struct runs {
    const float *a, *b;
    int64_t a_row; /* from pixel to pixel */
    int64_t length;
    int64_t outer, outer_a, outer_b;
    int64_t inner, inner_a, inner_b;
} runs;

/* to (vectors, pixels): the vectors are `half` apart. */
PN_INLINE void sum_block(const runs *r, const float *first, vf *to, int64_t half, const int vectors,
                         const int rows) {
    vf sum[THIN_ROWS][2];
    const int64_t a_row = r->a_row, length = r->length;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (vf){0};
    for (int64_t o = 0; o < r->outer; o++)
        for (int64_t n = 0; n < r->inner; n++) {
            const float *a = first + o * r->outer_a + n * r->inner_a;
            const float *b = r->b + o * r->outer_b + n * r->inner_b;
            for (int64_t l = 0; l < length; l++, a++, b += PANEL) {
                const vf b0 = vf_load(b), b1 = vectors == 2 ? vf_load(b + LANES) : (vf){0};
#pragma GCC unroll 16
                for (int i = 0; i < rows; i++) {
                    const vf x = vf_all(a[i * a_row]);
                    sum[i][0] = vf_fma(x, b0, sum[i][0]);
                    if (vectors == 2) sum[i][1] = vf_fma(x, b1, sum[i][1]);
                }
            }
        }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        to[i] = sum[i][0];
        if (vectors == 2) to[half + i] = sum[i][1];
    }
}

/* c (rows, vectors) += row i of a, whose numbers are a_k apart, times b. */
typedef struct outer_sums {
    const float *a[THIN_ROWS];
    float *c[THIN_ROWS];
    int64_t a_k;
    const float *b;
    int64_t b_k;
    int64_t k;
} outer_sums;

PN_INLINE void outer_block(const outer_sums *p, const int vectors, const int rows) {
    vf sum[THIN_ROWS][2];
    const float *a[THIN_ROWS], *b = p->b;
    const int64_t a_k = p->a_k, b_k = p->b_k, end = p->k * a_k;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        a[i] = p->a[i];
        sum[i][0] = vf_load(p->c[i]);
        sum[i][1] = vectors == 2 ? vf_load(p->c[i] + LANES) : (vf){0};
    }
    for (int64_t l = 0; l < end; l += a_k, b += b_k) {
        const vf b0 = vf_load(b), b1 = vectors == 2 ? vf_load(b + LANES) : (vf){0};
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const vf x = vf_all(a[i][l]);
            sum[i][0] = vf_fma(x, b0, sum[i][0]);
            if (vectors == 2) sum[i][1] = vf_fma(x, b1, sum[i][1]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        vf_store(p->c[i], sum[i][0]);
        if (vectors == 2) vf_store(p->c[i] + LANES, sum[i][1]);
    }
}

static inline void sum_rows(const runs *r, const float *first, vf *to, int64_t half, int rows,
                            int vectors) {
    if (vectors == 2)
        PN_ROWS_OF(BLOCK_ROWS, rows, sum_block, r, first, to, half, 2)
    else
        PN_ROWS_OF(THIN_ROWS, rows, sum_block, r, first, to, half, 1)
}

static inline void outer_rows(const outer_sums *p, int rows, int vectors) {
    if (vectors == 2)
        PN_ROWS_OF(BLOCK_ROWS, rows, outer_block, p, 2)
    else
        PN_ROWS_OF(THIN_ROWS, rows, outer_block, p, 1)
}

/* Rows of the next block of `left`: blocks are of one size as far as possible, as a small rest
 * would take nearly as long as a full one. */
static inline int next_rows(int64_t left, int vectors) {
    const int64_t most = vectors == 2 ? BLOCK_ROWS : THIN_ROWS, blocks = (left + most - 1) / most;
    return (int)((left + blocks - 1) / blocks);
}

/* A row of pixels. */
static void sum_pixels(const runs *r, int64_t pixels, int vectors, vf *to, int64_t half) {
    for (int64_t i = 0; i < pixels;) {
        const int rows = next_rows(pixels - i, vectors);
        sum_rows(r, r->a + i * r->a_row, to + i, half, rows, vectors);
        i += rows;
    }
}

#endif
