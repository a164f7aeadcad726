/* Matrix products of tensors. */
#ifndef PN_TENSOR_MATMUL_H
#define PN_TENSOR_MATMUL_H

#include "tensor/tensor.h"

/* a (..., m, k) times b (..., k, n) gives float32 (..., m, n), as numpy.matmul: the axes in front
 * are broadcast; a tensor of one axis is a row on the left and a column on the right, and that
 * axis is gone from the result. Other dtypes are cast to float32 first. PN_E_SHAPE names both
 * shapes; otherwise as pn_gemm. New reference. */
pn_status pn_tensor_matmul(const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                           pn_error *error);

#endif
