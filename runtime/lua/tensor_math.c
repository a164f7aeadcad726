/* Operators, comparisons, functions of one number, where, clip, matmul, in-place forms. */
#include "lua/tensor_parts.h"
#include "tensor/matmul.h"

#include <math.h>

/* ---- binary ---- */

/* a op b, one of which may be a number. */
static int binary(lua_State *L, pn_binary op, const char *function) {
    pn_number left, right;
    pn_error error = {0};
    lua_settop(L, 2);
    const pn_tensor *a = pn_lua_tensor_operand(L, 1, pn_lua_to_tensor(L, 2), &left, function);
    const pn_tensor *b = pn_lua_tensor_operand(L, 2, a, &right, function);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_binary(op, a, b, out, &error), &error);
}

static int compare(lua_State *L, pn_compare op, const char *function) {
    pn_number left, right;
    pn_error error = {0};
    lua_settop(L, 2);
    const pn_tensor *a = pn_lua_tensor_operand(L, 1, pn_lua_to_tensor(L, 2), &left, function);
    const pn_tensor *b = pn_lua_tensor_operand(L, 2, a, &right, function);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_compare(op, a, b, out, &error), &error);
}

static int unary(lua_State *L, pn_unary op, const char *method) {
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, method);
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_unary(op, x, out, &error), &error);
}

#define BINARY(name, op, text)                                                                     \
    static int name(lua_State *L) {                                                                \
        return binary(L, op, text);                                                                \
    }
#define COMPARE(name, op, text)                                                                    \
    static int name(lua_State *L) {                                                                \
        return compare(L, op, text);                                                               \
    }
#define UNARY(name, op, text)                                                                      \
    static int name(lua_State *L) {                                                                \
        return unary(L, op, text);                                                                 \
    }

BINARY(add, PN_ADD, "+")
BINARY(subtract, PN_SUB, "-")
BINARY(multiply, PN_MUL, "*")
BINARY(divide, PN_DIV, "/")
BINARY(floor_divide, PN_FLOORDIV, "//")
BINARY(modulo, PN_MOD, "%")
BINARY(power, PN_POW, "^")
BINARY(maximum, PN_MAXIMUM, "x:maximum")
BINARY(minimum, PN_MINIMUM, "x:minimum")
COMPARE(gt, PN_GT, "x:gt")
COMPARE(ge, PN_GE, "x:ge")
COMPARE(lt, PN_LT, "x:lt")
COMPARE(le, PN_LE, "x:le")
COMPARE(eq, PN_EQ, "x:eq")
COMPARE(ne, PN_NE, "x:ne")
COMPARE(both, PN_AND, "&")
COMPARE(either, PN_OR, "|")
UNARY(negative, PN_NEG, "neg")
UNARY(absolute, PN_ABS, "abs")
UNARY(relu, PN_RELU, "relu")
UNARY(nearest, PN_ROUND, "round")
UNARY(floor_of, PN_FLOOR, "floor")
UNARY(ceil_of, PN_CEIL, "ceil")
UNARY(exponential, PN_EXP, "exp")
UNARY(logarithm, PN_LOG, "log")
UNARY(root, PN_SQRT, "sqrt")
UNARY(sine, PN_SIN, "sin")
UNARY(cosine, PN_COS, "cos")
UNARY(hyperbolic, PN_TANH, "tanh")
UNARY(sigmoid, PN_SIGMOID, "sigmoid")

/* ~mask: 1 where it is 0. */
static int complement(lua_State *L) {
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    return compare(L, PN_EQ, "~");
}

/* Lua turns a > b into b < a and makes the answer true or false, so that no tensor can come back;
 * better say so than answer wrongly. */
static int refuse_order(lua_State *L) {
    return pn_lua_fail(L, PN_E_ARGUMENT,
                       "tensors are compared with methods: use p:gt(0.5) for p > 0.5, p:lt(0.5) "
                       "for p < 0.5, and p:ge, p:le, p:eq, p:ne");
}

/* ---- in place ---- */

static int binary_into(lua_State *L, pn_binary op, const char *method) {
    pn_number number;
    pn_error error = {0};
    pn_tensor *x = pn_lua_tensor_self(L, method);
    lua_settop(L, 2);
    const pn_tensor *other = pn_lua_tensor_operand(L, 2, x, &number, method);
    pn_lua_check(L, pn_tensor_binary_into(op, x, other, &error), &error);
    lua_settop(L, 1);
    return 1;
}

static int add_to(lua_State *L) {
    return binary_into(L, PN_ADD, "add_");
}

static int subtract_from(lua_State *L) {
    return binary_into(L, PN_SUB, "sub_");
}

static int multiply_by(lua_State *L) {
    return binary_into(L, PN_MUL, "mul_");
}

