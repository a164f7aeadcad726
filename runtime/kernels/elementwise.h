/* Rows of items: arithmetic, functions of one number, choice, conversion. Everything works on n
 * items that lie next to each other; an operand with step 0 is one item used n times. `out` may be
 * the same memory as an operand, but must not overlap one otherwise. Nothing here allocates. */
#ifndef PN_KERNELS_ELEMENTWISE_H
#define PN_KERNELS_ELEMENTWISE_H

#include "pneuma/stage.h"

#include <stdbool.h>
#include <stdint.h>

/* Tells gcc that out is either the very memory of an operand or apart from it, so that the loop
 * vectorises for both. (clang finds out at run time, and warns where such a promise does not help.)
 */
#if defined(__GNUC__) && !defined(__clang__)
#define PN_SAME_OR_APART _Pragma("GCC ivdep")
#else
#define PN_SAME_OR_APART
#endif

typedef enum pn_binary {
    PN_ADD = 0,
    PN_SUB,
    PN_MUL,
    PN_DIV,      /* float32 alone */
    PN_FLOORDIV, /* floor of the quotient, as Lua's // */
    PN_MOD,      /* what // leaves, with the divisor's sign, as Lua's % */
    PN_POW,      /* float32 alone */
    PN_MAXIMUM,  /* NaN when one operand is */
    PN_MINIMUM,
} pn_binary;

/* out[i] = a[i * a_step] op b[i * b_step]; steps are 0 or 1. */
void pn_kernel_binary_f32(pn_binary op, float *out, const float *a, int64_t a_step, const float *b,
                          int64_t b_step, int64_t n);

/* The same for int32: computed in 64 bits, then limited to what int32 holds. False, with out
 * unfinished, when // or % meets a zero divisor. */
bool pn_kernel_binary_i32(pn_binary op, int32_t *out, const int32_t *a, int64_t a_step,
                          const int32_t *b, int64_t b_step, int64_t n);

typedef enum pn_unary {
    PN_NEG = 0,
    PN_ABS,
    PN_RELU,  /* max(x, 0) */
    PN_ROUND, /* to the nearest whole number, halves to the even one */
    PN_FLOOR,
    PN_CEIL,
    PN_EXP, /* from here on float32 alone */
    PN_LOG,
    PN_SQRT,
    PN_SIN,
    PN_COS,
    PN_TANH,
    PN_SIGMOID, /* 1 / (1 + exp(-x)) */
} pn_unary;

void pn_kernel_unary_f32(pn_unary op, float *out, const float *x, int64_t n);
/* NEG, ABS and RELU; -INT32_MIN becomes INT32_MAX. The other operations copy. */
void pn_kernel_unary_i32(pn_unary op, int32_t *out, const int32_t *x, int64_t n);

/* out[i] = mask[i] != 0 ? a[i] : b[i], each with a step of 0 or 1. */
void pn_kernel_select_f32(float *out, const uint8_t *mask, int64_t mask_step, const float *a,
                          int64_t a_step, const float *b, int64_t b_step, int64_t n);
void pn_kernel_select_i32(int32_t *out, const uint8_t *mask, int64_t mask_step, const int32_t *a,
                          int64_t a_step, const int32_t *b, int64_t b_step, int64_t n);

/* to[i * to_step] = from[i * from_step] in another dtype (or the same); any steps, in items.
 * float32 to an integer truncates toward zero and saturates, NaN gives 0; int32 to uint8
 * saturates. */
void pn_kernel_convert(pn_dtype to_dtype, void *to, int64_t to_step, pn_dtype from_dtype,
                       const void *from, int64_t from_step, int64_t n);

#endif
