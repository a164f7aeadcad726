/* GlobalAveragePooling2D: out (B, C), or (B, 1, 1, C) with keepdims, is the mean of each channel of
 * in (B, H, W, C). */
#include "nn/layers/window.h"

#include "base/pool.h"

typedef struct global_average_pooling2d {
    bool keepdims;
} global_average_pooling2d;

static void configure(pn_layer *layer, pn_config *config) {
    global_average_pooling2d *s = layer->settings;
    pn_config_only_word(config, "data_format", "channels_last");
    s->keepdims = pn_config_bool(config, "keepdims", false);
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const global_average_pooling2d *s = layer->settings;
    (void)inputs;
    pn_status status = pn_window_image(in, error);
    if (status != PN_OK) return status;
    *out = s->keepdims ? (pn_dims){3, {1, 1, in->size[2]}} : (pn_dims){1, {in->size[2]}};
    return PN_OK;
}

enum { SUMS = 64 }; /* channels summed at once: their sums stay in the fastest cache */

static void mean_images(void *context, int64_t begin, int64_t end) {
    const pn_pass *pass = context;
    const int64_t channels = pass->in_dims->size[2];
    const int64_t pixels = pass->in_dims->size[0] * pass->in_dims->size[1];
    for (int64_t b = begin; b < end; b++)
        for (int64_t c = 0; c < channels; c += SUMS) {
            const pn_real *in = pass->in[0] + b * pixels * channels + c;
            const int64_t count = channels - c < SUMS ? channels - c : SUMS;
            double sum[SUMS] = {0};
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t k = 0; k < count; k++) sum[k] += in[p * channels + k];
            for (int64_t k = 0; k < count; k++)
                pass->out[b * channels + c + k] = (pn_real)(sum[k] / (double)pixels);
        }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    pn_parallel_for(pass->batch, 1, mean_images, (void *)pass);
    return PN_OK;
}

/* Pixels, counted over the whole batch: d_in = d_out / (H W). */
static void spread_pixels(void *context, int64_t begin, int64_t end) {
    const pn_pass *pass = context;
    const int64_t channels = pass->in_dims->size[2];
    const int64_t pixels = pass->in_dims->size[0] * pass->in_dims->size[1];
    const pn_real share = 1 / (pn_real)pixels;
    for (int64_t p = begin; p < end; p++) {
        const pn_real *restrict d_out = pass->d_out + p / pixels * channels;
        pn_real *restrict d_in = pass->d_in[0] + p * channels;
        for (int64_t c = 0; c < channels; c++) d_in[c] = d_out[c] * share;
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    if (pass->d_in[0])
        pn_parallel_for(pass->batch * pass->in_dims->size[0] * pass->in_dims->size[1], 64,
                        spread_pixels, (void *)pass);
    return PN_OK;
}

const pn_layer_type PN_LAYER(global_average_pooling2d) = {
    .class_name = "GlobalAveragePooling2D",
    .base_name = "global_average_pooling2d",
    .settings_size = sizeof(global_average_pooling2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
