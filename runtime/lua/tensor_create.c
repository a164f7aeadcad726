/* tensor{...}, zeros, ones, full, arange, linspace, eye, uniform, normal. */
#include "lua/tensor_parts.h"

#include "base/random.h"
#include "tensor/create.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

/* ---- from tables ---- */

/* Where in a nested table we are, for messages: "[2][3]". */
typedef struct place {
    int depth;
    lua_Integer at[PN_MAX_RANK];
} place;

static const char *place_text(const place *p, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < p->depth && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "[%lld]", (long long)p->at[i]);
    return text;
}

static int infer_shape(lua_State *L, int index, int64_t shape[PN_MAX_RANK]) {
    int rank = 0, top = lua_gettop(L);
    lua_pushvalue(L, index);
    while (lua_istable(L, -1)) {
        if (rank == PN_MAX_RANK)
            pn_lua_fail(L, PN_E_ARGUMENT, "tables are nested deeper than the %d axes of a tensor",
                        PN_MAX_RANK);
        shape[rank++] = (int64_t)lua_rawlen(L, -1);
        luaL_checkstack(L, 2, "tensor");
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, top);
    return rank;
}

static void refuse_item(lua_State *L, const place *p, pn_dtype dtype) {
    char text[256];
    place_text(p, text, sizeof text);
    if (lua_type(L, -1) == LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "item %s is %s, which %s does not hold", text,
                    lua_tostring(L, -1), pn_dtype_name(dtype));
    if (pn_lua_to_tensor(L, -1))
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "item %s is a tensor; use tensor.stack or tensor.concat to join tensors", text);
    pn_lua_fail(L, PN_E_ARGUMENT, "item %s is %s, not a number", text,
                lua_isnil(L, -1) ? "nil" : luaL_typename(L, -1));
}

/* Copies the table on top of the stack, one axis, into out from item *next on. */
static void fill_axis(lua_State *L, pn_tensor *out, place *p, int64_t *next) {
    char text[256];
    int axis = p->depth++;
    int64_t size = (int64_t)lua_rawlen(L, -1);
    luaL_checkstack(L, 3, "tensor");
    if (size != out->shape[axis]) {
        p->depth--;
        pn_lua_fail(L, PN_E_SHAPE, "the table is ragged: %s has %lld items, but %lld were expected",
                    place_text(p, text, sizeof text), (long long)size, (long long)out->shape[axis]);
    }
    for (int64_t i = 1; i <= size; i++) {
        p->at[axis] = i;
        lua_rawgeti(L, -1, i);
        if (axis < out->rank - 1) {
            if (!lua_istable(L, -1))
                pn_lua_fail(L, PN_E_SHAPE, "the table is ragged: %s is a %s among tables",
                            place_text(p, text, sizeof text), luaL_typename(L, -1));
            fill_axis(L, out, p, next);
        } else {
            if (lua_istable(L, -1))
                pn_lua_fail(L, PN_E_SHAPE, "the table is ragged: %s is a table among numbers",
                            place_text(p, text, sizeof text));
            double value = lua_tonumber(L, -1);
            if (lua_type(L, -1) != LUA_TNUMBER || !pn_dtype_holds(out->dtype, value))
                refuse_item(L, p, out->dtype);
            pn_dtype_store(out->dtype, out->data, (*next)++, value);
        }
        lua_pop(L, 1);
    }
    p->depth--;
}

void pn_lua_tensor_from_table(lua_State *L, int index, pn_dtype dtype) {
    int64_t shape[PN_MAX_RANK], next = 0;
    pn_error error = {0};
    place p = {0};
    index = lua_absindex(L, index);
    int rank = infer_shape(L, index, shape);
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_new(dtype, rank, shape, out, &error), &error);
    lua_pushvalue(L, index);
    fill_axis(L, *out, &p, &next);
    lua_pop(L, 1);
    pn_lua_settle(L);
}

