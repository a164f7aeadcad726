#include "tensor/reduce.h"

#include "base/memory.h"
#include "tensor/reduce_axes.h"

#include <math.h>

void pn_reduced_shape(const pn_tensor *x, const bool axes[PN_MAX_RANK], bool keep, int *rank,
                      int64_t *shape) {
    *rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (!axes[i])
            shape[(*rank)++] = x->shape[i];
        else if (keep)
            shape[(*rank)++] = 1;
}

static const struct {
    const char *name;
    pn_reduce op;
    bool needs_items;
} reductions[] = {
    [PN_REDUCE_SUM] = {"sum", PN_SUM, false},
    [PN_REDUCE_PROD] = {"prod", PN_PROD, false},
    [PN_REDUCE_MEAN] = {"mean", PN_SUM, false},
    [PN_REDUCE_VAR] = {"var", PN_SUM, false},
    [PN_REDUCE_STD] = {"std", PN_SUM, false},
    [PN_REDUCE_MIN] = {"min", PN_MIN, true},
    [PN_REDUCE_MAX] = {"max", PN_MAX, true},
    [PN_REDUCE_ARGMIN] = {"argmin", PN_ARGMIN, true},
    [PN_REDUCE_ARGMAX] = {"argmax", PN_ARGMAX, true},
    [PN_REDUCE_ANY] = {"any", PN_ANY, false},
    [PN_REDUCE_ALL] = {"all", PN_ALL, false},
};

static int64_t items_along(const pn_tensor *x, const bool axes[PN_MAX_RANK]) {
    int64_t count = 1;
    for (int i = 0; i < x->rank; i++)
        if (axes[i]) count *= x->shape[i];
    return count;
}

static pn_status check_items(pn_reduction what, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                             pn_error *error) {
    char text[PN_SHAPE_TEXT];
    if (!reductions[what].needs_items || items_along(x, axes) > 0) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "%s of no items (the shape is %s)", reductions[what].name,
                   pn_shape_text(x->rank, x->shape, text, sizeof text));
}

/* Means from sums, then for var and std a second pass around them. */
static pn_status finish_moments(pn_reduction what, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                                pn_found **found, int64_t outputs, pn_error *error) {
    double n = (double)items_along(x, axes);
    for (int64_t i = 0; i < outputs; i++) (*found)[i].value /= n;
    if (what == PN_REDUCE_MEAN) return PN_OK;
    double *center = pn_alloc((size_t)outputs * sizeof *center);
    if (!center) return pn_fail_memory(error, (size_t)outputs * sizeof *center);
    for (int64_t i = 0; i < outputs; i++) center[i] = (*found)[i].value;
    pn_found *squares = NULL;
    pn_status status = pn_reduce_axes(PN_SQUARES, x, axes, center, &squares, &outputs, error);
    pn_free(center);
    if (status != PN_OK) return status;
    pn_free(*found);
    *found = squares;
    for (int64_t i = 0; i < outputs; i++) {
        squares[i].value /= n;
        if (what == PN_REDUCE_STD) squares[i].value = sqrt(squares[i].value);
    }
    return PN_OK;
}

/* *found is the caller's to pn_free, also when this fails. */
static pn_status reduce_to_doubles(pn_reduction what, const pn_tensor *x,
                                   const bool axes[PN_MAX_RANK], pn_found **found, int64_t *outputs,
                                   pn_error *error) {
    pn_status status = check_items(what, x, axes, error);
    if (status == PN_OK)
        status = pn_reduce_axes(reductions[what].op, x, axes, NULL, found, outputs, error);
    if (status == PN_OK && what >= PN_REDUCE_MEAN && what <= PN_REDUCE_STD)
        status = finish_moments(what, x, axes, found, *outputs, error);
    if (status == PN_OK && (what == PN_REDUCE_ARGMIN || what == PN_REDUCE_ARGMAX))
        for (int64_t i = 0; i < *outputs; i++) (*found)[i].value = (double)(*found)[i].index;
    return status;
}

static pn_dtype result_dtype(pn_reduction what, pn_dtype dtype) {
    switch (what) {
    case PN_REDUCE_SUM:
    case PN_REDUCE_PROD:
        return dtype == PN_F32 ? PN_F32 : PN_I32;
    case PN_REDUCE_MIN:
    case PN_REDUCE_MAX:
        return dtype;
    case PN_REDUCE_ARGMIN:
    case PN_REDUCE_ARGMAX:
        return PN_I32;
    case PN_REDUCE_ANY:
    case PN_REDUCE_ALL:
        return PN_U8;
    default:
        return PN_F32;
    }
}

static void store(pn_tensor *out, const pn_found *found, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double v = found[i].value;
        if (out->dtype == PN_F32)
            ((float *)out->data)[i] = (float)v;
        else if (out->dtype == PN_U8)
            ((uint8_t *)out->data)[i] = (uint8_t)v;
        else
            ((int32_t *)out->data)[i] = v <= INT32_MIN   ? INT32_MIN
                                        : v >= INT32_MAX ? INT32_MAX
                                                         : (int32_t)v;
    }
}

pn_status pn_tensor_reduce(pn_reduction what, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                           bool keep, pn_tensor **out, pn_error *error) {
    int rank;
    int64_t shape[PN_MAX_RANK], outputs = 0;
    pn_found *found = NULL;
    pn_tensor *result = NULL;
    pn_reduced_shape(x, axes, keep, &rank, shape);
    pn_status status = reduce_to_doubles(what, x, axes, &found, &outputs, error);
    if (status == PN_OK)
        status = pn_tensor_new(result_dtype(what, x->dtype), rank, shape, &result, error);
    if (status == PN_OK) {
        store(result, found, outputs);
        *out = result;
    }
    pn_free(found);
    return status;
}

pn_status pn_tensor_reduce_all(pn_reduction what, const pn_tensor *x, double *value,
                               pn_error *error) {
    static const bool all[PN_MAX_RANK] = {true, true, true, true, true, true, true, true};
    pn_found *found = NULL;
    int64_t outputs = 0;
    pn_status status = reduce_to_doubles(what, x, all, &found, &outputs, error);
    if (status == PN_OK) *value = found[0].value;
    pn_free(found);
    return status;
}
