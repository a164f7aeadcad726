/* reshape, transpose, squeeze, unsqueeze, flip, cast, clone, take, tile, concat, stack. */
#include "lua/tensor_parts.h"
#include "tensor/shape.h"

#include <limits.h>
#include <string.h>

/* x:reshape{2, -1} */
static int reshape(lua_State *L) {
    static const char *const names[] = {NULL};
    int64_t shape[PN_MAX_RANK];
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "reshape");
    pn_lua_options(L, 2, "x:reshape", PN_MAX_RANK, names);
    int rank = pn_lua_tensor_sizes(L, 2, "x:reshape", -1, shape);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_reshape(x, rank, shape, out, &error), &error);
}

/* x:transpose{2, 3, 1}, or x:t(): the axes the other way round. */
static int transpose(lua_State *L) {
    static const char *const names[] = {NULL};
    int order[PN_MAX_RANK];
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "transpose");
    for (int i = 0; i < x->rank; i++) order[i] = x->rank - 1 - i;
    if (!lua_isnoneornil(L, 2)) {
        pn_lua_options(L, 2, "x:transpose", PN_MAX_RANK, names);
        if ((int)lua_rawlen(L, 2) != x->rank)
            pn_lua_fail(L, PN_E_ARGUMENT, "x:transpose needs all %d axes in their new order",
                        x->rank);
        for (int i = 0; i < x->rank; i++) {
            lua_rawgeti(L, 2, i + 1);
            order[i] = pn_lua_tensor_axis(L, -1, x->rank);
            lua_pop(L, 1);
        }
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_permute(x, order, out, &error), &error);
}

/* The axis of x:f(2) or x:f{axis = 2}; -1 when there is none. */
static int one_axis(lua_State *L, const char *function, int rank) {
    static const char *const names[] = {"axis", NULL};
    if (lua_isnoneornil(L, 2)) return -1;
    if (lua_type(L, 2) == LUA_TNUMBER) return pn_lua_tensor_axis(L, 2, rank);
    pn_lua_options(L, 2, function, 0, names);
    return pn_lua_tensor_axis_option(L, 2, rank, -1);
}

/* x:squeeze() drops the axes of size 1, x:squeeze(2) that one. */
static int squeeze(lua_State *L) {
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "squeeze");
    int64_t shape[PN_MAX_RANK], stride[PN_MAX_RANK];
    int axis = one_axis(L, "x:squeeze", x->rank), rank = 0;
    if (axis >= 0 && x->shape[axis] != 1)
        pn_lua_fail(L, PN_E_SHAPE, "axis %d has size %lld; only axes of size 1 can be dropped",
                    axis + 1, (long long)x->shape[axis]);
    for (int i = 0; i < x->rank; i++) {
        if (axis < 0 ? x->shape[i] == 1 : i == axis) continue;
        shape[rank] = x->shape[i];
        stride[rank++] = x->stride[i];
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_view(x, rank, shape, stride, 0, out, &error), &error);
}

/* Pushes x with a new axis of size 1 before `axis`. */
static void push_unsqueezed(lua_State *L, const pn_tensor *x, int axis) {
    pn_error error = {0};
    int64_t shape[PN_MAX_RANK + 1], stride[PN_MAX_RANK + 1];
    for (int i = 0, from = 0; i <= x->rank; i++) {
        shape[i] = i == axis ? 1 : x->shape[from];
        stride[i] = i == axis ? 1 : x->stride[from];
        if (i != axis) from++;
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_lua_tensor_done(L, pn_tensor_view(x, x->rank + 1, shape, stride, 0, out, &error), &error);
}

/* x:unsqueeze(1) puts an axis of size 1 in front. */
static int unsqueeze(lua_State *L) {
    const pn_tensor *x = pn_lua_tensor_self(L, "unsqueeze");
    int axis = one_axis(L, "x:unsqueeze", x->rank + 1);
    if (axis < 0) pn_lua_fail(L, PN_E_ARGUMENT, "x:unsqueeze needs the place of the new axis");
    push_unsqueezed(L, x, axis);
    return 1;
}

/* x:flip(2) turns one axis round, x:flip() all. */
static int flip(lua_State *L) {
    pn_slice slices[PN_MAX_RANK];
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "flip");
    int axis = one_axis(L, "x:flip", x->rank);
    for (int i = 0; i < x->rank; i++) {
        int64_t n = x->shape[i];
        slices[i] =
            axis < 0 || i == axis ? (pn_slice){n - 1, n, -1, false} : (pn_slice){0, n, 1, false};
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_slice(x, slices, out, &error), &error);
}

