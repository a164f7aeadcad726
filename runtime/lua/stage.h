/* The parts of the Lua module `stage`. */
#ifndef PN_LUA_STAGE_H
#define PN_LUA_STAGE_H

#include "lua/edge.h"
#include "stage/stage.h"

/* Gives the fields of the table at `index` to the arguments. Returns 1 when the stage has list
 * inputs and every one that was given was given as a single value. */
int pn_lua_stage_give(lua_State *L, int index, const pn_stage_info *info,
                      pn_stage_arguments *arguments);

/* Pushes the results: one as it is, several as a table. `single`: a list of one array becomes that
 * array. */
void pn_lua_stage_push(lua_State *L, const pn_stage_info *info, const pn_values *results,
                       int single);

/* Push the description of a stage as text, as a table, and the list of all. */
void pn_lua_stage_push_text(lua_State *L, const pn_stage_info *info);
void pn_lua_stage_push_info(lua_State *L, const pn_stage_info *info);
void pn_lua_stage_push_list(lua_State *L);

/* What the stage `name` returns goes through the function on top of the stack, which is popped: it
 * is called with the result and the table of arguments. */
void pn_lua_stage_on_result(lua_State *L, const char *name);

#endif