/* tensor{{1, 2}, {3, 4}, dtype = "int32"}, tensor(5), tensor(x): the module is called. */
static int make(lua_State *L) {
    static const char *const names[] = {"dtype", NULL};
    pn_error error = {0};
    pn_number number;
    const pn_tensor *from = pn_lua_to_tensor(L, 2);
    if (lua_istable(L, 2)) {
        pn_lua_options(L, 2, "tensor", INT_MAX, names);
        pn_lua_tensor_from_table(L, 2, pn_lua_tensor_dtype(L, 2));
        return 1;
    }
    if (!from && lua_type(L, 2) == LUA_TNUMBER) from = pn_number_float(&number, lua_tonumber(L, 2));
    if (!from)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "tensor takes a table of numbers, as tensor{{1, 2}, {3, 4}}, "
                    "a number or a tensor, not %s",
                    luaL_typename(L, 2));
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_cast(from, from->dtype, out, &error), &error);
}

/* ---- sizes ---- */

int pn_lua_tensor_sizes(lua_State *L, int index, const char *function, int64_t least,
                        int64_t sizes[PN_MAX_RANK]) {
    int top = lua_gettop(L), rank = 0;
    lua_rawgeti(L, index, 1);
    if (lua_istable(L, -1)) index = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
        int whole = 0;
        lua_Integer size = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
        if (!whole || size < least)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s: size %lld must be a whole number from %lld, not %s",
                        function, (long long)i, (long long)least, luaL_tolstring(L, -1, NULL));
        if (rank == PN_MAX_RANK)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s: a tensor has at most %d axes", function,
                        PN_MAX_RANK);
        sizes[rank++] = size;
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return rank;
}

static int fill(lua_State *L, const char *function, double value) {
    static const char *const names[] = {"dtype", NULL}, *const full_names[] = {"value", "dtype",
                                                                               NULL};
    int64_t shape[PN_MAX_RANK];
    pn_error error = {0};
    bool any = isnan(value);
    pn_lua_options(L, 1, function, PN_MAX_RANK, any ? full_names : names);
    if (any) {
        if (lua_getfield(L, 1, "value") != LUA_TNUMBER)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s needs a number as its option 'value'", function);
        value = lua_tonumber(L, -1);
    }
    pn_dtype dtype = pn_lua_tensor_dtype(L, 1);
    int rank = pn_lua_tensor_sizes(L, 1, function, 0, shape);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_full(dtype, rank, shape, value, out, &error), &error);
}

static int zeros(lua_State *L) {
    return fill(L, "tensor.zeros", 0);
}

static int ones(lua_State *L) {
    return fill(L, "tensor.ones", 1);
}

static int full(lua_State *L) {
    return fill(L, "tensor.full", NAN);
}

/* ---- counted ---- */

/* The numbers among the first `most` unnamed values; returns how many there are. */
static int read_numbers(lua_State *L, const char *function, int most, double *values) {
    int count = 0;
    while (count < most && lua_rawgeti(L, 1, count + 1) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            pn_lua_fail(L, PN_E_ARGUMENT, "%s: value %d must be a number, not a %s", function,
                        count + 1, luaL_typename(L, -1));
        values[count++] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return count;
}

static int64_t whole_count(lua_State *L, const char *function, double value) {
    if (!(value >= 0 && value <= 9e15 && value == floor(value)))
        pn_lua_fail(L, PN_E_ARGUMENT, "%s: a count must be a whole number from 0, not %g", function,
                    value);
    return (int64_t)value;
}

/* tensor.arange{n}, {first, last}, {first, last, step}: as Lua's for, last included. */
static int arange(lua_State *L) {
    static const char *const names[] = {"dtype", NULL};
    double v[3] = {1, 0, 1};
    pn_error error = {0};
    pn_lua_options(L, 1, "tensor.arange", 3, names);
    int given = read_numbers(L, "tensor.arange", 3, v);
    if (given == 0)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "tensor.arange needs {n}, {first, last} or {first, last, step}");
    if (given == 1) {
        v[1] = v[0];
        v[0] = 1;
    }
    if (v[2] == 0 || !isfinite(v[0]) || !isfinite(v[1]) || !isfinite(v[2]))
        pn_lua_fail(L, PN_E_ARGUMENT, "tensor.arange needs finite numbers and a step other than 0");
    /* A hair more than the quotient, so that {0, 1, 0.1} has its last item. */
    double steps = floor((v[1] - v[0]) / v[2] * (1 + 4 * 2.220446049250313e-16));
    int64_t count = steps < 0 ? 0 : whole_count(L, "tensor.arange", steps + 1);
    pn_dtype dtype = pn_lua_tensor_dtype(L, 1);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_steps(dtype, v[0], v[2], count, out, &error), &error);
}