static int fill(lua_State *L) {
    pn_number number;
    pn_error error = {0};
    pn_tensor *x = pn_lua_tensor_self(L, "fill_");
    if (lua_type(L, 2) != LUA_TNUMBER)
        pn_lua_fail(L, PN_E_ARGUMENT, "x:fill_ takes a number, not a %s", luaL_typename(L, 2));
    const pn_tensor *value = pn_lua_tensor_item(L, 2, x->dtype, &number);
    pn_lua_check(L, pn_tensor_copy_into(x, value, &error), &error);
    lua_settop(L, 1);
    return 1;
}

/* ---- several operands ---- */

/* x:clip{low, high}; a missing bound does not limit. */
static int clip(lua_State *L) {
    static const char *const names[] = {"low", "high", NULL};
    pn_error error = {0};
    const pn_tensor *x = pn_lua_tensor_self(L, "clip");
    double bound[2] = {-INFINITY, INFINITY};
    pn_lua_options(L, 2, "x:clip", 2, names);
    for (int i = 0; i < 2; i++) {
        bound[i] = pn_lua_option_number(L, 2, names[i], bound[i]);
        int type = lua_rawgeti(L, 2, i + 1);
        if (type == LUA_TNUMBER)
            bound[i] = lua_tonumber(L, -1);
        else if (type != LUA_TNIL)
            pn_lua_fail(L, PN_E_ARGUMENT, "x:clip takes numbers, not a %s", luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_clip(x, bound[0], bound[1], out, &error), &error);
}

/* tensor.where{mask, a, b} */
static int where(lua_State *L) {
    static const char *const names[] = {NULL};
    pn_number a_number, b_number;
    pn_error error = {0};
    pn_lua_options(L, 1, "tensor.where", 3, names);
    lua_settop(L, 1);
    for (int i = 1; i <= 3; i++) lua_rawgeti(L, 1, i);
    const pn_tensor *mask = pn_lua_check_tensor(L, 2, "the mask of tensor.where");
    const pn_tensor *a =
        pn_lua_tensor_operand(L, 3, pn_lua_to_tensor(L, 4), &a_number, "tensor.where");
    const pn_tensor *b = pn_lua_tensor_operand(L, 4, a, &b_number, "tensor.where");
    pn_tensor **out = pn_lua_new_tensor(L);
    return pn_lua_tensor_done(L, pn_tensor_where(mask, a, b, out, &error), &error);
}

/* The product of the tensors at 1 and 2: a number when both have one axis. */
static int product(lua_State *L, int a, int b) {
    pn_error error = {0};
    const pn_tensor *left = pn_lua_check_tensor(L, a, "the left side of matmul");
    const pn_tensor *right = pn_lua_check_tensor(L, b, "the right side of matmul");
    pn_tensor **out = pn_lua_new_tensor(L);
    pn_lua_tensor_done(L, pn_tensor_matmul(left, right, out, &error), &error);
    if ((*out)->rank == 0) pn_lua_tensor_push_item(L, (*out)->dtype, (*out)->data);
    return 1;
}

/* tensor.matmul{a, b} */
static int matmul(lua_State *L) {
    static const char *const names[] = {NULL};
    pn_lua_options(L, 1, "tensor.matmul", 2, names);
    lua_rawgeti(L, 1, 1);
    lua_rawgeti(L, 1, 2);
    return product(L, -2, -1);
}

/* a:matmul(b) */
static int matmul_with(lua_State *L) {
    pn_lua_tensor_self(L, "matmul");
    lua_settop(L, 2);
    return product(L, 1, 2);
}

static const luaL_Reg operators[] = {
    {"__add", add},         {"__sub", subtract},    {"__mul", multiply},
    {"__div", divide},      {"__mod", modulo},      {"__idiv", floor_divide},
    {"__pow", power},       {"__unm", negative},    {"__band", both},
    {"__bor", either},      {"__bnot", complement}, {"__lt", refuse_order},
    {"__le", refuse_order}, {NULL, NULL},
};

static const luaL_Reg own_methods[] = {
    {"gt", gt},
    {"ge", ge},
    {"lt", lt},
    {"le", le},
    {"eq", eq},
    {"ne", ne},
    {"abs", absolute},
    {"relu", relu},
    {"round", nearest},
    {"floor", floor_of},
    {"ceil", ceil_of},
    {"exp", exponential},
    {"log", logarithm},
    {"sqrt", root},
    {"sin", sine},
    {"cos", cosine},
    {"tanh", hyperbolic},
    {"sigmoid", sigmoid},
    {"pow", power},
    {"maximum", maximum},
    {"minimum", minimum},
    {"clip", clip},
    {"matmul", matmul_with},
    {"add_", add_to},
    {"sub_", subtract_from},
    {"mul_", multiply_by},
    {"fill_", fill},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {{"where", where}, {"matmul", matmul}, {NULL, NULL}};

void pn_lua_tensor_math(lua_State *L, int module, int methods, int meta) {
    pn_lua_tensor_add(L, module, functions);
    pn_lua_tensor_add(L, methods, own_methods);
    pn_lua_tensor_add(L, meta, operators);
}
