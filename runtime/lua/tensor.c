/* The tensor module: the metatable, and what all its parts share. */
#include "lua/tensor_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "tensor/format.h"
#include "tensor/npy.h"

/* ---- shared ---- */

void pn_lua_tensor_add(lua_State *L, int table, const luaL_Reg *functions) {
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, table, functions->name);
    }
}

pn_tensor *pn_lua_tensor_self(lua_State *L, const char *method) {
    pn_tensor *x = pn_lua_to_tensor(L, 1);
    if (!x)
        pn_lua_fail(L, PN_E_ARGUMENT, "call %s on a tensor, with a colon: x:%s", method, method);
    return x;
}

int pn_lua_tensor_done(lua_State *L, pn_status status, const pn_error *error) {
    pn_lua_check(L, status, error);
    pn_lua_settle(L);
    return 1;
}

const pn_tensor *pn_lua_tensor_operand(lua_State *L, int index, const pn_tensor *other,
                                       pn_number *number, const char *function) {
    pn_tensor *x = pn_lua_to_tensor(L, index);
    if (x) return x;
    if (lua_type(L, index) != LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "%s takes tensors and numbers, not a %s", function,
                    luaL_typename(L, index));
    lua_Integer whole = lua_isinteger(L, index) ? lua_tointeger(L, index) : 0;
    if (!lua_isinteger(L, index) || (other && other->dtype == PN_F32))
        return pn_number_float(number, lua_tonumber(L, index));
    if (whole < INT32_MIN || whole > INT32_MAX)
        pn_lua_fail(L, PN_E_ARGUMENT,
                    "the whole number %lld does not fit int32; cast the tensor to float32",
                    (long long)whole);
    return pn_number_int(number, (int32_t)whole);
}

int pn_lua_tensor_axis(lua_State *L, int index, int rank) {
    int whole = 0;
    lua_Integer axis = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &whole) : 0;
    if (!whole)
        pn_lua_fail(L, PN_E_ARGUMENT, "an axis must be a whole number, not %s",
                    luaL_tolstring(L, index, NULL));
    if (axis == 0 || axis > rank || axis < -rank)
        pn_lua_fail(L, PN_E_ARGUMENT, "axis %lld is out of range: there %s %d (1 is the first)",
                    (long long)axis, rank == 1 ? "is" : "are", rank);
    return (int)(axis > 0 ? axis - 1 : rank + axis);
}

int pn_lua_tensor_axis_option(lua_State *L, int index, int rank, int preset) {
    if (lua_getfield(L, index, "axis") != LUA_TNIL) preset = pn_lua_tensor_axis(L, -1, rank);
    lua_pop(L, 1);
    return preset;
}

pn_dtype pn_lua_tensor_dtype(lua_State *L, int index) {
    static const char *const names[] = {
        [PN_F32] = "float32", [PN_U8] = "uint8", [PN_I32] = "int32", NULL};
    return (pn_dtype)pn_lua_option_choice(L, index, "dtype", names, PN_F32);
}

void pn_lua_tensor_push_item(lua_State *L, pn_dtype dtype, const void *data) {
    if (dtype == PN_F32)
        lua_pushnumber(L, (lua_Number) * (const float *)data);
    else if (dtype == PN_U8)
        lua_pushinteger(L, *(const uint8_t *)data);
    else
        lua_pushinteger(L, *(const int32_t *)data);
}

/* ---- life and fields ---- */

static int collect(lua_State *L) {
    pn_tensor **slot = luaL_checkudata(L, 1, PN_LUA_TENSOR);
    pn_tensor_release(*slot);
    *slot = NULL;
    return 0;
}

static int length(lua_State *L) {
    const pn_tensor *x = pn_lua_check_tensor(L, 1, "#");
    if (x->rank == 0) pn_lua_fail(L, PN_E_ARGUMENT, "a tensor without axes has no length");
    lua_pushinteger(L, x->shape[0]);
    return 1;
}

