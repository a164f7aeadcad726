/* What optimizer.c and simd/optimizer.c share. Not for others. */
#ifndef PN_KERNELS_OPTIMIZER_PARTS_H
#define PN_KERNELS_OPTIMIZER_PARTS_H

#include "kernels/optimizer.h"
#include "kernels/simd/level.h"

PN_DECLARE_LEVELS(void, pn_update_values, const pn_update *update, float *value,
                  const float *gradient, float *const slot[PN_RULE_SLOTS], int64_t n);
PN_DECLARE_LEVELS(void, pn_clip_values, float *x, int64_t n, float limit);
PN_DECLARE_LEVELS(void, pn_scale_values, float *x, int64_t n, float factor);
PN_DECLARE_LEVELS(double, pn_sum_squares, const float *x, int64_t n);

#endif
