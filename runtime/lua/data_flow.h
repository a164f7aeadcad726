/* The part of the module data that makes batches. */
#ifndef PN_LUA_DATA_FLOW_H
#define PN_LUA_DATA_FLOW_H

#include "lua/edge.h"

/* Adds what data_flow.lua needs to the table on top of the stack. */
void pn_lua_add_flow(lua_State *L);

#endif
