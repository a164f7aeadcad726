/* Cells as one program. A cell's text is compiled as a function whose upvalues are the variables
 * of earlier cells (joined by lua_upvaluejoin), and behind each of its top-level `local` statements
 * stands a call that hands a closure over the new variables to us: from then on they live as long
 * as the notebook, whatever becomes of the cell. All this stands on the cell's own lines, so that
 * line numbers in messages stay right. */
#include "notebook/scope_internal.h"

#include "base/cancel.h"
#include "base/text.h"
#include "lua/edge.h"
#include "notebook/python_hint.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one function can hold: Lua allows 200 locals and 255 upvalues. */
enum { MOST_IMPORTS = 190 };
#define KEEP "__pneuma_keep"

void pn_scope_field(lua_State *L, const char *field) {
    lua_getfield(L, LUA_REGISTRYINDEX, PN_SCOPE_KEY);
    lua_getfield(L, -1, field);
    lua_remove(L, -2);
}

/* ---- variables ---- */

/* Pushes variables[name], the holder function and returns the upvalue index; 0 and nothing pushed
 * when there is no such variable. */
static int push_holder(lua_State *L, const char *name, bool *constant) {
    pn_scope_field(L, "variables");
    if (lua_getfield(L, -1, name) != LUA_TTABLE) {
        lua_pop(L, 2);
        return 0;
    }
    lua_getfield(L, -1, "const");
    *constant = lua_toboolean(L, -1);
    lua_getfield(L, -2, "index");
    int index = (int)lua_tointeger(L, -1);
    lua_getfield(L, -3, "holder");
    lua_replace(L, -5);
    lua_pop(L, 3);
    return index;
}

bool pn_scope_get(lua_State *L, const char *name) {
    bool constant;
    int index = push_holder(L, name, &constant);
    if (!index) return false;
    lua_getupvalue(L, -1, index);
    lua_remove(L, -2);
    return true;
}

bool pn_scope_set(lua_State *L, const char *name) {
    bool constant = false;
    int index = push_holder(L, name, &constant);
    if (!index || constant) {
        lua_pop(L, index ? 2 : 1);
        return false;
    }
    lua_insert(L, -2);
    lua_setupvalue(L, -2, index);
    lua_pop(L, 1);
    return true;
}

/* variables[name] = {holder = value on top (popped), index, const} */
static void add_variable(lua_State *L, pn_span name, int index, bool constant) {
    pn_scope_field(L, "variables");
    lua_pushlstring(L, name.at, name.size);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -4);
    lua_setfield(L, -2, "holder");
    lua_pushinteger(L, index);
    lua_setfield(L, -2, "index");
    lua_pushboolean(L, constant);
    lua_setfield(L, -2, "const");
    lua_settable(L, -3);
    lua_pop(L, 2);
}

/* Pushes a function whose first upvalue is a fresh variable with the value on top (popped). */
static void push_box(lua_State *L) {
    pn_scope_field(L, "box");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
}

static int find_upvalue(lua_State *L, int function, pn_span name) {
    const char *found;
    for (int i = 1; (found = lua_getupvalue(L, function, i)); i++) {
        lua_pop(L, 1);
        if (strlen(found) == name.size && memcmp(found, name.at, name.size) == 0) return i;
    }
    return 0;
}

/* KEEP(statement, function() return a, b end): the variables of one `local` statement. Upvalue 1
 * is the cell's pn_cell_syntax. A <const> that Lua folded into the code is no upvalue: its value
 * gets a box of its own. KEEP(-1, ...) returns the values of the last expression. */
static int keep(lua_State *L) {
    const pn_cell_syntax *syntax = lua_touserdata(L, lua_upvalueindex(1));
    int statement = (int)lua_tointeger(L, 1), position = 0;
    if (statement < 0) return lua_gettop(L) - 1;
    for (size_t i = 0; i < syntax->declared_count; i++) {
        const pn_declared *d = &syntax->declared[i];
        if (d->statement != statement || d->attribute == PN_CLOSE) continue;
        position++;
        int index = find_upvalue(L, 2, d->name);
        if (index)
            lua_pushvalue(L, 2);
        else {
            lua_pushvalue(L, 2);
            lua_call(L, 0, position);
            push_box(L);
            index = 1;
        }
        add_variable(L, d->name, index, d->attribute == PN_CONST);
        lua_settop(L, 2);
    }
    return 0;
}

/* ---- compiling a cell ---- */

static void add_newlines(pn_text *text, int line) {
    for (int i = 1; i < line; i++) pn_text_addc(text, '\n');
}

/* The closure that hands over what one `local` statement declared, or nothing when all of it is
 * <close>. */
static void add_keep(pn_text *text, const pn_cell_syntax *syntax, int statement) {
    const char *before = "";
    size_t start = text->size;
    pn_text_addf(text, ";" KEEP "(%d,function()return ", statement);
    for (size_t i = 0; i < syntax->declared_count; i++) {
        const pn_declared *d = &syntax->declared[i];
        if (d->statement != statement || d->attribute == PN_CLOSE) continue;
        pn_text_addf(text, "%s%.*s", before, (int)d->name.size, d->name.at);
        before = ",";
    }
    pn_text_adds(text, " end);");
    if (!*before) text->size = start;
}

