/* require "pneuma": the table of Pneuma's modules. */
#include "lua/edge.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

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

/* What people who come from Python look for under another name. */
static const struct {
    const char *module, *python, *hint;
} habits[] = {
    {"plot", "imshow", "plot.image{img}"},
    {"plot", "plot", "plot.line{x, y}"},
    {"plot", "show", "a figure as the cell's last value, or show(figure)"},
    {"plot", "subplots", "plot.panels{one, two}, or plot.grid{images}"},
    {"tensor", "array", "tensor{1, 2, 3}"},
};

static const char *habit(const char *module, const char *name) {
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strcmp(habits[i].module, module) == 0 && strcmp(habits[i].python, name) == 0)
            return habits[i].hint;
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Raises an error that lists the names that a module has. */
static int fail_with_list(lua_State *L, const char *module, const char *name, const char **names,
                          size_t count) {
    pn_text list = {0};
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) pn_text_addf(&list, "%s%s", i ? ", " : "", names[i]);
    lua_pushstring(L, pn_text_string(&list));
    pn_text_free(&list);
    return pn_lua_fail(L, PN_E_ARGUMENT, "%s has no '%s'; it has: %s", module, name,
                       lua_tostring(L, -1));
}

/* __index of a module: a name that it does not have is an error that suggests the nearest, or says
 * what there is. Upvalue 1: the module's name. */
static int missing(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *module = lua_tostring(L, lua_upvalueindex(1)), *name = lua_tostring(L, 2);
    const char *names[128], *hint = habit(module, name);
    size_t count = 0;
    if (hint)
        return pn_lua_fail(L, PN_E_ARGUMENT, "%s has no '%s'; in Lua that is %s", module, name,
                           hint);
    lua_pushnil(L);
    while (count < sizeof names / sizeof *names && lua_next(L, 1)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
    }
    const char *near = pn_suggest(name, names, count);
    if (near)
        return pn_lua_fail(L, PN_E_ARGUMENT, "%s has no '%s'; did you mean '%s'?", module, name,
                           near);
    return fail_with_list(L, module, name, names, count);
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
