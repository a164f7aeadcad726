/* Softmax along an axis: exp(x) / sum of exp(x). Along the last axis, the usual one, it is an
 * activation like all others; along another one it is computed here. */
#include "nn/layers/axis.h"
#include "nn/layers/copy.h"

#include "base/pool.h"

#include <math.h>

typedef struct softmax {
    int64_t axis;
} softmax;

/* x is (outer, axis, inner). */
typedef struct work {
    const pn_real *x, *d_out; /* forward: x is the input; backward: what came out */
    pn_real *to;
    int64_t axis, inner;
} work;

static void configure(pn_layer *layer, pn_config *config) {
    softmax *s = layer->settings;
    s->axis = pn_axis_read(config);
    if (s->axis == -1) layer->activation.kind = PN_ACT_SOFTMAX;
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const softmax *s = layer->settings;
    int place;
    pn_status status = pn_axis_place(s->axis, in, &place, error);
    return status == PN_OK ? pn_copy_output(layer, in, inputs, out, error) : status;
}

static work begin(const softmax *s, const pn_pass *pass, int64_t *lines) {
    const pn_dims *dims = &pass->in_dims[0];
    int place = 0;
    pn_axis_place(s->axis, dims, &place, NULL);
    work w = {.axis = dims->size[place], .inner = 1};
    for (int i = place + 1; i < dims->rank; i++) w.inner *= dims->size[i];
    *lines = pass->batch * pn_dims_count(dims) / w.axis;
    return w;
}

/* The first item of line `line`; the others follow `inner` apart. */
static int64_t first_of(const work *w, int64_t line) {
    return line / w->inner * w->axis * w->inner + line % w->inner;
}

static void forward_lines(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t step = w->inner;
    for (int64_t line = begin; line < end; line++) {
        const pn_real *x = w->x + first_of(w, line);
        pn_real *to = w->to + first_of(w, line), most = x[0];
        double sum = 0;
        for (int64_t i = 1; i < w->axis; i++) most = x[i * step] > most ? x[i * step] : most;
        for (int64_t i = 0; i < w->axis; i++)
            sum += to[i * step] = (pn_real)exp(x[i * step] - most);
        for (int64_t i = 0; i < w->axis; i++) to[i * step] = (pn_real)(to[i * step] / sum);
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const softmax *s = layer->settings;
    int64_t lines;
    if (s->axis == -1) return pn_copy_forward(layer, pass, error);
    work w = begin(s, pass, &lines);
    w.x = pass->in[0];
    w.to = pass->out;
    pn_parallel_for(lines, PN_LAYER_GRAIN / w.axis + 1, forward_lines, &w);
    return PN_OK;
}

static void backward_lines(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t step = w->inner;
    for (int64_t line = begin; line < end; line++) {
        const int64_t first = first_of(w, line);
        const pn_real *y = w->x + first, *d = w->d_out + first;
        double mean = 0; /* of the gradients, weighted by the probabilities */
        for (int64_t i = 0; i < w->axis; i++) mean += (double)y[i * step] * d[i * step];
        for (int64_t i = 0; i < w->axis; i++)
            w->to[first + i * step] = (pn_real)(y[i * step] * (d[i * step] - mean));
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const softmax *s = layer->settings;
    int64_t lines;
    if (s->axis == -1) return pn_copy_backward(layer, pass, error);
    if (!pass->d_in[0]) return PN_OK;
    work w = begin(s, pass, &lines);
    w.x = pass->out;
    w.d_out = pass->d_out;
    w.to = pass->d_in[0];
    pn_parallel_for(lines, PN_LAYER_GRAIN / w.axis + 1, backward_lines, &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(softmax) = {
    .class_name = "Softmax",
    .base_name = "softmax",
    .settings_size = sizeof(softmax),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_KEEPS_OUT,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
