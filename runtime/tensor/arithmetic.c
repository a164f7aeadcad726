#include "tensor/arithmetic.h"

#include "tensor/walk.h"

#include <math.h>
#include <stdatomic.h>

/* Items converted at a time, small enough for the first cache. */
enum { CHUNK = 1024 };

typedef union chunk {
    float f[CHUNK];
    int32_t i[CHUNK];
    uint8_t u[CHUNK];
} chunk;

const pn_tensor *pn_number_float(pn_number *number, double value) {
    *number = (pn_number){.tensor = {.dtype = PN_F32}, .value.f = (float)value};
    number->tensor.data = &number->value;
    return &number->tensor;
}

const pn_tensor *pn_number_int(pn_number *number, int32_t value) {
    *number = (pn_number){.tensor = {.dtype = PN_I32}, .value.i = value};
    number->tensor.data = &number->value;
    return &number->tensor;
}

/* ---- rows through buffers ---- */

/* One operation over rows: `dtype[o]` is what operand o is in memory, `work[o]` what the kernel
 * wants it as; operand 0 is the result. */
typedef struct operation {
    int operands;
    pn_dtype dtype[PN_WALK_OPERANDS], work[PN_WALK_OPERANDS];
    enum { BINARY, COMPARE, UNARY, SELECT } kind;
    int op;
    atomic_bool divided_by_zero;
} operation;

/* Runs the kernel; p[0] is the result, each operand steps by 0 or 1. */
static void apply(operation *o, void *const *p, const int64_t *step, int64_t n) {
    bool real = o->work[o->operands - 1] == PN_F32;
    switch (o->kind) {
    case BINARY:
        if (real)
            pn_kernel_binary_f32(o->op, p[0], p[1], step[1], p[2], step[2], n);
        else if (!pn_kernel_binary_i32(o->op, p[0], p[1], step[1], p[2], step[2], n))
            atomic_store(&o->divided_by_zero, true);
        break;
    case COMPARE:
        if (real)
            pn_kernel_compare_f32(o->op, p[0], p[1], step[1], p[2], step[2], n);
        else
            pn_kernel_compare_i32(o->op, p[0], p[1], step[1], p[2], step[2], n);
        break;
    case UNARY:
        if (real)
            pn_kernel_unary_f32(o->op, p[0], p[1], n);
        else
            pn_kernel_unary_i32(o->op, p[0], p[1], n);
        break;
    case SELECT:
        if (real)
            pn_kernel_select_f32(p[0], p[1], step[1], p[2], step[2], p[3], step[3], n);
        else
            pn_kernel_select_i32(p[0], p[1], step[1], p[2], step[2], p[3], step[3], n);
        break;
    }
}

static bool is_direct(const operation *o, const int64_t *stride, int i) {
    if (o->dtype[i] != o->work[i]) return false;
    return stride[i] == 1 || (stride[i] == 0 && i > 0 && o->kind != UNARY);
}

/* Operands that the kernel cannot read as they lie are copied into buffers, a chunk at a time. */
static void row(void *context, char *const *data, const int64_t *stride, int64_t n) {
    operation *o = context;
    chunk buffer[PN_WALK_OPERANDS];
    void *p[PN_WALK_OPERANDS];
    int64_t step[PN_WALK_OPERANDS], length = n;
    bool direct[PN_WALK_OPERANDS];
    for (int i = 0; i < o->operands; i++) {
        direct[i] = is_direct(o, stride, i);
        if (!direct[i] && length > CHUNK) length = CHUNK;
    }
    for (int64_t start = 0; start < n; start += length) {
        int64_t m = n - start < length ? n - start : length;
        for (int i = 0; i < o->operands; i++) {
            char *from = data[i] + start * stride[i] * (int64_t)pn_dtype_size(o->dtype[i]);
            step[i] = stride[i] == 0 && o->kind != UNARY ? 0 : 1;
            p[i] = direct[i] ? (void *)from : &buffer[i];
            if (!direct[i] && i > 0)
                pn_kernel_convert(o->work[i], p[i], 1, o->dtype[i], from, stride[i],
                                  step[i] ? m : 1);
        }
        apply(o, p, step, m);
        if (!direct[0])
            pn_kernel_convert(o->dtype[0],
                              data[0] + start * stride[0] * (int64_t)pn_dtype_size(o->dtype[0]),
                              stride[0], o->work[0], p[0], 1, m);
    }
}

/* Fills tensors[0] from the others. */
static pn_status run(operation *o, const pn_tensor *const *tensors, pn_error *error) {
    pn_walk walk;
    pn_status status = pn_walk_start(&walk, tensors, o->operands, error);
    if (status != PN_OK) return status;
    for (int i = 0; i < o->operands; i++) o->dtype[i] = tensors[i]->dtype;
    atomic_init(&o->divided_by_zero, false);
    pn_walk_all(&walk, row, o);
    if (atomic_load(&o->divided_by_zero))
        return pn_fail(error, PN_E_ARGUMENT, "integer division by zero");
    return PN_OK;
}

/* Makes the result, of the broadcast shape, and fills it. */
static pn_status run_new(operation *o, pn_dtype dtype, const pn_tensor *const *inputs,
                         pn_tensor **out, pn_error *error) {
    int rank;
    int64_t shape[PN_MAX_RANK];
    const pn_tensor *tensors[PN_WALK_OPERANDS];
    pn_tensor *result = NULL;
    pn_status status = pn_broadcast_shape(inputs, o->operands - 1, &rank, shape, error);
    if (status == PN_OK) status = pn_tensor_new(dtype, rank, shape, &result, error);
    if (status != PN_OK) return status;
    tensors[0] = result;
    for (int i = 1; i < o->operands; i++) tensors[i] = inputs[i - 1];
    status = run(o, tensors, error);
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    return status;
}

