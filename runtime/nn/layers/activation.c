/* Activation: out = f(in), where f is the option `activation`: all of it is the plan's step. */
#include "nn/layers/copy.h"

static void configure(pn_layer *layer, pn_config *config) {
    if (!pn_config_item(config, "activation"))
        pn_config_wrong(config, "activation", "the name of a function such as \"relu\"");
    pn_layer_read_activation(layer, config);
}

const pn_layer_type PN_LAYER(activation) = {
    .class_name = "Activation",
    .base_name = "activation",
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = pn_copy_output,
    .forward = pn_copy_forward,
    .backward_input = pn_copy_backward,
};
