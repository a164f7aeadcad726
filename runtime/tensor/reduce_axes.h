/* Inside tensor/: the heart of the reductions. */
#ifndef PN_TENSOR_REDUCE_AXES_H
#define PN_TENSOR_REDUCE_AXES_H

#include "kernels/reduce.h"
#include "tensor/tensor.h"

/* Reduces x over `axes` into found[outputs], the kept axes in row-major order. center[outputs]
 * counts for PN_SQUARES. *found is the caller's to pn_free. */
pn_status pn_reduce_axes(pn_reduce op, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                         const double *center, pn_found **found, int64_t *outputs, pn_error *error);

#endif
