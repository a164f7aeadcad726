/* The Lua module `system`: what Pneuma runs on. The table of it is made in system.lua. */
#define _GNU_SOURCE
#include "lua/edge.h"

#include "base/cpu.h"
#include "base/pool.h"
#include "kernels/gemm.h"
#include "lua/support.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

static void set(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* facts(): what is known, by name; the BLAS is loaded for this. */
static int core_facts(lua_State *L) {
    struct utsname machine;
    char platform[3 * sizeof machine.sysname] = "unknown";
    pn_error error;
    if (uname(&machine) == 0)
        snprintf(platform, sizeof platform, "%s %s %s", machine.sysname, machine.release,
                 machine.machine);
    lua_newtable(L);
    set(L, "platform", platform);
    set(L, "pneuma", PNEUMA_VERSION);
    set(L, "lua", LUA_RELEASE);
    set(L, "blas", pn_gemm_load(&error) == PN_OK ? pn_gemm_version() : error.message);
    set(L, "cpu", pn_cpu_name(pn_cpu()));
    lua_pushinteger(L, pn_threads());
    lua_setfield(L, -2, "threads");
    lua_pushinteger(L, sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGE_SIZE) / 1024));
    lua_setfield(L, -2, "memory_mib");
    return 1;
}

/* With the table of the modules opened before on top of the stack: tables are made with `frame`. */
int pn_lua_open_system(lua_State *L) {
    lua_newtable(L);
    pn_lua_add_support(L);
    lua_pushcfunction(L, core_facts);
    lua_setfield(L, -2, "facts");
    lua_getfield(L, -2, "frame");
    lua_setfield(L, -2, "frame");
    pn_lua_run_script(L, "system");
    return 1;
}
