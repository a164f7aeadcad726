/* x[i], x[{...}], assignment, items, and conversion to tables. */
#include "lua/tensor_parts.h"

#include "base/text.h"
#include "tensor/create.h"
#include "tensor/shape.h"

#include <stdio.h>
#include <string.h>

/* ---- keys ---- */

/* The place (from 0) of a 1-based index that may count from the end. */
static int64_t resolve(lua_State *L, const pn_tensor *x, lua_Integer i, int axis) {
    lua_Integer size = x->shape[axis];
    if (i == 0 || i > size || i < -size)
        pn_lua_fail(L, PN_E_ARGUMENT, "index %lld is out of range for axis %d with size %lld%s",
                    (long long)i, axis + 1, (long long)size,
                    i == 0 ? " (the first item is 1)" : "");
    return i > 0 ? i - 1 : size + i;
}

/* One number of the slice table on top of the stack. */
static lua_Integer slice_part(lua_State *L, int part, lua_Integer preset, int axis) {
    int whole = 1;
    if (lua_rawgeti(L, -1, part) != LUA_TNIL)
        preset = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : (whole = 0);
    if (!whole)
        pn_lua_fail(L, PN_E_ARGUMENT, "the slice of axis %d must hold whole numbers, not %s",
                    axis + 1, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
    return preset;
}

static pn_slice read_slice(lua_State *L, const pn_tensor *x, int axis) {
    int64_t size = x->shape[axis];
    size_t given = lua_rawlen(L, -1);
    pn_slice all = {0, size, 1, false};
    if (given == 0 && (lua_pushnil(L), lua_next(L, -2) == 0)) return all;
    if (given < 2 || given > 3)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "the slice of axis %d must be {}, {first, last} or {first, last, step}",
                    axis + 1);
    lua_Integer first = slice_part(L, 1, 1, axis), last = slice_part(L, 2, 1, axis);
    lua_Integer step = slice_part(L, 3, 1, axis), from = first, to = last;
    if (from < 0) from += size + 1;
    if (to < 0) to += size + 1;
    if (step == 0) pn_lua_fail(L, PN_E_ARGUMENT, "the step of axis %d is 0", axis + 1);
    /* One beyond the end is fine where nothing is taken: {n + 1, n} is empty. */
    bool empty = step > 0 ? to < from : to > from;
    if (empty ? from < 0 || from > size + 1 || to < 0 || to > size + 1
              : from < 1 || from > size || to < 1 || to > size)
        pn_lua_fail(L, PN_E_ARGUMENT, "the slice {%lld, %lld} leaves axis %d with size %lld",
                    (long long)first, (long long)last, axis + 1, (long long)size);
    if (empty) return (pn_slice){0, 0, 1, false};
    return (pn_slice){from - 1, (to - from) / step + 1, step, false};
}

