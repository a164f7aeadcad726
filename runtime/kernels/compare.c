#include "kernels/compare.h"

#define COMPARE(name, type, expression)                                                            \
    static void name(uint8_t *restrict out, const type *a, int64_t as, const type *b, int64_t bs,  \
                     int64_t n) {                                                                  \
        if (as && bs)                                                                              \
            for (int64_t i = 0; i < n; i++) {                                                      \
                type x = a[i], y = b[i];                                                           \
                out[i] = expression;                                                               \
            }                                                                                      \
        else if (as) {                                                                             \
            const type y = *b;                                                                     \
            for (int64_t i = 0; i < n; i++) {                                                      \
                type x = a[i];                                                                     \
                out[i] = expression;                                                               \
            }                                                                                      \
        } else {                                                                                   \
            const type x = *a;                                                                     \
            for (int64_t i = 0; i < n; i++) {                                                      \
                type y = b[i * bs];                                                                \
                out[i] = expression;                                                               \
            }                                                                                      \
        }                                                                                          \
    }

#define COMPARISONS(suffix, type)                                                                  \
    COMPARE(gt_##suffix, type, x > y)                                                              \
    COMPARE(ge_##suffix, type, x >= y)                                                             \
    COMPARE(lt_##suffix, type, x < y)                                                              \
    COMPARE(le_##suffix, type, x <= y)                                                             \
    COMPARE(eq_##suffix, type, x == y)                                                             \
    COMPARE(ne_##suffix, type, x != y)                                                             \
    COMPARE(and_##suffix, type, (x != 0) & (y != 0))                                               \
    COMPARE(or_##suffix, type, (x != 0) | (y != 0))                                                \
    void pn_kernel_compare_##suffix(pn_compare op, uint8_t *out, const type *a, int64_t a_step,    \
                                    const type *b, int64_t b_step, int64_t n) {                    \
        static void (*const rows[])(uint8_t *restrict, const type *, int64_t, const type *,        \
                                    int64_t, int64_t) = {                                          \
            [PN_GT] = gt_##suffix,   [PN_GE] = ge_##suffix, [PN_LT] = lt_##suffix,                 \
            [PN_LE] = le_##suffix,   [PN_EQ] = eq_##suffix, [PN_NE] = ne_##suffix,                 \
            [PN_AND] = and_##suffix, [PN_OR] = or_##suffix,                                        \
        };                                                                                         \
        rows[op](out, a, a_step, b, b_step, n);                                                    \
    }

COMPARISONS(f32, float)
COMPARISONS(i32, int32_t)
