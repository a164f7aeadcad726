/* NumPy's .npy files (format: numpy.lib.format, versions 1 to 3). */
#ifndef PN_TENSOR_NPY_H
#define PN_TENSOR_NPY_H

#include "tensor/tensor.h"

/* Reads a file of little-endian f4, f8 (to float32), u1, b1 (to uint8), i4, and i1, i2, u2, u4, i8
 * (to int32), in C or Fortran order. PN_E_FORMAT when the file is no such file, is cut short or
 * holds an integer that int32 does not; PN_E_UNSUPPORTED for other dtypes or more than
 * PN_MAX_RANK axes; PN_E_IO, PN_E_NOT_FOUND. New reference, dense. */
pn_status pn_npy_load(const char *path, pn_tensor **out, pn_error *error);

/* Writes version 1.0, C order, in the tensor's dtype; a file already there is replaced whole. */
pn_status pn_npy_save(const char *path, const pn_tensor *tensor, pn_error *error);

#endif
