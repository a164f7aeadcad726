/* JSON at the border: Lua values become JSON and back. */
#ifndef PN_LUA_JSON_H
#define PN_LUA_JSON_H

#include "lua/edge.h"

#include <jansson.h>

/* Pushes a scratch that owns the JSON of the value at index, and returns it. Tables become arrays
 * when they hold a sequence, else objects with sorted keys (an empty one: an array, but for one at
 * the top and one with a metatable); numbers that are whole become integers; a light userdata NULL
 * is JSON's null. Raises, naming `what` and the field, for what JSON cannot hold. */
json_t *pn_lua_to_json(lua_State *L, int index, const char *what);

/* Pushes the value: a table for arrays and objects; null is left out of objects and is a light
 * userdata NULL elsewhere. */
void pn_lua_push_json(lua_State *L, const json_t *json);

/* Pushes the value that a JSON text holds; raises an error of kind "format", naming `what`. */
void pn_lua_push_json_text(lua_State *L, const char *text, size_t size, const char *what);

/* Pushes JSON as text without spaces. */
void pn_lua_push_dump(lua_State *L, const json_t *json);

#endif
