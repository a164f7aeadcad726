/* nn: layers. */
#include "lua/nn_binding.h"

#include "lua/json.h"

/* Registry: address of a pn_layer -> its userdata, weak. */
#define LAYERS "pneuma.layers"

pn_layer *pn_lua_check_layer(lua_State *L, int index, const char *what) {
    pn_layer **slot = luaL_testudata(L, index, PN_LUA_LAYER);
    if (!slot)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s must be a layer, not a %s", what,
                    luaL_typename(L, index));
    return *slot;
}

static pn_layer **new_layer(lua_State *L) {
    pn_layer **slot = lua_newuserdatauv(L, sizeof *slot, 1);
    *slot = NULL;
    luaL_setmetatable(L, PN_LUA_LAYER);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    return slot;
}

/* Remembers the userdata on top of the stack as that of its layer. */
static void remember(lua_State *L) {
    pn_layer **slot = lua_touserdata(L, -1);
    lua_getfield(L, LUA_REGISTRYINDEX, LAYERS);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, *slot);
    lua_pop(L, 1);
}

void pn_lua_push_layer(lua_State *L, pn_layer *layer) {
    luaL_checkstack(L, 6, "nn");
    lua_getfield(L, LUA_REGISTRYINDEX, LAYERS);
    int type = lua_rawgetp(L, -1, layer);
    lua_remove(L, -2);
    if (type != LUA_TNIL) return;
    lua_pop(L, 1);
    *new_layer(L) = pn_layer_retain(layer);
    remember(L);
}

static int collect(lua_State *L) {
    pn_layer **slot = luaL_checkudata(L, 1, PN_LUA_LAYER);
    pn_layer_release(*slot);
    *slot = NULL;
    return 0;
}

/* ---- shapes ---- */

