/* Gnuplot scripts as userdata. plot.lua decides what is drawn; here values become script text that
 * nobody's string can break out of. */
#include "lua/plot_script.h"

#include "base/memory.h"
#include "image/image.h"
#include "plot/gnuplot.h"
#include "plot/raster.h"
#include "plot/script.h"
#include "plot/svg.h"

#include <math.h>
#include <string.h>

#define SCRIPT_TYPE "pneuma.plot.script"

/* Pixels stand behind each other in a file of their own; each image's template variables say where
 * its pixels begin. */
typedef struct script {
    pn_plot_form form;
    int width, height;
    pn_text text, pixels;
} script;

static int script_collect(lua_State *L) {
    script *s = luaL_checkudata(L, 1, SCRIPT_TYPE);
    pn_text_free(&s->text);
    pn_text_free(&s->pixels);
    return 0;
}

static script *check_script(lua_State *L) {
    return luaL_checkudata(L, 1, SCRIPT_TYPE);
}

/* Names come from plot.lua alone; another one is our own mistake. */
static const char *check_name(lua_State *L, int index) {
    const char *name = luaL_checkstring(L, index);
    if (!pn_script_is_name(name)) luaL_error(L, "bad template variable '%s'", name);
    return name;
}

static int script_number(lua_State *L) {
    script *s = check_script(L);
    double value = lua_isboolean(L, 3) ? lua_toboolean(L, 3) : luaL_checknumber(L, 3);
    pn_script_number(&s->text, check_name(L, 2), value);
    return 0;
}

static int script_string(lua_State *L) {
    script *s = check_script(L);
    size_t size;
    const char *bytes = luaL_checklstring(L, 3, &size);
    pn_script_string(&s->text, check_name(L, 2), bytes, size);
    return 0;
}

/* One item of an array at the top of the stack, popped. */
static void add_item(lua_State *L, script *s, bool percent) {
    size_t size;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        pn_script_value(&s->text, lua_tonumber(L, -1));
    } else {
        const char *bytes = luaL_checklstring(L, -1, &size);
        pn_script_quote(&s->text, bytes, size, percent);
    }
    lua_pop(L, 1);
}

/* array(name, list, percent): strings or numbers as a gnuplot array. One of size 0 does not exist:
 * an empty list becomes one item that the templates, which know the count, never read. */
static int script_array(lua_State *L) {
    script *s = check_script(L);
    lua_settop(L, 4);
    const char *name = check_name(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 3);
    pn_text_addf(&s->text, "array %s[%lld] = [", name, (long long)(count ? count : 1));
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1) pn_text_addc(&s->text, ',');
        lua_geti(L, 3, i);
        add_item(L, s, lua_toboolean(L, 4));
    }
    if (count == 0) pn_text_adds(&s->text, "''");
    pn_text_adds(&s->text, "]\n");
    return 0;
}

static void add_row(lua_State *L, script *s, int block, lua_Integer columns, lua_Integer row) {
    for (lua_Integer c = 1; c <= columns; c++) {
        if (c > 1) pn_text_addc(&s->text, ' ');
        lua_geti(L, block, c);
        lua_geti(L, -1, row);
        pn_script_value(&s->text, lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN);
        lua_pop(L, 2);
    }
    pn_text_addc(&s->text, '\n');
}

/* block(name, {{column, ...}, ...}): numbers; each inner list is one data set (gnuplot's index),
 * its columns are lists of equal length, the first one's. An empty set is one row of NaN, so that
 * the sets after it keep their index. */
static int script_block(lua_State *L) {
    script *s = check_script(L);
    pn_text_addf(&s->text, "$%s << END_OF_DATA\n", check_name(L, 2));
    lua_Integer sets = luaL_len(L, 3);
    for (lua_Integer i = 1; i <= sets; i++) {
        lua_geti(L, 3, i);
        int block = lua_gettop(L);
        lua_Integer columns = luaL_len(L, block);
        lua_geti(L, block, 1);
        lua_Integer rows = luaL_len(L, -1);
        lua_pop(L, 1);
        if (i > 1) pn_text_adds(&s->text, "\n\n");
        for (lua_Integer row = 1; row <= (rows ? rows : 1); row++)
            add_row(L, s, block, columns, row);
        lua_pop(L, 1);
    }
    pn_text_adds(&s->text, "END_OF_DATA\n");
    return 0;
}

/* template(name): the text of plots/name.gp. */
static int script_template(lua_State *L) {
    script *s = check_script(L);
    pn_error error;
    pn_lua_check(L, pn_script_template(&s->text, luaL_checkstring(L, 2), &error), &error);
    return 0;
}

/* ---- colour and pixels ---- */

const unsigned char (*pn_lua_plot_colormap(lua_State *L, int index))[3] {
    const char *name = luaL_checkstring(L, index);
    const uint8_t(*map)[3] = pn_colormap(name);
    if (map) return map;
    size_t count = 0;
    while (pn_colormap_names[count]) count++;
    const char *near = pn_suggest(name, pn_colormap_names, count);
    pn_lua_fail(L, PN_E_ARGUMENT, "there is no colour map '%s'; %s '%s'", name,
                near ? "did you mean" : "the default is", near ? near : "gray");
    return NULL;
}

