/* Grad-CAM's weights without the gradient. All that it asks of the gradient by a picture is each
 * channel's mean over the places. Pooling hands each number of the gradient on to places of its
 * window, and batch normalization scales channels: neither needs to know where. So behind pooling,
 * where a dense layer (or a convolution over the whole picture) begins,
 *
 *     mean[c] = scale[c] / places * sum over units u of d[u] * (sum over its places p of w[p, c,
 * u])
 *
 * with d the gradient by that layer's sums. The inner sums are made once for all images: the
 * layer's weights, the most by far that a gradient's way back would read, are not read again. */
#ifndef PN_NN_EXPLAIN_CAM_MEAN_H
#define PN_NN_EXPLAIN_CAM_MEAN_H

#include "nn/plan.h"

typedef struct pn_cam_mean pn_cam_mean;

/* The dense layer (or such a convolution) behind the node, when all that stands between is as
 * above and the score, of node `start`, comes later; else -1. */
int pn_cam_mean_layer(const pn_model *model, int node, int start);

/* For batches up to `batch`. The weights must not change. PN_E_MEMORY. */
pn_status pn_cam_mean_new(const pn_model *model, int node, int layer, int64_t batch,
                          pn_cam_mean **out, pn_error *error);
void pn_cam_mean_free(pn_cam_mean *mean); /* NULL is fine */

/* weight (batch, channels) from what the layer gave, y, and the gradient by that, d. */
void pn_cam_mean_find(pn_cam_mean *mean, const float *y, const float *d, int64_t batch,
                      float *weight);

#endif
