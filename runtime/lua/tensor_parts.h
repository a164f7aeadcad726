/* The parts of the tensor module, one file each, and what they share. */
#ifndef PN_LUA_TENSOR_PARTS_H
#define PN_LUA_TENSOR_PARTS_H

#include "lua/edge.h"
#include "tensor/arithmetic.h"

/* Each adds its functions to the module table at stack index `module`, and its methods and
 * metamethods to the tables `methods` and `meta`. */
void pn_lua_tensor_create(lua_State *L, int module);
void pn_lua_tensor_index(lua_State *L, int methods, int meta);
void pn_lua_tensor_math(lua_State *L, int module, int methods, int meta);
void pn_lua_tensor_reduce(lua_State *L, int methods);
void pn_lua_tensor_shape(lua_State *L, int module, int methods);

/* Sets functions (ended by a NULL name) in the table at `table`. */
void pn_lua_tensor_add(lua_State *L, int table, const luaL_Reg *functions);

/* The tensor a method was called on; raises, reminding of the colon, when it is none. */
pn_tensor *pn_lua_tensor_self(lua_State *L, const char *method);

/* The value at index as an operand: a tensor, or a number kept in *number. A whole number counts
 * as int32, and as float32 beside a float32 tensor `other` (may be NULL). */
const pn_tensor *pn_lua_tensor_operand(lua_State *L, int index, const pn_tensor *other,
                                       pn_number *number, const char *function);

/* The number at index as one that `dtype` holds; raises when it does not. */
const pn_tensor *pn_lua_tensor_item(lua_State *L, int index, pn_dtype dtype, pn_number *number);

/* The axis (from 0) that the number at index names: from 1 on, or from -1 down from the end.
 * `rank` is how many axes there are to choose from. */
int pn_lua_tensor_axis(lua_State *L, int index, int rank);

/* The option `axis` of the table at index as such an axis, or `preset` (from 0). */
int pn_lua_tensor_axis_option(lua_State *L, int index, int rank, int preset);

/* Pushes a tensor made from the nested table at index. */
void pn_lua_tensor_from_table(lua_State *L, int index, pn_dtype dtype);

/* Reads sizes from the array part of the table at index (or from the table that is its first
 * item); returns how many. `least` is the smallest allowed one. */
int pn_lua_tensor_sizes(lua_State *L, int index, const char *function, int64_t least,
                        int64_t sizes[PN_MAX_RANK]);

/* The option `dtype`, float32 when it is missing. */
pn_dtype pn_lua_tensor_dtype(lua_State *L, int index);

/* Pushes the item that data points to. */
void pn_lua_tensor_push_item(lua_State *L, pn_dtype dtype, const void *data);

/* With the result of a function below Lua in the slot on top of the stack: raises, or settles the
 * collector and returns 1. */
int pn_lua_tensor_done(lua_State *L, pn_status status, const pn_error *error);

#endif