/* palette(name): gnuplot's palette from the same 256 colours that images are coloured with. */
static int script_palette(lua_State *L) {
    script *s = check_script(L);
    const unsigned char(*map)[3] = pn_lua_plot_colormap(L, 2);
    pn_text_adds(&s->text, "set palette defined (");
    for (int i = 0; i < 256; i++)
        pn_text_addf(&s->text, "%s%d '#%02x%02x%02x'", i ? "," : "", i, map[i][0], map[i][1],
                     map[i][2]);
    pn_text_adds(&s->text, ")\n");
    return 0;
}

static void add_rgb(script *s, const float *pixel, int64_t count, int64_t channels, double low,
                    double high) {
    double scale = 255 / (high > low ? high - low : 1);
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < 3; c++) {
            double v = (pixel[i * channels + (channels == 3 ? c : 0)] - low) * scale + 0.5;
            pn_text_addc(&s->pixels, (char)(unsigned char)(v >= 255 ? 255 : v > 0 ? v : 0));
        }
}

/* image(tensor, width, height, low, high, as_values, maximum): the pixels at that size, reduced
 * by mean or by maximum, bottom row first
 * (gnuplot's y axis points
 * up). Returns where they begin in the file of pixels. */
static int script_image(lua_State *L) {
    script *s = check_script(L);
    pn_tensor *tensor = pn_lua_check_tensor(L, 2, "an image");
    int64_t width = luaL_checkinteger(L, 3), height = luaL_checkinteger(L, 4);
    double low = luaL_checknumber(L, 5), high = luaL_checknumber(L, 6);
    pn_error error;
    pn_tensor **dense = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_dense(tensor, dense, &error), &error);
    pn_array array = pn_tensor_array(*dense);
    int64_t channels = array.rank == 3 ? array.shape[2] : 1, row = width * channels;
    size_t begin = s->pixels.size;
    void **pixels = pn_lua_scratch(L, pn_free);
    *pixels = pn_calloc((size_t)(height * row), sizeof(float));
    if (!*pixels) {
        pn_fail_memory(&error, (unsigned long long)(height * row) * sizeof(float));
        return pn_lua_raise(L, &error);
    }
    pn_raster_fit(&array, lua_toboolean(L, 8) ? PN_RASTER_MAX : PN_RASTER_MEAN, height, width,
                  *pixels);
    for (int64_t y = height - 1; y >= 0; y--) {
        const float *line = (const float *)*pixels + y * row;
        if (lua_toboolean(L, 7))
            pn_text_add(&s->pixels, line, (size_t)row * sizeof *line);
        else
            add_rgb(s, line, width, channels, low, high);
    }
    lua_pushinteger(L, (lua_Integer)begin);
    return 1;
}

/* ---- running ---- */

static void release_text(void *text) {
    pn_text_free(text);
    pn_free(text);
}

pn_text *pn_lua_scratch_text(lua_State *L) {
    void **slot = pn_lua_scratch(L, release_text);
    *slot = pn_calloc(1, sizeof(pn_text));
    if (!*slot) luaL_error(L, "out of memory");
    return *slot;
}

/* run(prefix, label, seconds): the picture as a string, and gnuplot's warnings ("" for none).
 * prefix and label are for SVG. */
static int script_run(lua_State *L) {
    script *s = check_script(L);
    pn_svg_options options = {.width = s->width, .height = s->height};
    options.prefix = luaL_checkstring(L, 2);
    options.label = luaL_checklstring(L, 3, &options.label_size);
    double seconds = luaL_checknumber(L, 4);
    pn_text *picture = pn_lua_scratch_text(L), *warnings = pn_lua_scratch_text(L);
    pn_text *page = pn_lua_scratch_text(L);
    pn_error error;
    if (s->text.failed || s->pixels.failed)
        return pn_lua_fail(L, PN_E_MEMORY, "out of memory: the figure's data does not fit");
    pn_status status = pn_gnuplot_run(&s->text, &s->pixels, seconds, picture, warnings, &error);
    if (status == PN_OK && s->form == PN_PLOT_SVG) {
        status = pn_svg_finish(pn_text_string(picture), picture->size, &options, page, &error);
        picture = page;
    }
    pn_lua_check(L, status, &error);
    lua_pushlstring(L, pn_text_string(picture), picture->size);
    lua_pushlstring(L, pn_text_string(warnings), warnings->size);
    return 2;
}

static int script_source(lua_State *L) {
    script *s = check_script(L);
    lua_pushlstring(L, pn_text_string(&s->text), s->text.size);
    return 1;
}

static const luaL_Reg methods[] = {
    {"number", script_number},
    {"string", script_string},
    {"array", script_array},
    {"block", script_block},
    {"template", script_template},
    {"palette", script_palette},
    {"image", script_image},
    {"run", script_run},
    {"source", script_source},
    {"__gc", script_collect},
    {NULL, NULL},
};

int pn_lua_plot_script(lua_State *L) {
    static const char *const forms[] = {"svg", "png", "text", NULL};
    int form = luaL_checkoption(L, 1, NULL, forms);
    int width = (int)luaL_checkinteger(L, 2), height = (int)luaL_checkinteger(L, 3);
    double scale = luaL_checknumber(L, 4);
    script *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (script){.form = (pn_plot_form)form, .width = width, .height = height};
    if (luaL_newmetatable(L, SCRIPT_TYPE)) {
        luaL_setfuncs(L, methods, 0);
        lua_pushvalue(L, -1);
        lua_setfield(L, -2, "__index");
    }
    lua_setmetatable(L, -2);
    pn_script_terminal(&s->text, s->form, width, height, scale);
    return 1;
}
