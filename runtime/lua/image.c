/* The Lua module `image`: files, sizes and colours. Pictures are in image_picture.c. */
#include "lua/image_binding.h"

#include <math.h>

static const char *const no_options[] = {NULL};

pn_tensor *pn_lua_item_image(lua_State *L, int index, int item, const char *what) {
    lua_geti(L, index, item);
    return pn_lua_check_image(L, -1, what);
}

const uint8_t (*pn_lua_option_cmap(lua_State *L, int index, const char *preset))[3] {
    int choice = pn_lua_option_choice(L, index, "cmap", pn_colormap_names, -1);
    if (choice >= 0) return pn_colormap(pn_colormap_names[choice]);
    return preset ? pn_colormap(preset) : NULL;
}

/* The call f(value) as f{value}: leaves a table at index 1. */
static void accept_bare(lua_State *L) {
    if (lua_istable(L, 1) && luaL_getmetafield(L, 1, "__name") == LUA_TNIL) return;
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) return;
    lua_createtable(L, 1, 0);
    lua_insert(L, 1);
    lua_seti(L, 1, 1);
}

/* ---- files ---- */

static const char *check_path(lua_State *L, const char *function) {
    lua_geti(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s takes the path of an image, not %s", function,
                    luaL_typename(L, -1));
    return lua_tostring(L, -1);
}

static int image_read(lua_State *L) {
    static const char *const names[] = {"channels", NULL};
    accept_bare(L);
    pn_lua_options(L, 1, "image.read", 1, names);
    const char *path = check_path(L, "image.read");
    lua_Integer channels = pn_lua_option_int(L, 1, "channels", 0);
    pn_error error;
    if (channels < 0 || channels > 3) channels = 2; /* refused below, with all that is allowed */
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_image_read(path, (int)channels, slot, &error), &error);
    pn_lua_settle(L);
    return 1;
}

static void set_int(lua_State *L, const char *name, int64_t value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static int image_info(lua_State *L) {
    accept_bare(L);
    pn_lua_options(L, 1, "image.info", 1, no_options);
    const char *path = check_path(L, "image.info");
    pn_image_info info;
    pn_error error;
    pn_lua_check(L, pn_image_probe_file(path, &info, &error), &error);
    lua_createtable(L, 0, 5);
    set_int(L, "height", info.height);
    set_int(L, "width", info.width);
    set_int(L, "channels", info.channels);
    set_int(L, "depth", info.depth);
    lua_pushstring(L, pn_image_format_name(info.format));
    lua_setfield(L, -2, "format");
    return 1;
}

static int image_write(lua_State *L) {
    static const char *const names[] = {"path", "quality", NULL};
    pn_lua_options(L, 1, "image.write", 2, names);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the first value of image.write");
    if (lua_geti(L, 1, 2) != LUA_TNIL) lua_setfield(L, 1, "path");
    const char *path = pn_lua_option_string(L, 1, "path", NULL);
    if (!path) pn_lua_fail(L, PN_E_ARGUMENT, "image.write needs a path");
    lua_Integer quality = pn_lua_option_int(L, 1, "quality", 95);
    pn_error error;
    if (quality < 0 || quality > 100) quality = 0; /* refused below */
    pn_lua_check(L, pn_image_write(path, image, (int)quality, &error), &error);
    return 0;
}

/* ---- size ---- */

static int64_t check_side(lua_State *L, int table, int item) {
    int whole;
    lua_geti(L, table, item);
    lua_Integer side = lua_tointegerx(L, -1, &whole);
    if (!whole || side < 1)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "the size of image.resize is {height, width}, two whole numbers from 1");
    lua_pop(L, 1);
    return side;
}

static int image_resize(lua_State *L) {
    static const char *const names[] = {"size", "method", NULL};
    static const char *const methods[] = {"nearest", "bilinear", NULL};
    pn_lua_options(L, 1, "image.resize", 2, names);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the first value of image.resize");
    if (lua_geti(L, 1, 2) == LUA_TNIL) lua_getfield(L, 1, "size");
    if (!lua_istable(L, -1) || luaL_len(L, -1) != 2)
        pn_lua_fail(L, PN_E_ARGUMENT, "image.resize needs a size: {height, width}");
    int size = lua_gettop(L);
    int64_t height = check_side(L, size, 1), width = check_side(L, size, 2);
    int method = pn_lua_option_choice(L, 1, "method", methods, 1);
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_filter filter = method == 0 ? PN_NEAREST : PN_BILINEAR;
    pn_lua_check(L, pn_image_resize(image, height, width, filter, slot, &error), &error);
    pn_lua_settle(L);
    return 1;
}

/* ---- colour ---- */

static int convert(lua_State *L, const char *function,
                   pn_status (*work)(pn_tensor *, pn_tensor **, pn_error *)) {
    accept_bare(L);
    pn_lua_options(L, 1, function, 1, no_options);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the image");
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, work(image, slot, &error), &error);
    pn_lua_settle(L);
    return 1;
}

static int image_gray(lua_State *L) {
    return convert(L, "image.gray", pn_image_gray);
}

static int image_rgb(lua_State *L) {
    return convert(L, "image.rgb", pn_image_rgb);
}

static int image_colormap(lua_State *L) {
    static const char *const names[] = {"cmap", "low", "high", NULL};
    pn_lua_options(L, 1, "image.colormap", 1, names);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the first value of image.colormap");
    const uint8_t(*map)[3] = pn_lua_option_cmap(L, 1, "viridis");
    double low, high;
    pn_image_range(image, &low, &high);
    low = pn_lua_option_number(L, 1, "low", low);
    high = pn_lua_option_number(L, 1, "high", high);
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_image_colormap(image, map, low, high, slot, &error), &error);
    pn_lua_settle(L);
    return 1;
}

static int image_overlay(lua_State *L) {
    static const char *const names[] = {"alpha", "mode", "cmap", NULL};
    static const char *const modes[] = {"add", "blend", NULL};
    pn_lua_options(L, 1, "image.overlay", 2, names);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the first value of image.overlay");
    pn_tensor *heat = pn_lua_item_image(L, 1, 2, "the second value of image.overlay");
    double alpha = pn_lua_option_number(L, 1, "alpha", 0.4);
    int mode = pn_lua_option_choice(L, 1, "mode", modes, PN_OVERLAY_BLEND);
    const uint8_t(*map)[3] = pn_lua_option_cmap(L, 1, "jet");
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_image_overlay(image, heat, alpha, (pn_overlay_mode)mode, map, slot, &error),
                 &error);
    pn_lua_settle(L);
    return 1;
}

int pn_lua_open_image(lua_State *L) {
    static const luaL_Reg functions[] = {{"read", image_read},
                                         {"info", image_info},
                                         {"write", image_write},
                                         {"resize", image_resize},
                                         {"gray", image_gray},
                                         {"rgb", image_rgb},
                                         {"colormap", image_colormap},
                                         {"overlay", image_overlay},
                                         {"picture", pn_lua_image_picture},
                                         {"show", pn_lua_image_show},
                                         {"row", pn_lua_image_row},
                                         {"grid", pn_lua_image_grid},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