static int get_shape(lua_State *L) {
    const pn_tensor *x = pn_lua_tensor_self(L, "shape");
    lua_createtable(L, x->rank, 0);
    for (int i = 0; i < x->rank; i++) {
        lua_pushinteger(L, x->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int get_rank(lua_State *L) {
    lua_pushinteger(L, pn_lua_tensor_self(L, "rank")->rank);
    return 1;
}

static int get_dtype(lua_State *L) {
    lua_pushstring(L, pn_dtype_name(pn_lua_tensor_self(L, "dtype")->dtype));
    return 1;
}

static int get_size(lua_State *L) {
    lua_pushinteger(L, pn_tensor_count(pn_lua_tensor_self(L, "size")));
    return 1;
}

static const luaL_Reg fields[] = {
    {"shape", get_shape}, {"rank", get_rank}, {"dtype", get_dtype},
    {"size", get_size},   {NULL, NULL},
};

/* ---- text ---- */

static void free_text(void *text) {
    pn_text_free(text);
    pn_free(text);
}

/* Pushes the text of x, with a line of dtype and shape if wanted. */
static void push_text(lua_State *L, const pn_tensor *x, const pn_format *format, bool describe) {
    pn_error error = {0};
    char shape[PN_SHAPE_TEXT];
    void **owner = pn_lua_scratch(L, free_text);
    pn_text *text = *owner = pn_calloc(1, sizeof *text);
    if (!text) pn_lua_check(L, pn_fail_memory(&error, sizeof *text), &error);
    pn_lua_check(L, pn_tensor_format(x, format, text, &error), &error);
    if (describe)
        pn_text_addf(text, "\n%s %s", pn_dtype_name(x->dtype),
                     pn_shape_text(x->rank, x->shape, shape, sizeof shape));
    if (text->failed) pn_lua_check(L, pn_fail_memory(&error, text->size), &error);
    lua_pushlstring(L, pn_text_string(text), text->size);
    pn_lua_scratch_close(L, -2);
    lua_remove(L, -2);
}

static int to_string(lua_State *L) {
    push_text(L, pn_lua_check_tensor(L, 1, "tostring"), &pn_format_default, true);
    return 1;
}

/* x:format{precision =, threshold =, edgeitems =, linewidth =, suppress =}: NumPy's text alone. */
static int format(lua_State *L) {
    static const char *const names[] = {"precision", "threshold", "edgeitems",
                                        "linewidth", "suppress",  NULL};
    const pn_tensor *x = pn_lua_tensor_self(L, "format");
    pn_format f = pn_format_default;
    if (!lua_isnoneornil(L, 2)) {
        pn_lua_options(L, 2, "x:format", 0, names);
        lua_Integer wide[] = {pn_lua_option_int(L, 2, "precision", f.precision),
                              pn_lua_option_int(L, 2, "edgeitems", f.edge_items),
                              pn_lua_option_int(L, 2, "linewidth", f.line_width)};
        for (int i = 0; i < 3; i++)
            if (wide[i] < 0 || wide[i] > 1000000)
                pn_lua_fail(L, PN_E_ARGUMENT, "option '%s' must be 0 to 1000000, not %lld",
                            i == 0 ? "precision" : names[i + 1], (long long)wide[i]);
        f.precision = (int)wide[0];
        f.edge_items = (int)wide[1];
        f.line_width = (int)wide[2];
        f.threshold = pn_lua_option_int(L, 2, "threshold", f.threshold);
        f.suppress = pn_lua_option_bool(L, 2, "suppress", f.suppress);
    }
    push_text(L, x, &f, false);
    return 1;
}

/* ---- files ---- */

static int load(lua_State *L) {
    pn_error error = {0};
    if (lua_type(L, 1) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "tensor.load takes the path of a .npy file, not a %s",
                    luaL_typename(L, 1));
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_npy_load(lua_tostring(L, 1), out, &error), &error);
}

static int save(lua_State *L) {
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "save");
    if (lua_type(L, 2) != LUA_TSTRING)
        pn_lua_fail(L, PN_E_ARGUMENT, "x:save takes the path of a .npy file, not a %s",
                    luaL_typename(L, 2));
    pn_lua_check(L, pn_npy_save(lua_tostring(L, 2), x, &error), &error);
    lua_settop(L, 1);
    return 1;
}

static int is_tensor(lua_State *L) {
    lua_pushboolean(L, pn_lua_to_tensor(L, 1) != NULL);
    return 1;
}

/* ---- the module ---- */

static const luaL_Reg functions[] = {{"load", load}, {"is_tensor", is_tensor}, {NULL, NULL}};
static const luaL_Reg own_methods[] = {{"format", format}, {"save", save}, {NULL, NULL}};
static const luaL_Reg own_meta[] = {
    {"__gc", collect}, {"__len", length}, {"__tostring", to_string}, {NULL, NULL}};

int pn_lua_open_tensor(lua_State *L) {
    lua_newtable(L);
    int module = lua_gettop(L);
    if (!luaL_newmetatable(L, PN_LUA_TENSOR)) {
        /* A second require in one state: the metatable stands, its methods are shared. */
        lua_settop(L, module);
        lua_getfield(L, LUA_REGISTRYINDEX, PN_LUA_TENSOR ".module");
        return 1;
    }
    int meta = lua_gettop(L);
    lua_newtable(L);
    int methods = lua_gettop(L);
    lua_newtable(L);
    pn_lua_tensor_add(L, methods + 1, fields);
    lua_setfield(L, meta, "fields");
    pn_lua_tensor_add(L, meta, own_meta);
    pn_lua_tensor_add(L, module, functions);
    pn_lua_tensor_add(L, methods, own_methods);
    pn_lua_tensor_create(L, module);
    pn_lua_tensor_index(L, methods, meta);
    pn_lua_tensor_math(L, module, methods, meta);
    pn_lua_tensor_reduce(L, methods);
    pn_lua_tensor_shape(L, module, methods);
    lua_newtable(L);
    pn_lua_tensor_add(L, methods + 1, (const luaL_Reg[]){{"text/plain", to_string}, {NULL, NULL}});
    lua_setfield(L, meta, "__mime");
    lua_setfield(L, meta, "methods");
    lua_settop(L, module);
    lua_pushvalue(L, module);
    lua_setfield(L, LUA_REGISTRYINDEX, PN_LUA_TENSOR ".module");
    return 1;
}
