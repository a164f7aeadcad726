/* Inside nn/fuse: normalizations with fixed statistics. */
#ifndef PN_NN_FUSE_FIXED_NORM_H
#define PN_NN_FUSE_FIXED_NORM_H

#include "nn/fused.h"
#include "nn/layers/settings.h"

/* The normalization as factor * number + offset, (channels) each. `weight` holds the layer's. What
 * becomes of 0, the offset, has the bits that the layer gives it. */
void pn_norm_fix(const pn_batch_normalization *settings, float *const *weight, int64_t channels,
                 float *factor, float *offset);

/* The node of a normalization that stands between a ReLU and the run, with nothing else but layers
 * that hand on numbers as they are, or the largest of some; NULL: there is none. Where the ReLU
 * gave 0 the run's input is then the normalization's offset. */
const pn_node *pn_norm_behind_relu(const pn_run *run);

/* rest (count): what each input of the run is where the ReLU gave 0; 0 in channels whose statistics
 * say that this is seldom, and where it is not finite. `weight` is that of the run's first node,
 * `factor` (channels) is scratch. */
void pn_norm_rest(const pn_run *run, float *const *weight, int64_t count, float *factor,
                  float *rest);

#endif
