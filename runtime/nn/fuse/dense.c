/* A Dense layer for few rows: the time goes into reading its kernel, which is read once in either
 * direction; with an update it is learned in the same pass, while each part is at hand. */
#include "kernels/dense.h"
#include "nn/fused.h"
#include "nn/layers/settings.h"

#include <string.h>

typedef struct dense_run {
    const pn_layer *layer;
    bool bias;
    int64_t rows, in, out;
} dense_run;

static dense_run read(const pn_run *run, int64_t batch) {
    const pn_node *node = &run->node[0];
    const pn_dims *in = &node->in[0], *out = &node->out;
    const int64_t features = in->size[in->rank - 1];
    return (dense_run){.layer = node->layer,
                       .bias = ((const pn_dense *)node->layer->settings)->use_bias,
                       .rows = batch * (pn_dims_count(in) / features),
                       .in = features,
                       .out = out->size[out->rank - 1]};
}

static bool activates(const dense_run *r) {
    return r->layer->activation.kind != PN_LINEAR;
}

static bool fits(const pn_run *run) {
    return run->count == 1 && strcmp(run->node[0].layer->type->class_name, "Dense") == 0;
}

static pn_run_need need(const pn_run *run) {
    const dense_run r = read(run, run->batch);
    const int64_t scratch = pn_dense_scratch(r.rows, r.in, r.out, run->threads);
    return (pn_run_need){.scratch = scratch,
                         .scratch_back = scratch + (activates(&r) ? r.rows * r.out : 0)};
}

static pn_status forward(const pn_run *run, const pn_run_pass *pass, pn_error *error) {
    const dense_run r = read(run, pass->batch);
    (void)error;
    pn_dense_forward(r.rows, r.in, r.out, pass->in, pass->weight[0],
                     r.bias ? pass->weight[1] : NULL, pass->out, run->threads, pass->scratch);
    if (activates(&r)) pn_activate(&r.layer->activation, pass->out, pass->out, r.rows, r.out);
    return PN_OK;
}

/* Passes parts of the kernel's gradient on under the name of its slot. */
typedef struct receiver {
    const pn_plan_update *update;
    int slot;
} receiver;

static void pass_on(void *context, int64_t offset, int64_t count, const float *gradient) {
    const receiver *r = context;
    r->update->part(r->update->context, r->slot, offset, count, gradient);
}

static pn_status backward(const pn_run *run, const pn_run_pass *pass, pn_error *error) {
    const dense_run r = read(run, pass->batch);
    const int64_t scratch = pn_dense_scratch(r.rows, r.in, r.out, run->threads);
    receiver to = {pass->update, run->node[0].slot};
    const pn_dense_update update = {pass_on, &to};
    const float *d = pass->d_out;
    (void)error;
    if (activates(&r)) {
        pn_activate_backward(&r.layer->activation, pass->out, d, pass->scratch + scratch, r.rows,
                             r.out);
        d = pass->scratch + scratch;
    }
    pn_dense_backward(r.rows, r.in, r.out, pass->in, pass->weight[0], d, pass->d_in,
                      run->updates ? NULL : pass->d_weight[0], r.bias ? pass->d_weight[1] : NULL,
                      run->updates ? &update : NULL, run->threads, pass->scratch);
    return PN_OK;
}

const pn_fused_type pn_fused_dense = {
    .name = "dense",
    .updates = true,
    .fits = fits,
    .need = need,
    .forward = forward,
    .backward = backward,
};
