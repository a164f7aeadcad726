/* Arithmetic, comparisons and functions, item by item with broadcasting.
 *
 * dtypes: float32 with anything gives float32. Integers give int32, computed in 64 bits and
 * limited to what int32 holds, so that nothing wraps around; `/` and `^` always give float32.
 * All results are new references to dense tensors. PN_E_SHAPE names two shapes that do not fit;
 * PN_E_MEMORY as everywhere. */
#ifndef PN_TENSOR_ARITHMETIC_H
#define PN_TENSOR_ARITHMETIC_H

#include "kernels/compare.h"
#include "kernels/elementwise.h"
#include "tensor/tensor.h"

/* A number as a tensor without axes, on the caller's stack: to be lent to the functions below,
 * never retained or released. */
typedef struct pn_number {
    pn_tensor tensor;
    union {
        float f;
        int32_t i;
    } value;
} pn_number;
const pn_tensor *pn_number_float(pn_number *number, double value);
const pn_tensor *pn_number_int(pn_number *number, int32_t value);

/* a op b. PN_E_ARGUMENT when // or % divides an integer by zero. */
pn_status pn_tensor_binary(pn_binary op, const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                           pn_error *error);

/* into = into op b, in place; b is broadcast to its shape. PN_E_ARGUMENT when `into` is of
 * integers and the result would be float32. uint8 is limited to 0 .. 255. */
pn_status pn_tensor_binary_into(pn_binary op, pn_tensor *into, const pn_tensor *b, pn_error *error);

/* a op b as uint8, 0 or 1. Integers are compared as integers, else both as float32. */
pn_status pn_tensor_compare(pn_compare op, const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                            pn_error *error);

/* op(x): float32 for functions like exp; NEG of integers gives int32; ABS, RELU, ROUND, FLOOR and
 * CEIL keep the dtype. */
pn_status pn_tensor_unary(pn_unary op, const pn_tensor *x, pn_tensor **out, pn_error *error);

/* The items of a where the mask differs from 0, else those of b; all three are broadcast. The
 * dtype is a's when b has the same, else as for arithmetic. */
pn_status pn_tensor_where(const pn_tensor *mask, const pn_tensor *a, const pn_tensor *b,
                          pn_tensor **out, pn_error *error);

/* x limited to low .. high, in its own dtype; NaN stays. */
pn_status pn_tensor_clip(const pn_tensor *x, double low, double high, pn_tensor **out,
                         pn_error *error);

#endif
