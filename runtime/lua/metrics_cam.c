/* Scores of class activation maps, for metrics_cam.lua. */
#include "lua/metrics.h"

#include "nn/explain/cam_score.h"

/* A map or mask as a dense tensor of this dtype, pushed on the stack. */
static pn_tensor *check_plane(lua_State *L, int index, pn_dtype dtype, const char *what) {
    pn_tensor *tensor = pn_lua_check_tensor(L, index, what);
    char text[PN_SHAPE_TEXT];
    pn_error error;
    if (tensor->rank != 2)
        pn_lua_fail(L, PN_E_SHAPE, "%s must be (height, width), not %s", what,
                    pn_shape_text(tensor->rank, tensor->shape, text, sizeof text));
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_cast(tensor, dtype, slot, &error), &error);
    return *slot;
}

/* cam_score(map, mask, tolerance): empty, hit, chance, energy, inside. */
static int core_cam_score(lua_State *L) {
    pn_cam_score score;
    pn_error error;
    double tolerance = luaL_checknumber(L, 3);
    pn_tensor *map = check_plane(L, 1, PN_F32, "a map");
    pn_tensor *mask = check_plane(L, 2, PN_U8, "a mask");
    pn_lua_check(L,
                 pn_cam_score_map(map->data, map->shape[0], map->shape[1], mask->data,
                                  mask->shape[0], mask->shape[1], tolerance, &score, &error),
                 &error);
    lua_pushboolean(L, score.empty);
    lua_pushboolean(L, score.hit);
    lua_pushnumber(L, score.chance);
    lua_pushnumber(L, score.energy);
    lua_pushnumber(L, score.inside);
    return 5;
}

void pn_lua_add_cam_score(lua_State *L) {
    lua_pushcfunction(L, core_cam_score);
    lua_setfield(L, -2, "cam_score");
}
