#include "tensor/shape.h"

#include <string.h>

pn_status pn_tensor_permute(const pn_tensor *x, const int *order, pn_tensor **out,
                            pn_error *error) {
    int64_t shape[PN_MAX_RANK], stride[PN_MAX_RANK];
    bool seen[PN_MAX_RANK] = {false};
    for (int i = 0; i < x->rank; i++) {
        if (order[i] < 0 || order[i] >= x->rank || seen[order[i]])
            return pn_fail(error, PN_E_ARGUMENT,
                           "the new order of the axes must name each of the %d axes once", x->rank);
        seen[order[i]] = true;
        shape[i] = x->shape[order[i]];
        stride[i] = x->stride[order[i]];
    }
    return pn_tensor_view(x, x->rank, shape, stride, 0, out, error);
}

pn_status pn_tensor_slice(const pn_tensor *x, const pn_slice *slices, pn_tensor **out,
                          pn_error *error) {
    int64_t shape[PN_MAX_RANK], stride[PN_MAX_RANK], offset = 0;
    int rank = 0;
    for (int i = 0; i < x->rank; i++) {
        const pn_slice *s = &slices[i];
        int64_t last = s->first + (s->count - 1) * s->step;
        if (s->count < 0 || (s->count > 0 && (s->first < 0 || s->first >= x->shape[i] || last < 0 ||
                                              last >= x->shape[i])))
            return pn_fail(error, PN_E_ARGUMENT, "a slice leaves axis %d with size %lld", i + 1,
                           (long long)x->shape[i]);
        if (s->count > 0) offset += s->first * x->stride[i];
        if (s->drop) continue;
        shape[rank] = s->count;
        stride[rank++] = x->stride[i] * s->step;
    }
    return pn_tensor_view(x, rank, shape, stride, offset, out, error);
}

/* The view of `count` items from `first` on along one axis. */
static pn_status part(const pn_tensor *x, int axis, int64_t first, int64_t count, pn_tensor **out,
                      pn_error *error) {
    int64_t shape[PN_MAX_RANK];
    memcpy(shape, x->shape, sizeof shape);
    shape[axis] = count;
    return pn_tensor_view(x, x->rank, shape, x->stride, count > 0 ? first * x->stride[axis] : 0,
                          out, error);
}

/* ---- concat ---- */

static pn_status check_alike(const pn_tensor *a, const pn_tensor *b, int axis, pn_error *error) {
    bool alike = a->rank == b->rank;
    for (int i = 0; alike && i < a->rank; i++)
        if (i != axis && a->shape[i] != b->shape[i]) alike = false;
    if (alike) return PN_OK;
    char first[PN_SHAPE_TEXT], second[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE, "cannot join %s and %s along axis %d",
                   pn_shape_text(a->rank, a->shape, first, sizeof first),
                   pn_shape_text(b->rank, b->shape, second, sizeof second), axis + 1);
}

static pn_status fill_parts(pn_tensor *whole, pn_tensor *const *tensors, int64_t count, int axis,
                            pn_error *error) {
    int64_t at = 0;
    pn_status status = PN_OK;
    for (int64_t i = 0; status == PN_OK && i < count; i++) {
        pn_tensor *view = NULL;
        status = part(whole, axis, at, tensors[i]->shape[axis], &view, error);
        if (status == PN_OK) status = pn_tensor_copy_into(view, tensors[i], error);
        pn_tensor_release(view);
        at += tensors[i]->shape[axis];
    }
    return status;
}

