#include "tensor/reduce.h"

#include "base/memory.h"
#include "base/pool.h"
#include "tensor/shape.h"

#include <math.h>

/* Puts the k-th smallest of x[n] at x[k], smaller ones before it (Hoare's selection, 1961). */
static void select_item(float *x, int64_t n, int64_t k) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        float pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (pivot < x[j]) j--;
            if (i > j) break;
            float swap = x[i];
            x[i++] = x[j];
            x[j--] = swap;
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* Between the two items next to q * (n - 1), as Hyndman and Fan's definition 7. */
static float quantile(float *x, int64_t n, double q) {
    for (int64_t i = 0; i < n; i++)
        if (isnan(x[i])) return NAN;
    double place = q * (double)(n - 1);
    int64_t k = (int64_t)floor(place);
    select_item(x, n, k);
    if (k + 1 >= n || place == (double)k) return x[k];
    float next = x[k + 1];
    for (int64_t i = k + 2; i < n; i++)
        if (x[i] < next) next = x[i];
    double t = place - (double)k;
    return (float)(t < 0.5 ? x[k] + ((double)next - x[k]) * t
                           : next - ((double)next - x[k]) * (1 - t));
}

typedef struct job {
    float *items, *out; /* (outputs, n), (outputs) */
    int64_t n;
    double q;
} job;

static void work(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    for (int64_t i = begin; i < end; i++) j->out[i] = quantile(j->items + i * j->n, j->n, j->q);
}

/* A float32 copy of x with the reduced axes last: (outputs, n). */
static pn_status gather(const pn_tensor *x, const bool axes[PN_MAX_RANK], pn_tensor **items,
                        int64_t *n, pn_error *error) {
    int order[PN_MAX_RANK], rank = 0;
    *n = 1;
    for (int i = 0; i < x->rank; i++)
        if (!axes[i]) order[rank++] = i;
    for (int i = 0; i < x->rank; i++)
        if (axes[i]) {
            order[rank++] = i;
            *n *= x->shape[i];
        }
    pn_tensor *view = NULL;
    pn_status status = pn_tensor_permute(x, order, &view, error);
    if (status == PN_OK) status = pn_tensor_cast(view, PN_F32, items, error);
    pn_tensor_release(view);
    return status;
}

pn_status pn_tensor_quantile(const pn_tensor *x, double q, const bool axes[PN_MAX_RANK], bool keep,
                             pn_tensor **out, pn_error *error) {
    int rank;
    int64_t shape[PN_MAX_RANK], n = 0;
    pn_tensor *items = NULL, *result = NULL;
    if (!(q >= 0 && q <= 1))
        return pn_fail(error, PN_E_ARGUMENT, "a quantile lies between 0 and 1; %g does not", q);
    pn_reduced_shape(x, axes, keep, &rank, shape);
    pn_status status = gather(x, axes, &items, &n, error);
    if (status == PN_OK && n == 0) status = pn_fail(error, PN_E_ARGUMENT, "a quantile of no items");
    if (status == PN_OK) status = pn_tensor_new(PN_F32, rank, shape, &result, error);
    if (status == PN_OK) {
        job j = {items->data, result->data, n, q};
        pn_parallel_for(pn_tensor_count(result), 1 + 8192 / n, work, &j);
        *out = result;
    }
    pn_tensor_release(items);
    return status;
}
