/* What dense.c and simd/dense.c share. Not for others. */
#ifndef PN_KERNELS_DENSE_PARTS_H
#define PN_KERNELS_DENSE_PARTS_H

#include "kernels/simd/level.h"

#include <stdint.h>

enum {
    PN_DENSE_ROWS = 64,      /* that the forward direction takes at a time */
    PN_DENSE_PANEL = 32,     /* the widest panel of columns of any level */
    PN_DENSE_COLUMNS = 2048, /* that the forward direction works on at a time */
};

/* sums (rows, row) = (or +=, when `add`) x times w for inputs begin <= i < end, rows at most
 * PN_DENSE_ROWS; row is at least `out` rounded up to PN_DENSE_PANEL. */
typedef struct pn_dense_sum {
    int64_t rows, in, out;
    const float *x, *w;
    int64_t begin, end;
    float *sums;
    int64_t row;
} pn_dense_sum;

PN_DECLARE_LEVELS(void, pn_dense_add, const pn_dense_sum *sum);

/* d_y (rows, out) in panels (panel, rows, columns of a panel) with zeros in the last one's rest:
 * `packed` has rows times `out` rounded up to PN_DENSE_PANEL. Panels that begin in
 * begin <= column < end, multiples of PN_DENSE_PANEL. */
PN_DECLARE_LEVELS(void, pn_dense_pack, int64_t rows, int64_t out, const float *d_y, int64_t begin,
                  int64_t end, float *packed);

/* The gradients of inputs begin <= i < end. */
typedef struct pn_dense_block {
    int64_t rows, in, out;
    const float *x, *w, *packed;
    float *d_x;
    int64_t begin, end;
} pn_dense_block;

/* d_x (rows, in): all that comes to the block's inputs. */
PN_DECLARE_LEVELS(void, pn_dense_inputs, const pn_dense_block *block);

/* gradient (inputs of the block, columns) by w from column `first` on, a multiple of
 * PN_DENSE_PANEL; overwrites PN_DENSE_PANEL floats after its end, too. x_part has rows times
 * inputs of the block. */
PN_DECLARE_LEVELS(void, pn_dense_weights, const pn_dense_block *block, int64_t first,
                  int64_t columns, float *x_part, float *gradient);

#endif
