/* What norm.c and simd/norm.c share. Not for others. */
#ifndef PN_KERNELS_NORM_PARTS_H
#define PN_KERNELS_NORM_PARTS_H

#include "kernels/norm.h"
#include "kernels/simd/level.h"

/* Both work on rows begin <= r < end; the second one adds to sums (2, channels). */
PN_DECLARE_LEVELS(void, pn_norm_apply_rows, const pn_norm *norm, const float *x, float *out,
                  int64_t begin, int64_t end);
PN_DECLARE_LEVELS(void, pn_norm_sum_rows, const pn_norm *norm, const float *d, const float *y,
                  const float *x, int64_t begin, int64_t end, double *sums);

#endif
