/* show(): values show themselves through __mime; the sink decides what becomes of it. */
#include "lua/edge.h"

#include <stdio.h>
#include <string.h>

/* ---- the default sink: plain text ---- */

static void print_text(void *context, int count, const char *const *mime, const char *const *data,
                       const size_t *size) {
    (void)context, (void)mime;
    const char *text = data[count - 1];
    fwrite(text, 1, size[count - 1], stdout);
    if (size[count - 1] == 0 || text[size[count - 1] - 1] != '\n') putchar('\n');
}

static void print_remark(void *context, const char *kind, const char *text) {
    (void)context;
    if (strcmp(kind, "note") == 0 || strcmp(kind, "warning") == 0)
        fprintf(stderr, "pneuma: %s: %s\n", kind, text);
}

static void no_progress(void *context, const char *what, int64_t done, int64_t total) {
    (void)context, (void)what, (void)done, (void)total;
}

static const char *const text_only[] = {"text/plain", NULL};
static const pn_lua_sink plain = {
    .wants = text_only, .show = print_text, .remark = print_remark, .progress = no_progress};
static const pn_lua_sink *sink = &plain;

const pn_lua_sink *pn_lua_sink_now(void) {
    return sink;
}

void pn_lua_sink_set(const pn_lua_sink *other) {
    sink = other ? other : &plain;
}

/* ---- text ---- */

static const char PLAIN[] =
    "pneuma.plain_text"; /* the registry's key of plain_text.lua's function */

void pn_lua_open_text(lua_State *L) {
    pn_lua_run_script(L, "plain_text");
    lua_setfield(L, LUA_REGISTRYINDEX, PLAIN);
}

/* Whether the value is a table that would print as its address alone. */
static bool is_plain(lua_State *L, int index) {
    static const char *const fields[] = {"__tostring", "__name", "__metatable"};
    if (!lua_istable(L, index)) return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (luaL_getmetafield(L, index, fields[i]) == LUA_TNIL) continue;
        lua_pop(L, 1);
        return false;
    }
    return true;
}

void pn_lua_push_text(lua_State *L, int index) {
    index = lua_absindex(L, index);
    if (is_plain(L, index) && lua_getfield(L, LUA_REGISTRYINDEX, PLAIN) == LUA_TFUNCTION) {
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
    } else
        luaL_tolstring(L, index, NULL);
}

/* ---- show ---- */

/* With the value at `value` and its __mime at `mimes`, pushes the string for one type; false
 * (nothing pushed) when the value has no such form or its function gives nil. */
static bool push_form(lua_State *L, int value, int mimes, const char *mime) {
    if (lua_getfield(L, mimes, mime) == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushvalue(L, value);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) == LUA_TSTRING) return true;
    lua_pop(L, 1);
    return false;
}

static void show_value(lua_State *L, int value) {
    const char *mime[3], *data[3];
    size_t size[3];
    int count = 0, mimes = 0;
    luaL_checkstack(L, 8, "too many values to show");
    if (luaL_getmetafield(L, value, "__mime") == LUA_TTABLE) mimes = lua_gettop(L);
    for (const char *const *want = sink->wants; mimes && *want && count == 0; want++) {
        if (strcmp(*want, "text/plain") == 0) break;
        if (!push_form(L, value, mimes, *want)) continue;
        mime[count] = *want;
        data[count] = lua_tolstring(L, -1, &size[count]);
        count++;
    }
    if (!mimes || !push_form(L, value, mimes, "text/plain")) pn_lua_push_text(L, value);
    mime[count] = "text/plain";
    data[count] = lua_tolstring(L, -1, &size[count]);
    count++;
    if (mimes && sink->also && push_form(L, value, mimes, sink->also)) {
        mime[count] = sink->also;
        data[count] = lua_tolstring(L, -1, &size[count]);
        count++;
    }
    sink->show(sink->context, count, mime, data, size);
}

int pn_lua_show(lua_State *L) {
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        show_value(L, i);
        lua_settop(L, count);
    }
    return 0;
}

void pn_lua_show_top(lua_State *L) {
    int value = lua_gettop(L);
    if (!lua_isnil(L, value)) show_value(L, value);
    lua_settop(L, value - 1);
}