void pn_lua_push_dims(lua_State *L, const pn_dims *dims) {
    lua_createtable(L, dims->rank, 0);
    for (int i = 0; i < dims->rank; i++) {
        lua_pushinteger(L, dims->size[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

void pn_lua_read_dims(lua_State *L, int index, const char *what, pn_dims *dims) {
    index = lua_absindex(L, index);
    lua_Integer rank = lua_istable(L, index) ? luaL_len(L, index) : PN_MAX_RANK;
    if (rank >= PN_MAX_RANK)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s must be an array of at most %d sizes", what,
                    PN_MAX_RANK - 1);
    *dims = (pn_dims){.rank = (int)rank};
    for (int i = 0; i < dims->rank; i++) {
        int whole;
        lua_geti(L, index, i + 1);
        dims->size[i] = lua_tointegerx(L, -1, &whole);
        if (!whole || dims->size[i] < 1 || dims->size[i] > INT32_MAX)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s must hold whole numbers from 1, not %s", what,
                        luaL_tolstring(L, -1, NULL));
        lua_pop(L, 1);
    }
}

/* ---- for the Lua parts ---- */

static pn_layer *self(lua_State *L) {
    return pn_lua_check_layer(L, 1, "this");
}

/* classes(): an array of {class_name, base_name}. */
static int core_classes(lua_State *L) {
    lua_newtable(L);
    for (int i = 0; pn_layer_types[i]; i++) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, pn_layer_types[i]->class_name);
        lua_setfield(L, -2, "class_name");
        lua_pushstring(L, pn_layer_types[i]->base_name);
        lua_setfield(L, -2, "base_name");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* new_layer(class name, config) -> layer */
static int core_new_layer(lua_State *L) {
    const pn_layer_type *type;
    pn_error error;
    pn_lua_check(L, pn_layer_type_find(luaL_checkstring(L, 1), &type, &error), &error);
    json_t *config = pn_lua_to_json(L, 2, type->class_name);
    pn_layer **slot = new_layer(L);
    pn_lua_check(L, pn_layer_new(type, config, "", slot, &error), &error);
    remember(L);
    return 1;
}

/* layer_info(layer) -> class name, name, base name, trainable, draws random numbers, is built */
static int core_layer_info(lua_State *L) {
    const pn_layer *layer = self(L);
    lua_pushstring(L, layer->type->class_name);
    lua_pushstring(L, layer->name);
    lua_pushstring(L, layer->type->base_name);
    lua_pushboolean(L, layer->trainable);
    lua_pushboolean(L, (layer->type->flags & PN_LAYER_RANDOM) != 0);
    lua_pushboolean(L, layer->built);
    return 6;
}

/* layer_config(layer) -> its Keras config as a table */
static int core_layer_config(lua_State *L) {
    pn_lua_push_json(L, self(L)->config);
    return 1;
}

static int core_set_layer_trainable(lua_State *L) {
    self(L)->trainable = lua_toboolean(L, 2);
    return 0;
}

static int core_rename_layer(lua_State *L) {
    pn_error error;
    pn_lua_check(L, pn_layer_rename(self(L), luaL_checkstring(L, 2), &error), &error);
    return 0;
}

/* count_layer(layer) -> numbers in its weights, those of them that train */
static int core_count_layer(lua_State *L) {
    const pn_layer *layer = self(L);
    int64_t trains = 0;
    for (int i = 0; i < layer->weights; i++)
        if (pn_layer_trains(layer, i)) trains += pn_dims_count(&layer->weight[i].shape);
    lua_pushinteger(L, pn_layer_count(layer));
    lua_pushinteger(L, trains);
    return 2;
}

/* connect(layer, {shape, ...}) -> the shape that comes out of inputs of these shapes */
static int core_connect(lua_State *L) {
    pn_layer *layer = self(L);
    pn_dims in[PN_LAYER_INPUTS], out;
    lua_Integer inputs = luaL_len(L, 2);
    if (inputs > PN_LAYER_INPUTS)
        pn_lua_fail(L, PN_E_SHAPE, "%s takes at most %d inputs, not %lld", layer->type->class_name,
                    PN_LAYER_INPUTS, (long long)inputs);
    for (lua_Integer i = 0; i < inputs; i++) {
        lua_geti(L, 2, i + 1);
        pn_lua_read_dims(L, -1, "a shape", &in[i]);
        lua_pop(L, 1);
    }
    pn_error error;
    pn_lua_check(L, pn_layer_connect(layer, in, (int)inputs, &out, &error), &error);
    pn_lua_push_dims(L, &out);
    return 1;
}

/* state(layer or model) -> its table */
static int core_state(lua_State *L) {
    if (!luaL_testudata(L, 1, PN_LUA_LAYER) && !luaL_testudata(L, 1, PN_LUA_MODEL))
        pn_lua_fail(L, PN_E_ARGUMENT, "this must be a layer or a model, not a %s",
                    luaL_typename(L, 1));
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* dims_text({224, 224, 3}) -> "(None, 224, 224, 3)" */
static int core_dims_text(lua_State *L) {
    char text[PN_SHAPE_TEXT];
    pn_dims dims;
    pn_lua_read_dims(L, 1, "a shape", &dims);
    lua_pushstring(L, pn_dims_text(&dims, text, sizeof text));
    return 1;
}

/* to_json(table, what) -> text; from_json(text, what) -> value */
static int core_to_json(lua_State *L) {
    pn_lua_push_dump(L, pn_lua_to_json(L, 1, luaL_checkstring(L, 2)));
    return 1;
}

static int core_from_json(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    pn_lua_push_json_text(L, text, size, luaL_checkstring(L, 2));
    return 1;
}

void pn_lua_nn_add_layers(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"classes", core_classes},
        {"new_layer", core_new_layer},
        {"layer_info", core_layer_info},
        {"layer_config", core_layer_config},
        {"set_layer_trainable", core_set_layer_trainable},
        {"rename_layer", core_rename_layer},
        {"count_layer", core_count_layer},
        {"connect", core_connect},
        {"state", core_state},
        {"dims_text", core_dims_text},
        {"to_json", core_to_json},
        {"from_json", core_from_json},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    if (luaL_newmetatable(L, PN_LUA_LAYER)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_setfield(L, -2, "Layer");
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, LAYERS);
}
