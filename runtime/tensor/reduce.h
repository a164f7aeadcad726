/* Taking items together along axes. Sums are kept in double over blocks that depend on the shape
 * alone, so results are accurate and the same whatever the number of threads. */
#ifndef PN_TENSOR_REDUCE_H
#define PN_TENSOR_REDUCE_H

#include "kernels/reduce.h"
#include "tensor/tensor.h"

typedef enum pn_reduction {
    PN_REDUCE_SUM = 0, /* of no items 0; int32 results are limited to what int32 holds */
    PN_REDUCE_PROD,    /* of no items 1 */
    PN_REDUCE_MEAN,    /* float32; of no items NaN */
    PN_REDUCE_VAR,     /* of the population (divided by the count), float32, in two passes */
    PN_REDUCE_STD,
    PN_REDUCE_MIN, /* NaN when an item is; PN_E_ARGUMENT when there are no items */
    PN_REDUCE_MAX,
    PN_REDUCE_ARGMIN, /* int32 position from 0 of the first one; along one axis, or over all */
    PN_REDUCE_ARGMAX,
    PN_REDUCE_ANY, /* uint8, 0 or 1 */
    PN_REDUCE_ALL,
} pn_reduction;

/* Over the axes (from 0) that are true in `axes`, which are dropped from the shape, or become 1
 * with `keep`. The dtype is x's for MIN and MAX, float32 or int32 for SUM and PROD. New
 * reference. */
pn_status pn_tensor_reduce(pn_reduction what, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                           bool keep, pn_tensor **out, pn_error *error);

/* Over all axes, as a double: exact for integers up to 2^53. Positions are row-major. */
pn_status pn_tensor_reduce_all(pn_reduction what, const pn_tensor *x, double *value,
                               pn_error *error);

/* The q-quantile (0 <= q <= 1; 0.5 is the median) over the axes, linear between the two nearest
 * items as numpy.quantile does by default; NaN when an item is. */
pn_status pn_tensor_quantile(const pn_tensor *x, double q, const bool axes[PN_MAX_RANK], bool keep,
                             pn_tensor **out, pn_error *error);

/* The shape that is left: kept axes in order, reduced ones dropped or 1. */
void pn_reduced_shape(const pn_tensor *x, const bool axes[PN_MAX_RANK], bool keep, int *rank,
                      int64_t *shape);

#endif
