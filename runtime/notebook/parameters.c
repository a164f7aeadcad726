/* Parameters: the variables of the cell tagged `parameters`, and their overriding by -p. */
#include "notebook/scope_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values in Lua's notation ---- */

enum { DEEPEST = 3, MOST_ITEMS = 20 };

static void add_value(lua_State *L, pn_text *text, int index, int depth);

static void add_quoted(pn_text *text, const char *string, size_t size) {
    pn_text_addc(text, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)string[i];
        if (c == '"' || c == '\\')
            pn_text_addf(text, "\\%c", c);
        else if (c == '\n')
            pn_text_adds(text, "\\n");
        else if (c < 32)
            pn_text_addf(text, "\\%03d", c);
        else
            pn_text_addc(text, (char)c);
    }
    pn_text_addc(text, '"');
}

static void add_table(lua_State *L, pn_text *text, int index, int depth) {
    int shown = 0;
    lua_Integer array = (lua_Integer)lua_rawlen(L, index);
    pn_text_addc(text, '{');
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (shown++) pn_text_adds(text, ", ");
        if (shown > MOST_ITEMS) {
            pn_text_adds(text, "...");
            lua_pop(L, 2);
            break;
        }
        int key = lua_gettop(L) - 1;
        if (lua_type(L, key) == LUA_TSTRING)
            pn_text_addf(text, "%s = ", lua_tostring(L, key));
        else if (!lua_isinteger(L, key) || lua_tointeger(L, key) > array) {
            pn_text_addc(text, '[');
            add_value(L, text, key, DEEPEST);
            pn_text_adds(text, "] = ");
        }
        add_value(L, text, key + 1, depth + 1);
        lua_pop(L, 1);
    }
    pn_text_addc(text, '}');
}

static void add_value(lua_State *L, pn_text *text, int index, int depth) {
    size_t size;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 6, NULL);
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *string = lua_tolstring(L, index, &size);
        add_quoted(text, string, size);
    } else if (lua_istable(L, index) && depth < DEEPEST) {
        add_table(L, text, index, depth);
    } else {
        const char *string = luaL_tolstring(L, index, &size);
        pn_text_add(text, string, size);
        lua_pop(L, 1);
    }
}

/* Pushes the value of a notebook variable or, failing that, of a global; false: pushes nothing. */
static bool push_variable(lua_State *L, const char *name) {
    if (pn_scope_get(L, name)) return true;
    pn_scope_field(L, "env");
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    return true;
}

char **pn_scope_variables(lua_State *L, size_t *count) {
    pn_scope_field(L, "recent");
    size_t most = (size_t)lua_rawlen(L, -1);
    char **lines = calloc(most + 1, sizeof *lines);
    *count = 0;
    for (size_t i = 1; lines && i <= most; i++) {
        pn_text line = {0};
        lua_rawgeti(L, -1, (lua_Integer)i);
        const char *name = lua_tostring(L, -1);
        pn_text_addf(&line, "%s = ", name);
        push_variable(L, name);
        add_value(L, &line, -1, 0);
        lua_pop(L, 2);
        if (line.failed)
            pn_text_free(&line);
        else
            lines[(*count)++] = line.data;
    }
    lua_pop(L, 1);
    return lines;
}

/* ---- overriding ---- */

static int fail(pn_scope_error *error, pn_text *message) {
    error->message = message->data;
    return -1;
}

/* Is it among `recent` (the table on top of the stack)? Else says what there is. */
static bool is_parameter(lua_State *L, const char *name, pn_text *message) {
    size_t count = (size_t)lua_rawlen(L, -1);
    const char **names = calloc(count + 1, sizeof *names);
    bool found = false;
    for (size_t i = 0; names && i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        names[i] = lua_tostring(L, -1); /* anchored in the table */
        lua_pop(L, 1);
        found = found || strcmp(names[i], name) == 0;
    }
    if (!found && names) {
        const char *near = pn_suggest(name, names, count);
        pn_text_addf(message, "the notebook has no parameter '%s'", name);
        if (near) pn_text_addf(message, "; did you mean '%s'?", near);
        pn_text_adds(message, count ? " It has: " : "");
        for (size_t i = 0; i < count; i++) pn_text_addf(message, "%s%s", i ? ", " : "", names[i]);
    }
    free(names);
    return found;
}

/* Pushes `value` as the type of the present value at `present`; else says what was expected. */
static bool push_as(lua_State *L, int present, const char *name, const char *value,
                    pn_text *message) {
    int type = lua_type(L, present);
    const char *expected;
    if (type == LUA_TSTRING) {
        lua_pushstring(L, value);
        return true;
    }
    if (type == LUA_TNUMBER) {
        if (lua_stringtonumber(L, value)) return true;
        expected = "a number";
    } else if (type == LUA_TBOOLEAN) {
        bool truth = strcmp(value, "true") == 0;
        if (truth || strcmp(value, "false") == 0) {
            lua_pushboolean(L, truth);
            return true;
        }
        expected = "true or false";
    } else {
        lua_pushfstring(L, "return %s", value);
        const char *code = lua_tostring(L, -1);
        if (luaL_loadbufferx(L, code, strlen(code), "=parameter", "t") == LUA_OK) {
            lua_newtable(L); /* a literal, not a program: it sees no globals */
            lua_setupvalue(L, -2, 1);
            if (lua_pcall(L, 0, 1, 0) == LUA_OK) return true;
        }
        expected = "a Lua value such as {1, 2}, 0.5 or \"text\"";
    }
    pn_text_addf(message, "parameter '%s' must be %s, not '%s'", name, expected, value);
    return false;
}

int pn_scope_set_parameter(lua_State *L, const char *name, const char *value,
                           pn_scope_error *error) {
    *error = (pn_scope_error){0};
    pn_text message = {0};
    int top = lua_gettop(L);
    pn_scope_field(L, "recent");
    bool good = is_parameter(L, name, &message);
    if (good) {
        push_variable(L, name);
        int present = lua_gettop(L);
        good = push_as(L, present, name, value, &message);
    }
    if (good && !pn_scope_get(L, name)) { /* a global */
        pn_scope_field(L, "env");
        lua_insert(L, -2);
        lua_setfield(L, -2, name);
    } else if (good) {
        lua_pop(L, 1);
        good = pn_scope_set(L, name);
        if (!good) pn_text_addf(&message, "parameter '%s' is <const> and cannot be set", name);
    }
    lua_settop(L, top);
    return good ? 0 : fail(error, &message);
}
