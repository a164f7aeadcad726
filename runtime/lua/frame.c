/* The frame module: all of it is frame.lua. */
#include "lua/edge.h"

#include "lua/support.h"

int pn_lua_open_frame(lua_State *L) {
    lua_newtable(L);
    pn_lua_add_support(L);
    pn_lua_run_script(L, "frame");
    return 1;
}