pn_status pn_tensor_concat(pn_tensor *const *tensors, int64_t count, int axis, pn_tensor **out,
                           pn_error *error) {
    if (count == 0) return pn_fail(error, PN_E_ARGUMENT, "there are no tensors to join");
    const pn_tensor *first = tensors[0];
    if (axis < 0 || axis >= first->rank)
        return pn_fail(error, PN_E_ARGUMENT, "there is no axis %d in tensors of rank %d", axis + 1,
                       first->rank);
    pn_dtype dtype = first->dtype;
    int64_t shape[PN_MAX_RANK];
    memcpy(shape, first->shape, sizeof shape);
    for (int64_t i = 1; i < count; i++) {
        pn_status status = check_alike(first, tensors[i], axis, error);
        if (status != PN_OK) return status;
        shape[axis] += tensors[i]->shape[axis];
        if (tensors[i]->dtype != dtype)
            dtype = dtype == PN_F32 || tensors[i]->dtype == PN_F32 ? PN_F32 : PN_I32;
    }
    pn_tensor *whole = NULL;
    pn_status status = pn_tensor_new(dtype, first->rank, shape, &whole, error);
    if (status == PN_OK) status = fill_parts(whole, tensors, count, axis, error);
    if (status == PN_OK)
        *out = whole;
    else
        pn_tensor_release(whole);
    return status;
}

/* ---- take ---- */

static pn_status copy_items(pn_tensor *into, const pn_tensor *x, const int64_t *index, int axis,
                            pn_error *error) {
    pn_status status = PN_OK;
    for (int64_t i = 0; status == PN_OK && i < into->shape[axis]; i++) {
        pn_tensor *to = NULL, *from = NULL;
        status = part(into, axis, i, 1, &to, error);
        if (status == PN_OK) status = part(x, axis, index[i], 1, &from, error);
        if (status == PN_OK) status = pn_tensor_copy_into(to, from, error);
        pn_tensor_release(to);
        pn_tensor_release(from);
    }
    return status;
}

pn_status pn_tensor_take(const pn_tensor *x, const int64_t *index, int64_t count, int axis,
                         pn_tensor **out, pn_error *error) {
    int64_t shape[PN_MAX_RANK];
    if (axis < 0 || axis >= x->rank)
        return pn_fail(error, PN_E_ARGUMENT, "there is no axis %d in a tensor of rank %d", axis + 1,
                       x->rank);
    for (int64_t i = 0; i < count; i++)
        if (index[i] < 0 || index[i] >= x->shape[axis])
            return pn_fail(error, PN_E_ARGUMENT,
                           "index %lld is out of range for axis %d with size %lld",
                           (long long)index[i] + 1, axis + 1, (long long)x->shape[axis]);
    memcpy(shape, x->shape, sizeof shape);
    shape[axis] = count;
    pn_tensor *result = NULL;
    pn_status status = pn_tensor_new(x->dtype, x->rank, shape, &result, error);
    if (status == PN_OK) status = copy_items(result, x, index, axis, error);
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    return status;
}

/* ---- tile ---- */

pn_status pn_tensor_tile(const pn_tensor *x, const int64_t *times, pn_tensor **out,
                         pn_error *error) {
    /* One axis after the other: a view that repeats the axis with stride 0, copied flat. */
    int64_t shape[PN_MAX_RANK], stride[PN_MAX_RANK], split[PN_MAX_RANK];
    pn_tensor *now = NULL, *next = NULL;
    pn_status status = pn_tensor_cast(x, x->dtype, &now, error);
    for (int i = 0; status == PN_OK && i < x->rank; i++) {
        if (times[i] < 0 || now->rank == PN_MAX_RANK) {
            status = pn_fail(error, PN_E_ARGUMENT,
                             "tile takes a count of 0 or more per axis, and tensors of up to %d "
                             "axes",
                             PN_MAX_RANK - 1);
            break;
        }
        pn_tensor *view = NULL;
        int rank = now->rank;
        for (int k = 0, to = 0; k < rank; k++) {
            if (k == i) {
                split[to] = times[i];
                stride[to++] = 0;
            }
            split[to] = now->shape[k];
            stride[to++] = now->stride[k];
            shape[k] = k == i ? now->shape[k] * times[i] : now->shape[k];
        }
        status = pn_tensor_view(now, rank + 1, split, stride, 0, &view, error);
        if (status == PN_OK) status = pn_tensor_reshape(view, rank, shape, &next, error);
        pn_tensor_release(view);
        if (status != PN_OK) break;
        pn_tensor_release(now);
        now = next;
    }
    if (status == PN_OK)
        *out = now;
    else
        pn_tensor_release(now);
    return status;
}