/* The cell with "return " before its last expression, and with `keeping`, the hand-overs. The last
 * expression is handed over too: returned as it is, a call would be a tail call, and an error in it
 * would not know the cell's line. */
static void add_body(pn_text *text, const char *source, size_t size, const pn_cell_syntax *syntax,
                     bool keeping) {
    size_t from = 0;
    for (size_t i = 0; keeping && i < syntax->statement_count; i++) {
        size_t to = syntax->statement_end[i];
        pn_text_add(text, source + from, to - from);
        add_keep(text, syntax, (int)i);
        from = to;
    }
    if (syntax->has_last) {
        pn_text_add(text, source + from, syntax->last - from);
        pn_text_adds(text, keeping ? "return " KEEP "(-1," : "return ");
        pn_text_add(text, source + syntax->last, syntax->last_end - syntax->last);
        if (keeping) pn_text_addc(text, ')');
        from = syntax->last_end;
    }
    pn_text_add(text, source + from, size - from);
}

/* Pushes an array of the names to import: variables of earlier cells that this one mentions. What
 * one function cannot hold goes to the scope's `surplus` and is reached through _ENV. */
static int push_imports(lua_State *L, const pn_cell_syntax *syntax) {
    int count = 0;
    lua_newtable(L);
    int names = lua_gettop(L);
    lua_newtable(L); /* surplus */
    lua_newtable(L); /* seen */
    pn_scope_field(L, "variables");
    for (size_t i = 0; i < syntax->used_count; i++) {
        lua_pushlstring(L, syntax->used[i].at, syntax->used[i].size);
        lua_pushvalue(L, -1);
        bool known = lua_gettable(L, -3) != LUA_TNIL;
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        bool seen = lua_rawget(L, -4) != LUA_TNIL;
        lua_pop(L, 1);
        if (known && !seen) {
            lua_pushvalue(L, -1);
            lua_pushboolean(L, 1);
            lua_rawset(L, -5);
            lua_pushvalue(L, -1);
            if (count < MOST_IMPORTS)
                lua_rawseti(L, names, ++count);
            else {
                lua_pushboolean(L, 1);
                lua_rawset(L, names + 1);
            }
        }
        lua_pop(L, 1);
    }
    lua_settop(L, names + 1);
    lua_getfield(L, LUA_REGISTRYINDEX, PN_SCOPE_KEY);
    lua_insert(L, -2);
    lua_setfield(L, -2, "surplus");
    lua_settop(L, names);
    return count;
}

/* "local KEEP,a,b<const>=...return function(...)": the wrapper in front of the cell. */
static void add_imports(lua_State *L, pn_text *text, int names, int count) {
    pn_text_adds(text, "local " KEEP);
    for (int i = 1; i <= count; i++) {
        bool constant = false;
        lua_rawgeti(L, names, i);
        push_holder(L, lua_tostring(L, -1), &constant);
        pn_text_addf(text, ",%s%s", lua_tostring(L, -2), constant ? " <const> " : "");
        lua_pop(L, 2);
    }
    pn_text_adds(text, "=...return function(...)");
}

static void join_imports(lua_State *L, int cell, int names, int count) {
    for (int i = 1; i <= count; i++) {
        bool constant;
        lua_rawgeti(L, names, i);
        const char *name = lua_tostring(L, -1);
        int index = push_holder(L, name, &constant);
        int own = find_upvalue(L, cell, (pn_span){name, strlen(name)});
        if (own) lua_upvaluejoin(L, cell, own, -1, index);
        lua_pop(L, 2);
    }
}

static int load(lua_State *L, const pn_text *text, const char *chunk) {
    if (text->failed) {
        lua_pushliteral(L, "not enough memory");
        return LUA_ERRMEM;
    }
    return luaL_loadbufferx(L, pn_text_string(text), text->size, chunk, "t");
}

/* What compile() needs and must not leak when Lua raises. */
typedef struct unit {
    const char *source;
    size_t size;
    int line;
    pn_cell_syntax syntax;
    pn_text text;
} unit;

/* Raises the message of Lua's compiler, with a hint where the cell looks like Python. The message
 * may name the "return" that was put in front of the last expression: then the bare cell's. */
static int fail_syntax(lua_State *L, unit *u, const char *chunk) {
    if (u->syntax.has_last && strstr(lua_tostring(L, -1), "near 'return'")) {
        u->text.size = 0;
        add_newlines(&u->text, u->line);
        pn_text_add(&u->text, u->source, u->size);
        if (load(L, &u->text, chunk) == LUA_OK) lua_pop(L, 1);
    }
    const char *hint = pn_python_hint(u->source, u->size, lua_tostring(L, -1));
    if (hint) lua_pushfstring(L, "%s (in Lua: %s)", lua_tostring(L, -1), hint);
    return lua_error(L);
}

