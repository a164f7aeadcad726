/* require "pneuma": the table of Pneuma's modules. */
#include "lua/edge.h"

static const struct {
    const char *name;
    lua_CFunction open;
} modules[] = {
    /* in this order: data makes its tables with frame */
    {"image", pn_lua_open_image},
    {"tensor", pn_lua_open_tensor},
    {"stage", pn_lua_open_stage},
    {"plot", pn_lua_open_plot},
    {"frame", pn_lua_open_frame},
    {"data", pn_lua_open_data},
    {NULL, NULL},
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

__attribute__((visibility("default"))) int luaopen_pneuma(lua_State *L) {
    lua_newtable(L);
    for (int i = 0; modules[i].name; i++) {
        modules[i].open(L);
        lua_setfield(L, -2, modules[i].name);
    }
    lua_pushcfunction(L, pn_lua_show);
    lua_setfield(L, -2, "show");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, make_globals, 1);
    lua_setfield(L, -2, "globals");
    return 1;
}
