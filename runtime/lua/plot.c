/* The plot module: the native part under plot.lua (numbers, histograms, scripts, pictures made of
 * characters). */
#include "lua/edge.h"

#include "base/memory.h"
#include "base/text.h"
#include "lua/metrics.h"
#include "lua/plot_script.h"
#include "lua/support.h"
#include "plot/bins.h"
#include "plot/raster.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

static void set_number(lua_State *L, const char *field, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, field);
}

static void set_integer(lua_State *L, const char *field, int64_t value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, field);
}

/* summary(values, what): {minimum, maximum, mean, deviation, finite, others}. */
static int core_summary(lua_State *L) {
    pn_numbers n = pn_lua_read_numbers(L, 1, luaL_checkstring(L, 2));
    pn_summary s;
    pn_numbers_summary(&n, &s);
    lua_createtable(L, 0, 6);
    set_number(L, "minimum", s.minimum);
    set_number(L, "maximum", s.maximum);
    set_number(L, "mean", s.mean);
    set_number(L, "deviation", s.deviation);
    set_integer(L, "finite", s.finite);
    set_integer(L, "others", s.others);
    return 1;
}

/* edges(low, high, bins): an array of bins + 1 edges. */
static int core_edges(lua_State *L) {
    double low = luaL_checknumber(L, 1), high = luaL_checknumber(L, 2);
    int bins = (int)luaL_checkinteger(L, 3);
    void **slot = pn_lua_scratch(L, pn_free);
    double *edges = *slot = pn_calloc((size_t)bins + 1, sizeof *edges);
    if (!edges) return pn_lua_fail(L, PN_E_MEMORY, "out of memory for %d bins", bins);
    pn_bins_edges(low, high, bins, edges);
    lua_createtable(L, bins + 1, 0);
    for (int i = 0; i <= bins; i++) {
        lua_pushnumber(L, edges[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* counts(values, edges, what): an array of one count a bin. */
static int core_counts(lua_State *L) {
    const char *what = luaL_checkstring(L, 3);
    pn_numbers edges = pn_lua_read_numbers(L, 2, "edges");
    pn_numbers n = pn_lua_read_numbers(L, 1, what);
    int bins = (int)edges.count - 1;
    void **slot = pn_lua_scratch(L, pn_free);
    int64_t *counts = *slot = pn_calloc((size_t)bins, sizeof *counts);
    if (!counts) return pn_lua_fail(L, PN_E_MEMORY, "out of memory for %d bins", bins);
    pn_bins_count(&n, edges.data, bins, counts);
    lua_createtable(L, bins, 0);
    for (int i = 0; i < bins; i++) {
        lua_pushinteger(L, counts[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* part(tensor, i): the i-th item along the first axis, a view. */
static int core_part(lua_State *L) {
    pn_tensor *tensor = pn_lua_check_tensor(L, 1, "images");
    lua_Integer i = luaL_checkinteger(L, 2);
    pn_error error;
    if (tensor->rank < 1 || i < 1 || i > tensor->shape[0])
        return luaL_error(L, "no part %d", (int)i);
    pn_tensor **view = pn_lua_new_tensor(L);
    pn_lua_check(L,
                 pn_tensor_view(tensor, tensor->rank - 1, tensor->shape + 1, tensor->stride + 1,
                                (i - 1) * tensor->stride[0], view, &error),
                 &error);
    return 1;
}

/* binary(tensor): whether it holds at most two different values. */
static int core_binary(lua_State *L) {
    pn_tensor *tensor = pn_lua_check_tensor(L, 1, "an image");
    pn_error error;
    pn_tensor **dense = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_dense(tensor, dense, &error), &error);
    pn_array array = pn_tensor_array(*dense);
    lua_pushboolean(L, pn_raster_is_binary(&array));
    return 1;
}

/* ---- pictures made of characters ---- */

static int level(double v, double low, double high) {
    double t = (v - low) / (high > low ? high - low : 1) * 255 + 0.5;
    return t >= 255 ? 255 : t > 0 ? (int)t : 0; /* NaN is 0 */
}

typedef struct picture {
    const float *pixel;
    int64_t width, channels;
    double low, high;
    const unsigned char (*map)[3];
} picture;

static void add_colour(pn_text *out, const picture *p, int64_t y, int64_t x, int layer) {
    const float *at = p->pixel + (y * p->width + x) * p->channels;
    int rgb[3];
    for (int c = 0; c < 3; c++) {
        rgb[c] = level(at[p->channels == 3 ? c : 0], p->low, p->high);
        if (p->channels == 1) rgb[c] = p->map[rgb[c]][c];
    }
    pn_text_addf(out, "\033[%d;2;%d;%d;%dm", layer, rgb[0], rgb[1], rgb[2]);
}

/* blocks(tensor, columns, lines, low, high, cmap, maximum): an array of lines; each character is an
 * upper half block, so two pixels, in 24-bit colour. */
static int core_blocks(lua_State *L) {
    pn_tensor *tensor = pn_lua_check_tensor(L, 1, "an image");
    int64_t columns = luaL_checkinteger(L, 2), lines = luaL_checkinteger(L, 3);
    picture p = {.width = columns, .low = luaL_checknumber(L, 4), .high = luaL_checknumber(L, 5)};
    p.map = pn_lua_plot_colormap(L, 6);
    pn_error error;
    pn_tensor **dense = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_dense(tensor, dense, &error), &error);
    pn_array array = pn_tensor_array(*dense);
    p.channels = array.rank == 3 ? array.shape[2] : 1;
    void **pixels = pn_lua_scratch(L, pn_free);
    *pixels = pn_calloc((size_t)(2 * lines * columns * p.channels), sizeof(float));
    if (!*pixels) return pn_lua_fail(L, PN_E_MEMORY, "out of memory for a picture");
    pn_raster_fit(&array, lua_toboolean(L, 7) ? PN_RASTER_MAX : PN_RASTER_MEAN, 2 * lines, columns,
                  *pixels);
    p.pixel = *pixels;
    lua_createtable(L, (int)lines, 0);
    for (int64_t y = 0; y < lines; y++) {
        pn_text *line = pn_lua_scratch_text(L);
        for (int64_t x = 0; x < columns; x++) {
            add_colour(line, &p, 2 * y, x, 38);
            add_colour(line, &p, 2 * y + 1, x, 48);
            pn_text_adds(line, "\xe2\x96\x80");
        }
        pn_text_adds(line, "\033[0m");
        lua_pushlstring(L, pn_text_string(line), line->size);
        lua_rawseti(L, -3, y + 1);
        lua_pop(L, 1);
    }
    return 1;
}

static const luaL_Reg core[] = {
    {"summary", core_summary},      {"edges", core_edges},
    {"counts", core_counts},        {"part", core_part},
    {"binary", core_binary},        {"blocks", core_blocks},
    {"script", pn_lua_plot_script}, {NULL, NULL},
};

int pn_lua_open_plot(lua_State *L) {
    lua_newtable(L);
    luaL_setfuncs(L, core, 0);
    pn_lua_add_metrics(L);
    pn_lua_add_support(L);
    pn_lua_run_script(L, "plot");
    return 1;
}
