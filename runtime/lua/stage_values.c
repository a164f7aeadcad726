/* What goes into a stage and comes out of it. */
#include "lua/stage.h"

#include <string.h>

typedef struct giver {
    lua_State *L;
    const pn_stage *stage;
    pn_stage_arguments *arguments;
    int singles, lists; /* list inputs given as one value, and as a list */
} giver;

static void check(giver *g, pn_status status, const pn_error *error) {
    pn_lua_check(g->L, status, error);
}

/* ---- inputs ---- */

/* The value on top of the stack as one item of the input; `position` in its list, 0 for none. */
static void give_item(giver *g, size_t index, lua_Integer position) {
    lua_State *L = g->L;
    const pn_port *port = &g->stage->inputs[index];
    pn_error error;
    size_t size;
    pn_tensor *tensor = pn_lua_to_tensor(L, -1);
    if (tensor)
        check(g, pn_stage_give_array(g->arguments, index, tensor, &error), &error);
    else if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &size);
        check(g, pn_stage_give_string(g->arguments, index, text, size, &error), &error);
    } else {
        const char *what = port->kind == PN_KIND_STRINGS ? "a string" : "a tensor";
        if (position)
            pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s: item %d of input %s must be %s, not a %s",
                        g->stage->name, (int)position, port->name, what, luaL_typename(L, -1));
        pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s: input %s must be %s%s, not a %s", g->stage->name,
                    port->name, what,
                    port->kind == PN_KIND_ARRAY     ? ""
                    : port->kind == PN_KIND_STRINGS ? " or an array of strings"
                                                    : " or an array of tensors",
                    luaL_typename(L, -1));
    }
}

static void give_list(giver *g, size_t index) {
    lua_State *L = g->L;
    pn_error error;
    check(g, pn_stage_give_list(g->arguments, index, &error), &error);
    lua_Integer count = luaL_len(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, -1, i);
        give_item(g, index, i);
        lua_pop(L, 1);
    }
    g->lists++;
}

static void give_input(giver *g, size_t index) {
    if (lua_istable(g->L, -1)) {
        give_list(g, index);
        return;
    }
    give_item(g, index, 0);
    if (g->stage->inputs[index].kind != PN_KIND_ARRAY) g->singles++;
}

/* ---- parameters ---- */

static int find_input(const pn_stage *stage, const char *name) {
    for (size_t i = 0; i < stage->input_count; i++)
        if (strcmp(stage->inputs[i].name, name) == 0) return (int)i;
    return -1;
}

static void give_seed(giver *g) {
    int whole;
    lua_Integer seed = lua_tointegerx(g->L, -1, &whole);
    pn_error error;
    if (!whole || lua_type(g->L, -1) != LUA_TNUMBER)
        pn_lua_fail(g->L, PN_E_ARGUMENT, "stage.%s: seed must be a whole number, not %s",
                    g->stage->name, luaL_tolstring(g->L, -1, NULL));
    check(g, pn_stage_give_seed(g->arguments, (uint64_t)seed, &error), &error);
}

static void give_param(giver *g, const char *name) {
    lua_State *L = g->L;
    pn_error error;
    pn_status status = PN_OK;
    size_t size;
    const char *text;
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        status = pn_stage_give_bool(g->arguments, name, lua_toboolean(L, -1), &error);
        break;
    case LUA_TNUMBER:
        status = lua_isinteger(L, -1)
                     ? pn_stage_give_int(g->arguments, name, lua_tointeger(L, -1), &error)
                     : pn_stage_give_float(g->arguments, name, lua_tonumber(L, -1), &error);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &size);
        status = pn_stage_give_text(g->arguments, name, text, size, &error);
        break;
    default:
        status = pn_stage_refuse(g->arguments, name, luaL_typename(L, -1), &error);
    }
    check(g, status, &error);
}

/* ---- the table ---- */

/* Key below the value on top of the stack. */
static void give_field(giver *g) {
    lua_State *L = g->L;
    const pn_stage *stage = g->stage;
    if (lua_type(L, -2) == LUA_TSTRING) {
        const char *name = lua_tostring(L, -2);
        int input = find_input(stage, name);
        if (input >= 0) {
            if ((lua_Integer)input < (lua_Integer)lua_rawlen(L, -3))
                pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s: input %s is given twice", stage->name,
                            name);
            give_input(g, (size_t)input);
        } else if (strcmp(name, "seed") == 0)
            give_seed(g);
        else
            give_param(g, name);
        return;
    }
    lua_Integer index = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (index >= 1 && (size_t)index <= stage->input_count) {
        give_input(g, (size_t)index - 1);
        return;
    }
    if (stage->input_count == 0 && stage->param_count > 0)
        pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s takes its parameters by name: stage.%s{%s = ...}",
                    stage->name, stage->name, stage->params[0].name);
    pn_lua_fail(L, PN_E_ARGUMENT, "stage.%s takes %d unnamed value%s; [%s] is one too many",
                stage->name, (int)stage->input_count, stage->input_count == 1 ? "" : "s",
                luaL_tolstring(L, -2, NULL));
}

