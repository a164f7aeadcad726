/* Inside nn/fuse: what a run that begins with a convolution consists of.
 *
 *     [ZeroPadding2D] Conv2D [ReLU] [BatchNormalization] [ReLU] [MaxPooling2D of 2 x 2]
 *
 * where a ReLU is the activation of the layer before it, or a layer of its own. */
#ifndef PN_NN_FUSE_CONV_RUN_H
#define PN_NN_FUSE_CONV_RUN_H

#include "kernels/conv.h"
#include "nn/fused.h"
#include "nn/layers/settings.h"

typedef struct pn_conv_run {
    pn_conv conv;
    int slot; /* the convolution's first weight, counted from the run's */
    bool bias;
    const pn_layer *norm; /* NULL: none */
    int norm_slot;        /* its first weight */
    bool relu_before;     /* the normalization, or without one */
    bool relu_after;
    bool pools;
} pn_conv_run;

/* Whether the run is such a one, for at most `batch` samples. Rows and columns of the convolution
 * that nothing asks for, as an odd last one before the pooling, are left out. */
bool pn_conv_run_read(const pn_run *run, int64_t batch, pn_conv_run *out);

/* Whether what lies before the normalization stays: for gradients, and where the normalization
 * needs all of it for its statistics, which a layer without gamma and beta does behind frozen ones,
 * too. */
bool pn_conv_run_keeps(const pn_run *run, const pn_conv_run *r);

/* Channels after the convolution; numbers that come out of it, and of the run. */
static inline int64_t pn_conv_run_map(const pn_conv_run *r) {
    return r->conv.batch * r->conv.rows * r->conv.columns * r->conv.filters;
}

static inline int64_t pn_conv_run_out(const pn_conv_run *r) {
    return r->pools ? r->conv.batch * (r->conv.rows / 2) * (r->conv.columns / 2) * r->conv.filters
                    : pn_conv_run_map(r);
}

#endif
