/* GlobalMaxPooling2D: out (B, C), or (B, 1, 1, C) with keepdims, is the largest number of each
 * channel of in (B, H, W, C). Pixels that share the maximum share its gradient, as in
 * TensorFlow's reduce_max. */
#include "nn/layers/window.h"

#include "base/pool.h"

#include <string.h>

typedef struct global_max_pooling2d {
    bool keepdims;
} global_max_pooling2d;

static void configure(pn_layer *layer, pn_config *config) {
    global_max_pooling2d *s = layer->settings;
    pn_config_only_word(config, "data_format", "channels_last");
    s->keepdims = pn_config_bool(config, "keepdims", false);
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const global_max_pooling2d *s = layer->settings;
    (void)inputs;
    pn_status status = pn_window_image(in, error);
    if (status != PN_OK) return status;
    *out = s->keepdims ? (pn_dims){3, {1, 1, in->size[2]}} : (pn_dims){1, {in->size[2]}};
    return PN_OK;
}

static void max_images(void *context, int64_t begin, int64_t end) {
    const pn_pass *pass = context;
    const int64_t channels = pass->in_dims->size[2];
    const int64_t pixels = pass->in_dims->size[0] * pass->in_dims->size[1];
    for (int64_t b = begin; b < end; b++) {
        pn_real *restrict most = pass->out + b * channels;
        const pn_real *restrict in = pass->in[0] + b * pixels * channels;
        memcpy(most, in, (size_t)channels * sizeof *most);
        for (int64_t p = 1; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++) {
                const pn_real x = in[p * channels + c];
                most[c] = ((x > most[c]) | (x != x)) ? x : most[c]; /* NaN stays */
            }
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    pn_parallel_for(pass->batch, 1, max_images, (void *)pass);
    return PN_OK;
}

enum { COUNTS = 64 }; /* channels at once */

static void spread_images(void *context, int64_t begin, int64_t end) {
    const pn_pass *pass = context;
    const int64_t channels = pass->in_dims->size[2];
    const int64_t pixels = pass->in_dims->size[0] * pass->in_dims->size[1];
    for (int64_t b = begin; b < end; b++)
        for (int64_t c = 0; c < channels; c += COUNTS) {
            const int64_t at = b * pixels * channels + c, out = b * channels + c;
            const int64_t count = channels - c < COUNTS ? channels - c : COUNTS;
            const pn_real *in = pass->in[0] + at, *most = pass->out + out;
            pn_real *d_in = pass->d_in[0] + at, share[COUNTS] = {0};
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t k = 0; k < count; k++) share[k] += in[p * channels + k] == most[k];
            for (int64_t k = 0; k < count; k++) share[k] = pass->d_out[out + k] / share[k];
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t k = 0; k < count; k++)
                    d_in[p * channels + k] = in[p * channels + k] == most[k] ? share[k] : 0;
        }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    if (pass->d_in[0]) pn_parallel_for(pass->batch, 1, spread_images, (void *)pass);
    return PN_OK;
}

const pn_layer_type PN_LAYER(global_max_pooling2d) = {
    .class_name = "GlobalMaxPooling2D",
    .base_name = "global_max_pooling2d",
    .settings_size = sizeof(global_max_pooling2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_KEEPS_IN | PN_LAYER_KEEPS_OUT,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
