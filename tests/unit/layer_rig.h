/* One layer on a bench: made from a Keras config, with buffers of its own for all that its
 * functions read and write. The number type is pn_real: test_layers.c measures the float layers,
 * test_gradients.c the same sources compiled with double. */
#ifndef PN_TESTS_UNIT_LAYER_RIG_H
#define PN_TESTS_UNIT_LAYER_RIG_H

#include "test.h"

#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "nn/layer.h"

#include <math.h>
#include <string.h>

enum { RIG_INPUTS = 4 };

typedef struct rig {
    pn_layer *layer;
    int inputs;
    pn_dims in_dims[RIG_INPUTS], out_dims;
    int64_t batch, in_count[RIG_INPUTS], out_count, weight_count[PN_LAYER_WEIGHTS];
    pn_real *in[RIG_INPUTS], *d_in[RIG_INPUTS], *out, *d_out;
    pn_real *weight[PN_LAYER_WEIGHTS], *d_weight[PN_LAYER_WEIGHTS];
    pn_real *linear; /* what d_out is before the activation */
    pn_real *saved, *scratch;
    int64_t saved_count, scratch_count;
    pn_pass pass;
} rig;

/* What a layer is tested with. */
typedef struct rig_case {
    const char *class_name, *config;
    bool training;
    int64_t batch;
    int inputs;
    pn_dims in[RIG_INPUTS];
} rig_case;

static inline const pn_layer_type *rig_type(const char *class_name) {
    for (const pn_layer_type *const *t = pn_layer_types; *t; t++)
        if (strcmp((*t)->class_name, class_name) == 0) return *t;
    fail_msg("there is no layer class %s", class_name);
    return NULL;
}

static inline pn_status rig_layer(const char *class_name, const char *config, pn_layer **layer,
                                  pn_error *error) {
    json_t *json = json_loads(config, 0, NULL);
    if (!json) fail_msg("not JSON: %s", config);
    pn_status status = pn_layer_new(rig_type(class_name), json, "tested", layer, error);
    json_decref(json);
    return status;
}

static inline pn_real *rig_buffer(int64_t count) {
    pn_real *buffer = pn_calloc((size_t)count + 1, sizeof *buffer);
    assert_non_null(buffer);
    return buffer;
}

/* Distinct numbers, none of them 0, evenly spread from -1.5 to 1.5: no two are so near that a small
 * step changes which is the larger. */
static inline void rig_fill(pn_real *to, int64_t count, uint64_t stream) {
    int64_t *order = pn_alloc((size_t)(count + 1) * sizeof *order);
    pn_random random;
    assert_non_null(order);
    pn_random_seed(&random, 5, stream);
    pn_random_permutation(&random, order, count);
    for (int64_t i = 0; i < count; i++)
        to[i] = (pn_real)(3 * ((double)order[i] + 0.5 + 0.2 * (count % 2)) / (double)count - 1.5);
    pn_free(order);
}

/* Kernels as they are at the start of a training; around 1 where a layer divides or multiplies. */
static inline void rig_fill_weight(rig *r, int i) {
    const pn_weight *w = &r->layer->weight[i];
    const bool one = strcmp(w->name, "gamma") == 0 || strcmp(w->name, "moving_variance") == 0;
    pn_random random;
    pn_random_seed(&random, 6, (uint64_t)i);
    double spread = one ? 0.5 : 1 / sqrt((double)(w->fan_in > 0 ? w->fan_in : 1));
    for (int64_t k = 0; k < r->weight_count[i]; k++)
        r->weight[i][k] = (pn_real)(one + spread * (2 * pn_random_uniform(&random) - 1));
}

static inline void rig_buffers(rig *r, const rig_case *c) {
    const pn_layer_type *type = r->layer->type;
    pn_need need = {0};
    if (type->need) need = type->need(r->layer, c->in, &r->out_dims, c->batch, pn_threads());
    r->saved = rig_buffer(r->saved_count = need.saved);
    r->scratch = rig_buffer(r->scratch_count = need.scratch);
    for (int k = 0; k < c->inputs; k++) {
        r->in_count[k] = c->batch * pn_dims_count(&c->in[k]);
        r->in[k] = rig_buffer(r->in_count[k]);
        r->d_in[k] = rig_buffer(r->in_count[k]);
        rig_fill(r->in[k], r->in_count[k], (uint64_t)k);
    }
    r->out_count = c->batch * pn_dims_count(&r->out_dims);
    r->out = rig_buffer(r->out_count);
    r->d_out = rig_buffer(r->out_count);
    r->linear = rig_buffer(r->out_count);
    rig_fill(r->d_out, r->out_count, 100);
    for (int i = 0; i < r->layer->weights; i++) {
        r->weight_count[i] = pn_dims_count(&r->layer->weight[i].shape);
        r->weight[i] = rig_buffer(r->weight_count[i]);
        r->d_weight[i] = rig_buffer(r->weight_count[i]);
        rig_fill_weight(r, i);
    }
}

