/* nn: models. Nodes and groups are numbered as in nn/model.h, from 0; users never see them. */
#include "lua/nn_binding.h"

#include "base/memory.h"
#include "lua/json.h"
#include "nn/file/model_json.h"
#include "nn/summary.h"

#include <string.h>

pn_model *pn_lua_check_model(lua_State *L, int index, const char *what) {
    pn_model **slot = luaL_testudata(L, index, PN_LUA_MODEL);
    if (!slot)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s must be a model, not a %s", what,
                    luaL_typename(L, index));
    return *slot;
}

pn_model **pn_lua_new_model(lua_State *L) {
    pn_model **slot = lua_newuserdatauv(L, sizeof *slot, 2); /* its state; its plan (nn_plan.c) */
    *slot = NULL;
    luaL_setmetatable(L, PN_LUA_MODEL);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    return slot;
}

static int collect(lua_State *L) {
    pn_model **slot = luaL_checkudata(L, 1, PN_LUA_MODEL);
    pn_model_release(*slot);
    *slot = NULL;
    return 0;
}

static pn_model *self(lua_State *L) {
    return pn_lua_check_model(L, 1, "this");
}

/* ---- node numbers ---- */

/* The numbers of the array at index, in a userdata pushed on the stack. */
static int *read_numbers(lua_State *L, int index, int *count) {
    index = lua_absindex(L, index);
    lua_Integer length = luaL_len(L, index);
    if (length > PN_LAYER_INPUTS)
        pn_lua_fail(L, PN_E_ARGUMENT, "%lld inputs or outputs are too many; the most are %d",
                    (long long)length, PN_LAYER_INPUTS);
    int *number = lua_newuserdatauv(L, ((size_t)length + 1) * sizeof *number, 0);
    for (lua_Integer i = 0; i < length; i++) {
        lua_geti(L, index, i + 1);
        number[i] = (int)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    *count = (int)length;
    return number;
}

static void push_numbers(lua_State *L, const int *number, int count) {
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushinteger(L, number[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* ---- making ---- */

/* new_model(name, sequential) -> model without nodes */
static int core_new_model(lua_State *L) {
    pn_error error;
    pn_model **slot = pn_lua_new_model(L);
    pn_lua_check(L, pn_model_new(luaL_checkstring(L, 1), lua_toboolean(L, 2), slot, &error),
                 &error);
    return 1;
}

/* add(model, layer, {node, ...}) -> node */
static int core_add(lua_State *L) {
    pn_model *model = self(L);
    pn_layer *layer = pn_lua_check_layer(L, 2, "this");
    int inputs, node;
    const int *input = read_numbers(L, 3, &inputs);
    pn_error error;
    pn_lua_check(L, pn_model_add(model, layer, input, inputs, &node, &error), &error);
    lua_pushinteger(L, node);
    return 1;
}

/* nest(model, inner, {node, ...}) -> group, {its output nodes} */
static int core_nest(lua_State *L) {
    pn_model *model = self(L);
    const pn_model *inner = pn_lua_check_model(L, 2, "this");
    int inputs, group;
    const int *input = read_numbers(L, 3, &inputs);
    pn_error error;
    pn_lua_check(L, pn_model_nest(model, inner, input, inputs, &group, &error), &error);
    lua_pushinteger(L, group);
    push_numbers(L, model->group[group].output, model->group[group].outputs);
    return 2;
}

/* set_outputs(model, {node, ...}) */
static int core_set_outputs(lua_State *L) {
    pn_model *model = self(L);
    int outputs;
    const int *output = read_numbers(L, 2, &outputs);
    pn_error error;
    pn_lua_check(L, pn_model_set_outputs(model, output, outputs, &error), &error);
    return 0;
}

/* set_inputs(model, {node, ...}): the same inputs in another order */
static int core_set_inputs(lua_State *L) {
    pn_group *outer = &self(L)->group[0];
    int inputs;
    const int *input = read_numbers(L, 2, &inputs);
    luaL_argcheck(L, inputs == outer->inputs, 2, "other inputs");
    memcpy(outer->input, input, (size_t)inputs * sizeof *input);
    return 0;
}

static int core_rename_model(lua_State *L) {
    pn_model *model = self(L);
    size_t size;
    const char *name = luaL_checklstring(L, 2, &size);
    pn_error error;
    char *copy = pn_alloc(size + 1);
    if (!copy) pn_lua_check(L, pn_fail_memory(&error, size), &error);
    pn_free(model->group[0].name);
    model->group[0].name = memcpy(copy, name, size + 1);
    return 0;
}

/* ---- asking ---- */

static int core_model_name(lua_State *L) {
    lua_pushstring(L, pn_model_name(self(L)));
    return 1;
}

static int core_node_count(lua_State *L) {
    lua_pushinteger(L, self(L)->nodes);
    return 1;
}

static const pn_node *check_node(lua_State *L, const pn_model *model, int index) {
    lua_Integer i = luaL_checkinteger(L, index);
    luaL_argcheck(L, i >= 0 && i < model->nodes, index, "no such node");
    return &model->node[i];
}

/* node(model, number) -> layer, its shape, {input nodes}, group, {shapes of the inputs} */
static int core_node(lua_State *L) {
    const pn_node *node = check_node(L, self(L), 2);
    pn_lua_push_layer(L, node->layer);
    pn_lua_push_dims(L, &node->out);
    push_numbers(L, node->input, node->inputs);
    lua_pushinteger(L, node->group);
    lua_createtable(L, node->inputs, 0);
    for (int i = 0; i < node->inputs; i++) {
        pn_lua_push_dims(L, &node->in[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 5;
}

/* groups(model) -> array of {name, sequential, parent, inputs, outputs}; group g at g + 1 */
static int core_groups(lua_State *L) {
    const pn_model *model = self(L);
    lua_createtable(L, model->groups, 0);
    for (int i = 0; i < model->groups; i++) {
        const pn_group *g = &model->group[i];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, g->name);
        lua_setfield(L, -2, "name");
        lua_pushboolean(L, g->sequential);
        lua_setfield(L, -2, "sequential");
        lua_pushinteger(L, g->parent);
        lua_setfield(L, -2, "parent");
        push_numbers(L, g->input, g->inputs);
        lua_setfield(L, -2, "inputs");
        push_numbers(L, g->output, g->outputs);
        lua_setfield(L, -2, "outputs");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* find(model, name of a layer) -> node */
static int core_find(lua_State *L) {
    int node;
    pn_error error;
    pn_lua_check(L, pn_model_find(self(L), luaL_checkstring(L, 2), &node, &error), &error);
    lua_pushinteger(L, node);
    return 1;
}

/* count(model) -> numbers in its weights, those of them that train */
static int core_count(lua_State *L) {
    lua_pushinteger(L, pn_model_count(self(L)));
    lua_pushinteger(L, pn_model_count_trainable(self(L)));
    return 2;
}

static int core_set_trainable(lua_State *L) {
    pn_model_set_trainable(self(L), 0, lua_toboolean(L, 2));
    return 0;
}

/* frozen_cut(model, frozen dropout) -> the last node that gives the same each time, or -1 */
static int core_frozen_cut(lua_State *L) {
    lua_pushinteger(L, pn_model_frozen_cut(self(L), lua_toboolean(L, 2)));
    return 1;
}

/* split(model, node) -> the model up to the node, the model behind it; both share the layers */
static int core_split(lua_State *L) {
    pn_model *model = self(L);
    check_node(L, model, 2);
    pn_model **front = pn_lua_new_model(L), **rest = pn_lua_new_model(L);
    pn_error error;
    pn_lua_check(L, pn_model_split(model, (int)lua_tointeger(L, 2), front, rest, &error), &error);
    return 2;
}

/* ---- text ---- */

static void free_text(void *text) {
    pn_text_free(text);
    pn_free(text);
}

/* Pushes what `write` says of the model. */
static int push_text(lua_State *L, pn_status (*write)(const pn_model *, pn_text *, pn_error *)) {
    pn_error error;
    void **owner = pn_lua_scratch(L, free_text);
    pn_text *text = *owner = pn_calloc(1, sizeof *text);
    if (!text) pn_lua_check(L, pn_fail_memory(&error, sizeof *text), &error);
    pn_lua_check(L, write(self(L), text, &error), &error);
    if (text->failed) pn_lua_check(L, pn_fail_memory(&error, text->size), &error);
    lua_pushlstring(L, pn_text_string(text), text->size);
    return 1;
}

static int core_model_json(lua_State *L) {
    return push_text(L, pn_model_to_text);
}

static int core_summary(lua_State *L) {
    return push_text(L, pn_model_summary);
}

static int core_model_from_json(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    pn_error error;
    pn_model **slot = pn_lua_new_model(L);
    pn_lua_check(L, pn_model_from_text(text, size, slot, &error), &error);
    return 1;
}

void pn_lua_nn_add_models(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"new_model", core_new_model},
        {"add", core_add},
        {"nest", core_nest},
        {"set_outputs", core_set_outputs},
        {"set_inputs", core_set_inputs},
        {"rename_model", core_rename_model},
        {"model_name", core_model_name},
        {"node_count", core_node_count},
        {"node", core_node},
        {"groups", core_groups},
        {"find", core_find},
        {"count", core_count},
        {"set_trainable", core_set_trainable},
        {"frozen_cut", core_frozen_cut},
        {"split", core_split},
        {"model_json", core_model_json},
        {"summary", core_summary},
        {"model_from_json", core_model_from_json},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
    if (luaL_newmetatable(L, PN_LUA_MODEL)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_setfield(L, -2, "Model");
}