int pn_lua_stage_give(lua_State *L, int index, const pn_stage_info *info,
                      pn_stage_arguments *arguments) {
    giver g = {.L = L, .stage = info->table, .arguments = arguments};
    lua_pushvalue(L, index);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        give_field(&g);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return g.singles > 0 && g.lists == 0;
}

/* ---- results ---- */

static void push_array(lua_State *L, pn_tensor *tensor) {
    pn_tensor **slot = pn_lua_new_tensor(L);
    *slot = pn_tensor_retain(tensor);
}

static void push_value(lua_State *L, const pn_value *value, int single) {
    if (value->kind == PN_KIND_ARRAY && value->count == 0) {
        lua_pushnil(L);
        return;
    }
    if (value->kind == PN_KIND_ARRAY ||
        (value->kind == PN_KIND_ARRAYS && single && value->count == 1)) {
        push_array(L, value->array[0]);
        return;
    }
    lua_createtable(L, (int)value->count, 0);
    for (size_t i = 0; i < value->count; i++) {
        if (value->kind == PN_KIND_STRINGS)
            lua_pushlstring(L, value->string[i].data, value->string[i].size);
        else
            push_array(L, value->array[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* How one field of a table of results looks as text. */
static void describe_field(lua_State *L, pn_text *text) {
    char shape[PN_SHAPE_TEXT];
    const pn_tensor *tensor = pn_lua_to_tensor(L, -1);
    if (tensor)
        pn_text_addf(text, "%s %s", pn_dtype_name(tensor->dtype),
                     pn_shape_text(tensor->rank, tensor->shape, shape, sizeof shape));
    else if (lua_istable(L, -1)) {
        long long count = (long long)lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
        const char *what = pn_lua_to_tensor(L, -1) ? "array" : "string";
        lua_pop(L, 1);
        pn_text_addf(text, "%lld %s%s", count, what, count == 1 ? "" : "s");
    } else
        pn_text_adds(text, luaL_typename(L, -1));
}

static int results_tostring(lua_State *L) {
    const pn_stage_info *info = lua_touserdata(L, lua_upvalueindex(1));
    pn_text text = {0};
    pn_text_addf(&text, "results of stage.%s", info->table->name);
    for (size_t i = 0; i < info->table->result_count; i++) {
        lua_pushstring(L, info->table->results[i].name);
        lua_rawget(L, 1);
        pn_text_addf(&text, "\n  %s: ", info->table->results[i].name);
        describe_field(L, &text);
        lua_pop(L, 1);
    }
    lua_pushlstring(L, pn_text_string(&text), text.size);
    pn_text_free(&text);
    return 1;
}

/* The fields in declared order, then nil. */
static int results_next(lua_State *L) {
    const pn_stage *stage = ((const pn_stage_info *)lua_touserdata(L, lua_upvalueindex(1)))->table;
    size_t next = 0;
    if (!lua_isnil(L, 2)) {
        const char *key = luaL_checkstring(L, 2);
        while (next < stage->result_count && strcmp(stage->results[next].name, key) != 0) next++;
        next++;
    }
    for (; next < stage->result_count; next++) {
        lua_pushstring(L, stage->results[next].name);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) return 2;
        lua_pop(L, 2);
    }
    lua_pushnil(L);
    return 1;
}

static int results_pairs(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, results_next, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void pn_lua_stage_push(lua_State *L, const pn_stage_info *info, const pn_values *results,
                       int single) {
    if (results->count == 1) {
        push_value(L, &results->value[0], single);
        return;
    }
    lua_createtable(L, 0, (int)results->count);
    for (size_t i = 0; i < results->count; i++) {
        push_value(L, &results->value[i], single);
        lua_setfield(L, -2, results->value[i].name);
    }
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, (void *)info);
    lua_pushcclosure(L, results_tostring, 1);
    lua_setfield(L, -2, "__tostring");
    lua_pushlightuserdata(L, (void *)info);
    lua_pushcclosure(L, results_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_setmetatable(L, -2);
}
