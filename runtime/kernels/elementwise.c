#include "kernels/elementwise.h"

#include "kernels/functions_parts.h"

#include <math.h>

/* One loop for each way in which the operands may step, so that each of them vectorises. */
#define BINARY(name, type, expression)                                                             \
    static void name(type *out, const type *a, int64_t as, const type *b, int64_t bs, int64_t n) { \
        if (as && bs) {                                                                            \
            PN_SAME_OR_APART for (int64_t i = 0; i < n; i++) {                                     \
                type x = a[i], y = b[i];                                                           \
                out[i] = expression;                                                               \
            }                                                                                      \
        } else if (as) {                                                                           \
            const type y = *b;                                                                     \
            PN_SAME_OR_APART for (int64_t i = 0; i < n; i++) {                                     \
                type x = a[i];                                                                     \
                out[i] = expression;                                                               \
            }                                                                                      \
        } else {                                                                                   \
            const type x = *a;                                                                     \
            PN_SAME_OR_APART for (int64_t i = 0; i < n; i++) {                                     \
                type y = b[i * bs];                                                                \
                out[i] = expression;                                                               \
            }                                                                                      \
        }                                                                                          \
    }

/* ---- float32 ---- */

static float modulo(float x, float y) {
    float m = fmodf(x, y);
    return m * y < 0 ? m + y : m;
}

BINARY(add_f32, float, x + y)
BINARY(sub_f32, float, x - y)
BINARY(mul_f32, float, x *y)
BINARY(div_f32, float, x / y)
BINARY(floordiv_f32, float, floorf(x / y))
BINARY(mod_f32, float, modulo(x, y))
BINARY(pow_f32, float, powf(x, y))
BINARY(maximum_f32, float, x > y || x != x ? x : y)
BINARY(minimum_f32, float, x < y || x != x ? x : y)

void pn_kernel_binary_f32(pn_binary op, float *out, const float *a, int64_t a_step, const float *b,
                          int64_t b_step, int64_t n) {
    switch (op) {
    case PN_ADD:
        add_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_SUB:
        sub_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_MUL:
        mul_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_DIV:
        div_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_FLOORDIV:
        floordiv_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_MOD:
        mod_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_POW:
        /* Squares are by far the most frequent power, and exact this way too. */
        if (b_step == 0 && *b == 2)
            mul_f32(out, a, a_step, a, a_step, n);
        else
            pow_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_MAXIMUM:
        maximum_f32(out, a, a_step, b, b_step, n);
        break;
    case PN_MINIMUM:
        minimum_f32(out, a, a_step, b, b_step, n);
        break;
    }
}

/* ---- int32 ---- */

static int32_t limit(int64_t x) {
    return x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : (int32_t)x;
}

static int64_t floor_divide(int64_t x, int64_t y) {
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

static int64_t floor_modulo(int64_t x, int64_t y) {
    int64_t m = x % y;
    return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}

BINARY(add_i32, int32_t, limit((int64_t)x + y))
BINARY(sub_i32, int32_t, limit((int64_t)x - y))
BINARY(mul_i32, int32_t, limit((int64_t)x *y))
BINARY(floordiv_i32, int32_t, limit(floor_divide(x, y)))
BINARY(mod_i32, int32_t, limit(floor_modulo(x, y)))
BINARY(maximum_i32, int32_t, x > y ? x : y)
BINARY(minimum_i32, int32_t, x < y ? x : y)

static bool has_zero(const int32_t *x, int64_t step, int64_t n) {
    for (int64_t i = 0; i < (step ? n : 1); i++)
        if (x[i] == 0) return true;
    return false;
}

bool pn_kernel_binary_i32(pn_binary op, int32_t *out, const int32_t *a, int64_t a_step,
                          const int32_t *b, int64_t b_step, int64_t n) {
    if (n == 0) return true;
    if ((op == PN_FLOORDIV || op == PN_MOD) && has_zero(b, b_step, n)) return false;
    switch (op) {
    case PN_ADD:
        add_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_SUB:
        sub_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_MUL:
        mul_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_FLOORDIV:
        floordiv_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_MOD:
        mod_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_MAXIMUM:
        maximum_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_MINIMUM:
        minimum_i32(out, a, a_step, b, b_step, n);
        break;
    case PN_DIV:
    case PN_POW:
        break;
    }
    return true;
}

/* ---- functions of one number ---- */

#define UNARY(name, type, expression)                                                              \
    static void name(type *out, const type *values, int64_t n) {                                   \
        PN_SAME_OR_APART for (int64_t i = 0; i < n; i++) {                                         \
            type x = values[i];                                                                    \
            out[i] = expression;                                                                   \
        }                                                                                          \
    }

UNARY(neg_f32, float, -x)
UNARY(abs_f32, float, fabsf(x))
UNARY(relu_f32, float, x < 0 ? 0 : x)
UNARY(round_f32, float, nearbyintf(x))
UNARY(floor_f32, float, floorf(x))
UNARY(ceil_f32, float, ceilf(x))
UNARY(sqrt_f32, float, sqrtf(x))
UNARY(sin_f32, float, sinf(x))
UNARY(cos_f32, float, cosf(x))

#define PICKED(name)                                                                               \
    static void name##_f32(float *out, const float *x, int64_t n) {                                \
        PN_PICK(pn_##name)(out, x, n);                                                             \
    }
PICKED(exp)
PICKED(log)
PICKED(tanh)
PICKED(sigmoid)

UNARY(neg_i32, int32_t, limit(-(int64_t)x))
UNARY(abs_i32, int32_t, limit(x < 0 ? -(int64_t)x : x))
UNARY(relu_i32, int32_t, x < 0 ? 0 : x)
UNARY(same_i32, int32_t, x)

void pn_kernel_unary_f32(pn_unary op, float *out, const float *x, int64_t n) {
    static void (*const functions[])(float *, const float *, int64_t) = {
        [PN_NEG] = neg_f32,         [PN_ABS] = abs_f32,     [PN_RELU] = relu_f32,
        [PN_ROUND] = round_f32,     [PN_FLOOR] = floor_f32, [PN_CEIL] = ceil_f32,
        [PN_EXP] = exp_f32,         [PN_LOG] = log_f32,     [PN_SQRT] = sqrt_f32,
        [PN_SIN] = sin_f32,         [PN_COS] = cos_f32,     [PN_TANH] = tanh_f32,
        [PN_SIGMOID] = sigmoid_f32,
    };
    functions[op](out, x, n);
}

void pn_kernel_unary_i32(pn_unary op, int32_t *out, const int32_t *x, int64_t n) {
    switch (op) {
    case PN_NEG:
        neg_i32(out, x, n);
        break;
    case PN_ABS:
        abs_i32(out, x, n);
        break;
    case PN_RELU:
        relu_i32(out, x, n);
        break;
    default:
        same_i32(out, x, n);
    }
}
