/* All classes of layers. */
#include "nn/layer.h"

#define LAYERS(X)                                                                                  \
    X(conv2d)                                                                                      \
    X(dense)                                                                                       \
    X(flatten)                                                                                     \
    X(input)

#define DECLARE(name) extern const pn_layer_type PN_LAYER(name);
#define POINT(name) &PN_LAYER(name),

LAYERS(DECLARE)

const pn_layer_type *const pn_layer_types[] = {LAYERS(POINT) NULL};
