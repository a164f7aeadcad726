/* Softmax over the last axis: exp(x) / sum of exp(x). */
#include "nn/layers/axis.h"
#include "nn/layers/copy.h"

typedef struct softmax {
    int64_t axis;
} softmax;

static void configure(pn_layer *layer, pn_config *config) {
    softmax *s = layer->settings;
    s->axis = pn_axis_read(config);
    layer->activation.kind = PN_ACT_SOFTMAX;
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const softmax *s = layer->settings;
    pn_status status = pn_axis_last(s->axis, in, error);
    return status == PN_OK ? pn_copy_output(layer, in, inputs, out, error) : status;
}

const pn_layer_type PN_LAYER(softmax) = {
    .class_name = "Softmax",
    .base_name = "softmax",
    .settings_size = sizeof(softmax),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = output,
    .forward = pn_copy_forward,
    .backward_input = pn_copy_backward,
};
