/* Views that rearrange axes, and functions that put tensors together. Axes count from 0 here; the
 * Lua side counts from 1. Results are new references. */
#ifndef PN_TENSOR_SHAPE_H
#define PN_TENSOR_SHAPE_H

#include "tensor/tensor.h"

/* A view whose axis i is x's axis order[i] (x->rank items, each axis once). */
pn_status pn_tensor_permute(const pn_tensor *x, const int *order, pn_tensor **out, pn_error *error);

/* What to take of one axis: `count` items from `first` on, `step` apart (may be negative). With
 * `drop` the axis goes (count is 1). */
typedef struct pn_slice {
    int64_t first, count, step;
    bool drop;
} pn_slice;

/* A view of slices[x->rank]. PN_E_ARGUMENT when one leaves its axis. */
pn_status pn_tensor_slice(const pn_tensor *x, const pn_slice *slices, pn_tensor **out,
                          pn_error *error);

/* A dense tensor of tensors[count] one after the other along the axis; the other axes must agree.
 * The dtype is the common one, float32 when they differ and one is float32, else int32. */
pn_status pn_tensor_concat(pn_tensor *const *tensors, int64_t count, int axis, pn_tensor **out,
                           pn_error *error);

/* The items index[count] (from 0) along the axis, in that order. PN_E_ARGUMENT names an index that
 * is out of range, counted from 1. */
pn_status pn_tensor_take(const pn_tensor *x, const int64_t *index, int64_t count, int axis,
                         pn_tensor **out, pn_error *error);

/* x repeated times[x->rank] times along its axes, as numpy.tile. */
pn_status pn_tensor_tile(const pn_tensor *x, const int64_t *times, pn_tensor **out,
                         pn_error *error);

#endif
