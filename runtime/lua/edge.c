#include "lua/edge.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- errors ---- */

#define ERROR_TYPE "pneuma.error"

static int error_tostring(lua_State *L) {
    if (lua_getfield(L, 1, "where") != LUA_TSTRING) lua_pushliteral(L, "");
    lua_getfield(L, 1, "message");
    lua_pushfstring(L, "%s%s", lua_tostring(L, -2), lua_tostring(L, -1));
    return 1;
}

/* error .. "text" works as it does for string errors. */
static int error_concat(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

static void push_error_type(lua_State *L) {
    if (!luaL_newmetatable(L, ERROR_TYPE)) return;
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, error_concat);
    lua_setfield(L, -2, "__concat");
}

/* "file.md:12: " of the innermost Lua code on the stack that is a file's (embedded scripts are
 * ours: an error there is the caller's). */
static void push_where(lua_State *L) {
    lua_Debug frame;
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline > 0 && frame.source[0] == '@') {
            lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

int pn_lua_raise(lua_State *L, const pn_error *error) {
    lua_createtable(L, 0, 4);
    lua_pushstring(L, pn_status_name(error->status));
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, error->message);
    lua_setfield(L, -2, "message");
    if (error->path[0]) {
        lua_pushstring(L, error->path);
        lua_setfield(L, -2, "path");
    }
    push_where(L);
    lua_setfield(L, -2, "where");
    push_error_type(L);
    lua_setmetatable(L, -2);
    return lua_error(L);
}

void pn_lua_check(lua_State *L, pn_status status, const pn_error *error) {
    if (status != PN_OK) pn_lua_raise(L, error);
}

int pn_lua_fail(lua_State *L, pn_status status, const char *format, ...) {
    pn_error error = {.status = status};
    va_list args;
    va_start(args, format);
    vsnprintf(error.message, sizeof error.message, format, args);
    va_end(args);
    return pn_lua_raise(L, &error);
}

/* ---- tensors ---- */

pn_tensor **pn_lua_new_tensor(lua_State *L) {
    pn_tensor **slot = lua_newuserdatauv(L, sizeof *slot, 0);
    *slot = NULL;
    luaL_setmetatable(L, PN_LUA_TENSOR);
    return slot;
}

void pn_lua_settle(lua_State *L) {
    enum { FLOOR = 64 << 20 };
    static size_t limit = FLOOR;
    if (pn_live_bytes() <= limit) return;
    lua_gc(L, LUA_GCCOLLECT);
    limit = 2 * pn_live_bytes();
    if (limit < FLOOR) limit = FLOOR;
}

pn_tensor *pn_lua_to_tensor(lua_State *L, int index) {
    pn_tensor **slot = luaL_testudata(L, index, PN_LUA_TENSOR);
    return slot ? *slot : NULL;
}

pn_tensor *pn_lua_check_tensor(lua_State *L, int index, const char *what) {
    pn_tensor *tensor = pn_lua_to_tensor(L, index);
    if (!tensor)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s must be a tensor, not %s", what, luaL_typename(L, index));
    return tensor;
}

/* ---- scratch ---- */

#define SCRATCH_TYPE "pneuma.scratch"

typedef struct scratch {
    void *resource;
    void (*release)(void *);
} scratch;

static int scratch_collect(lua_State *L) {
    scratch *s = lua_touserdata(L, 1);
    if (s->resource) s->release(s->resource);
    s->resource = NULL;
    return 0;
}

