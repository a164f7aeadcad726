/* What the embedded Lua scripts need from C, whatever module they belong to. */
#ifndef PN_LUA_SUPPORT_H
#define PN_LUA_SUPPORT_H

#include "lua/edge.h"
#include "plot/bins.h"

/* Sets these functions in the table on top of the stack:
 *   options(table, function, positional, names)  pn_lua_options
 *   suggest(name, names)   the nearest name, or nil
 *   fail(message)          raises an error object of kind "argument"
 *   remark(kind, text)     a line beside the output: "note", "warning"
 *   read(path)             a whole file as a string
 *   write(path, bytes)     replaces a file whole
 *   shape(value)           sizes as an array and the type's name; nothing when it is no tensor
 *   numbers(values, what)  a fresh Lua array of a tensor's or array's numbers, row by row
 *   run(name, table)       what the embedded script `name`, given the table, returns */
void pn_lua_add_support(lua_State *L);

/* Numbers of a tensor or a Lua array at a stack index; leaves on the stack what owns them. `what`
 * names them in errors. */
pn_numbers pn_lua_read_numbers(lua_State *L, int index, const char *what);

#endif
