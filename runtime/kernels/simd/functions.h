/* exp, log, tanh and the sigmoid of vectors, within 2 units in the last place, everywhere:
 * infinities, denormals and NaN as the C library has them. The polynomials were fitted for the
 * least greatest error relative to the function. */
#ifndef PN_KERNELS_SIMD_FUNCTIONS_H
#define PN_KERNELS_SIMD_FUNCTIONS_H

#include "kernels/simd/vector.h"

#include <float.h>
#include <math.h>

/* c[0] + c[1] x + ... */
PN_INLINE vf vf_polynomial(vf x, const float *c, const int degree) {
    vf y = vf_all(c[degree]);
#pragma GCC unroll 16
    for (int i = degree - 1; i >= 0; i--) y = vf_fma(y, x, vf_all(c[i]));
    return y;
}

/* 2^n, -126 <= n <= 127. */
PN_INLINE vf vf_power_of_two(vi n) {
    return (vf)((n + 127) * (1 << 23));
}

/* x = n log 2 + r. log 2 is cut in two, of which the first times n is exact. */
PN_INLINE vf vf_exp(vf x) {
    static const float c[] = {0.5F, 0.16666512F, 0.041666187F, 0.0083695985F, 0.0013951717F};
    const vf shift = vf_all(0x1.8p23F); /* has no bits behind the point: adding it rounds */
    const vf high = vf_all(89), low = vf_all(-104); /* beyond: infinity and 0 */
    x = vf_pick(x > high, high, vf_pick(x < low, low, x));
    const vf shifted = vf_fma(x, vf_all(1.44269504F), shift), whole = shifted - shift;
    /* NaN has any n: its product is NaN. */
    const vi n = vf_pick_int(x == x, (vi)shifted, (vi)shift) - (vi)shift;
    const vf rough = vf_fma(whole, vf_all(-0.693359375F), x);
    const vf second = whole * vf_all(2.12194440e-4F);
    const vf r = rough + second, rest = (rough - r) + second;
    const vf y = vf_fma(r * r, vf_polynomial(r, c, 4), rest) + r + 1;
    /* In two steps: 2^n alone may be infinite or 0 where the result is not. */
    const vi half = n >> 1;
    return y * vf_power_of_two(half) * vf_power_of_two(n - half);
}

/* x = 2^e m with m from sqrt(1/2) to sqrt(2), the logarithm of m as a series in m - 1. */
PN_INLINE vf vf_log(vf x) {
    static const float c[] = {0.33333316F, -0.25000811F, 0.20002286F,  -0.16624554F,
                              0.14181197F, -0.13128768F, 0.128816217F, -0.07859546F};
    const vi usual = (x > 0) & (x < INFINITY), tiny = usual & (x < FLT_MIN);
    vf y = vf_pick(usual, x, vf_all(1));
    y = vf_pick(tiny, y * 0x1p25F, y);
    const vi e = ((vi)y - (vi)vf_all(0.70710677F)) >> 23;
    const vf f = (vf)((vi)y - e * (1 << 23)) - 1;
    const vf exponent = __builtin_convertvector(e - (tiny & 25), vf);
    const vf square = f * f;
    y = square * f * vf_polynomial(f, c, 7);
    y = vf_fma(exponent, vf_all(-2.12194440e-4F), y);
    y = f + vf_fma(square, vf_all(-0.5F), y);
    y = vf_fma(exponent, vf_all(0.693359375F), y);
    const vf other = vf_pick(x < 0, vf_all(NAN), vf_pick(x == 0, vf_all(-INFINITY), x));
    return vf_pick(usual, y, other);
}

PN_INLINE vf vf_abs(vf x) {
    return (vf)((vi)x & INT32_MAX);
}

/* The exponent is never positive: nothing overflows. What rounding takes from 1 + e is put back to
 * the quotient; 1 - e / 2 stands for 1 / (1 + e), close enough for so little. */
PN_INLINE vf vf_sigmoid(vf x) {
    const vf e = vf_exp(vf_pick(x < 0, x, -x)), sum = 1 + e, lost = e - (sum - 1);
    const vf y = vf_pick(x < 0, e, vf_all(1)) / sum;
    return y - y * (lost * (1 - e * 0.5F));
}

/* An odd series near 0, 1 - 2 / (exp(2x) + 1) elsewhere. */
PN_INLINE vf vf_tanh(vf x) {
    static const float c[] = {-0.33333284F, 0.1333149F, -0.0537435F, 0.02065058F, -0.005717037F};
    const vf size = vf_abs(x), square = x * x;
    const vf near = vf_fma(size * square, vf_polynomial(square, c, 4), size);
    const vf far = 1 - 2 / (vf_exp(size + size) + 1);
    const vf y = vf_pick(size < 0.625F, near, vf_pick(x == x, far, x));
    return (vf)((vi)y | ((vi)x & INT32_MIN));
}

#endif
