/* nn: models in safetensors files. */
#include "lua/nn_binding.h"

#include "base/file.h"

#include "base/memory.h"
#include "nn/file/model_file.h"

#include <string.h>

/* ---- writing ---- */

/* The array {key, text, key, text, ...} at index, in a userdata that is pushed; the array keeps the
 * texts. */
static pn_safetensors_pair *read_pairs(lua_State *L, int index, size_t *count) {
    *count = (size_t)luaL_len(L, index) / 2;
    pn_safetensors_pair *pair = lua_newuserdatauv(L, (*count + 1) * sizeof *pair, 0);
    for (size_t i = 0; i < *count; i++) {
        lua_geti(L, index, 2 * (lua_Integer)i + 1);
        lua_geti(L, index, 2 * (lua_Integer)i + 2);
        pair[i] = (pn_safetensors_pair){luaL_checkstring(L, -2), luaL_checkstring(L, -1)};
        lua_pop(L, 2);
    }
    return pair;
}

/* save(model, path, {key, text, ...}): the texts go into the file's metadata */
static int core_save(lua_State *L) {
    const pn_model *model = pn_lua_check_model(L, 1, "this");
    const char *path = luaL_checkstring(L, 2);
    size_t count;
    pn_error error;
    const pn_safetensors_pair *pair = read_pairs(L, 3, &count);
    pn_lua_check(L, pn_model_save(model, path, pair, count, &error), &error);
    return 0;
}

/* make_folder(path): makes the folder that the file `path` is to stand in. */
static int core_make_folder(lua_State *L) {
    pn_error error;
    pn_lua_check(L, pn_folder_make_for(luaL_checkstring(L, 1), &error), &error);
    return 0;
}

/* weight_names(model) -> {"conv2d/kernel", ...} as in files */
static int core_weight_names(lua_State *L) {
    const pn_model *model = pn_lua_check_model(L, 1, "this");
    lua_createtable(L, model->slots, 0);
    for (int i = 0; i < model->slots; i++) {
        pn_text name = {0};
        pn_model_weight_name(model, i, &name);
        lua_pushlstring(L, pn_text_string(&name), name.size);
        pn_text_free(&name);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* ---- reading ---- */

static void release_file(void *file) {
    pn_safetensors_release(file);
}

/* Opens the file and pushes what holds it. */
static pn_safetensors *open_file(lua_State *L, const char *path) {
    pn_error error;
    pn_safetensors *file;
    void **slot = pn_lua_scratch(L, release_file);
    pn_lua_check(L, pn_safetensors_open(path, &file, &error), &error);
    *slot = file;
    return file;
}

static void push_metadata(lua_State *L, const pn_safetensors *file) {
    const char *key, *value;
    lua_newtable(L);
    for (size_t i = 0; pn_safetensors_pair_at(file, i, &key, &value); i++) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, key);
    }
}

/* load(path, what to call it) -> model, metadata */
static int core_load(lua_State *L) {
    const char *path = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
    pn_safetensors *file = open_file(L, path);
    pn_error error;
    pn_model **slot = pn_lua_new_model(L);
    pn_lua_check(L, pn_model_load(file, name, slot, &error), &error);
    push_metadata(L, file);
    pn_lua_settle(L);
    return 2;
}

/* load_weights(model, path, what to call it, by name) -> how many were found by name */
static int core_load_weights(lua_State *L) {
    pn_model *model = pn_lua_check_model(L, 1, "this");
    const char *path = luaL_checkstring(L, 2), *name = luaL_checkstring(L, 3);
    bool by_name = lua_toboolean(L, 4);
    pn_safetensors *file = open_file(L, path);
    pn_error error;
    int loaded = model->slots;
    pn_status status = by_name ? pn_model_load_named(model, file, name, &loaded, &error)
                               : pn_model_load_weights(model, file, name, &error);
    pn_lua_check(L, status, &error);
    lua_pushinteger(L, loaded);
    pn_lua_settle(L);
    return 1;
}

/* load_slots(path) -> {[place from 1] = tensor}: what ModelCheckpoint kept, named by place */
static int core_load_slots(lua_State *L) {
    pn_safetensors *file = open_file(L, luaL_checkstring(L, 1));
    pn_error error;
    lua_newtable(L);
    for (size_t i = 0; i < pn_safetensors_count(file); i++) {
        pn_tensor **slot = pn_lua_new_tensor(L);
        pn_lua_check(L, pn_safetensors_tensor(file, i, slot, &error), &error);
        lua_Integer place = 0;
        int whole = 0;
        if (lua_stringtonumber(L, pn_safetensors_at(file, i)->name)) {
            place = lua_tointegerx(L, -1, &whole);
            lua_pop(L, 1);
        }
        if (!whole) pn_lua_fail(L, PN_E_FORMAT, "'%s' is no checkpoint", lua_tostring(L, 1));
        lua_rawseti(L, -2, place + 1);
    }
    return 1;
}

/* tensors_in(path) -> {{name =, shape = {...}}, ...} in the file's order, its metadata */
static int core_tensors_in(lua_State *L) {
    pn_safetensors *file = open_file(L, luaL_checkstring(L, 1));
    lua_newtable(L);
    for (size_t i = 0; i < pn_safetensors_count(file); i++) {
        const pn_safetensors_entry *entry = pn_safetensors_at(file, i);
        lua_createtable(L, 0, 2);
        lua_pushstring(L, entry->name);
        lua_setfield(L, -2, "name");
        lua_createtable(L, entry->rank, 0);
        for (int k = 0; k < entry->rank; k++) {
            lua_pushinteger(L, entry->shape[k]);
            lua_rawseti(L, -2, k + 1);
        }
        lua_setfield(L, -2, "shape");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_metadata(L, file);
    return 2;
}

void pn_lua_nn_add_files(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"save", core_save},
        {"make_folder", core_make_folder},
        {"weight_names", core_weight_names},
        {"load", core_load},
        {"load_weights", core_load_weights},
        {"load_slots", core_load_slots},
        {"tensors_in", core_tensors_in},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
