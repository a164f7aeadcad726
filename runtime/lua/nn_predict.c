/* nn: a model's outputs for tensors, batch by batch. */
#include "lua/nn_binding.h"

#include <stdio.h>
#include <string.h>

enum { MOST_FLOATS = 1 << 25 }; /* of one layer's output for a batch, unless the batch is given */

/* One run. Indices are of the stack; what they hold owns the memory. */
typedef struct run {
    lua_State *L;
    const pn_model *model;
    const pn_group *outer;
    pn_plan *plan;
    int64_t samples, batch;
    const pn_tensor *x[PN_LAYER_INPUTS];
    pn_tensor *out[PN_LAYER_INPUTS];
    int hold; /* index of a table: [i + 1] keeps what input i of this batch was cast to */
} run;

static const pn_dims *dims_of(const run *r, const int *nodes, int i) {
    return &r->model->node[nodes[i]].out;
}

/* ---- what comes in ---- */

static void refuse_shape(const run *r, int i) {
    char expected[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
    const pn_tensor *x = r->x[i];
    const char *layer = r->model->node[r->outer->input[i]].layer->name;
    pn_lua_fail(r->L, PN_E_SHAPE, "model '%s' takes %s (input '%s'), not %s%s",
                pn_model_name(r->model),
                pn_dims_text(dims_of(r, r->outer->input, i), expected, sizeof expected), layer,
                pn_shape_text(x->rank, x->shape, got, sizeof got),
                x->rank == dims_of(r, r->outer->input, i)->rank
                    ? "; one sample needs an axis in front: x:unsqueeze(1)"
                    : "");
}

/* The inputs of the array at index: (N, dims) each. */
static void read_inputs(run *r, int index) {
    lua_State *L = r->L;
    lua_Integer count = luaL_len(L, index);
    if (count != r->outer->inputs)
        pn_lua_fail(L, PN_E_ARGUMENT, "model '%s' takes %d input%s, not %lld",
                    pn_model_name(r->model), r->outer->inputs, r->outer->inputs == 1 ? "" : "s",
                    (long long)count);
    for (int i = 0; i < r->outer->inputs; i++) {
        lua_geti(L, index, i + 1);
        r->x[i] = pn_lua_check_tensor(L, -1, "the input of a model"); /* the array keeps it */
        lua_pop(L, 1);
        const pn_dims *dims = dims_of(r, r->outer->input, i);
        bool fits = r->x[i]->rank == dims->rank + 1;
        for (int k = 0; fits && k < dims->rank; k++) fits = r->x[i]->shape[k + 1] == dims->size[k];
        if (!fits) refuse_shape(r, i);
        if (i > 0 && r->x[i]->shape[0] != r->samples)
            pn_lua_fail(L, PN_E_SHAPE, "input %d has %lld samples, but input 1 has %lld", i + 1,
                        (long long)r->x[i]->shape[0], (long long)r->samples);
        r->samples = r->x[i]->shape[0];
    }
}

/* Samples [first, first + count) of input i as dense float32: where they are when they are so. */
static const float *batch_of(run *r, int i, int64_t first, int64_t count) {
    lua_State *L = r->L;
    const pn_tensor *x = r->x[i];
    pn_error error;
    if (x->dtype == PN_F32 && pn_tensor_is_dense(x))
        return (const float *)x->data + first * pn_dims_count(dims_of(r, r->outer->input, i));
    int64_t shape[PN_MAX_RANK];
    memcpy(shape, x->shape, sizeof shape);
    shape[0] = count;
    pn_tensor **view = pn_lua_new_tensor(L), **cast = pn_lua_new_tensor(L);
    pn_lua_check(L,
                 pn_tensor_view(x, x->rank, shape, x->stride, first * x->stride[0], view, &error),
                 &error);
    pn_lua_check(L, pn_tensor_cast(*view, PN_F32, cast, &error), &error);
    lua_rawseti(L, r->hold, i + 1);
    lua_pop(L, 1);
    return (*cast)->data;
}

/* ---- what goes out ---- */

/* Pushes the array of the outputs, (N, dims) each. */
static void make_outputs(run *r) {
    lua_State *L = r->L;
    pn_error error;
    lua_createtable(L, r->outer->outputs, 0);
    for (int i = 0; i < r->outer->outputs; i++) {
        const pn_dims *dims = dims_of(r, r->outer->output, i);
        int64_t shape[PN_MAX_RANK] = {r->samples};
        for (int k = 0; k < dims->rank; k++) shape[k + 1] = dims->size[k];
        pn_tensor **slot = pn_lua_new_tensor(L);
        pn_lua_check(L, pn_tensor_new(PN_F32, dims->rank + 1, shape, slot, &error), &error);
        r->out[i] = *slot;
        lua_rawseti(L, -2, i + 1);
    }
}

static void keep_outputs(const run *r, int64_t first, int64_t count) {
    for (int i = 0; i < r->outer->outputs; i++) {
        int64_t size = pn_dims_count(dims_of(r, r->outer->output, i));
        memcpy((float *)r->out[i]->data + first * size,
               pn_plan_output(r->plan, r->outer->output[i]),
               (size_t)(count * size) * sizeof(float));
    }
}

/* ---- the run ---- */

/* Keras's 32, but fewer where a layer's output for so many would be large. */
static int64_t choose_batch(const run *r, int64_t wanted) {
    int64_t most = 1, batch = wanted > 0 ? wanted : 32;
    for (int i = 0; i < r->model->nodes; i++) {
        int64_t size = pn_dims_count(&r->model->node[i].out);
        if (size > most) most = size;
    }
    while (wanted <= 0 && batch > 1 && batch * most > MOST_FLOATS) batch /= 2;
    return batch < r->samples ? batch : r->samples > 0 ? r->samples : 1;
}

static void compute(run *r) {
    const pn_lua_sink *sink = pn_lua_sink_now();
    const pn_mode mode = {.training = false};
    pn_error error;
    for (int64_t first = 0; first < r->samples; first += r->batch) {
        const float *input[PN_LAYER_INPUTS];
        int64_t count = r->samples - first < r->batch ? r->samples - first : r->batch;
        for (int i = 0; i < r->outer->inputs; i++) input[i] = batch_of(r, i, first, count);
        pn_lua_check(r->L, pn_plan_forward(r->plan, input, count, &mode, &error), &error);
        keep_outputs(r, first, count);
        if (r->samples > r->batch)
            sink->progress(sink->context, "predict", first + count, r->samples);
    }
}

/* predict(model, {tensor, ...}, batch size or 0) -> {tensor, ...}, one for each output */
static int core_predict(lua_State *L) {
    lua_settop(L, 3);
    run r = {.L = L, .model = pn_lua_check_model(L, 1, "this")};
    r.outer = &r.model->group[0];
    read_inputs(&r, 2);
    lua_newtable(L);
    r.hold = lua_gettop(L);
    r.batch = choose_batch(&r, luaL_checkinteger(L, 3));
    r.plan = pn_lua_push_plan(L, 1, r.batch);
    make_outputs(&r);
    compute(&r);
    pn_lua_settle(L);
    return 1;
}

void pn_lua_nn_add_predict(lua_State *L) {
    lua_pushcfunction(L, core_predict);
    lua_setfield(L, -2, "predict");
}