/* x:cast("uint8") */
static int cast(lua_State *L) {
    pn_dtype dtype = PN_F32;
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "cast");
    if (lua_type(L, 2) != LUA_TSTRING || !pn_dtype_parse(lua_tostring(L, 2), &dtype))
        pn_lua_fail(L, PN_E_ARGUMENT, "x:cast takes 'float32', 'uint8' or 'int32', not %s",
                    luaL_tolstring(L, 2, NULL));
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_cast(x, dtype, out, &error), &error);
}

static int clone(lua_State *L) {
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "clone");
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_cast(x, x->dtype, out, &error), &error);
}

/* ---- take, tile ---- */

/* The 1-based index i along an axis, which may count from the end, from 0; out of range it stays
 * so, for pn_tensor_take to name. */
static int64_t from_zero(int64_t i, int64_t size) {
    return i < 0 && i >= -size ? size + i : i - 1;
}

static int64_t *read_indices(lua_State *L, int index, int64_t size, int64_t *count) {
    const pn_tensor *t = pn_lua_to_tensor(L, index);
    if (t && (t->rank != 1 || t->dtype == PN_F32))
        pn_lua_fail(L, PN_E_ARGUMENT, "x:take needs indices of dtype int32 along one axis");
    if (!t && !lua_istable(L, index))
        pn_lua_fail(L, PN_E_ARGUMENT, "x:take needs a table or a tensor of indices, not a %s",
                    luaL_typename(L, index));
    *count = t ? t->shape[0] : (int64_t)lua_rawlen(L, index);
    int64_t *indices = lua_newuserdatauv(L, (size_t)(*count ? *count : 1) * sizeof *indices, 0);
    for (int64_t i = 0; i < *count; i++) {
        int whole = 0;
        if (t) {
            const char *at =
                (const char *)t->data + i * t->stride[0] * (int64_t)pn_dtype_size(t->dtype);
            pn_lua_tensor_push_item(L, t->dtype, at);
        } else {
            lua_rawgeti(L, index, i + 1);
        }
        lua_Integer value = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
        if (!whole)
            pn_lua_fail(L, PN_E_ARGUMENT, "index %lld of x:take must be a whole number, not %s",
                        (long long)i + 1, luaL_tolstring(L, -1, NULL));
        indices[i] = from_zero(value, size);
        lua_pop(L, 1);
    }
    return indices;
}

/* x:take{{3, 1, -1}, axis = 2} */
static int take(lua_State *L) {
    static const char *const names[] = {"axis", NULL};
    pn_error error = {0};
    int64_t count;
    const pn_tensor *x = pn_lua_tensor_self(L, "take");
    pn_lua_options(L, 2, "x:take", 1, names);
    lua_settop(L, 2);
    int axis = pn_lua_tensor_axis_option(L, 2, x->rank, 0);
    lua_rawgeti(L, 2, 1);
    const int64_t *indices = read_indices(L, 3, axis < x->rank ? x->shape[axis] : 0, &count);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_take(x, indices, count, axis, out, &error), &error);
}

/* x:tile{2, 3} */
static int tile(lua_State *L) {
    static const char *const names[] = {NULL};
    int64_t times[PN_MAX_RANK];
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "tile");
    pn_lua_options(L, 2, "x:tile", PN_MAX_RANK, names);
    if (pn_lua_tensor_sizes(L, 2, "x:tile", 0, times) != x->rank)
        pn_lua_fail(L, PN_E_ARGUMENT, "x:tile needs a count for each of the %d axes", x->rank);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_tile(x, times, out, &error), &error);
}