/* Reads the key at index into slices[x->rank]. */
static void read_key(lua_State *L, const pn_tensor *x, int index, pn_slice *slices) {
    for (int i = 0; i < x->rank; i++) slices[i] = (pn_slice){0, x->shape[i], 1, false};
    if (lua_type(L, index) == LUA_TNUMBER) {
        if (!lua_isinteger(L, index) && lua_tonumber(L, index) != (double)lua_tointeger(L, index))
            pn_lua_fail(L, PN_E_ARGUMENT, "an index must be a whole number, not %s",
                        lua_tostring(L, index));
        if (x->rank == 0)
            pn_lua_fail(L, PN_E_ARGUMENT,
                        "a tensor without axes has no items [i]; "
                        "use x:item()");
        slices[0] = (pn_slice){resolve(L, x, lua_tointeger(L, index), 0), 1, 1, true};
        return;
    }
    size_t given = lua_rawlen(L, index);
    char shape[PN_SHAPE_TEXT];
    if (given > (size_t)x->rank)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "%zu indices for a tensor of %d %s, %s; a slice is a table of its own: "
                    "x[{{1, 8}}]",
                    given, x->rank, x->rank == 1 ? "axis" : "axes",
                    pn_shape_text(x->rank, x->shape, shape, sizeof shape));
    for (int i = 0; i < (int)given; i++) {
        int whole = 0;
        lua_rawgeti(L, index, i + 1);
        lua_Integer at = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
        if (whole)
            slices[i] = (pn_slice){resolve(L, x, at, i), 1, 1, true};
        else if (lua_istable(L, -1))
            slices[i] = read_slice(L, x, i);
        else
            pn_lua_fail(L, PN_E_ARGUMENT,
                        "index %d must be a whole number or a slice such as {1, 8}, not a %s",
                        i + 1, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
}

/* Pushes the view that the key at index names. */
static pn_tensor *push_view(lua_State *L, const pn_tensor *x, int index) {
    pn_slice slices[PN_MAX_RANK];
    pn_error error = {0};
    read_key(L, x, index, slices);
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_lua_check(L, pn_tensor_slice(x, slices, out, &error), &error);
    return *out;
}

/* ---- reading ---- */

/* Raises for a name that is neither a method nor a field; upvalues: methods, fields. */
static int refuse_name(lua_State *L, const char *name) {
    enum { MOST = 128 };
    const char *names[MOST];
    size_t count = 0;
    for (int table = 1; table <= 2; table++) {
        lua_pushnil(L);
        while (lua_next(L, lua_upvalueindex(table)) && count < MOST) {
            lua_pop(L, 1);
            names[count++] = lua_tostring(L, -1);
        }
    }
    const char *near = pn_suggest(name, names, count);
    return pn_lua_fail(L, PN_E_ARGUMENT, "tensors have no '%s'%s%s%s", name,
                       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int get_name(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) return refuse_name(L, lua_tostring(L, 2));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static bool is_key(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TNUMBER || lua_istable(L, index);
}

static void refuse_key(lua_State *L) {
    pn_lua_fail(L, PN_E_ARGUMENT,
                "a tensor is indexed as x[3] or x[{{1, 8}, {}, 1}], not with a %s%s",
                pn_lua_to_tensor(L, 2) ? "tensor" : luaL_typename(L, 2),
                pn_lua_to_tensor(L, 2) ? "; see tensor.where and x:take" : "");
}

static void push_item_at(lua_State *L, const pn_tensor *x, int64_t offset) {
    const char *data = x->data;
    pn_lua_tensor_push_item(L, x->dtype, data + offset * (int64_t)pn_dtype_size(x->dtype));
}

static int get(lua_State *L) {
    const pn_tensor *x = pn_lua_check_tensor(L, 1, "the indexed value");
    if (lua_type(L, 2) == LUA_TSTRING) return get_name(L);
    if (!is_key(L, 2)) refuse_key(L);
    if (x->rank == 1 && lua_isinteger(L, 2)) {
        int64_t at = resolve(L, x, lua_tointeger(L, 2), 0);
        push_item_at(L, x, at * x->stride[0]);
        return 1;
    }
    const pn_tensor *view = push_view(L, x, 2);
    if (view->rank == 0) push_item_at(L, view, 0);
    pn_lua_settle(L);
    return 1;
}

/* ---- writing ---- */

const pn_tensor *pn_lua_tensor_item(lua_State *L, int index, pn_dtype dtype, pn_number *number) {
    double value = lua_tonumber(L, index);
    if (!pn_dtype_holds(dtype, value))
        pn_lua_fail(L, PN_E_ARGUMENT, "%s does not hold the number %s", pn_dtype_name(dtype),
                    lua_tostring(L, index));
    if (dtype == PN_F32) return pn_number_float(number, value);
    return pn_number_int(number, (int32_t)value);
}

static int set(lua_State *L) {
    pn_tensor *x = pn_lua_check_tensor(L, 1, "the indexed value");
    pn_number number;
    pn_error error = {0};
    if (!is_key(L, 2)) {
        if (lua_type(L, 2) == LUA_TSTRING)
            pn_lua_fail(L, PN_E_ARGUMENT, "a tensor has no field '%s' to set", lua_tostring(L, 2));
        refuse_key(L);
    }
    if (x->rank == 1 && lua_isinteger(L, 2) && lua_type(L, 3) == LUA_TNUMBER) {
        int64_t at = resolve(L, x, lua_tointeger(L, 2), 0) * x->stride[0];
        pn_lua_tensor_item(L, 3, x->dtype, &number);
        pn_dtype_store(x->dtype, x->data, at, lua_tonumber(L, 3));
        pn_tensor_touch(x);
        return 0;
    }
    if (lua_istable(L, 3)) {
        pn_lua_tensor_from_table(L, 3, x->dtype);
        lua_replace(L, 3);
    }
    const pn_tensor *value = pn_lua_to_tensor(L, 3);
    if (!value && lua_type(L, 3) != LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "items of a tensor are numbers, not %s", luaL_typename(L, 3));
    if (!value) value = pn_lua_tensor_item(L, 3, x->dtype, &number);
    pn_tensor *view = push_view(L, x, 2);
    pn_lua_check(L, pn_tensor_copy_into(view, value, &error), &error);
    return 0;
}

/* ---- items ---- */

static int item(lua_State *L) {
    const pn_tensor *x = pn_lua_tensor_self(L, "item");
    char shape[PN_SHAPE_TEXT];
    if (pn_tensor_count(x) != 1)
        pn_lua_fail(L, PN_E_SHAPE, "x:item() needs a tensor of one item; the shape is %s",
                    pn_shape_text(x->rank, x->shape, shape, sizeof shape));
    pn_lua_tensor_push_item(L, x->dtype, x->data);
    return 1;
}

static void push_table(lua_State *L, const pn_tensor *x, int axis, const char *data) {
    if (axis == x->rank) {
        pn_lua_tensor_push_item(L, x->dtype, data);
        return;
    }
    int64_t step = x->stride[axis] * (int64_t)pn_dtype_size(x->dtype);
    luaL_checkstack(L, 3, "totable");
    lua_createtable(L, x->shape[axis] < 1 << 24 ? (int)x->shape[axis] : 1 << 24, 0);
    for (int64_t i = 0; i < x->shape[axis]; i++) {
        push_table(L, x, axis + 1, data + i * step);
        lua_rawseti(L, -2, i + 1);
    }
}

static int to_table(lua_State *L) {
    const pn_tensor *x = pn_lua_tensor_self(L, "totable");
    push_table(L, x, 0, x->data);
    return 1;
}

static int next_item(lua_State *L) {
    const pn_tensor *x = pn_lua_check_tensor(L, 1, "the tensor");
    lua_Integer i = luaL_optinteger(L, 2, 0) + 1;
    if (x->rank == 0 || i > x->shape[0]) return 0;
    lua_pushinteger(L, i);
    lua_pushvalue(L, -1);
    lua_gettable(L, 1);
    return 2;
}

/* for i, item in pairs(x): along the first axis. (ipairs would raise at the end.) */
static int pairs(lua_State *L) {
    pn_lua_check_tensor(L, 1, "the tensor");
    lua_pushcfunction(L, next_item);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static const luaL_Reg own_methods[] = {{"item", item}, {"totable", to_table}, {NULL, NULL}};
static const luaL_Reg own_meta[] = {{"__newindex", set}, {"__pairs", pairs}, {NULL, NULL}};

void pn_lua_tensor_index(lua_State *L, int methods, int meta) {
    pn_lua_tensor_add(L, methods, own_methods);
    pn_lua_tensor_add(L, meta, own_meta);
    lua_pushvalue(L, methods);
    lua_getfield(L, meta, "fields");
    lua_pushcclosure(L, get, 2);
    lua_setfield(L, meta, "__index");
}
