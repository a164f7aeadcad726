/* Copying with broadcasting and conversion between dtypes. */
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

static int32_t int_of_float(float x) {
    if (!(x > -2147483648.0f)) return isnan(x) ? 0 : INT32_MIN;
    return x >= 2147483648.0f ? INT32_MAX : (int32_t)x;
}

static uint8_t byte_of_float(float x) {
    return !(x > 0) ? 0 : x >= 255.0f ? 255 : (uint8_t)x;
}

static uint8_t byte_of_int(int32_t x) {
    return x < 0 ? 0 : x > 255 ? 255 : (uint8_t)x;
}

#define SAME(x) (x)

/* Copies n items: to[i * ts] = convert(from[i * fs]). */
#define ROW(name, to_type, from_type, convert)                                                     \
    static void name(void *to, int64_t ts, const void *from, int64_t fs, int64_t n) {              \
        to_type *t = to;                                                                           \
        const from_type *f = from;                                                                 \
        for (int64_t i = 0; i < n; i++) t[i * ts] = (to_type)convert(f[i * fs]);                   \
    }

ROW(f32_f32, float, float, SAME)
ROW(f32_u8, float, uint8_t, SAME)
ROW(f32_i32, float, int32_t, SAME)
ROW(u8_f32, uint8_t, float, byte_of_float)
ROW(u8_u8, uint8_t, uint8_t, SAME)
ROW(u8_i32, uint8_t, int32_t, byte_of_int)
ROW(i32_f32, int32_t, float, int_of_float)
ROW(i32_u8, int32_t, uint8_t, SAME)
ROW(i32_i32, int32_t, int32_t, SAME)

typedef void (*row_fn)(void *, int64_t, const void *, int64_t, int64_t);

static const row_fn rows[3][3] = {
    [PN_F32] = {[PN_F32] = f32_f32, [PN_U8] = f32_u8, [PN_I32] = f32_i32},
    [PN_U8] = {[PN_F32] = u8_f32, [PN_U8] = u8_u8, [PN_I32] = u8_i32},
    [PN_I32] = {[PN_F32] = i32_f32, [PN_U8] = i32_u8, [PN_I32] = i32_i32},
};

/* The strides of `from` as seen from the axes of `into`; 0 where it is repeated. */
static pn_status broadcast_strides(const pn_tensor *into, const pn_tensor *from, int64_t *stride,
                                   pn_error *error) {
    int skip = into->rank - from->rank;
    for (int i = 0; i < into->rank && skip >= 0; i++) {
        if (i < skip || from->shape[i - skip] == 1)
            stride[i] = 0;
        else if (from->shape[i - skip] == into->shape[i])
            stride[i] = from->stride[i - skip];
        else
            skip = -1;
    }
    if (skip >= 0) return PN_OK;
    char a[PN_SHAPE_TEXT], b[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE, "a tensor of shape %s cannot be broadcast to %s",
                   pn_shape_text(from->rank, from->shape, a, sizeof a),
                   pn_shape_text(into->rank, into->shape, b, sizeof b));
}

static void copy_axis(const pn_tensor *into, char *to, const char *from, const int64_t *stride,
                      size_t from_size, row_fn row, int axis) {
    int64_t n = into->shape[axis], ts = into->stride[axis], fs = stride[axis];
    if (axis == into->rank - 1) {
        row(to, ts, from, fs, n);
        return;
    }
    int64_t to_step = ts * (int64_t)pn_dtype_size(into->dtype), from_step = fs * (int64_t)from_size;
    for (int64_t i = 0; i < n; i++)
        copy_axis(into, to + i * to_step, from + i * from_step, stride, from_size, row, axis + 1);
}

pn_status pn_tensor_copy_into(pn_tensor *into, const pn_tensor *from, pn_error *error) {
    int64_t stride[PN_MAX_RANK] = {0};
    pn_status status = broadcast_strides(into, from, stride, error);
    if (status != PN_OK || pn_tensor_count(into) == 0) return status;
    row_fn row = rows[into->dtype][from->dtype];
    if (pn_tensor_same_shape(into, from) && pn_tensor_is_dense(into) && pn_tensor_is_dense(from)) {
        if (into->dtype == from->dtype)
            memmove(into->data, from->data, pn_tensor_bytes(into));
        else
            row(into->data, 1, from->data, 1, pn_tensor_count(into));
    } else if (into->rank == 0) {
        row(into->data, 1, from->data, 1, 1);
    } else {
        copy_axis(into, into->data, from->data, stride, pn_dtype_size(from->dtype), row, 0);
    }
    return PN_OK;
}
