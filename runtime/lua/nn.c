/* The Lua module `nn`: layers, models, training. What is C is in nn_*.c, the rest in nn*.lua. */
#include "base/random.h"
#include "lua/nn_binding.h"
#include "lua/support.h"

/* run_seed() -> the seed of the run */
static int core_run_seed(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)pn_run_seed());
    return 1;
}

/* fail_shape(message): raises an error of kind "shape". */
static int core_fail_shape(lua_State *L) {
    return pn_lua_fail(L, PN_E_SHAPE, "%s", luaL_checkstring(L, 1));
}

/* With the table of the modules opened before on top of the stack. */
int pn_lua_open_nn(lua_State *L) {
    static const char *const uses[] = {"tensor", "image", "stage", "frame", "data", NULL};
    if (lua_getfield(L, LUA_REGISTRYINDEX, "pneuma.nn") != LUA_TNIL) return 1;
    lua_pop(L, 1);
    lua_newtable(L);
    pn_lua_add_support(L);
    pn_lua_nn_add_layers(L);
    pn_lua_nn_add_models(L);
    pn_lua_nn_add_weights(L);
    pn_lua_nn_add_predict(L);
    pn_lua_nn_add_named(L);
    pn_lua_nn_add_files(L);
    pn_lua_nn_add_shipped(L);
    lua_pushcfunction(L, core_run_seed);
    lua_setfield(L, -2, "run_seed");
    lua_pushcfunction(L, core_fail_shape);
    lua_setfield(L, -2, "fail_shape");
    for (int i = 0; uses[i]; i++) {
        lua_getfield(L, -2, uses[i]);
        lua_setfield(L, -2, uses[i]);
    }
    pn_lua_run_script(L, "nn");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "pneuma.nn");
    return 1;
}
