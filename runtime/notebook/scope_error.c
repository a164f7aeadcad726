/* Errors of cells: one sentence, the line in the notebook, a traceback of the notebook's frames. */
#define _GNU_SOURCE
#include "notebook/scope_internal.h"

#include "base/cancel.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 24 };

/* Pushes one line a frame, innermost first, for frames that have lines in files. */
static void push_traceback(lua_State *L) {
    lua_Debug frame;
    luaL_Buffer text;
    int shown = 0;
    luaL_buffinit(L, &text);
    for (int level = 1; shown < MOST_FRAMES && lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Slnt", &frame);
        if (frame.source[0] != '@' || frame.currentline <= 0) continue;
        lua_pushfstring(L, "%s%s:%d", shown++ ? "\n" : "", frame.short_src, frame.currentline);
        luaL_addvalue(&text);
        if (frame.name && *frame.namewhat) {
            lua_pushfstring(L, " in %s '%s'", frame.namewhat, frame.name);
            luaL_addvalue(&text);
        }
        if (frame.istailcall) luaL_addstring(&text, " (tail calls)");
    }
    luaL_pushresult(&text);
}

/* Line of the innermost frame of the notebook. */
static int line_in(lua_State *L, const char *name) {
    lua_Debug frame;
    for (int level = 1; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.source[0] == '@' && strcmp(frame.source + 1, name) == 0) return frame.currentline;
    }
    return 0;
}

/* Error values are mostly strings or know how to print; a bare table may have a message. */
static void push_message(lua_State *L, int value) {
    if (lua_isstring(L, value) || luaL_getmetafield(L, value, "__tostring") != LUA_TNIL) {
        luaL_tolstring(L, value, NULL);
        return;
    }
    if (lua_istable(L, value)) {
        lua_pushliteral(L, "message");
        if (lua_rawget(L, value) == LUA_TSTRING) return;
        lua_pop(L, 1);
    }
    if (lua_isnil(L, value))
        lua_pushliteral(L, "(error was called without a message)");
    else
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, value));
}

int pn_scope_handler(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    lua_settop(L, 1);
    luaL_checkstack(L, 12, NULL);
    push_message(L, 1);
    lua_replace(L, 1);
    lua_settop(L, 1);
    lua_createtable(L, 3, 0);
    lua_insert(L, 1);
    lua_rawseti(L, 1, 1);
    push_traceback(L);
    lua_rawseti(L, 1, 2);
    lua_pushinteger(L, line_in(L, name));
    lua_rawseti(L, 1, 3);
    return 1;
}

/* The name as Lua puts it into messages: of a long one the end. */
static void short_name(const char *name, char out[LUA_IDSIZE]) {
    size_t length = strlen(name), most = LUA_IDSIZE - 1;
    if (length <= most)
        memcpy(out, name, length + 1);
    else
        snprintf(out, LUA_IDSIZE, "...%s", name + length - (most - 3));
}

/* The line in "name:12: message", 0 when the message does not begin so. *rest is what stands
 * behind the name. */
static int line_of_message(const char *message, const char *name, const char **rest) {
    char known[LUA_IDSIZE];
    short_name(name, known);
    size_t length = strlen(known);
    *rest = message;
    if (strncmp(message, known, length) != 0 || message[length] != ':') return 0;
    int line = atoi(message + length + 1);
    if (line) *rest = message + length;
    return line;
}

static char *copy(const char *text) {
    return text && *text ? strdup(text) : NULL;
}

/* "name:12: message", with the position added where the message does not carry it. */
static char *sentence(const char *name, int line, const char *message) {
    pn_text text = {0};
    const char *rest;
    if (line_of_message(message, name, &rest))
        pn_text_adds(&text, name);
    else if (line)
        pn_text_addf(&text, "%s:%d: ", name, line);
    pn_text_add_utf8(&text, rest, strlen(rest));
    if (!text.failed) return text.data;
    pn_text_free(&text);
    return NULL;
}

void pn_scope_describe(lua_State *L, const char *name, pn_scope_error *error) {
    const char *message = "interrupted before it began", *traceback = NULL;
    int line = 0;
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        lua_rawgeti(L, -3, 3);
        message = lua_tostring(L, -3);
        traceback = lua_tostring(L, -2);
        line = (int)lua_tointeger(L, -1);
    } else if (lua_type(L, -1) == LUA_TSTRING) { /* the handler itself could not run */
        message = lua_tostring(L, -1);
    }
    const char *rest;
    int exact = line_of_message(message, name, &rest);
    error->line = exact ? exact : line;
    error->message = sentence(name, error->line, message);
    error->traceback = copy(traceback);
    error->cancelled = (int)pn_cancelled();
}

void pn_scope_error_free(pn_scope_error *error) {
    free(error->message);
    free(error->traceback);
    *error = (pn_scope_error){0};
}
