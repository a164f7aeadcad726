/* require "pneuma": the table of Pneuma's modules. */
#include "lua/edge.h"

#include "base/text.h"

static const struct {
    const char *name;
    lua_CFunction open;
} modules[] = {
    /* in this order: data, metrics, system and nn use those before them */
    {"image", pn_lua_open_image},     {"tensor", pn_lua_open_tensor},
    {"stage", pn_lua_open_stage},     {"plot", pn_lua_open_plot},
    {"frame", pn_lua_open_frame},     {"data", pn_lua_open_data},
    {"metrics", pn_lua_open_metrics}, {"system", pn_lua_open_system},
    {"nn", pn_lua_open_nn},           {NULL, NULL},
};

/* pneuma.globals(): makes the modules global, as they are in a notebook. */
static int make_globals(lua_State *L) {
    lua_pushglobaltable(L);
    for (int i = 0; modules[i].name; i++) {
        lua_getfield(L, lua_upvalueindex(1), modules[i].name);
        lua_setfield(L, -2, modules[i].name);
    }
    lua_getfield(L, lua_upvalueindex(1), "show");
    lua_setfield(L, -2, "show");
    return 0;
}

/* __index of a module: a name that it does not have is an error that suggests the nearest.
 * Upvalue 1: the module's name. */
static int missing(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *module = lua_tostring(L, lua_upvalueindex(1)), *name = lua_tostring(L, 2);
    const char *names[128];
    size_t count = 0;
    lua_pushnil(L);
    while (count < sizeof names / sizeof *names && lua_next(L, 1)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
    }
    const char *near = pn_suggest(name, names, count);
    if (near)
        return pn_lua_fail(L, PN_E_ARGUMENT, "%s has no '%s'; did you mean '%s'?", module, name,
                           near);
    return pn_lua_fail(L, PN_E_ARGUMENT, "%s has no '%s'", module, name);
}

/* Makes the module on top of the stack strict about names, where it is not already. */
static void make_strict(lua_State *L, const char *name) {
    if (!lua_istable(L, -1)) return;
    if (!lua_getmetatable(L, -1)) lua_newtable(L);
    if (lua_getfield(L, -1, "__index") == LUA_TNIL) {
        lua_pushstring(L, name);
        lua_pushcclosure(L, missing, 1);
        lua_setfield(L, -3, "__index");
    }
    lua_pop(L, 1);
    lua_setmetatable(L, -2);
}

__attribute__((visibility("default"))) int luaopen_pneuma(lua_State *L) {
    lua_newtable(L);
    for (int i = 0; modules[i].name; i++) {
        modules[i].open(L);
        make_strict(L, modules[i].name);
        lua_setfield(L, -2, modules[i].name);
    }
    lua_getfield(L, -1, "tensor");
    pn_lua_open_text(L);
    lua_pushcfunction(L, pn_lua_show);
    lua_setfield(L, -2, "show");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, make_globals, 1);
    lua_setfield(L, -2, "globals");
    return 1;
}