/* Protected: unit*, chunk name -> the cell as a function. Compiles the bare cell first, since its
 * messages know nothing of the wrapper. */
static int compile(lua_State *L) {
    unit *u = lua_touserdata(L, 1);
    const char *chunk = lua_tostring(L, 2);
    if (!pn_cell_syntax_read(u->source, u->size, &u->syntax))
        return luaL_error(L, "not enough memory");
    if (!u->syntax.valid) u->syntax.has_last = false;
    add_newlines(&u->text, u->line);
    add_body(&u->text, u->source, u->size, &u->syntax, false);
    if (load(L, &u->text, chunk) != LUA_OK) return fail_syntax(L, u, chunk);
    if (!u->syntax.valid) return luaL_error(L, "this cell is nested too deeply");
    lua_settop(L, 2);

    int count = push_imports(L, &u->syntax), names = lua_gettop(L);
    u->text.size = 0;
    add_newlines(&u->text, u->line);
    add_imports(L, &u->text, names, count);
    add_body(&u->text, u->source, u->size, &u->syntax, true);
    pn_text_adds(&u->text, "\nend");
    if (load(L, &u->text, chunk) != LUA_OK) return lua_error(L);

    pn_scope_field(L, "env");
    lua_setupvalue(L, -2, 1);
    lua_pushlightuserdata(L, &u->syntax);
    lua_pushcclosure(L, keep, 1);
    lua_call(L, 1, 1);
    join_imports(L, lua_gettop(L), names, count);
    return 1;
}

/* ---- running a cell ---- */

static void remember_recent(lua_State *L, const pn_cell_syntax *syntax) {
    lua_getfield(L, LUA_REGISTRYINDEX, PN_SCOPE_KEY);
    lua_newtable(L);
    for (size_t i = 0; i < syntax->declared_count; i++) {
        if (syntax->declared[i].attribute == PN_CLOSE) continue;
        lua_pushlstring(L, syntax->declared[i].name.at, syntax->declared[i].name.size);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    lua_setfield(L, -2, "recent");
    lua_pop(L, 1);
}

/* Protected: unit*, chunk name. Compiles, runs and shows what the cell returns. */
static int run(lua_State *L) {
    unit *u = lua_touserdata(L, 1);
    compile(L);
    lua_replace(L, 1);
    lua_settop(L, 1);
    remember_recent(L, &u->syntax);
    lua_call(L, 0, LUA_MULTRET);
    for (int i = 1, count = lua_gettop(L); i <= count; i++) {
        lua_pushvalue(L, i);
        pn_lua_show_top(L);
    }
    return 0;
}

int pn_scope_run(lua_State *L, const char *name, int line, const char *source, size_t size,
                 pn_scope_error *error) {
    unit u = {.source = source, .size = size, .line = line};
    *error = (pn_scope_error){0};
    lua_pushstring(L, name);
    lua_pushcclosure(L, pn_scope_handler, 1);
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &u);
    lua_pushfstring(L, "@%s", name);
    pn_scope_set_running(L);
    int status = pn_cancelled() ? LUA_ERRRUN : lua_pcall(L, 2, 0, -4);
    pn_scope_set_running(NULL);
    if (status == LUA_OK && pn_cancelled()) { /* it ended before the hook came to act */
        lua_pushliteral(L, "interrupted");
        status = LUA_ERRRUN;
    }
    if (status != LUA_OK) pn_scope_describe(L, name, error);
    lua_settop(L, 0);
    pn_text_free(&u.text);
    pn_cell_syntax_free(&u.syntax);
    return status == LUA_OK ? 0 : -1;
}

/* ---- opening ---- */

/* print in one piece: cells may print a lot, and standard output is not buffered. Plain tables are
 * written as what is in them. */
static int print(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer line;
    luaL_checkstack(L, 3, "too many values to print");
    lua_settop(L, count);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1) luaL_addchar(&line, '\t');
        pn_lua_push_text(L, i);
        luaL_addvalue(&line);
    }
    luaL_addchar(&line, '\n');
    luaL_pushresult(&line);
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    fwrite(text, 1, size, stdout);
    return 0;
}

void pn_scope_open(lua_State *L) {
    luaL_openlibs(L);
    setvbuf(stdout, NULL, _IONBF, 0);
    lua_register(L, "print", print);
    pn_scope_watch_library(L);

    luaL_requiref(L, "pneuma", luaopen_pneuma, 0);
    lua_getfield(L, -1, "globals");
    lua_call(L, 0, 0);
    lua_pop(L, 1);

    lua_newtable(L);
    lua_newtable(L);
    lua_setfield(L, -2, "variables");
    lua_newtable(L);
    lua_setfield(L, -2, "surplus");
    lua_newtable(L);
    lua_setfield(L, -2, "recent");
    if (luaL_loadstring(L, "local variable = ... return function() return variable end") != LUA_OK)
        lua_error(L);
    lua_setfield(L, -2, "box");
    lua_setfield(L, LUA_REGISTRYINDEX, PN_SCOPE_KEY);
    pn_scope_make_env(L);
}
