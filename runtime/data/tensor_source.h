/* Batches out of tensors. */
#ifndef PN_DATA_TENSOR_SOURCE_H
#define PN_DATA_TENSOR_SOURCE_H

#include "data/sampling.h"

/* A source over x(N, ...) of any dtype, given out as float32, with targets y(N), (N,K) or of any
 * further shape, or none (NULL: y_size is 0). Both are borrowed and must outlive the source. With a
 * generator x is images (N,H,W,C).
 *
 * pn_batch.label is the target where that is one whole number from 0, the place of the one where a
 * target is zeros and a single one, else -1. PN_E_SHAPE, PN_E_ARGUMENT, PN_E_MEMORY. */
pn_status pn_tensor_source_new(const pn_array *x, const pn_array *y, const pn_sampling *sampling,
                               pn_source **out, pn_error *error);

#endif