/* ---- concat, stack ---- */

/* Leaves the list of tensors at index 2: the options' own, or the table that is its only item. */
static int64_t find_list(lua_State *L, const char *function) {
    static const char *const names[] = {"axis", NULL};
    pn_lua_options(L, 1, function, INT_MAX, names);
    lua_settop(L, 1);
    if (lua_rawgeti(L, 1, 1) != LUA_TTABLE) {
        lua_settop(L, 1);
        lua_pushvalue(L, 1);
    }
    int64_t count = (int64_t)lua_rawlen(L, 2);
    if (count == 0)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s needs tensors, as %s{a, b, axis = 1}", function,
                    function);
    return count;
}

/* Pushes the array of tensors at index 2 as C pointers; with `fresh` each gets a new axis of size 1
 * there first. The tensors stay alive in the table, or in one pushed below the array. */
static pn_tensor **list_tensors(lua_State *L, int64_t count, int fresh, const char *function) {
    lua_createtable(L, fresh >= 0 && count < 1 << 20 ? (int)count : 0, 0);
    int keep = lua_gettop(L);
    pn_tensor **list = lua_newuserdatauv(L, (size_t)count * sizeof *list, 0);
    for (int64_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, i + 1);
        list[i] = pn_lua_to_tensor(L, -1);
        if (!list[i])
            pn_lua_fail(L, PN_E_ARGUMENT, "%s: item %lld must be a tensor, not %s", function,
                        (long long)i + 1, luaL_typename(L, -1));
        if (fresh >= 0) {
            if (list[i]->rank < fresh)
                pn_lua_fail(L, PN_E_SHAPE, "%s: item %lld has too few axes", function,
                            (long long)i + 1);
            push_unsqueezed(L, list[i], fresh);
            list[i] = pn_lua_to_tensor(L, -1);
            lua_rawseti(L, keep, i + 1);
        }
        lua_pop(L, 1);
    }
    return list;
}

/* The rank of the first tensor of the list. */
static int first_rank(lua_State *L, const char *function) {
    lua_rawgeti(L, 2, 1);
    const pn_tensor *first = pn_lua_to_tensor(L, -1);
    if (!first)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s: item 1 must be a tensor, not %s", function,
                    luaL_typename(L, -1));
    lua_pop(L, 1);
    return first->rank;
}

/* tensor.concat{a, b, axis = 1}: one after the other along an axis they have. */
static int concat(lua_State *L) {
    pn_error error = {0};
    int64_t count = find_list(L, "tensor.concat");
    int axis = pn_lua_tensor_axis_option(L, 1, first_rank(L, "tensor.concat"), 0);
    pn_tensor **list = list_tensors(L, count, -1, "tensor.concat");
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_concat(list, count, axis, out, &error), &error);
}

/* tensor.stack{a, b, axis = 1}: along a new axis. */
static int stack(lua_State *L) {
    pn_error error = {0};
    int64_t count = find_list(L, "tensor.stack");
    int axis = pn_lua_tensor_axis_option(L, 1, first_rank(L, "tensor.stack") + 1, 0);
    pn_tensor **list = list_tensors(L, count, axis, "tensor.stack");
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_concat(list, count, axis, out, &error), &error);
}

static const luaL_Reg own_methods[] = {
    {"reshape", reshape},     {"transpose", transpose}, {"t", transpose}, {"squeeze", squeeze},
    {"unsqueeze", unsqueeze}, {"flip", flip},           {"cast", cast},   {"clone", clone},
    {"take", take},           {"tile", tile},           {NULL, NULL},
};

static const luaL_Reg functions[] = {{"concat", concat}, {"stack", stack}, {NULL, NULL}};

void pn_lua_tensor_shape(lua_State *L, int module, int methods) {
    pn_lua_tensor_add(L, module, functions);
    pn_lua_tensor_add(L, methods, own_methods);
}
