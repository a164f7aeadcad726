/* The cells' _ENV: the globals, strict about names that nobody defined. */
#include "notebook/scope_internal.h"

#include "base/text.h"
#include "lua/edge.h"

#include <stdlib.h>
#include <string.h>

/* What people who come from Python write by habit. */
static const struct {
    const char *python, *hint; /* one that begins with ';' is a sentence of its own */
} habits[] = {
    {"None", "nil"},
    {"True", "true"},
    {"False", "false"},
    {"len", "#value"},
    {"null", "nil"},
    {"elif", "elseif"},
    {"range", "for i = 1, n do"},
    {"np", "tensor"},
    {"plt", "plot"},
    {"pd", "frame"},
    {"str", "tostring"},
    {"int", "math.tointeger or //"},
    {"float", "tonumber"},
    {"enumerate", "ipairs"},
    {"self", "a method declared with ':'"},
    {"f", "(\"%d of %s\"):format(n, name)"},
    {"help", "; nn.Conv2D{32, 3, help = 1}, like any option that there is not, names those "
             "that there are, and stage.info(\"load\") tells what a stage takes"},
    {"dir", "for name in pairs(nn) do print(name) end"},
};

/* Pushes the keys of the table at `index` that are strings into the array at `list`. */
static void collect_keys(lua_State *L, int index, int list) {
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) continue;
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
    }
}

/* Pushes the defined name nearest to `name`, or nothing. */
static const char *nearest(lua_State *L, const char *name) {
    lua_newtable(L);
    int list = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    collect_keys(L, list + 1, list);
    pn_scope_field(L, "env");
    collect_keys(L, list + 2, list);
    pn_scope_field(L, "variables");
    collect_keys(L, list + 3, list);
    size_t count = (size_t)lua_rawlen(L, list);
    const char **names = lua_newuserdatauv(L, (count + 1) * sizeof *names, 0);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        names[i] = lua_tostring(L, -1); /* anchored in the list */
        lua_pop(L, 1);
    }
    return pn_suggest(name, names, count);
}

static int undefined(lua_State *L, const char *name) {
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strcmp(name, habits[i].python) == 0)
            return luaL_error(L, "'%s' is not defined%s%s", name,
                              *habits[i].hint == ';' ? "" : "; in Lua that is ", habits[i].hint);
    const char *near = nearest(L, name);
    if (near) return luaL_error(L, "'%s' is not defined; did you mean '%s'?", name, near);
    return luaL_error(L, "'%s' is not defined", name);
}

static bool is_surplus(lua_State *L, const char *name) {
    pn_scope_field(L, "surplus");
    bool found = lua_getfield(L, -1, name) == LUA_TBOOLEAN;
    lua_pop(L, 2);
    return found;
}

/* __index(env, key); upvalue 1: the globals that modules and load() see. */
static int env_index(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    if (lua_type(L, 2) != LUA_TSTRING) return 1;
    const char *name = lua_tostring(L, 2);
    if (is_surplus(L, name) && pn_scope_get(L, name)) return 1;
    return undefined(L, name);
}

/* __newindex(env, key, value) */
static int env_newindex(lua_State *L) {
    if (lua_type(L, 2) == LUA_TSTRING && is_surplus(L, lua_tostring(L, 2))) {
        if (pn_scope_set(L, lua_tostring(L, 2))) return 0;
        return luaL_error(L, "attempt to assign to const variable '%s'", lua_tostring(L, 2));
    }
    lua_rawset(L, 1);
    return 0;
}

void pn_scope_make_env(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, PN_SCOPE_KEY);
    lua_newtable(L);
    int env = lua_gettop(L);
    lua_pushglobaltable(L);
    lua_pushnil(L);
    while (lua_next(L, env + 1)) { /* copies, so that common names cost no metamethod */
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, env);
    }
    lua_pushvalue(L, env);
    lua_setfield(L, env, "_G");
    lua_createtable(L, 0, 2);
    lua_pushglobaltable(L);
    lua_pushcclosure(L, env_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, env_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, env);
    lua_settop(L, env);
    lua_setfield(L, -2, "env");
    lua_pop(L, 1);
}
