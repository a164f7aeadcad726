/* Pictures: images that show themselves. A picture is a Lua table with the field `tensor`, a uint8
 * tensor (H,W) or (H,W,3), and the metatable below. */
#include "lua/image_binding.h"

#include "base/memory.h"
#include "base/text.h"

#include <limits.h>

#define PICTURE_TYPE "pneuma.picture"

/* ---- forms ---- */

static void free_text(void *text) {
    pn_text_free(text);
    pn_free(text);
}

static pn_tensor *picture_tensor(lua_State *L, int index) {
    pn_tensor *tensor = NULL;
    if (luaL_getmetafield(L, index, "__name") != LUA_TNIL) {
        lua_pop(L, 1);
        if (lua_istable(L, index)) {
            lua_getfield(L, index, "tensor");
            tensor = pn_lua_to_tensor(L, -1);
            lua_pop(L, 1);
        }
    }
    return tensor;
}

pn_tensor *pn_lua_check_image(lua_State *L, int index, const char *what) {
    pn_tensor *tensor = picture_tensor(L, index);
    return tensor ? tensor : pn_lua_check_tensor(L, index, what);
}

/* Pushes the text that `fill` makes of the picture. */
static int push_form(lua_State *L, pn_status (*fill)(pn_tensor *, pn_text *, pn_error *)) {
    pn_tensor *tensor = pn_lua_check_image(L, 1, "the picture");
    pn_error error;
    pn_tensor **visible = pn_lua_new_tensor(L); /* scripts may have put another tensor there */
    pn_lua_check(L, pn_image_visible(tensor, NULL, visible, &error), &error);
    void **slot = pn_lua_scratch(L, free_text);
    pn_text *text = *slot = pn_calloc(1, sizeof *text);
    if (!text) pn_lua_check(L, pn_fail_memory(&error, sizeof *text), &error);
    pn_lua_check(L, fill(*visible, text, &error), &error);
    lua_pushlstring(L, pn_text_string(text), text->size);
    pn_lua_scratch_close(L, -2);
    return 1;
}

static pn_status fill_png(pn_tensor *t, pn_text *out, pn_error *error) {
    return pn_image_encode_png(t->data, t->shape[0], t->shape[1], t->rank == 3 ? 3 : 1, out, error);
}

static pn_status fill_terminal(pn_tensor *t, pn_text *out, pn_error *error) {
    enum { COLUMNS = 72 };
    return pn_image_terminal(t, COLUMNS, out, error);
}

static int form_png(lua_State *L) {
    return push_form(L, fill_png);
}

static int form_terminal(lua_State *L) {
    return push_form(L, fill_terminal);
}

static int form_text(lua_State *L) {
    pn_tensor *t = pn_lua_check_image(L, 1, "the picture");
    lua_pushfstring(L, "picture, %I x %I pixels, %s", (LUAI_UACINT)t->shape[1],
                    (LUAI_UACINT)t->shape[0], t->rank == 3 ? "RGB" : "grey");
    return 1;
}

static void push_picture_type(lua_State *L) {
    static const luaL_Reg forms[] = {{"image/png", form_png},
                                     {"text/x-terminal", form_terminal},
                                     {"text/plain", form_text},
                                     {NULL, NULL}};
    if (!luaL_newmetatable(L, PICTURE_TYPE)) return;
    luaL_newlib(L, forms);
    lua_setfield(L, -2, "__mime");
    lua_pushcfunction(L, form_text);
    lua_setfield(L, -2, "__tostring");
}

void pn_lua_push_picture(lua_State *L) {
    pn_tensor *t = pn_lua_check_tensor(L, -1, "a picture");
    lua_createtable(L, 0, 3);
    lua_insert(L, -2);
    lua_setfield(L, -2, "tensor");
    lua_pushinteger(L, t->shape[0]);
    lua_setfield(L, -2, "height");
    lua_pushinteger(L, t->shape[1]);
    lua_setfield(L, -2, "width");
    push_picture_type(L);
    lua_setmetatable(L, -2);
}

/* ---- one image ---- */

static const char *const picture_names[] = {"cmap", NULL};

static int make_picture(lua_State *L, const char *function) {
    if (pn_lua_to_tensor(L, 1) || picture_tensor(L, 1)) {
        lua_settop(L, 1);
        lua_createtable(L, 1, 0);
        lua_insert(L, 1);
        lua_seti(L, 1, 1);
    }
    pn_lua_options(L, 1, function, 1, picture_names);
    pn_tensor *image = pn_lua_item_image(L, 1, 1, "the image");
    const uint8_t(*map)[3] = pn_lua_option_cmap(L, 1, NULL);
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_image_visible(image, map, slot, &error), &error);
    pn_lua_settle(L);
    pn_lua_push_picture(L);
    return 1;
}

int pn_lua_image_picture(lua_State *L) {
    return make_picture(L, "image.picture");
}

int pn_lua_image_show(lua_State *L) {
    make_picture(L, "image.show");
    pn_lua_show_top(L);
    return 0;
}

