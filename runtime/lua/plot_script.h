/* The part of the plot module that writes and runs gnuplot scripts. */
#ifndef PN_LUA_PLOT_SCRIPT_H
#define PN_LUA_PLOT_SCRIPT_H

#include "base/text.h"
#include "lua/edge.h"

/* core.script(form, width, height, scale): a new script userdata; form is "svg", "png" or "text".
 * Its methods write values, blocks of data, images and templates, and run it. */
int pn_lua_plot_script(lua_State *L);

/* Colour map at a stack index by name, or a raise that names the maps there are. */
const unsigned char (*pn_lua_plot_colormap(lua_State *L, int index))[3];

/* Pushes a scratch that owns an empty text and returns it. */
pn_text *pn_lua_scratch_text(lua_State *L);

#endif
