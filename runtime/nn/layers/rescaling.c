/* Rescaling: out = in * scale + offset. */
#include "nn/layers/copy.h"

#include "base/pool.h"

#include <float.h>
#include <math.h>

typedef struct rescaling {
    double scale, offset;
} rescaling;

static void configure(pn_layer *layer, pn_config *config) {
    rescaling *s = layer->settings;
    s->scale = pn_config_number(config, "scale", NAN, -DBL_MAX, DBL_MAX);
    s->offset = pn_config_number(config, "offset", 0, -DBL_MAX, DBL_MAX);
}

typedef struct work {
    const pn_real *from;
    pn_real *to, scale, offset;
} work;

static void scale_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const pn_real *restrict from = w->from, scale = w->scale, offset = w->offset;
    pn_real *restrict to = w->to;
    for (int64_t i = begin; i < end; i++) to[i] = from[i] * scale + offset;
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const rescaling *s = layer->settings;
    work w = {pass->in[0], pass->out, (pn_real)s->scale, (pn_real)s->offset};
    (void)error;
    pn_parallel_for(pass->batch * pn_dims_count(pass->out_dims), PN_LAYER_GRAIN, scale_items, &w);
    return PN_OK;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const rescaling *s = layer->settings;
    work w = {pass->d_out, pass->d_in[0], (pn_real)s->scale, 0};
    (void)error;
    if (w.to)
        pn_parallel_for(pass->batch * pn_dims_count(pass->out_dims), PN_LAYER_GRAIN, scale_items,
                        &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(rescaling) = {
    .class_name = "Rescaling",
    .base_name = "rescaling",
    .settings_size = sizeof(rescaling),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = pn_copy_output,
    .forward = forward,
    .backward_input = backward_input,
};
