/* Choice between two rows, and conversion between dtypes. */
#include "kernels/elementwise.h"

#include <math.h>

#define SELECT(name, type)                                                                         \
    void name(type *out, const uint8_t *mask, int64_t ms, const type *a, int64_t as,               \
              const type *b, int64_t bs, int64_t n) {                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type x = a[i * as], y = b[i * bs];                                                     \
            out[i] = mask[i * ms] ? x : y;                                                         \
        }                                                                                          \
    }

SELECT(pn_kernel_select_f32, float)
SELECT(pn_kernel_select_i32, int32_t)

static int32_t int_of_float(float x) {
    if (!(x > -2147483648.0f)) return isnan(x) ? 0 : INT32_MIN;
    return x >= 2147483648.0f ? INT32_MAX : (int32_t)x;
}

/* Comparisons that are false for NaN come first, so that it ends as 0; limiting before the cast
 * leaves no branch in the loop. */
static uint8_t byte_of_float(float x) {
    x = x > 0 ? x : 0;
    x = x < 255 ? x : 255;
    return (uint8_t)(int32_t)x;
}

static uint8_t byte_of_int(int32_t x) {
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

#define SAME(x) (x)

/* Rows that lie next to each other have a loop of their own, which vectorises. */
#define CONVERT(name, to_type, from_type, function)                                                \
    static void name(void *to, int64_t ts, const void *from, int64_t fs, int64_t n) {              \
        to_type *t = to;                                                                           \
        const from_type *f = from;                                                                 \
        if (ts == 1 && fs == 1)                                                                    \
            for (int64_t i = 0; i < n; i++) t[i] = (to_type)function(f[i]);                        \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++) t[i * ts] = (to_type)function(f[i * fs]);              \
    }

CONVERT(f32_f32, float, float, SAME)
CONVERT(f32_u8, float, uint8_t, SAME)
CONVERT(f32_i32, float, int32_t, SAME)
CONVERT(u8_f32, uint8_t, float, byte_of_float)
CONVERT(u8_u8, uint8_t, uint8_t, SAME)
CONVERT(u8_i32, uint8_t, int32_t, byte_of_int)
CONVERT(i32_f32, int32_t, float, int_of_float)
CONVERT(i32_u8, int32_t, uint8_t, SAME)
CONVERT(i32_i32, int32_t, int32_t, SAME)

void pn_kernel_convert(pn_dtype to_dtype, void *to, int64_t to_step, pn_dtype from_dtype,
                       const void *from, int64_t from_step, int64_t n) {
    static void (*const rows[3][3])(void *, int64_t, const void *, int64_t, int64_t) = {
        [PN_F32] = {[PN_F32] = f32_f32, [PN_U8] = f32_u8, [PN_I32] = f32_i32},
        [PN_U8] = {[PN_F32] = u8_f32, [PN_U8] = u8_u8, [PN_I32] = u8_i32},
        [PN_I32] = {[PN_F32] = i32_f32, [PN_U8] = i32_u8, [PN_I32] = i32_i32},
    };
    rows[to_dtype][from_dtype](to, to_step, from, from_step, n);
}
