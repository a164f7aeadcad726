#include "notebook/model_open.h"

#include "lua/json.h"
#include "lua/nn_binding.h"
#include "notebook/scope.h"

#include <string.h>

typedef struct opening {
    const char *path;
    pn_model *model;
    json_t *input;
} opening;

/* nn.load_model{path} and the model's input. */
static int open_model(lua_State *L) {
    opening *o = lua_touserdata(L, 1);
    pn_scope_open(L);
    lua_getglobal(L, "nn");
    lua_getfield(L, -1, "load_model");
    lua_createtable(L, 1, 0);
    lua_pushstring(L, o->path);
    lua_seti(L, -2, 1);
    lua_call(L, 1, 1);
    const int model = lua_gettop(L);
    lua_getfield(L, model, "input");
    if (!lua_isnil(L, -1)) o->input = json_incref(pn_lua_to_json(L, -1, "the model's input"));
    o->model = pn_model_retain(pn_lua_check_model(L, model, "the file"));
    return 0;
}

pn_status pn_model_open(const char *path, pn_model **model, json_t **input, pn_error *error) {
    opening o = {.path = path};
    lua_State *L = luaL_newstate();
    if (!L) return pn_fail_memory(error, 0);
    lua_pushcfunction(L, open_model);
    lua_pushlightuserdata(L, &o);
    pn_status status = PN_OK;
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        status = pn_fail_path(error, PN_E_FORMAT, path, "%s", luaL_tolstring(L, -1, NULL));
        json_decref(o.input);
        o.input = NULL;
    }
    lua_close(L);
    *model = o.model;
    *input = o.input;
    return status;
}
