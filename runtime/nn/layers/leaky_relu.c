/* LeakyReLU: x above 0, alpha * x below. */
#include "nn/layers/copy.h"

#include <float.h>

/* Keras 2 says alpha, Keras 3 negative_slope; the config keeps Keras 2's word. */
static void configure(pn_layer *layer, pn_config *config) {
    const json_t *slope = json_object_get(config->json, "negative_slope");
    if (slope && !json_object_get(config->json, "alpha")) {
        layer->activation.slope = pn_config_number(config, "negative_slope", 0, 0, DBL_MAX);
        json_object_set_new(config->json, "alpha", json_real(layer->activation.slope));
        json_object_del(config->json, "negative_slope");
    }
    layer->activation.kind = PN_ACT_RELU;
    layer->activation.slope = pn_config_number(config, "alpha", 0.3, 0, DBL_MAX);
}

const pn_layer_type PN_LAYER(leaky_relu) = {
    .class_name = "LeakyReLU",
    .base_name = "leaky_re_lu",
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = pn_copy_output,
    .forward = pn_copy_forward,
    .backward_input = pn_copy_backward,
};