/* ---- many images ---- */

enum { MOST_IMAGES = 10000 };

/* The images of a call, borrowed: Lua tables keep them alive. */
typedef struct album {
    pn_tensor **image; /* Lua's memory, on the stack */
    int64_t count;
} album;

/* Whether a tensor is many images: (N,H,W,C), or (N,H,W) where the last axis is no channels. */
static bool is_batch(const pn_tensor *t) {
    return t->rank == 4 || (t->rank == 3 && t->shape[2] != 1 && t->shape[2] != 3);
}

/* Appends views of a batch's images to the Lua array at `list`. */
static void add_batch(lua_State *L, int list, lua_Integer next, const pn_tensor *batch) {
    pn_error error;
    for (int64_t n = 0; n < batch->shape[0]; n++) {
        pn_tensor **slot = pn_lua_new_tensor(L);
        pn_lua_check(L,
                     pn_tensor_view(batch, batch->rank - 1, batch->shape + 1, batch->stride + 1,
                                    n * batch->stride[0], slot, &error),
                     &error);
        lua_seti(L, list, next + n);
    }
}

/* Appends what is on top of the stack: an image, the images of a batch, or those of an array. */
static void flatten(lua_State *L, int list, int depth) {
    luaL_checkstack(L, 8, "too many images");
    pn_tensor *tensor = picture_tensor(L, -1);
    if (!tensor) tensor = pn_lua_to_tensor(L, -1);
    lua_Integer next = luaL_len(L, list) + 1;
    if (next > MOST_IMAGES)
        pn_lua_fail(L, PN_E_ARGUMENT, "a grid takes at most %d images", MOST_IMAGES);
    if (tensor && is_batch(tensor)) {
        add_batch(L, list, next, tensor);
    } else if (tensor) {
        lua_pushvalue(L, -1);
        lua_seti(L, list, next);
    } else if (lua_istable(L, -1) && depth < 2) {
        lua_Integer count = luaL_len(L, -1);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_geti(L, -1, i);
            flatten(L, list, depth + 1);
            lua_pop(L, 1);
        }
    } else
        pn_lua_fail(L, PN_E_ARGUMENT, "image %d must be a tensor or a picture, not %s", (int)next,
                    luaL_typename(L, -1));
}

/* Gathers the unnamed values of the table at index 1; leaves what owns them on the stack. */
static album gather(lua_State *L, const char *function) {
    lua_newtable(L);
    int list = lua_gettop(L);
    lua_pushvalue(L, 1);
    flatten(L, list, 0);
    lua_pop(L, 1);
    album a = {.count = luaL_len(L, list)};
    if (a.count == 0) pn_lua_fail(L, PN_E_ARGUMENT, "%s has no images to show", function);
    a.image = lua_newuserdatauv(L, (size_t)a.count * sizeof(pn_tensor *), 0);
    for (int64_t i = 0; i < a.count; i++) {
        lua_geti(L, list, i + 1);
        a.image[i] = pn_lua_check_image(L, -1, "an image");
        lua_pop(L, 1);
    }
    return a;
}

static int push_grid(lua_State *L, const album *a, const pn_grid_options *o) {
    pn_error error;
    pn_tensor **slot = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_image_grid(a->image, a->count, o, slot, &error), &error);
    pn_lua_settle(L);
    pn_lua_push_picture(L);
    return 1;
}

static int option_between(lua_State *L, const char *name, int preset, int low, int high) {
    lua_Integer value = pn_lua_option_int(L, 1, name, preset);
    if (value < low || value > high)
        pn_lua_fail(L, PN_E_ARGUMENT, "option '%s' must lie between %d and %d, not %d", name, low,
                    high, (int)value);
    return (int)value;
}

int pn_lua_image_row(lua_State *L) {
    static const char *const names[] = {"cmap", "gap", "size", NULL};
    pn_lua_options(L, 1, "image.row", INT_MAX, names);
    album a = gather(L, "image.row");
    pn_grid_options o = {.columns = (int)a.count, .map = pn_lua_option_cmap(L, 1, NULL)};
    o.gap = option_between(L, "gap", 8, 0, 1000);
    o.size = option_between(L, "size", 512, 1, 16384);
    return push_grid(L, &a, &o);
}

int pn_lua_image_grid(lua_State *L) {
    static const char *const names[] = {"cols", "cmap", "gap", "size", NULL};
    pn_lua_options(L, 1, "image.grid", INT_MAX, names);
    album a = gather(L, "image.grid");
    int square = 1;
    while ((int64_t)square * square < a.count) square++;
    pn_grid_options o = {.map = pn_lua_option_cmap(L, 1, NULL)};
    o.columns = option_between(L, "cols", square, 1, MOST_IMAGES);
    o.gap = option_between(L, "gap", 8, 0, 1000);
    o.size = option_between(L, "size", 256, 1, 16384);
    return push_grid(L, &a, &o);
}
