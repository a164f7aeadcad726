/* nn: weights as tensors. */
#include "lua/nn_binding.h"

#include <stdio.h>

/* Pushes the weight's value: the tensor itself, or a copy. */
static void push_value(lua_State *L, const pn_layer *layer, int weight, bool copy) {
    const pn_weight *w = &layer->weight[weight];
    pn_error error;
    if (!w->value)
        pn_lua_fail(L, PN_E_INTERNAL, "the %s of '%s' has no value yet", w->name, layer->name);
    pn_tensor **slot = pn_lua_new_tensor(L);
    if (copy)
        pn_lua_check(L, pn_tensor_cast(w->value, PN_F32, slot, &error), &error);
    else
        *slot = pn_tensor_retain(w->value);
}

/* "conv2d/kernel:0", as Keras calls it. */
static void push_name(lua_State *L, const pn_layer *layer, int weight) {
    lua_pushfstring(L, "%s/%s:0", layer->name, layer->weight[weight].name);
}

static bool fits(const pn_dims *shape, const pn_tensor *value) {
    if (shape->rank != value->rank) return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->size[i] != value->shape[i]) return false;
    return true;
}

static void set_value(lua_State *L, pn_layer *layer, int weight, pn_tensor *value) {
    pn_tensor *copy = NULL;
    pn_error error;
    pn_status status = pn_tensor_cast(value, PN_F32, &copy, &error);
    if (status == PN_OK) status = pn_layer_set_weight(layer, weight, copy, &error);
    pn_tensor_release(copy);
    pn_lua_check(L, status, &error);
}

/* ---- of a layer ---- */

/* layer_weights(layer, copy) -> {tensor, ...}, {name, ...} */
static int core_layer_weights(lua_State *L) {
    const pn_layer *layer = pn_lua_check_layer(L, 1, "this");
    bool copy = lua_toboolean(L, 2);
    lua_createtable(L, layer->weights, 0);
    lua_createtable(L, layer->weights, 0);
    for (int i = 0; i < layer->weights; i++) {
        push_value(L, layer, i, copy);
        lua_rawseti(L, -3, i + 1);
        push_name(L, layer, i);
        lua_rawseti(L, -2, i + 1);
    }
    pn_lua_settle(L);
    return 2;
}

/* set_layer_weight(layer, number from 1, tensor): takes a copy */
static int core_set_layer_weight(lua_State *L) {
    pn_layer *layer = pn_lua_check_layer(L, 1, "this");
    lua_Integer i = luaL_checkinteger(L, 2);
    luaL_argcheck(L, i >= 1 && i <= layer->weights, 2, "no such weight");
    set_value(L, layer, (int)i - 1, pn_lua_check_tensor(L, 3, "a weight"));
    pn_lua_settle(L);
    return 0;
}

/* initialize_layer(layer, seed): values for weights that have none */
static int core_initialize_layer(lua_State *L) {
    pn_error error;
    pn_lua_check(L,
                 pn_layer_initialize(pn_lua_check_layer(L, 1, "this"),
                                     (uint64_t)luaL_checkinteger(L, 2), 0, &error),
                 &error);
    pn_lua_settle(L);
    return 0;
}

/* ---- of a model ---- */

/* weights(model, copy) -> {tensor, ...} in the model's order, {name, ...} */
static int core_weights(lua_State *L) {
    const pn_model *model = pn_lua_check_model(L, 1, "this");
    bool copy = lua_toboolean(L, 2);
    lua_createtable(L, model->slots, 0);
    lua_createtable(L, model->slots, 0);
    for (int i = 0; i < model->slots; i++) {
        push_value(L, model->slot[i].layer, model->slot[i].weight, copy);
        lua_rawseti(L, -3, i + 1);
        push_name(L, model->slot[i].layer, model->slot[i].weight);
        lua_rawseti(L, -2, i + 1);
    }
    pn_lua_settle(L);
    return 2;
}

/* slot_count(model) -> how many weights it has */
static int core_slot_count(lua_State *L) {
    lua_pushinteger(L, pn_lua_check_model(L, 1, "this")->slots);
    return 1;
}

/* set_weights(model, {tensor, ...}, share): all of them; all shapes are checked before anything is
 * replaced. share: the tensors themselves become the weights, else copies. */
static int core_set_weights(lua_State *L) {
    const pn_model *model = pn_lua_check_model(L, 1, "this");
    bool share = lua_toboolean(L, 3);
    pn_error error;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < model->slots; i++) {
            const pn_slot *s = &model->slot[i];
            lua_geti(L, 2, i + 1);
            pn_tensor *value = pn_lua_check_tensor(L, -1, "a weight");
            bool wrong = !fits(&s->layer->weight[s->weight].shape, value);
            if (wrong || (pass == 1 && share)) /* one that does not fit is refused, saying why */
                pn_lua_check(L, pn_layer_set_weight(s->layer, s->weight, value, &error), &error);
            else if (pass == 1)
                set_value(L, s->layer, s->weight, value);
            lua_pop(L, 1);
        }
    pn_lua_settle(L);
    return 0;
}

/* set_slots(model, {tensor, ...}, {place from 1, ...}): these tensors become the weights at those
 * places */
static int core_set_slots(lua_State *L) {
    const pn_model *model = pn_lua_check_model(L, 1, "this");
    lua_Integer count = luaL_len(L, 2);
    pn_error error;
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 2, i);
        lua_geti(L, 3, i);
        lua_Integer place = luaL_checkinteger(L, -1);
        luaL_argcheck(L, place >= 1 && place <= model->slots, 3, "no such weight");
        const pn_slot *s = &model->slot[place - 1];
        pn_tensor *value = pn_lua_check_tensor(L, -2, "a weight");
        pn_lua_check(L, pn_layer_set_weight(s->layer, s->weight, value, &error), &error);
        lua_pop(L, 2);
    }
    return 0;
}

/* initialize(model, seed): values for weights that have none */
static int core_initialize(lua_State *L) {
    pn_error error;
    pn_lua_check(L,
                 pn_model_initialize(pn_lua_check_model(L, 1, "this"),
                                     (uint64_t)luaL_checkinteger(L, 2), &error),
                 &error);
    pn_lua_settle(L);
    return 0;
}

void pn_lua_nn_add_weights(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"layer_weights", core_layer_weights},
        {"set_layer_weight", core_set_layer_weight},
        {"initialize_layer", core_initialize_layer},
        {"weights", core_weights},
        {"slot_count", core_slot_count},
        {"set_weights", core_set_weights},
        {"set_slots", core_set_slots},
        {"initialize", core_initialize},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
