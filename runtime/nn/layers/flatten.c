/* Flatten: (B, ...) becomes (B, N). Nothing is computed: the memory is the same. */
#include "nn/layer.h"

static void configure(pn_layer *layer, pn_config *config) {
    (void)layer;
    pn_config_only_word(config, "data_format", "channels_last");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    (void)layer, (void)inputs, (void)error;
    *out = (pn_dims){1, {pn_dims_count(in)}};
    return PN_OK;
}

const pn_layer_type PN_LAYER(flatten) = {
    .class_name = "Flatten",
    .base_name = "flatten",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_ALIAS,
    .configure = configure,
    .output = output,
};
