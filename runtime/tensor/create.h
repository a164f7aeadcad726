/* Tensors from rules: filled, counted, random. New references. */
#ifndef PN_TENSOR_CREATE_H
#define PN_TENSOR_CREATE_H

#include "tensor/tensor.h"

/* True when a number is one of the dtype's values: any for float32, whole and in range for the
 * integers. */
bool pn_dtype_holds(pn_dtype dtype, double value);

/* Stores `value`, which the dtype holds, as item `index` of dense memory. */
void pn_dtype_store(pn_dtype dtype, void *data, int64_t index, double value);

/* Every item set to `value`. PN_E_ARGUMENT when the dtype does not hold it. */
pn_status pn_tensor_full(pn_dtype dtype, int rank, const int64_t *shape, double value,
                         pn_tensor **out, pn_error *error);

/* count values from `first` on, `step` apart: (count). PN_E_ARGUMENT when the dtype does not hold
 * one of them. */
pn_status pn_tensor_steps(pn_dtype dtype, double first, double step, int64_t count, pn_tensor **out,
                          pn_error *error);

/* count values from first to last, both included: (count). */
pn_status pn_tensor_linspace(pn_dtype dtype, double first, double last, int64_t count,
                             pn_tensor **out, pn_error *error);

/* Ones on the diagonal of (rows, columns), else zeros. */
pn_status pn_tensor_eye(pn_dtype dtype, int64_t rows, int64_t columns, pn_tensor **out,
                        pn_error *error);

typedef enum pn_distribution { PN_UNIFORM = 0, PN_NORMAL } pn_distribution;

/* float32 numbers: uniform in [a, b), or normal with mean a and deviation b. The same seed and
 * stream (below 2^31) give the same numbers whatever the number of threads. */
pn_status pn_tensor_random(pn_distribution distribution, double a, double b, uint64_t seed,
                           uint64_t stream, int rank, const int64_t *shape, pn_tensor **out,
                           pn_error *error);

#endif
