/* Concatenate: the inputs side by side along `axis`; all other sizes are the same. */
#include "nn/layers/axis.h"
#include "nn/layers/copy.h"

#include "base/pool.h"

#include <inttypes.h>
#include <string.h>

typedef struct concatenate {
    int64_t axis;
} concatenate;

static void configure(pn_layer *layer, pn_config *config) {
    concatenate *s = layer->settings;
    s->axis = pn_axis_read(config);
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const concatenate *s = layer->settings;
    char first[PN_SHAPE_TEXT], other[PN_SHAPE_TEXT];
    int axis;
    pn_status status = pn_axis_place(s->axis, in, &axis, error);
    if (status != PN_OK) return status;
    *out = in[0];
    for (int i = 1; i < inputs; i++) {
        pn_dims same = in[i];
        same.size[axis] = in[0].size[axis];
        if (!pn_dims_equal(&same, &in[0]))
            return pn_fail(error, PN_E_SHAPE,
                           "its inputs may differ in axis %" PRId64
                           " alone; the first is %s, number %d is %s",
                           s->axis, pn_dims_text(&in[0], first, sizeof first), i + 1,
                           pn_dims_text(&in[i], other, sizeof other));
        out->size[axis] += in[i].size[axis];
    }
    return PN_OK;
}

/* All axes before `axis` are one, `rows`; it and all after it are one row. */
typedef struct work {
    const pn_pass *pass;
    int64_t row[PN_LAYER_INPUTS], out_row;
    bool backward;
} work;

static void join_rows(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t r = begin; r < end; r++) {
        int64_t at = r * w->out_row;
        for (int k = 0; k < w->pass->inputs; at += w->row[k++]) {
            const size_t bytes = (size_t)w->row[k] * sizeof(pn_real);
            if (!w->backward)
                memcpy(w->pass->out + at, w->pass->in[k] + r * w->row[k], bytes);
            else if (w->pass->d_in[k])
                memcpy(w->pass->d_in[k] + r * w->row[k], w->pass->d_out + at, bytes);
        }
    }
}

static void join(const pn_layer *layer, const pn_pass *pass, bool backward) {
    const concatenate *s = layer->settings;
    work w = {.pass = pass, .backward = backward};
    int64_t rows = pass->batch;
    int axis = 0;
    pn_axis_place(s->axis, pass->in_dims, &axis, NULL);
    for (int i = 0; i < axis; i++) rows *= pass->in_dims->size[i];
    for (int k = 0; k < pass->inputs; k++) {
        w.row[k] = 1;
        for (int i = axis; i < pass->in_dims[k].rank; i++) w.row[k] *= pass->in_dims[k].size[i];
        w.out_row += w.row[k];
    }
    pn_parallel_for(rows, PN_LAYER_GRAIN / w.out_row + 1, join_rows, &w);
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)error;
    join(layer, pass, false);
    return PN_OK;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)error;
    join(layer, pass, true);
    return PN_OK;
}

const pn_layer_type PN_LAYER(concatenate) = {
    .class_name = "Concatenate",
    .base_name = "concatenate",
    .settings_size = sizeof(concatenate),
    .min_inputs = 2,
    .max_inputs = PN_LAYER_INPUTS,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
