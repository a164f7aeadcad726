/* What the layers share that only pass numbers on. */
#ifndef PN_NN_LAYERS_COPY_H
#define PN_NN_LAYERS_COPY_H

#include "nn/layer.h"

/* Items worth another thread, where each is read and written once. */
enum { PN_LAYER_GRAIN = 16384 };

/* to[i] = from[i], on the pool. */
void pn_copy(const pn_real *from, pn_real *to, int64_t count);

/* out has the shape of the first input. */
pn_status pn_copy_output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                         pn_error *error);

/* For layers whose linear part is their input and that only have an activation: the plan applies
 * it in place, so that it must not be the input's own memory, which others may read. */
pn_status pn_copy_forward(const pn_layer *layer, const pn_pass *pass, pn_error *error);
pn_status pn_copy_backward(const pn_layer *layer, const pn_pass *pass, pn_error *error);

#endif
