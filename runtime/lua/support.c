/* Helpers for the embedded Lua scripts. */
#include "lua/support.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "plot/bins.h"

/* The Lua array at `index` as doubles in a scratch pushed on the stack; nil inside is NaN. */
static pn_numbers read_list(lua_State *L, int index, const char *what) {
    if (lua_type(L, index) != LUA_TTABLE)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s must be a tensor or an array of numbers, not a %s", what,
                    luaL_typename(L, index));
    lua_Integer count = luaL_len(L, index);
    void **slot = pn_lua_scratch(L, pn_free);
    double *number = *slot = pn_calloc((size_t)count, sizeof *number);
    if (!number) pn_lua_fail(L, PN_E_MEMORY, "out of memory for %lld numbers", (long long)count);
    for (lua_Integer i = 1; i <= count; i++) {
        int type = lua_geti(L, index, i);
        if (type != LUA_TNUMBER)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s must hold numbers, but item %lld is a %s", what,
                        (long long)i, luaL_typename(L, -1));
        number[i - 1] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return (pn_numbers){.type = PN_NUMBERS_F64, .data = number, .count = count};
}

pn_numbers pn_lua_read_numbers(lua_State *L, int index, const char *what) {
    pn_tensor *tensor = pn_lua_to_tensor(L, index);
    if (!tensor) return read_list(L, index, what);
    pn_error error;
    pn_tensor **dense = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_dense(tensor, dense, &error), &error);
    pn_array array = pn_tensor_array(*dense);
    return pn_numbers_of(&array);
}

static double number_at(const pn_numbers *n, int64_t i) {
    switch (n->type) {
    case PN_NUMBERS_F32:
        return ((const float *)n->data)[i];
    case PN_NUMBERS_U8:
        return ((const uint8_t *)n->data)[i];
    case PN_NUMBERS_I32:
        return ((const int32_t *)n->data)[i];
    default:
        return ((const double *)n->data)[i];
    }
}

/* numbers(values, what): a fresh Lua array of the values, row by row. */
static int core_numbers(lua_State *L) {
    pn_numbers n = pn_lua_read_numbers(L, 1, luaL_checkstring(L, 2));
    lua_createtable(L, (int)n.count, 0);
    for (int64_t i = 0; i < n.count; i++) {
        double value = number_at(&n, i);
        lua_Integer whole;
        if (n.type == PN_NUMBERS_F32 || n.type == PN_NUMBERS_F64 ||
            !lua_numbertointeger(value, &whole))
            lua_pushnumber(L, value);
        else
            lua_pushinteger(L, whole);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* shape(value): the sizes as an array and the type's name; nil when it is no tensor. */
static int core_shape(lua_State *L) {
    pn_tensor *tensor = pn_lua_to_tensor(L, 1);
    if (!tensor) return 0;
    lua_createtable(L, tensor->rank, 0);
    for (int i = 0; i < tensor->rank; i++) {
        lua_pushinteger(L, tensor->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushstring(L, pn_dtype_name(tensor->dtype));
    return 2;
}

/* options(table, function, positional, names): pn_lua_options for plot.lua and frame.lua. */
static int core_options(lua_State *L) {
    enum { MOST = 64 };
    const char *names[MOST + 1] = {0};
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 4);
    if (count > MOST) return luaL_error(L, "too many options");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 4, i);
        names[i - 1] = lua_tostring(L, -1); /* the list in slot 4 keeps it alive */
        lua_pop(L, 1);
    }
    pn_lua_options(L, 1, luaL_checkstring(L, 2), (int)luaL_checkinteger(L, 3), names);
    return 0;
}

/* suggest(name, names): the nearest name, or nil. */
static int core_suggest(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_Integer count = luaL_len(L, 2);
    const char **names = lua_newuserdatauv(L, (size_t)(count + 1) * sizeof *names, 0);
    size_t found = 0;
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_geti(L, 2, i) == LUA_TSTRING) names[found++] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_pushstring(L, pn_suggest(name, names, found));
    return 1;
}

/* fail(message): an error object of kind "argument". */
static int core_fail(lua_State *L) {
    return pn_lua_fail(L, PN_E_ARGUMENT, "%s", luaL_checkstring(L, 1));
}

/* remark(kind, text): a line beside the output. */
static int core_remark(lua_State *L) {
    const pn_lua_sink *sink = pn_lua_sink_now();
    sink->remark(sink->context, luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    return 0;
}

/* write(path, bytes): replaces a file whole. */
static int core_write(lua_State *L) {
    size_t size;
    pn_error error;
    const char *bytes = luaL_checklstring(L, 2, &size);
    pn_lua_check(L, pn_file_write(luaL_checkstring(L, 1), bytes, size, &error), &error);
    return 0;
}

/* read(path): a whole file as a string. */
static int core_read(lua_State *L) {
    size_t size;
    pn_error error;
    char **slot = (char **)pn_lua_scratch(L, pn_free);
    pn_lua_check(L, pn_file_read(luaL_checkstring(L, 1), 0, slot, &size, &error), &error);
    lua_pushlstring(L, *slot, size);
    return 1;
}

/* run(name, table): a part of a module that lives in another script. */
static int core_run(lua_State *L) {
    lua_settop(L, 2);
    pn_lua_run_script(L, luaL_checkstring(L, 1));
    return 1;
}

static const luaL_Reg support[] = {
    {"options", core_options}, {"suggest", core_suggest},
    {"fail", core_fail},       {"remark", core_remark},
    {"read", core_read},       {"write", core_write},
    {"shape", core_shape},     {"numbers", core_numbers},
    {"run", core_run},         {NULL, NULL},
};

void pn_lua_add_support(lua_State *L) {
    luaL_setfuncs(L, support, 0);
}