/* The rig must not move afterwards. */
static inline void rig_begin(rig *r, const rig_case *c) {
    pn_error error;
    *r = (rig){.inputs = c->inputs, .batch = c->batch};
    memcpy(r->in_dims, c->in, sizeof r->in_dims);
    if (rig_layer(c->class_name, c->config, &r->layer, &error) != PN_OK ||
        pn_layer_connect(r->layer, c->in, c->inputs, &r->out_dims, &error) != PN_OK)
        fail_msg("%s", error.message);
    rig_buffers(r, c);
    r->pass = (pn_pass){.batch = c->batch,
                        .inputs = c->inputs,
                        .in_dims = r->in_dims,
                        .out_dims = &r->out_dims,
                        .in = (const pn_real *const *)r->in,
                        .out = r->out,
                        .d_out = r->linear,
                        .d_in = r->d_in,
                        .weight = r->weight,
                        .d_weight = r->d_weight,
                        .saved = r->saved,
                        .scratch = r->scratch,
                        .threads = pn_threads(),
                        .training = c->training,
                        .seed = 7,
                        .stream = 8};
}

static inline void rig_end(rig *r) {
    for (int k = 0; k < RIG_INPUTS; k++) {
        pn_free(r->in[k]);
        pn_free(r->d_in[k]);
    }
    for (int i = 0; i < PN_LAYER_WEIGHTS; i++) {
        pn_free(r->weight[i]);
        pn_free(r->d_weight[i]);
    }
    pn_free(r->out);
    pn_free(r->d_out);
    pn_free(r->linear);
    pn_free(r->saved);
    pn_free(r->scratch);
    pn_layer_release(r->layer);
    *r = (rig){0};
}

/* Rows and columns that an activation works on. */
static inline int64_t rig_columns(const rig *r) {
    return r->out_dims.rank ? r->out_dims.size[r->out_dims.rank - 1] : 1;
}

/* A layer whose output is its input does nothing: the rig copies, as a plan shares memory. What
 * stands in the scratch of a call must not matter: it is filled with NaN. */
static inline void rig_spoil(rig *r) {
    for (int64_t i = 0; i < r->scratch_count; i++) r->scratch[i] = (pn_real)NAN;
}

static inline void rig_forward(rig *r) {
    const pn_layer_type *type = r->layer->type;
    pn_error error = {.message = ""};
    rig_spoil(r);
    if (type->flags & PN_LAYER_ALIAS)
        memcpy(r->out, r->in[0], (size_t)r->out_count * sizeof *r->out);
    else if (type->forward(r->layer, &r->pass, &error) != PN_OK)
        fail_msg("%s", error.message);
    if (r->layer->activation.kind != PN_LINEAR)
        pn_activate(&r->layer->activation, r->out, r->out, r->out_count / rig_columns(r),
                    rig_columns(r));
}

/* backward_input and accumulate, as a plan calls them. d_in and d_weight are where they write. */
static inline void rig_backward(rig *r) {
    const pn_layer_type *type = r->layer->type;
    pn_error error = {.message = ""};
    memcpy(r->linear, r->d_out, (size_t)r->out_count * sizeof *r->out);
    if (r->layer->activation.kind != PN_LINEAR)
        pn_activate_backward(&r->layer->activation, r->out, r->linear, r->linear,
                             r->out_count / rig_columns(r), rig_columns(r));
    rig_spoil(r);
    if (type->accumulate && type->accumulate(r->layer, &r->pass, &error) != PN_OK)
        fail_msg("%s", error.message);
    rig_spoil(r);
    if (type->flags & PN_LAYER_ALIAS)
        memcpy(r->d_in[0], r->linear, (size_t)r->out_count * sizeof *r->out);
    else if (type->backward_input(r->layer, &r->pass, &error) != PN_OK)
        fail_msg("%s", error.message);
}

#endif
