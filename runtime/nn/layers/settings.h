/* What the options of some layers say, for those who compute several layers in one (nn/fuse,
 * nn/explain). */
#ifndef PN_NN_LAYERS_SETTINGS_H
#define PN_NN_LAYERS_SETTINGS_H

#include "nn/layers/window.h"

typedef struct pn_conv2d {
    int64_t filters;
    bool use_bias;
    pn_window window;
} pn_conv2d;

typedef struct pn_batch_normalization {
    int64_t axis;
    double momentum, epsilon;
    bool center, scale;
} pn_batch_normalization;

typedef struct pn_max_pooling2d {
    pn_window window;
} pn_max_pooling2d;

typedef struct pn_dense {
    int64_t units;
    bool use_bias;
} pn_dense;

typedef struct pn_zero_padding2d {
    int64_t before[2], after[2]; /* rows, columns */
} pn_zero_padding2d;

#endif
