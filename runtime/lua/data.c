/* The Lua module `data`: the parts of data.lua that are C. */
#include "base/memory.h"
#include "base/random.h"
#include "data/decode_list.h"
#include "lua/data_flow.h"
#include "lua/stage.h"
#include "lua/support.h"

#include <string.h>

/* ---- reading ---- */

typedef struct batch {
    int64_t count;
    pn_decoded item[];
} batch;

static void free_batch(void *memory) {
    batch *b = memory;
    pn_decode_list_release(b->item, b->count);
    pn_free(b);
}

/* decode(paths, channels): an array with a tensor where a file could be read and false where not,
 * and an array with the reasons at the same places (false where there is none). */
static int core_decode(lua_State *L) {
    lua_Integer count = luaL_len(L, 1);
    int channels = (int)luaL_checkinteger(L, 2);
    const char **paths = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *paths, 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, 1, i + 1);
        paths[i] = luaL_checkstring(L, -1); /* kept alive by the table */
        lua_pop(L, 1);
    }
    void **slot = pn_lua_scratch(L, free_batch);
    size_t bytes = sizeof(batch) + (size_t)count * sizeof(pn_decoded);
    batch *b = *slot = pn_calloc(1, bytes);
    pn_error error;
    if (!b) pn_lua_check(L, pn_fail_memory(&error, bytes), &error);
    b->count = count;
    pn_decode_list(paths, count, channels, b->item);
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 0; i < count; i++) {
        pn_decoded *d = &b->item[i];
        if (d->status == PN_E_CANCELLED || d->status == PN_E_MEMORY)
            pn_lua_check(L, d->status, &d->error);
        lua_pushboolean(L, 0);
        lua_pushboolean(L, 0);
        if (d->status == PN_OK) {
            pn_tensor **tensor = pn_lua_new_tensor(L);
            *tensor = d->image;
            d->image = NULL;
            lua_replace(L, -3);
        } else {
            lua_pushstring(L, d->error.message);
            lua_replace(L, -2);
        }
        lua_seti(L, -3, i + 1);
        lua_seti(L, -3, i + 1);
    }
    pn_lua_settle(L);
    return 2;
}

/* ---- numbers ---- */

/* shuffled(n, seed): the numbers 1 to n in an order that the seed decides. */
static int core_shuffled(lua_State *L) {
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0 && n <= INT32_MAX, 1, "out of range");
    int64_t *order = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *order, 0);
    pn_random random;
    uint64_t seed = (uint64_t)luaL_optinteger(L, 2, (lua_Integer)pn_run_seed());
    pn_random_seed(&random, seed, 0);
    pn_random_permutation(&random, order, n);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_pushinteger(L, order[i] + 1);
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* take(tensor, places): the int32 items of a tensor (n,) at these places, counted from 1. */
static int core_take(lua_State *L) {
    pn_tensor *from = pn_lua_check_tensor(L, 1, "the numbers");
    int64_t count = luaL_len(L, 2);
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_new(PN_I32, 1, &count, slot, &error), &error);
    for (int64_t i = 0; i < count; i++) {
        lua_geti(L, 2, i + 1);
        lua_Integer place = lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (from->dtype != PN_I32 || from->rank != 1 || place < 1 || place > from->shape[0])
            return pn_lua_fail(L, PN_E_INTERNAL, "there is no number %d", (int)place);
        ((int32_t *)(*slot)->data)[i] = ((int32_t *)from->data)[(place - 1) * from->stride[0]];
    }
    return 1;
}

/* With the table of the modules opened before on top of the stack: frames are made with `frame`. */
int pn_lua_open_data(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"decode", core_decode}, {"shuffled", core_shuffled}, {"take", core_take}, {NULL, NULL}};
    luaL_newlib(L, functions);
    pn_lua_add_support(L);
    pn_lua_add_flow(L);
    lua_getfield(L, -2, "frame");
    lua_setfield(L, -2, "frame");
    pn_lua_run_script(L, "data");
    /* What stage.dataset returns becomes a Dataset. */
    lua_getfield(L, -1, "Dataset");
    pn_lua_stage_on_result(L, "dataset");
    return 1;
}
