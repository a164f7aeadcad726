/* Dense: out (B, ..., U) = in (B, ..., I) times kernel (I, U) + bias (U), over the last axis. */
#include "nn/layers/settings.h"

#include <string.h>

static void configure(pn_layer *layer, pn_config *config) {
    pn_dense *s = layer->settings;
    s->units = pn_config_int(config, "units", PN_CONFIG_REQUIRED, 1, INT32_MAX);
    s->use_bias = pn_config_bool(config, "use_bias", true);
    pn_layer_read_activation(layer, config);
    pn_config_ignore(config, "kernel_initializer");
    pn_config_ignore(config, "bias_initializer");
    pn_config_ignore(config, "kernel_regularizer");
    pn_config_ignore(config, "bias_regularizer");
    pn_config_ignore(config, "activity_regularizer");
    pn_config_ignore(config, "kernel_constraint");
    pn_config_ignore(config, "bias_constraint");
    if (json_object_get(config->json, "lora_rank")) pn_config_ignore(config, "lora_rank");
    if (json_object_get(config->json, "quantization_config"))
        pn_config_ignore(config, "quantization_config");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const pn_dense *s = layer->settings;
    char text[PN_SHAPE_TEXT];
    (void)inputs;
    if (in->rank < 1)
        return pn_fail(error, PN_E_SHAPE, "expected an input (None, ..., features), got %s",
                       pn_dims_text(in, text, sizeof text));
    *out = *in;
    out->size[in->rank - 1] = s->units;
    return PN_OK;
}

static pn_status build(pn_layer *layer, const pn_dims *in, pn_error *error) {
    const pn_dense *s = layer->settings;
    const pn_dims kernel = {2, {in->size[in->rank - 1], s->units}}, bias = {1, {s->units}};
    pn_status status = pn_layer_add_weight(layer, "kernel", &kernel, "kernel_initializer",
                                           "glorot_uniform", error);
    if (status == PN_OK && s->use_bias)
        status = pn_layer_add_weight(layer, "bias", &bias, "bias_initializer", "zeros", error);
    return status;
}

typedef struct sizes {
    int64_t rows, in, out;
} sizes;

static sizes sizes_of(const pn_pass *pass) {
    const pn_dims *in = &pass->in_dims[0], *out = &pass->out_dims[0];
    int64_t features = in->size[in->rank - 1];
    return (sizes){pass->batch * (pn_dims_count(in) / features), features,
                   out->size[out->rank - 1]};
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const pn_dense *s = layer->settings;
    sizes n = sizes_of(pass);
    if (s->use_bias)
        for (int64_t i = 0; i < n.rows; i++)
            memcpy(pass->out + i * n.out, pass->weight[1], (size_t)n.out * sizeof(pn_real));
    return pn_real_gemm(n.rows, n.out, n.in, (pn_real_matrix){pass->in[0], n.in, false},
                        (pn_real_matrix){pass->weight[0], n.out, false}, s->use_bias ? 1 : 0,
                        pass->out, n.out, error);
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    sizes n = sizes_of(pass);
    (void)layer;
    if (!pass->d_in[0]) return PN_OK;
    return pn_real_gemm(n.rows, n.in, n.out, (pn_real_matrix){pass->d_out, n.out, false},
                        (pn_real_matrix){pass->weight[0], n.out, true}, 0, pass->d_in[0], n.in,
                        error);
}

static pn_status accumulate(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const pn_dense *s = layer->settings;
    sizes n = sizes_of(pass);
    pn_real *d_bias = s->use_bias ? pass->d_weight[1] : NULL;
    for (int64_t i = 0; d_bias && i < n.rows; i++)
        for (int64_t j = 0; j < n.out; j++) d_bias[j] += pass->d_out[i * n.out + j];
    if (!pass->d_weight[0]) return PN_OK;
    return pn_real_gemm(n.in, n.out, n.rows, (pn_real_matrix){pass->in[0], n.in, true},
                        (pn_real_matrix){pass->d_out, n.out, false}, 1, pass->d_weight[0], n.out,
                        error);
}

const pn_layer_type PN_LAYER(dense) = {
    .class_name = "Dense",
    .base_name = "dense",
    .settings_size = sizeof(pn_dense),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_KEEPS_IN,
    .configure = configure,
    .output = output,
    .build = build,
    .forward = forward,
    .backward_input = backward_input,
    .accumulate = accumulate,
};