/* tensor.linspace{first, last, count}: both ends included; 50 when count is missing. */
static int linspace(lua_State *L) {
    static const char *const names[] = {"dtype", NULL};
    double v[3] = {0, 0, 50};
    pn_error error = {0};
    pn_lua_options(L, 1, "tensor.linspace", 3, names);
    if (read_numbers(L, "tensor.linspace", 3, v) < 2)
        pn_lua_fail(L, PN_E_ARGUMENT, "tensor.linspace needs {first, last, count}");
    int64_t count = whole_count(L, "tensor.linspace", v[2]);
    pn_dtype dtype = pn_lua_tensor_dtype(L, 1);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_linspace(dtype, v[0], v[1], count, out, &error), &error);
}

/* tensor.eye{n} or {rows, columns}. */
static int eye(lua_State *L) {
    static const char *const names[] = {"dtype", NULL};
    double v[2] = {0};
    pn_error error = {0};
    pn_lua_options(L, 1, "tensor.eye", 2, names);
    int given = read_numbers(L, "tensor.eye", 2, v);
    if (given == 0) pn_lua_fail(L, PN_E_ARGUMENT, "tensor.eye needs {n} or {rows, columns}");
    int64_t rows = whole_count(L, "tensor.eye", v[0]);
    int64_t columns = given == 1 ? rows : whole_count(L, "tensor.eye", v[1]);
    pn_dtype dtype = pn_lua_tensor_dtype(L, 1);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_eye(dtype, rows, columns, out, &error), &error);
}

/* ---- random ---- */

/* Without an option `seed` every call takes the next stream of this seed, so that a program gives
 * the same numbers each time it runs, and different ones in each call. */
static struct {
    uint64_t seed, calls;
    bool chosen; /* by tensor.seed; else the seed is the run's */
} common;

/* tensor.seed(n) */
static int set_seed(lua_State *L) {
    if (!lua_isinteger(L, 1))
        pn_lua_fail(L, PN_E_ARGUMENT, "tensor.seed takes a whole number, not a %s",
                    luaL_typename(L, 1));
    common.seed = (uint64_t)lua_tointeger(L, 1);
    common.chosen = true;
    common.calls = 0;
    return 0;
}

static int draw(lua_State *L, const char *function, pn_distribution distribution,
                const char *const *names, double second) {
    int64_t shape[PN_MAX_RANK];
    pn_error error = {0};
    pn_lua_options(L, 1, function, PN_MAX_RANK, names);
    double a = pn_lua_option_number(L, 1, names[0], 0);
    double b = pn_lua_option_number(L, 1, names[1], second);
    uint64_t preset = common.chosen ? common.seed : pn_run_seed();
    uint64_t seed = (uint64_t)pn_lua_option_int(L, 1, "seed", (lua_Integer)preset);
    bool own = lua_getfield(L, 1, "seed") != LUA_TNIL;
    int rank = pn_lua_tensor_sizes(L, 1, function, 0, shape);
    uint64_t stream = own ? 0 : ++common.calls & 0x7fffffff;
    if (b < (distribution == PN_NORMAL ? 0 : a))
        pn_lua_fail(L, PN_E_ARGUMENT, "%s: %s must not be less than %s, but is %g", function,
                    names[1], distribution == PN_NORMAL ? "0" : names[0], b);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(
        L, pn_tensor_random(distribution, a, b, seed, stream, rank, shape, out, &error), &error);
}

static int uniform(lua_State *L) {
    static const char *const names[] = {"low", "high", "seed", NULL};
    return draw(L, "tensor.uniform", PN_UNIFORM, names, 1);
}

static int normal(lua_State *L) {
    static const char *const names[] = {"mean", "std", "seed", NULL};
    return draw(L, "tensor.normal", PN_NORMAL, names, 1);
}

static const luaL_Reg functions[] = {
    {"zeros", zeros},   {"ones", ones},       {"full", full},     {"arange", arange},
    {"eye", eye},       {"uniform", uniform}, {"normal", normal}, {"linspace", linspace},
    {"seed", set_seed}, {NULL, NULL},
};

void pn_lua_tensor_create(lua_State *L, int module) {
    pn_lua_tensor_add(L, module, functions);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, make);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, module);
}
