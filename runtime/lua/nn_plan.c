/* nn: the plan that a model's predictions are made with, kept from one to the next: its memory, and
 * the kernels in the form that the fast convolutions want. */
#include "lua/nn_binding.h"

#include "base/memory.h"
#include "base/pool.h"

#define PLAN "pneuma.plan"

enum { PLAN_VALUE = 2 };                    /* user value of the model */
static const size_t most_bytes = 1U << 30U; /* larger ones are made anew each time */

/* The plan reads the weights where they are and keeps what it made of them: it is good as long as
 * the model has the same nodes and the very same tensors, into which nobody has written. They are
 * held here so that no other tensor can take the place of one. */
typedef struct held {
    pn_plan *plan;
    int64_t batch;
    int threads, nodes, slots;
    pn_tensor **value;     /* [slots] */
    unsigned long *writes; /* [slots] into each, until then */
} held;

static void release(held *h) {
    pn_plan_free(h->plan);
    for (int i = 0; h->value && i < h->slots; i++) pn_tensor_release(h->value[i]);
    pn_free(h->value);
    pn_free(h->writes);
    *h = (held){0};
}

static int collect(lua_State *L) {
    release(luaL_checkudata(L, 1, PLAN));
    return 0;
}

static bool is_good(const held *h, const pn_model *model, int64_t batch) {
    if (!h->plan || h->batch < batch || h->threads != pn_threads()) return false;
    if (h->nodes != model->nodes || h->slots != model->slots) return false;
    for (int i = 0; i < model->slots; i++) {
        const pn_tensor *value = model->slot[i].layer->weight[model->slot[i].weight].value;
        if (h->value[i] != value || h->writes[i] != pn_tensor_writes(value)) return false;
    }
    return true;
}

/* Pushes an empty one. */
static held *push_new(lua_State *L, const pn_model *model, int64_t batch) {
    held *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (held){.batch = batch, .threads = pn_threads(), .nodes = model->nodes};
    if (luaL_newmetatable(L, PLAN)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return h;
}

static void hold_values(lua_State *L, held *h, const pn_model *model) {
    pn_error error;
    h->value = pn_calloc((size_t)model->slots + 1, sizeof *h->value);
    h->writes = pn_calloc((size_t)model->slots + 1, sizeof *h->writes);
    if (!h->value || !h->writes)
        pn_lua_check(L, pn_fail_memory(&error, (size_t)model->slots * sizeof *h->value), &error);
    for (h->slots = 0; h->slots < model->slots; h->slots++) {
        const pn_slot *s = &model->slot[h->slots];
        h->value[h->slots] = pn_tensor_retain(s->layer->weight[s->weight].value);
        h->writes[h->slots] = pn_tensor_writes(h->value[h->slots]);
    }
}

pn_plan *pn_lua_push_plan(lua_State *L, int index, int64_t batch) {
    index = lua_absindex(L, index);
    const pn_model *model = pn_lua_check_model(L, index, "this");
    lua_getiuservalue(L, index, PLAN_VALUE);
    held *h = luaL_testudata(L, -1, PLAN);
    if (h && is_good(h, model, batch)) return h->plan;
    if (h) release(h); /* before the new one comes: there may not be room for both */
    lua_pop(L, 1);
    const pn_plan_options options = {.batch = batch, .output = -1, .gradient_of = -1};
    pn_error error;
    h = push_new(L, model, batch);
    hold_values(L, h, model);
    pn_lua_check(L, pn_plan_new(model, &options, &h->plan, &error), &error);
    if (pn_plan_bytes(h->plan) <= most_bytes) {
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, index, PLAN_VALUE);
    }
    return h->plan;
}
