/* All classes of layers. */
#include "nn/layer.h"

#define LAYERS(X)                                                                                  \
    X(activation)                                                                                  \
    X(add)                                                                                         \
    X(average_pooling2d)                                                                           \
    X(batch_normalization)                                                                         \
    X(concatenate)                                                                                 \
    X(conv2d)                                                                                      \
    X(dense)                                                                                       \
    X(dropout)                                                                                     \
    X(flatten)                                                                                     \
    X(global_average_pooling2d)                                                                    \
    X(global_max_pooling2d)                                                                        \
    X(input)                                                                                       \
    X(leaky_relu)                                                                                  \
    X(max_pooling2d)                                                                               \
    X(relu)                                                                                        \
    X(rescaling)                                                                                   \
    X(reshape)                                                                                     \
    X(softmax)                                                                                     \
    X(zero_padding2d)

#define DECLARE(name) extern const pn_layer_type PN_LAYER(name);
#define POINT(name) &PN_LAYER(name),

LAYERS(DECLARE)

const pn_layer_type *const pn_layer_types[] = {LAYERS(POINT) NULL};
