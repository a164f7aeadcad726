/* ZeroPadding2D: in (B, H, W, C) with zeros around it: out (B, top + H + bottom,
 * left + W + right, C). */
#include "nn/layers/settings.h"

#include "base/pool.h"

#include <string.h>

static bool read_size(const json_t *item, int64_t *size) {
    *size = json_integer_value(item);
    return json_is_integer(item) && *size >= 0 && *size <= INT32_MAX;
}

/* n, [rows, columns] or [[top, bottom], [left, right]]. */
static bool read_sizes(const json_t *item, pn_zero_padding2d *s) {
    if (json_is_array(item) && json_array_size(item) != 2) return false;
    for (size_t axis = 0; axis < 2; axis++) {
        const json_t *one = json_is_array(item) ? json_array_get(item, axis) : item;
        bool two = json_is_array(one) && json_array_size(one) == 2;
        if (!read_size(two ? json_array_get(one, 0) : one, &s->before[axis]) ||
            !read_size(two ? json_array_get(one, 1) : one, &s->after[axis]))
            return false;
    }
    return true;
}

static void configure(pn_layer *layer, pn_config *config) {
    pn_zero_padding2d *s = layer->settings;
    *s = (pn_zero_padding2d){{1, 1}, {1, 1}};
    const json_t *item = pn_config_item(config, "padding");
    if (item && !read_sizes(item, s)) {
        pn_config_wrong(config, "padding",
                        "a whole number from 0, [rows, columns] or [[top, bottom], [left, right]]");
        return;
    }
    json_object_set_new(config->json, "padding",
                        json_pack("[[I, I], [I, I]]", (json_int_t)s->before[0],
                                  (json_int_t)s->after[0], (json_int_t)s->before[1],
                                  (json_int_t)s->after[1]));
    pn_config_only_word(config, "data_format", "channels_last");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const pn_zero_padding2d *s = layer->settings;
    (void)inputs;
    pn_status status = pn_window_image(in, error);
    if (status != PN_OK) return status;
    *out = *in;
    for (int axis = 0; axis < 2; axis++) out->size[axis] += s->before[axis] + s->after[axis];
    return PN_OK;
}

typedef struct work {
    const pn_zero_padding2d *s;
    const pn_dims *in, *out;
    const pn_real *from;
    pn_real *to;
} work;

/* Rows of the output, counted over the whole batch. */
static void pad_rows(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t channels = w->in->size[2];
    const int64_t left = w->s->before[1] * channels, right = w->s->after[1] * channels;
    const int64_t middle = w->in->size[1] * channels, whole = left + middle + right;
    for (int64_t r = begin; r < end; r++) {
        int64_t image = r / w->out->size[0], row = r % w->out->size[0] - w->s->before[0];
        pn_real *to = w->to + r * whole;
        if (row < 0 || row >= w->in->size[0]) {
            memset(to, 0, (size_t)whole * sizeof *to);
            continue;
        }
        memset(to, 0, (size_t)left * sizeof *to);
        memcpy(to + left, w->from + (image * w->in->size[0] + row) * middle,
               (size_t)middle * sizeof *to);
        memset(to + left + middle, 0, (size_t)right * sizeof *to);
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = {layer->settings, pass->in_dims, pass->out_dims, pass->in[0], pass->out};
    (void)error;
    pn_parallel_for(pass->batch * pass->out_dims->size[0], 8, pad_rows, &w);
    return PN_OK;
}

/* Rows of the input, counted over the whole batch: the inner part of d_out. */
static void crop_rows(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t channels = w->in->size[2], whole = w->out->size[1] * channels;
    const int64_t left = w->s->before[1] * channels, middle = w->in->size[1] * channels;
    for (int64_t r = begin; r < end; r++) {
        int64_t image = r / w->in->size[0], row = r % w->in->size[0] + w->s->before[0];
        memcpy(w->to + r * middle, w->from + (image * w->out->size[0] + row) * whole + left,
               (size_t)middle * sizeof *w->to);
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = {layer->settings, pass->in_dims, pass->out_dims, pass->d_out, pass->d_in[0]};
    (void)error;
    if (w.to) pn_parallel_for(pass->batch * pass->in_dims->size[0], 8, crop_rows, &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(zero_padding2d) = {
    .class_name = "ZeroPadding2D",
    .base_name = "zero_padding2d",
    .settings_size = sizeof(pn_zero_padding2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
