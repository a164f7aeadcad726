/* The parts of the Lua module `nn`, one file each, and what other modules need of it: the C model
 * behind a Lua one.
 *
 * Layers and models are userdata with a table of their own (their state), which belongs to the Lua
 * parts (nn*.lua). A layer has one userdata as long as somebody holds it, so that two names of it
 * are equal. */
#ifndef PN_LUA_NN_BINDING_H
#define PN_LUA_NN_BINDING_H

#include "lua/edge.h"
#include "nn/plan.h"

#define PN_LUA_LAYER "pneuma.layer"
#define PN_LUA_MODEL "pneuma.model"

/* The layer or model at a stack index, borrowed; raises, naming `what`, when it is none. A model
 * is complete, with values for its weights, only after the Lua function core.ready(model). */
pn_layer *pn_lua_check_layer(lua_State *L, int index, const char *what);
pn_model *pn_lua_check_model(lua_State *L, int index, const char *what);

/* Pushes the layer's userdata; the layer is retained. */
void pn_lua_push_layer(lua_State *L, pn_layer *layer);

/* Pushes an empty model userdata with an empty state and returns its slot, to be filled with a new
 * reference. */
pn_model **pn_lua_new_model(lua_State *L);

/* Pushes the owner of a plan that predicts up to `batch` samples at a time with the model at index;
 * the same one as long as it serves. The plan is good while the owner is on the stack, and for one
 * call: it computes in place. */
pn_plan *pn_lua_push_plan(lua_State *L, int index, int64_t batch);

/* Sizes of one sample: pushes an array; reads one, naming `what` in errors. */
void pn_lua_push_dims(lua_State *L, const pn_dims *dims);
void pn_lua_read_dims(lua_State *L, int index, const char *what, pn_dims *dims);

/* Each adds its functions to the table of C functions on top of the stack, which the Lua parts are
 * given as `core`. Those tables say what the functions take. */
void pn_lua_nn_add_layers(lua_State *L);
void pn_lua_nn_add_models(lua_State *L);
void pn_lua_nn_add_weights(lua_State *L);
void pn_lua_nn_add_predict(lua_State *L);
void pn_lua_nn_add_named(lua_State *L);
void pn_lua_nn_add_files(lua_State *L);
void pn_lua_nn_add_shipped(lua_State *L);

#endif
