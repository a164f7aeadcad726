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

/* Calls the original function (upvalue 1) with the arguments, while the coroutine in argument 1
 * counts as the running one. */
static int tracked(lua_State *L) {
    lua_State *other = lua_tothread(L, 1), *before = atomic_load(&running);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    pn_scope_set_running(other ? other : before);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    pn_scope_set_running(before);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* What coroutine.wrap returns; upvalues: tracked resume, the coroutine. An error closes the
 * coroutine and goes on, with the position in front of a string, as in Lua's own. */
static int wrapped(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 2);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    if (lua_toboolean(L, 1)) return lua_gettop(L) - 1;
    lua_State *other = lua_tothread(L, lua_upvalueindex(2));
    int status = lua_status(other);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_resetthread(other);
        lua_settop(other, 0);
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* coroutine.wrap; upvalue 1: tracked resume. */
static int wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_State *other = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, other, 1);
    lua_pushcclosure(L, wrapped, 2);
    return 1;
}

static void track(lua_State *L, const char *name) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, tracked, 1);
    lua_setfield(L, -2, name);
}

void pn_scope_wrap_coroutines(lua_State *L) {
    lua_getglobal(L, "coroutine");
    track(L, "resume");
    track(L, "close");
    lua_getfield(L, -1, "resume");
    lua_pushcclosure(L, wrap, 1);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
