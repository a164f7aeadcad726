/* ReLU: x above 0, negative_slope * x below, at most max_value. */
#include "nn/layers/copy.h"

#include <float.h>

static void configure(pn_layer *layer, pn_config *config) {
    layer->activation.kind = PN_ACT_RELU;
    layer->activation.slope = pn_config_number(config, "negative_slope", 0, 0, DBL_MAX);
    if (pn_config_number(config, "threshold", 0, -DBL_MAX, DBL_MAX) != 0)
        pn_config_wrong(config, "threshold", "0");
    const json_t *most = pn_config_item(config, "max_value");
    layer->activation.ceiling = json_number_value(most);
    if (most && !(layer->activation.ceiling > 0))
        pn_config_wrong(config, "max_value", "a number above 0");
}

const pn_layer_type PN_LAYER(relu) = {
    .class_name = "ReLU",
    .base_name = "re_lu",
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = pn_copy_output,
    .forward = pn_copy_forward,
    .backward_input = pn_copy_backward,
};