/* ---- operations ---- */

static pn_dtype common(const pn_tensor *a, const pn_tensor *b) {
    return a->dtype == PN_F32 || b->dtype == PN_F32 ? PN_F32 : PN_I32;
}

static pn_dtype binary_dtype(pn_binary op, const pn_tensor *a, const pn_tensor *b) {
    return op == PN_DIV || op == PN_POW ? PN_F32 : common(a, b);
}

pn_status pn_tensor_binary(pn_binary op, const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                           pn_error *error) {
    pn_dtype work = binary_dtype(op, a, b);
    operation o = {.kind = BINARY, .op = op, .operands = 3, .work = {work, work, work}};
    return run_new(&o, work, (const pn_tensor *[]){a, b}, out, error);
}

/* Views of the same storage that are not the very same items. */
static bool overlaps(const pn_tensor *a, const pn_tensor *b) {
    if (!a->storage || a->storage != b->storage) return false;
    if (a->data != b->data || !pn_tensor_same_shape(a, b)) return true;
    for (int i = 0; i < a->rank; i++)
        if (a->stride[i] != b->stride[i]) return true;
    return false;
}

pn_status pn_tensor_binary_into(pn_binary op, pn_tensor *into, const pn_tensor *b,
                                pn_error *error) {
    pn_dtype work = binary_dtype(op, into, b);
    operation o = {.kind = BINARY, .op = op, .operands = 3, .work = {work, work, work}};
    pn_tensor *apart = NULL;
    pn_status status = PN_OK;
    if (work == PN_F32 && into->dtype != PN_F32)
        return pn_fail(error, PN_E_ARGUMENT,
                       "the result is float32 and does not fit into a tensor of %s; use the "
                       "operator, or cast",
                       pn_dtype_name(into->dtype));
    if (overlaps(into, b)) status = pn_tensor_cast(b, b->dtype, &apart, error);
    if (status == PN_OK)
        status = run(&o, (const pn_tensor *[]){into, into, apart ? apart : b}, error);
    pn_tensor_release(apart);
    pn_tensor_touch(into);
    return status;
}

pn_status pn_tensor_compare(pn_compare op, const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                            pn_error *error) {
    pn_dtype work = common(a, b);
    operation o = {.kind = COMPARE, .op = op, .operands = 3, .work = {PN_U8, work, work}};
    return run_new(&o, PN_U8, (const pn_tensor *[]){a, b}, out, error);
}

pn_status pn_tensor_unary(pn_unary op, const pn_tensor *x, pn_tensor **out, pn_error *error) {
    bool keeps = op != PN_NEG && op < PN_EXP;
    pn_dtype work = op >= PN_EXP || x->dtype == PN_F32 ? PN_F32 : PN_I32;
    operation o = {.kind = UNARY, .op = op, .operands = 2, .work = {work, work}};
    return run_new(&o, keeps ? x->dtype : work, &x, out, error);
}

pn_status pn_tensor_where(const pn_tensor *mask, const pn_tensor *a, const pn_tensor *b,
                          pn_tensor **out, pn_error *error) {
    pn_number zero;
    pn_tensor *chosen = NULL;
    pn_status status = PN_OK;
    pn_dtype work = common(a, b);
    operation o = {.kind = SELECT, .operands = 4, .work = {work, PN_U8, work, work}};
    /* As uint8 a mask of 0.5 or 256 would be 0 or lose its meaning. */
    if (mask->dtype != PN_U8) {
        status = pn_tensor_compare(PN_NE, mask, pn_number_int(&zero, 0), &chosen, error);
        mask = chosen;
    }
    if (status == PN_OK)
        status = run_new(&o, a->dtype == b->dtype ? a->dtype : work,
                         (const pn_tensor *[]){mask, a, b}, out, error);
    pn_tensor_release(chosen);
    return status;
}

/* The bound as a number of x's kind; for integers rounded inwards and limited to int32. */
static const pn_tensor *bound(const pn_tensor *x, double value, pn_number *number) {
    if (x->dtype == PN_F32) return pn_number_float(number, value);
    return pn_number_int(number, value < INT32_MIN   ? INT32_MIN
                                 : value > INT32_MAX ? INT32_MAX
                                                     : (int32_t)value);
}

pn_status pn_tensor_clip(const pn_tensor *x, double low, double high, pn_tensor **out,
                         pn_error *error) {
    if (!(low <= high))
        return pn_fail(error, PN_E_ARGUMENT, "the lower bound %g is above the upper one, %g", low,
                       high);
    pn_number a, b;
    pn_tensor *result = NULL;
    bool whole = x->dtype != PN_F32;
    const pn_tensor *lowest = bound(x, whole ? ceil(low) : low, &a);
    const pn_tensor *highest = bound(x, whole ? floor(high) : high, &b);
    pn_status status = pn_tensor_cast(x, x->dtype, &result, error);
    if (status == PN_OK) status = pn_tensor_binary_into(PN_MAXIMUM, result, lowest, error);
    if (status == PN_OK) status = pn_tensor_binary_into(PN_MINIMUM, result, highest, error);
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    return status;
}
