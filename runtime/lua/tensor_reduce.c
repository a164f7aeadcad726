/* x:sum(), x:mean{axis = 1, keepdims = true} and their like. */
#include "lua/tensor_parts.h"
#include "tensor/reduce.h"

#include <math.h>
#include <string.h>

/* Reads the option `axis`, one or a list; false when there is none (then all are set). */
static bool read_axes(lua_State *L, const pn_tensor *x, bool axes[PN_MAX_RANK]) {
    int type = lua_getfield(L, 2, "axis");
    memset(axes, type == LUA_TNIL, PN_MAX_RANK * sizeof *axes);
    if (type == LUA_TTABLE) {
        for (int i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
            axes[pn_lua_tensor_axis(L, -1, x->rank)] = true;
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    } else if (type != LUA_TNIL) {
        axes[pn_lua_tensor_axis(L, -1, x->rank)] = true;
    }
    lua_pop(L, 1);
    return type != LUA_TNIL;
}

/* Reductions of integers that are whole numbers themselves. */
static bool is_whole(pn_reduction what, pn_dtype dtype) {
    return dtype != PN_F32 && (what == PN_REDUCE_SUM || what == PN_REDUCE_PROD ||
                               what == PN_REDUCE_MIN || what == PN_REDUCE_MAX);
}

static int push_number(lua_State *L, pn_reduction what, const pn_tensor *x) {
    double value = 0;
    pn_error error = {0};
    pn_lua_check(L, pn_tensor_reduce_all(what, x, &value, &error), &error);
    if (what == PN_REDUCE_ANY || what == PN_REDUCE_ALL)
        lua_pushboolean(L, value != 0);
    else if (what == PN_REDUCE_ARGMIN || what == PN_REDUCE_ARGMAX)
        lua_pushinteger(L, (lua_Integer)value + 1);
    else if (is_whole(what, x->dtype) && fabs(value) < 9e15)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
    return 1;
}

static void check_one_axis(lua_State *L, const bool axes[PN_MAX_RANK], const char *method) {
    int count = 0;
    for (int i = 0; i < PN_MAX_RANK; i++) count += axes[i];
    if (count > 1)
        pn_lua_fail(L, PN_E_ARGUMENT, "x:%s works along one axis, or over all without `axis`",
                    method);
}

static int reduce(lua_State *L, pn_reduction what, const char *method) {
    static const char *const names[] = {"axis", "keepdims", NULL};
    bool axes[PN_MAX_RANK], arg = what == PN_REDUCE_ARGMIN || what == PN_REDUCE_ARGMAX;
    pn_number one;
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, method);
    if (lua_isnoneornil(L, 2)) return push_number(L, what, x);
    pn_lua_options(L, 2, method, 0, names);
    bool keep = pn_lua_option_bool(L, 2, "keepdims", false);
    bool named = read_axes(L, x, axes);
    if (!named && !keep) return push_number(L, what, x);
    if (arg && named) check_one_axis(L, axes, method);
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_status status = pn_tensor_reduce(what, x, axes, keep, out, &error);
    if (status == PN_OK && arg) /* counted from 1 */
        status = pn_tensor_binary_into(PN_ADD, *out, pn_number_int(&one, 1), &error);
    return pn_lua_tensor_done(L, status, &error);
}

#define REDUCE(name, what, text)                                                                   \
    static int name(lua_State *L) {                                                                \
        return reduce(L, what, text);                                                              \
    }

REDUCE(sum, PN_REDUCE_SUM, "sum")
REDUCE(prod, PN_REDUCE_PROD, "prod")
REDUCE(mean, PN_REDUCE_MEAN, "mean")
REDUCE(var, PN_REDUCE_VAR, "var")
REDUCE(std, PN_REDUCE_STD, "std")
REDUCE(min, PN_REDUCE_MIN, "min")
REDUCE(max, PN_REDUCE_MAX, "max")
REDUCE(argmin, PN_REDUCE_ARGMIN, "argmin")
REDUCE(argmax, PN_REDUCE_ARGMAX, "argmax")
REDUCE(any, PN_REDUCE_ANY, "any")
REDUCE(all, PN_REDUCE_ALL, "all")

/* The q-quantile with the options of the table at 2. */
static int push_quantile(lua_State *L, const pn_tensor *x, double q, bool options) {
    bool axes[PN_MAX_RANK], keep = false, named = false;
    pn_error error = {0};
    memset(axes, true, sizeof axes);
    if (options) {
        keep = pn_lua_option_bool(L, 2, "keepdims", false);
        named = read_axes(L, x, axes);
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_lua_tensor_done(L, pn_tensor_quantile(x, q, axes, keep, out, &error), &error);
    if (!named && !keep) pn_lua_tensor_push_item(L, PN_F32, (*out)->data);
    return 1;
}

/* x:quantile{0.25, axis = 1} */
static int quantile(lua_State *L) {
    static const char *const names[] = {"axis", "keepdims", NULL};
    const pn_tensor *x = pn_lua_tensor_self(L, "quantile");
    pn_lua_options(L, 2, "x:quantile", 1, names);
    if (lua_rawgeti(L, 2, 1) != LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "x:quantile needs a number from 0 to 1, as x:quantile{0.25}");
    return push_quantile(L, x, lua_tonumber(L, -1), true);
}

static int median(lua_State *L) {
    static const char *const names[] = {"axis", "keepdims", NULL};
    const pn_tensor *x = pn_lua_tensor_self(L, "median");
    if (!lua_isnoneornil(L, 2)) pn_lua_options(L, 2, "x:median", 0, names);
    return push_quantile(L, x, 0.5, !lua_isnoneornil(L, 2));
}

static const luaL_Reg own_methods[] = {
    {"sum", sum}, {"prod", prod},         {"mean", mean},     {"var", var},       {"std", std},
    {"min", min}, {"max", max},           {"argmin", argmin}, {"argmax", argmax}, {"any", any},
    {"all", all}, {"quantile", quantile}, {"median", median}, {NULL, NULL},
};

void pn_lua_tensor_reduce(lua_State *L, int methods) {
    pn_lua_tensor_add(L, methods, own_methods);
}
