/* The parts of the Lua module `image`. */
#ifndef PN_LUA_IMAGE_BINDING_H
#define PN_LUA_IMAGE_BINDING_H

#include "image/image.h"
#include "lua/edge.h"

/* The image at a stack index, borrowed: a tensor, or that of a picture. Raises when it is neither.
 */
pn_tensor *pn_lua_check_image(lua_State *L, int index, const char *what);

/* Item number `item` of the table at `index`, which stays on the stack. */
pn_tensor *pn_lua_item_image(lua_State *L, int index, int item, const char *what);

/* The colour map that option `cmap` of the table names; `preset` may be NULL. */
const uint8_t (*pn_lua_option_cmap(lua_State *L, int index, const char *preset))[3];

/* Pushes a picture whose tensor is on top of the stack, and removes that. */
void pn_lua_push_picture(lua_State *L);

/* image.picture, image.show, image.row, image.grid; registered by pn_lua_open_image. */
int pn_lua_image_picture(lua_State *L);
int pn_lua_image_show(lua_State *L);
int pn_lua_image_row(lua_State *L);
int pn_lua_image_grid(lua_State *L);

#endif
