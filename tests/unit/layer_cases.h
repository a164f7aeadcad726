/* Every class of layers with the options and shapes that are worth a test. */
#ifndef PN_TESTS_UNIT_LAYER_CASES_H
#define PN_TESTS_UNIT_LAYER_CASES_H

#include "layer_rig.h"

#define IMAGE(h, w, c)                                                                             \
    {                                                                                              \
        {                                                                                          \
            3, {                                                                                   \
                h, w, c                                                                            \
            }                                                                                      \
        }                                                                                          \
    }
#define ROW(n)                                                                                     \
    {                                                                                              \
        {                                                                                          \
            1, {                                                                                   \
                n                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

static const rig_case layer_cases[] = {
    {"Conv2D", "{\"filters\": 4, \"kernel_size\": 3}", true, 2, 1, IMAGE(6, 5, 3)},
    {"Conv2D", "{\"filters\": 3, \"kernel_size\": [2, 3], \"strides\": 2, \"padding\": \"same\"}",
     true, 3, 1, IMAGE(5, 7, 2)},
    {"Conv2D",
     "{\"filters\": 2, \"kernel_size\": 3, \"dilation_rate\": 2, \"padding\": \"same\", "
     "\"use_bias\": false, \"activation\": \"relu\"}",
     true, 2, 1, IMAGE(6, 6, 2)},
    {"Conv2D", "{\"filters\": 5, \"kernel_size\": 1, \"activation\": \"sigmoid\"}", true, 3, 1,
     IMAGE(4, 3, 4)},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 1, \"strides\": 2}", true, 2, 1, IMAGE(5, 4, 3)},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3, \"strides\": [1, 2]}", true, 1, 1,
     IMAGE(20, 21, 1)},
    {"Dense", "{\"units\": 4}", true, 3, 1, ROW(5)},
    {"Dense",
     "{\"units\": 3, \"use_bias\": false, \"activation\": \"tanh\"}",
     true,
     2,
     1,
     {{2, {3, 4}}}},
    {"Dense", "{\"units\": 4, \"activation\": \"softmax\"}", true, 3, 1, ROW(6)},
    {"Dense", "{\"units\": 6, \"activation\": \"relu6\"}", true, 3, 1, ROW(4)},
    {"Flatten", "{}", true, 2, 1, IMAGE(2, 3, 2)},
    {"InputLayer", "{\"batch_input_shape\": [null, 4]}", true, 2, 1, ROW(4)},
    {"Reshape", "{\"target_shape\": [3, -1]}", true, 2, 1, ROW(12)},
    {"BatchNormalization", "{}", true, 3, 1, IMAGE(3, 4, 5)},
    {"BatchNormalization", "{}", false, 3, 1, IMAGE(3, 4, 5)},
    {"BatchNormalization", "{\"trainable\": false}", true, 3, 1, IMAGE(3, 2, 5)},
    {"BatchNormalization", "{\"scale\": false, \"epsilon\": 0.1, \"axis\": [1]}", true, 7, 1,
     ROW(4)},
    {"BatchNormalization", "{\"center\": false}", true, 4, 1, {{2, {3, 2}}}},
    {"BatchNormalization", "{\"center\": false, \"scale\": false, \"axis\": 3}", true, 2, 1,
     IMAGE(3, 3, 1)},
    {"BatchNormalization", "{\"scale\": false}", false, 2, 1, ROW(3)},
    {"MaxPooling2D", "{}", true, 2, 1, IMAGE(5, 6, 3)},
    {"MaxPooling2D", "{\"pool_size\": 3, \"strides\": 2, \"padding\": \"same\"}", true, 2, 1,
     IMAGE(6, 5, 2)},
    {"MaxPooling2D", "{\"pool_size\": [2, 1], \"strides\": [3, 2]}", true, 1, 1, IMAGE(8, 6, 5)},
    {"AveragePooling2D", "{}", true, 2, 1, IMAGE(5, 6, 3)},
    {"AveragePooling2D", "{\"pool_size\": 3, \"strides\": 2, \"padding\": \"same\"}", true, 2, 1,
     IMAGE(6, 5, 2)},
    {"AveragePooling2D", "{\"pool_size\": [2, 1], \"strides\": [3, 2]}", true, 1, 1,
     IMAGE(8, 6, 5)},
    {"GlobalAveragePooling2D", "{}", true, 2, 1, IMAGE(3, 4, 5)},
    {"GlobalAveragePooling2D", "{\"keepdims\": true}", true, 2, 1, IMAGE(2, 2, 70)},
    {"GlobalMaxPooling2D", "{}", true, 2, 1, IMAGE(3, 4, 5)},
    {"GlobalMaxPooling2D", "{\"keepdims\": true}", true, 2, 1, IMAGE(2, 2, 70)},
    {"Dropout", "{\"rate\": 0.4}", true, 3, 1, ROW(40)},
    {"Dropout", "{\"rate\": 0.4}", false, 3, 1, ROW(40)},
    {"Dropout", "{\"rate\": 0}", true, 3, 1, ROW(4)},
    {"Dropout", "{\"rate\": 1}", true, 3, 1, ROW(4)},
    {"ZeroPadding2D", "{}", true, 2, 1, IMAGE(2, 3, 2)},
    {"ZeroPadding2D", "{\"padding\": [[0, 2], [3, 1]]}", true, 2, 1, IMAGE(2, 3, 2)},
    {"ZeroPadding2D", "{\"padding\": [2, 0]}", true, 2, 1, IMAGE(2, 3, 2)},
    {"Add", "{}", true, 2, 3, {{1, {5}}, {1, {5}}, {1, {5}}}},
    {"Concatenate", "{}", true, 2, 3, {{2, {2, 3}}, {2, {2, 1}}, {2, {2, 4}}}},
    {"Concatenate", "{\"axis\": 1}", true, 2, 2, {{3, {2, 3, 2}}, {3, {1, 3, 2}}}},
    {"Concatenate", "{\"axis\": -2}", true, 2, 2, {{3, {2, 3, 2}}, {3, {2, 1, 2}}}},
    {"Rescaling", "{\"scale\": 0.25, \"offset\": -1}", true, 2, 1, IMAGE(2, 3, 2)},
    {"Activation", "{\"activation\": \"tanh\"}", true, 2, 1, ROW(7)},
    {"Activation", "{\"activation\": \"leaky_relu\"}", true, 2, 1, ROW(7)},
    {"Activation", "{\"activation\": \"linear\"}", true, 2, 1, ROW(7)},
    {"ReLU", "{}", true, 2, 1, IMAGE(2, 2, 3)},
    {"ReLU", "{\"max_value\": 0.8, \"negative_slope\": 0.1, \"threshold\": 0.0}", true, 2, 1,
     IMAGE(2, 2, 3)},
    {"LeakyReLU", "{}", true, 2, 1, ROW(8)},
    {"LeakyReLU", "{\"negative_slope\": 0.1}", true, 2, 1, ROW(8)},
    {"Softmax", "{}", true, 2, 1, {{2, {2, 5}}}},
    {"Softmax", "{\"axis\": 1}", true, 2, 1, {{3, {3, 2, 4}}}},
    {"Softmax", "{\"axis\": -2}", true, 2, 1, {{3, {3, 2, 4}}}},
};

enum { LAYER_CASES = sizeof layer_cases / sizeof *layer_cases };

#endif
