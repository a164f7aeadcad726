/* A Dense layer for few rows: the time goes into reading its kernel, which is read once in either
 * direction; with an update it is learned in the same pass, while each part is at hand.
 *
 * Weights of inputs that are 0 are not read at all where there is one row (kernels/dense.h). Behind
 * a ReLU many are; behind a normalization that follows the ReLU these all have one value, their
 * channel's rest. With fixed weights it is taken off:
 *
 *     x W + bias = (x - rest) W + (rest W + bias) */
#include "kernels/dense.h"
#include "base/pool.h"
#include "nn/fuse/fixed_norm.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 16384 }; /* numbers worth another thread */

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

/* On maps there are as many rows as places, never one alone. */
static bool rests(const pn_run *run) {
    return run->fixed && !run->backward && run->node->in[0].rank == 1 && pn_norm_behind_relu(run);
}

static pn_run_need need(const pn_run *run) {
    const dense_run r = read(run, run->batch);
    const int64_t scratch = pn_dense_scratch(r.rows, r.in, r.out, run->threads);
    const bool moves = rests(run);
    return (pn_run_need){.scratch = scratch + (moves ? r.rows * r.in : 0),
                         .scratch_back = scratch + (activates(&r) ? r.rows * r.out : 0),
                         .prepared = moves ? r.in + r.out : 0};
}

/* ---- forward ---- */

/* y = x times the kernel + bias. */
static void multiply(const dense_run *r, const pn_run *run, const pn_run_pass *pass, int64_t rows,
                     const float *x, const float *bias, float *y) {
    pn_dense_forward(rows, r->in, r->out, x, pass->weight[0], bias, y, run->threads, pass->scratch);
}

typedef struct move {
    const float *from, *rest;
    float *to;
    int64_t in;
} move;

static void move_rows(void *context, int64_t begin, int64_t end) {
    const move *m = context;
    const float *restrict rest = m->rest;
    for (int64_t row = begin; row < end; row++) {
        const float *restrict from = m->from + row * m->in;
        float *restrict to = m->to + row * m->in;
        for (int64_t i = 0; i < m->in; i++) to[i] = from[i] - rest[i];
    }
}

/* rest (in), and base (out) = rest times the kernel + bias. What is infinite in a kernel would meet
 * itself with the other sign: then nothing is at rest. */
static void prepare(const dense_run *r, const pn_run *run, const pn_run_pass *pass,
                    const float *bias, float *rest, float *base) {
    pn_norm_rest(run, pass->weight, r->in, pass->scratch, rest);
    multiply(r, run, pass, 1, rest, bias, base);
    for (int64_t j = 0; j < r->out; j++) {
        if (isfinite(base[j])) continue;
        memset(rest, 0, (size_t)r->in * sizeof *rest);
        multiply(r, run, pass, 1, rest, bias, base);
        return;
    }
}

static void forward_from_rest(const dense_run *r, const pn_run *run, const pn_run_pass *pass,
                              const float *bias) {
    float *rest = pass->prepared, *base = rest + r->in;
    if (pass->fresh) prepare(r, run, pass, bias, rest, base);
    move m = {pass->in, rest,
              pass->scratch + pn_dense_scratch(r->rows, r->in, r->out, run->threads), r->in};
    pn_parallel_for(r->rows, GRAIN / r->in + 1, move_rows, &m);
    multiply(r, run, pass, r->rows, m.to, base, pass->out);
}

static pn_status forward(const pn_run *run, const pn_run_pass *pass, pn_error *error) {
    const dense_run r = read(run, pass->batch);
    const float *bias = r.bias ? pass->weight[1] : NULL;
    (void)error;
    if (rests(run))
        forward_from_rest(&r, run, pass, bias);
    else
        multiply(&r, run, pass, r.rows, pass->in, bias, pass->out);
    if (activates(&r)) pn_activate(&r.layer->activation, pass->out, pass->out, r.rows, r.out);
    return PN_OK;
}

/* ---- backward ---- */

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
