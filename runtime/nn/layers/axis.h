/* The option `axis`, as Keras counts: 0 is the batch, -1 the last. */
#ifndef PN_NN_LAYERS_AXIS_H
#define PN_NN_LAYERS_AXIS_H

#include "nn/config.h"
#include "nn/dims.h"

/* Reads it: a whole number, or a list of one, which becomes that number. -1 unless it is there. */
int64_t pn_axis_read(pn_config *config);

/* Its place in `dims` (from 0). PN_E_SHAPE when there is no such axis or when it is the batch. */
pn_status pn_axis_place(int64_t axis, const pn_dims *dims, int *place, pn_error *error);

/* For what works over the last axis alone: PN_E_UNSUPPORTED when `axis` is another. */
pn_status pn_axis_last(int64_t axis, const pn_dims *dims, pn_error *error);

#endif
