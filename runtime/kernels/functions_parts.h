/* What elementwise.c takes from simd/functions.c. Not for others. */
#ifndef PN_KERNELS_FUNCTIONS_PARTS_H
#define PN_KERNELS_FUNCTIONS_PARTS_H

#include "kernels/simd/level.h"

#include <stdint.h>

/* out[i] = f(x[i]); out may be x. */
PN_DECLARE_LEVELS(void, pn_exp, float *out, const float *x, int64_t n);
PN_DECLARE_LEVELS(void, pn_log, float *out, const float *x, int64_t n);
PN_DECLARE_LEVELS(void, pn_tanh, float *out, const float *x, int64_t n);
PN_DECLARE_LEVELS(void, pn_sigmoid, float *out, const float *x, int64_t n);

#endif
