/* The models that come with Pneuma: notebooks/weights of its own files. */
#include "lua/nn_binding.h"

#include "base/home.h"
#include "base/memory.h"

#include <string.h>

static void free_names(void *names) {
    pn_names_free(names);
    pn_free(names);
}

/* Pushes {name =, path =} for a file that is a model; false for any other. */
static bool push_model(lua_State *L, const char *folder, const char *file) {
    char path[PN_PATH];
    const char *ending = pn_path_ending(file);
    pn_error error;
    if (strcmp(ending, ".safetensors") != 0) return false;
    pn_lua_check(L, pn_path_join(path, folder, file, &error), &error);
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, file, (size_t)(ending - file));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, path);
    lua_setfield(L, -2, "path");
    return true;
}

/* pretrained() -> an array of {name =, path =}, sorted by name */
static int core_pretrained(lua_State *L) {
    char notebooks[PN_PATH], folder[PN_PATH];
    pn_error error;
    void **slot = pn_lua_scratch(L, free_names);
    pn_names *names = pn_calloc(1, sizeof *names);
    if (!names) return pn_lua_fail(L, PN_E_MEMORY, "out of memory");
    *slot = names;
    lua_newtable(L);
    pn_lua_check(L, pn_home_path(notebooks, "notebooks", &error), &error);
    pn_lua_check(L, pn_path_join(folder, notebooks, "weights", &error), &error);
    pn_status status = pn_folder_list(folder, names, &error);
    if (status == PN_E_NOT_FOUND) return 1;
    pn_lua_check(L, status, &error);
    for (size_t i = 0, count = 0; i < names->count; i++)
        if (push_model(L, folder, names->name[i])) lua_seti(L, -2, (lua_Integer)++count);
    return 1;
}

void pn_lua_nn_add_shipped(lua_State *L) {
    lua_pushcfunction(L, core_pretrained);
    lua_setfield(L, -2, "pretrained");
}
