/* Cancellation of Lua code, wherever it loops. A hook belongs to one coroutine, so we keep track of
 * the one that runs: the coroutine library's functions are replaced by ones that do. Once the hook
 * is set it raises at every instruction, so that no pcall can hold the error back, and each resume
 * that returns passes it on to the coroutine that resumed. */
#include "notebook/scope_internal.h"

#include "base/cancel.h"
#include "lua/edge.h"

#include <stdatomic.h>

static _Atomic(lua_State *) running;

static void stop(lua_State *L, lua_Debug *frame) {
    (void)frame;
    pn_cancel_reason reason = pn_cancelled();
    if (reason == PN_CANCEL_NONE)
        lua_sethook(L, NULL, 0, 0); /* left from an earlier cell */
    else
        pn_lua_fail(L, PN_E_CANCELLED, "%s",
                    reason == PN_CANCEL_TIMEOUT ? "stopped: the cell's time is over"
                                                : "interrupted");
}

static void stop_soon(lua_State *L) {
    lua_sethook(L, stop, LUA_MASKCOUNT, 1);
}

void pn_scope_interrupt(int reason) {
    pn_cancel((pn_cancel_reason)reason);
    lua_State *L = atomic_load(&running);
    if (L) stop_soon(L);
}

void pn_scope_set_running(lua_State *L) {
    atomic_store(&running, L);
    if (L && pn_cancelled()) stop_soon(L);
}

/* Resumes `other` with the `count` values on top of L, while it counts as the running one. True
 * when it yielded or returned *results values, false when it left an error; they are on its stack.
 * Not through the library's function: what nests in C is limited, to 200 calls in all. */
static bool resume(lua_State *L, lua_State *other, int count, int *results) {
    lua_State *before = atomic_load(&running);
    lua_xmove(L, other, count);
    pn_scope_set_running(other);
    int status = lua_resume(other, L, count, results);
    pn_scope_set_running(before);
    return status == LUA_OK || status == LUA_YIELD;
}

static lua_State *check_coroutine(lua_State *L) {
    lua_State *other = lua_tothread(L, 1);
    luaL_argexpected(L, other, 1, "coroutine");
    return other;
}

/* Moves what a coroutine left to L; false when there is no room for it. */
static bool take(lua_State *L, lua_State *other, int count) {
    bool room = lua_checkstack(L, count + 1);
    if (room)
        lua_xmove(other, L, count);
    else
        lua_pop(other, count);
    return room;
}

/* coroutine.resume */
static int resume_coroutine(lua_State *L) {
    int count = lua_gettop(L) - 1, results;
    lua_State *other = check_coroutine(L);
    lua_pushboolean(L, 0);
    lua_replace(L, 1);
    if (!lua_checkstack(other, count)) return lua_pushliteral(L, "too many values to resume"), 2;
    if (!resume(L, other, count, &results)) return lua_xmove(other, L, 1), 2;
    if (!take(L, other, results)) return lua_pushliteral(L, "too many values from resume"), 2;
    lua_pushboolean(L, 1);
    lua_replace(L, 1);
    return results + 1;
}

/* What coroutine.wrap returns; upvalue: the coroutine. An error closes the coroutine and goes on,
 * with the position in front of a string, as in Lua's own. */
static int wrapped(lua_State *L) {
    lua_State *other = lua_tothread(L, lua_upvalueindex(1));
    int count = lua_gettop(L), results;
    if (!lua_checkstack(other, count)) return luaL_error(L, "too many values to resume");
    if (resume(L, other, count, &results)) {
        if (!take(L, other, results)) return luaL_error(L, "too many values from resume");
        return results;
    }
    int status = lua_status(other);
    /* Closing runs __close, which may raise an error of its own. */
    if (status != LUA_OK && status != LUA_YIELD) lua_resetthread(other);
    lua_xmove(other, L, 1);
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* coroutine.wrap */
static int wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *other = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, other, 1);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

/* coroutine.close; upvalue 1: the original. Its __close metamethods run in the coroutine. */
static int close_coroutine(lua_State *L) {
    lua_State *other = lua_tothread(L, 1), *before = atomic_load(&running);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    pn_scope_set_running(other ? other : before);
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    pn_scope_set_running(before);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* debug.sethook; upvalue 1: the original. A hook of the cell's own must not take our hook's place,
 * nor may its removal. */
static int set_hook(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    if (pn_cancelled()) stop_soon(atomic_load(&running));
    return 0;
}

/* Puts a function around library.name, which it gets as its upvalue. */
static void replace(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

void pn_scope_watch_library(lua_State *L) {
    lua_getglobal(L, "coroutine");
    replace(L, "resume", resume_coroutine);
    replace(L, "wrap", wrap);
    replace(L, "close", close_coroutine);
    lua_getglobal(L, "debug");
    replace(L, "sethook", set_hook);
    lua_pop(L, 2);
}
