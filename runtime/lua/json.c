#include "lua/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- from Lua ---- */

enum { DEEPEST = 32, PATH = 120 };

/* Why a value is no JSON, and where it stands: "callbacks[2].patience". Nothing raises while JSON
 * is being made, so that nothing leaks. */
typedef struct reader {
    lua_State *L;
    char path[PATH];
    const char *wrong; /* NULL: nothing is */
} reader;

static json_t *read_value(reader *r, int depth);

static json_t *refuse(reader *r, const char *why) {
    if (!r->wrong) r->wrong = why;
    return NULL;
}

static json_t *read_number(reader *r) {
    double value = lua_tonumber(r->L, -1);
    if (lua_isinteger(r->L, -1)) return json_integer(lua_tointeger(r->L, -1));
    if (!isfinite(value)) return refuse(r, "is not a finite number");
    if (value == floor(value) && fabs(value) < 0x1p53) return json_integer((json_int_t)value);
    return json_real(value);
}

static json_t *read_array(reader *r, int depth) {
    lua_State *L = r->L;
    json_t *array = json_array();
    size_t count = lua_rawlen(L, -1), end = strlen(r->path);
    for (size_t i = 1; array && i <= count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i);
        snprintf(r->path + end, PATH - end, "[%zu]", i);
        json_t *item = read_value(r, depth + 1);
        lua_pop(L, 1);
        if (!item || json_array_append_new(array, item) != 0) {
            json_decref(array);
            return refuse(r, "is too much for the memory");
        }
        r->path[end] = 0;
    }
    return array;
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same object with its keys in order: Lua's own order is another one in every run. Takes the
 * reference over; NULL when memory is out. */
static json_t *sort_keys(json_t *object) {
    size_t count = 0;
    const char *key, **keys = malloc((json_object_size(object) + 1) * sizeof *keys);
    json_t *item, *sorted = json_object();
    json_object_foreach(object, key, item) if (keys) keys[count++] = key;
    if (keys) qsort(keys, count, sizeof *keys, compare_keys);
    bool failed = !keys || !sorted;
    for (size_t i = 0; !failed && i < count; i++)
        failed = json_object_set(sorted, keys[i], json_object_get(object, keys[i])) != 0;
    free(keys);
    json_decref(object);
    if (!failed) return sorted;
    json_decref(sorted);
    return NULL;
}

static json_t *read_object(reader *r, int depth) {
    lua_State *L = r->L;
    json_t *object = json_object();
    size_t end = strlen(r->path);
    lua_pushnil(L);
    while (object && lua_next(L, -2)) {
        json_t *item = NULL;
        if (lua_type(L, -2) == LUA_TSTRING) {
            snprintf(r->path + end, PATH - end, "%s%s", end ? "." : "", lua_tostring(L, -2));
            item = read_value(r, depth + 1);
        } else
            refuse(r, "has both named and unnamed values");
        if (!item || json_object_set_new(object, lua_tostring(L, -2), item) != 0) {
            lua_pop(L, 2);
            json_decref(object);
            return refuse(r, "is too much for the memory");
        }
        r->path[end] = 0;
        lua_pop(L, 1);
    }
    return object ? sort_keys(object) : NULL;
}

/* Whether the table on top of the stack is an object: it has names, or is marked by a metatable. */
static bool is_object(lua_State *L) {
    if (lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool named = lua_type(L, -2) == LUA_TSTRING;
        lua_pop(L, named ? 2 : 1);
        if (named) return true;
    }
    return false;
}

static json_t *read_table(reader *r, int depth) {
    if (depth > DEEPEST || !lua_checkstack(r->L, 8)) return refuse(r, "is nested too deeply");
    return depth == 0 || is_object(r->L) ? read_object(r, depth) : read_array(r, depth);
}

/* The value on top of the stack. */
static json_t *read_value(reader *r, int depth) {
    lua_State *L = r->L;
    size_t size;
    const char *text;
    json_t *json;
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, -1));
    case LUA_TNUMBER:
        return read_number(r);
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &size);
        json = json_stringn(text, size);
        return json ? json : refuse(r, "is not valid UTF-8");
    case LUA_TTABLE:
        return read_table(r, depth);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, -1)) return json_null();
        break;
    default:
        break;
    }
    return refuse(r, "must be a number, a string, true, false or a table of them");
}

static void free_json(void *json) {
    json_decref(json);
}

json_t *pn_lua_to_json(lua_State *L, int index, const char *what) {
    index = lua_absindex(L, index);
    reader r = {.L = L};
    void **slot = pn_lua_scratch(L, free_json);
    lua_pushvalue(L, index);
    int top = lua_gettop(L);
    json_t *json = *slot = read_value(&r, 0);
    if (!json) {
        lua_settop(L, top);
        pn_lua_fail(L, PN_E_ARGUMENT, "%s%s%s %s", what, r.path[0] ? ": " : "", r.path,
                    r.wrong ? r.wrong : "is too much for the memory");
    }
    lua_pop(L, 1);
    return json;
}

/* ---- to Lua ---- */

static void push_object(lua_State *L, const json_t *json) {
    const char *key;
    json_t *item;
    lua_createtable(L, 0, (int)json_object_size(json));
    json_object_foreach((json_t *)json, key, item) {
        if (json_is_null(item)) continue;
        pn_lua_push_json(L, item);
        lua_setfield(L, -2, key);
    }
}

static void push_array(lua_State *L, const json_t *json) {
    size_t i;
    json_t *item;
    lua_createtable(L, (int)json_array_size(json), 0);
    json_array_foreach(json, i, item) {
        pn_lua_push_json(L, item);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void pn_lua_push_json(lua_State *L, const json_t *json) {
    luaL_checkstack(L, 4, "JSON is nested too deeply");
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        push_object(L, json);
        return;
    case JSON_ARRAY:
        push_array(L, json);
        return;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(json), json_string_length(json));
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(json));
        return;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(json));
        return;
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        return;
    default:
        lua_pushboolean(L, json_is_true(json));
    }
}

void pn_lua_push_json_text(lua_State *L, const char *text, size_t size, const char *what) {
    json_error_t why;
    void **slot = pn_lua_scratch(L, free_json);
    json_t *json = *slot = json_loadb(text, size, JSON_DECODE_ANY, &why);
    if (!json) pn_lua_fail(L, PN_E_FORMAT, "%s is no JSON: %s (line %d)", what, why.text, why.line);
    pn_lua_push_json(L, json);
    pn_lua_scratch_close(L, -2);
    lua_remove(L, -2);
}

void pn_lua_push_dump(lua_State *L, const json_t *json) {
    void **slot = pn_lua_scratch(L, free);
    char *text = *slot = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    if (!text) pn_lua_fail(L, PN_E_MEMORY, "out of memory for JSON");
    lua_pushstring(L, text);
    pn_lua_scratch_close(L, -2);
    lua_remove(L, -2);
}
