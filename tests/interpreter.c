/* A Lua interpreter for the sanitized builds: `interpreter script [arguments]`. The stock lua5.4
 * cannot load a module that needs a sanitizer's runtime, and its os.exit leaves the state open,
 * which would hide leaks; this one closes it. The global table `testing` holds what tests alone
 * need. */
#include "base/memory.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

static int close_and_exit(lua_State *L) {
    int code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int)luaL_optinteger(L, 1, 0);
    lua_close(L);
    exit(code);
}

static int fail_allocation(lua_State *L) {
    pn_fail_allocation((unsigned long)luaL_checkinteger(L, 1));
    return 0;
}

static int live_bytes(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)pn_live_bytes());
    return 1;
}

static const luaL_Reg testing[] = {
    {"fail_allocation", fail_allocation}, {"live_bytes", live_bytes}, {NULL, NULL}};

static int trace(lua_State *L) {
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static void set_arguments(lua_State *L, int count, char **words) {
    lua_createtable(L, count, 1);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, words[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

int main(int count, char **words) {
    lua_State *L = luaL_newstate();
    if (!L || count < 2) {
        fprintf(stderr, "usage: %s script [arguments]\n", words[0]);
        return 2;
    }
    luaL_openlibs(L);
    lua_getglobal(L, "os");
    lua_pushcfunction(L, close_and_exit);
    lua_setfield(L, -2, "exit");
    set_arguments(L, count, words);
    luaL_newlib(L, testing);
    lua_setglobal(L, "testing");
    lua_pushcfunction(L, trace);
    int failed = luaL_loadfile(L, words[1]) || lua_pcall(L, 0, 0, -2);
    if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return failed ? 1 : 0;
}
