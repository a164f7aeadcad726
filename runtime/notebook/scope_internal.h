/* Shared by the files that make up the scope; see scope.h for what it is. */
#ifndef PN_NOTEBOOK_SCOPE_INTERNAL_H
#define PN_NOTEBOOK_SCOPE_INTERNAL_H

#include "notebook/cell_syntax.h"
#include "notebook/scope.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

/* The scope is a table in the registry under this key, with the fields
 *   variables  name -> {holder = function, index = upvalue of holder, const = boolean}
 *   surplus    name -> true for variables that the running cell had no room to import
 *   env        the cells' _ENV
 *   recent     names that the last cell declared or assigned, in order */
#define PN_SCOPE_KEY "pneuma.scope"

/* Pushes the scope's field. */
void pn_scope_field(lua_State *L, const char *field);

/* Pushes the value of the notebook variable at the top of the stack (its name, which stays); pushes
 * nothing and returns false when there is none. */
bool pn_scope_get(lua_State *L, const char *name);
/* Pops a value into the variable; false (value popped too) when there is no such variable or it is
 * <const>. */
bool pn_scope_set(lua_State *L, const char *name);

/* Makes the cells' _ENV and stores it as the field env. */
void pn_scope_make_env(lua_State *L);

/* Replaces the functions that make coroutines run, and debug.sethook, by ones that cancellation
 * reaches. */
void pn_scope_watch_library(lua_State *L);
/* Which thread runs: set around a cell. NULL when none does. */
void pn_scope_set_running(lua_State *L);

/* Fills *error from the error value at the top of the stack, which it pops. */
void pn_scope_describe(lua_State *L, const char *name, pn_scope_error *error);
/* The message handler for lua_pcall: turns the error value into {text, traceback}. Its upvalue 1
 * is the notebook's name. */
int pn_scope_handler(lua_State *L);

#endif
