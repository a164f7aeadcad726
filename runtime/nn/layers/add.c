/* Add: out (B, ...) is the sum of the inputs, which have one shape. */
#include "nn/layers/copy.h"

#include "base/pool.h"

#include <string.h>

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    char first[PN_SHAPE_TEXT], other[PN_SHAPE_TEXT];
    (void)layer;
    for (int i = 1; i < inputs; i++)
        if (!pn_dims_equal(&in[0], &in[i]))
            return pn_fail(error, PN_E_SHAPE,
                           "its inputs must have one shape; the first is %s, number %d is %s",
                           pn_dims_text(&in[0], first, sizeof first), i + 1,
                           pn_dims_text(&in[i], other, sizeof other));
    *out = in[0];
    return PN_OK;
}

enum { PIECE = 2048 }; /* items of a sum that stay in the fastest cache */

static void add_items(void *context, int64_t begin, int64_t end) {
    const pn_pass *pass = context;
    for (int64_t i = begin; i < end; i += PIECE) {
        const int64_t count = end - i < PIECE ? end - i : PIECE;
        pn_real *restrict out = pass->out + i;
        memcpy(out, pass->in[0] + i, (size_t)count * sizeof *out);
        for (int k = 1; k < pass->inputs; k++) {
            const pn_real *restrict in = pass->in[k] + i;
            for (int64_t j = 0; j < count; j++) out[j] += in[j];
        }
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    pn_parallel_for(pass->batch * pn_dims_count(pass->out_dims), PN_LAYER_GRAIN, add_items,
                    (void *)pass);
    return PN_OK;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    (void)layer, (void)error;
    for (int k = 0; k < pass->inputs; k++)
        if (pass->d_in[k])
            pn_copy(pass->d_out, pass->d_in[k], pass->batch * pn_dims_count(pass->out_dims));
    return PN_OK;
}

const pn_layer_type PN_LAYER(add) = {
    .class_name = "Add",
    .base_name = "add",
    .min_inputs = 2,
    .max_inputs = PN_LAYER_INPUTS,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