void **pn_lua_scratch(lua_State *L, void (*release)(void *)) {
    scratch *s = lua_newuserdatauv(L, sizeof *s, 0);
    s->resource = NULL;
    s->release = release;
    if (luaL_newmetatable(L, SCRATCH_TYPE)) {
        lua_pushcfunction(L, scratch_collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return &s->resource;
}

void pn_lua_scratch_close(lua_State *L, int index) {
    scratch *s = luaL_checkudata(L, index, SCRATCH_TYPE);
    if (s->resource) s->release(s->resource);
    s->resource = NULL;
}

/* ---- options ---- */

static void refuse_unknown(lua_State *L, const char *function, const char *name,
                           const char *const *names) {
    size_t count = 0;
    while (names[count]) count++;
    const char *near = pn_suggest(name, names, count);
    if (near)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s has no option '%s'; did you mean '%s'?", function, name,
                    near);
    pn_text list = {0};
    for (size_t i = 0; i < count; i++) pn_text_addf(&list, "%s%s", i ? ", " : "", names[i]);
    lua_pushstring(L, pn_text_string(&list));
    pn_text_free(&list);
    pn_lua_fail(L, PN_E_ARGUMENT, "%s has no option '%s'; it has: %s", function, name,
                lua_tostring(L, -1));
}

static bool is_name(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

void pn_lua_options(lua_State *L, int index, const char *function, int positional,
                    const char *const *names) {
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        pn_lua_fail(L, PN_E_ARGUMENT, "%s takes one table: %s{...}, not %s", function, function,
                    pn_lua_to_tensor(L, index) ? "a tensor" : luaL_typename(L, index));
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            if (!is_name(lua_tostring(L, -1), names))
                refuse_unknown(L, function, lua_tostring(L, -1), names);
        } else if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 ||
                   lua_tointeger(L, -1) > positional) {
            if (positional == 0 && *names)
                pn_lua_fail(L, PN_E_ARGUMENT, "%s takes its options by name: %s{%s = ...}",
                            function, function, *names);
            luaL_tolstring(L, -1, NULL);
            pn_lua_fail(L, PN_E_ARGUMENT, "%s takes %d unnamed value%s; [%s] is one too many",
                        function, positional, positional == 1 ? "" : "s", lua_tostring(L, -1));
        }
    }
}

static int get_option(lua_State *L, int index, const char *name) {
    return lua_getfield(L, lua_absindex(L, index), name);
}

static void wrong_type(lua_State *L, const char *name, const char *expected) {
    const char *got = luaL_typename(L, -1);
    if (lua_type(L, -1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "option '%s' must be %s, not the %s '%s'", name, expected,
                    got, lua_tostring(L, -1));
    pn_lua_fail(L, PN_E_ARGUMENT, "option '%s' must be %s, not a %s", name, expected, got);
}

lua_Integer pn_lua_option_int(lua_State *L, int index, const char *name, lua_Integer preset) {
    if (get_option(L, index, name) != LUA_TNIL) {
        int whole = 0;
        preset = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
        if (!whole) wrong_type(L, name, "a whole number");
    }
    lua_pop(L, 1);
    return preset;
}

double pn_lua_option_number(lua_State *L, int index, const char *name, double preset) {
    if (get_option(L, index, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER) wrong_type(L, name, "a number");
        preset = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return preset;
}

bool pn_lua_option_bool(lua_State *L, int index, const char *name, bool preset) {
    if (get_option(L, index, name) != LUA_TNIL) {
        if (!lua_isboolean(L, -1)) wrong_type(L, name, "true or false");
        preset = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
    return preset;
}

const char *pn_lua_option_string(lua_State *L, int index, const char *name, const char *preset) {
    if (get_option(L, index, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING) wrong_type(L, name, "a string");
        preset = lua_tostring(L, -1);
    }
    lua_pop(L, 1);
    return preset;
}

int pn_lua_option_choice(lua_State *L, int index, const char *name, const char *const *choices,
                         int preset) {
    const char *word = pn_lua_option_string(L, index, name, NULL);
    if (!word) return preset;
    pn_text list = {0};
    for (int i = 0; choices[i]; i++) {
        if (strcmp(word, choices[i]) == 0) {
            pn_text_free(&list);
            return i;
        }
        pn_text_addf(&list, "%s'%s'", i ? ", " : "", choices[i]);
    }
    lua_pushstring(L, pn_text_string(&list));
    pn_text_free(&list);
    return pn_lua_fail(L, PN_E_ARGUMENT, "option '%s' must be one of %s, not '%s'", name,
                       lua_tostring(L, -1), word);
}

/* ---- scripts ---- */

void pn_lua_run_script(lua_State *L, const char *name) {
    const pn_lua_script *script = pn_lua_scripts;
    while (script->name && strcmp(script->name, name) != 0) script++;
    if (!script->name) luaL_error(L, "no embedded script '%s'", name);
    lua_pushfstring(L, "=pneuma/%s.lua", name);
    if (luaL_loadbufferx(L, script->text, script->size, lua_tostring(L, -1), "t") != LUA_OK)
        lua_error(L);
    lua_rotate(L, -3, 1); /* chunk below (module, name) */
    lua_pop(L, 1);
    lua_call(L, 1, 1);
}
