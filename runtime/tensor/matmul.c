#include "tensor/matmul.h"

#include "base/pool.h"
#include "kernels/gemm.h"
#include "tensor/walk.h"

#include <string.h>

/* A product over all batches; the operands have at least two axes and are float32. */
typedef struct product {
    int64_t m, n, k, batches;
    int batch_rank;
    int64_t batch_shape[PN_MAX_RANK];
    int64_t a_step[PN_MAX_RANK], b_step[PN_MAX_RANK]; /* along the batch axes, 0 where repeated */
    pn_matrix a, b, c;
    pn_error error; /* the first failure */
    int failed;
} product;

/* True when BLAS can read the last two axes as they lie. */
static bool is_matrix(const pn_tensor *t, bool *transposed, int64_t *ld) {
    int64_t rows = t->shape[t->rank - 2], columns = t->shape[t->rank - 1];
    int64_t down = t->stride[t->rank - 2], along = t->stride[t->rank - 1];
    *transposed = false;
    *ld = rows > 1 ? down : columns;
    if ((along == 1 || columns <= 1) && *ld >= columns && *ld > 0) return true;
    *transposed = true;
    *ld = columns > 1 ? along : rows;
    return (down == 1 || rows <= 1) && *ld >= rows && *ld > 0;
}

/* x as float32 with at least two axes, its last two a matrix. New reference. */
static pn_status prepare(const pn_tensor *x, bool left, pn_tensor **out, pn_matrix *matrix,
                         pn_error *error) {
    int64_t shape[2] = {left ? 1 : x->shape[0], left ? x->shape[0] : 1};
    int64_t stride[2] = {x->stride[0], x->stride[0]};
    pn_tensor *view = NULL, *copy = NULL;
    pn_status status = x->rank == 1
                           ? pn_tensor_view(x, 2, shape, stride, 0, &view, error)
                           : pn_tensor_view(x, x->rank, x->shape, x->stride, 0, &view, error);
    if (status != PN_OK) return status;
    if (x->dtype != PN_F32 || !is_matrix(view, &matrix->transposed, &matrix->ld)) {
        status = pn_tensor_cast(view, PN_F32, &copy, error);
        pn_tensor_release(view);
        if (status != PN_OK) return status;
        view = copy;
        matrix->transposed = false;
        matrix->ld = view->shape[view->rank - 1];
    }
    matrix->data = view->data;
    *out = view;
    return PN_OK;
}

static void multiply_batches(void *context, int64_t begin, int64_t end) {
    product *p = context;
    for (int64_t i = begin; i < end; i++) {
        pn_matrix a = p->a, b = p->b, c = p->c;
        int64_t left = i;
        for (int axis = p->batch_rank - 1; axis >= 0; axis--) {
            a.data += left % p->batch_shape[axis] * p->a_step[axis];
            b.data += left % p->batch_shape[axis] * p->b_step[axis];
            left /= p->batch_shape[axis];
        }
        c.data += i * p->m * p->n;
        pn_error error = {0};
        if (pn_gemm(p->m, p->n, p->k, 1, a, b, 0, c, &error) == PN_OK) continue;
        if (__atomic_exchange_n(&p->failed, 1, __ATOMIC_ACQ_REL) == 0) p->error = error;
        return;
    }
}

static void batch_steps(const pn_tensor *x, const product *p, int64_t *step) {
    int skip = p->batch_rank - (x->rank - 2);
    for (int i = 0; i < p->batch_rank; i++)
        step[i] = i < skip || x->shape[i - skip] == 1 ? 0 : x->stride[i - skip];
}

static pn_status fit(const pn_tensor *a, const pn_tensor *b, product *p, pn_error *error) {
    pn_tensor batch_a = *a, batch_b = *b;
    p->m = a->shape[a->rank - 2];
    p->k = a->shape[a->rank - 1];
    p->n = b->shape[b->rank - 1];
    batch_a.rank -= 2;
    batch_b.rank -= 2;
    pn_status status = PN_E_SHAPE;
    if (b->shape[b->rank - 2] == p->k)
        status = pn_broadcast_shape((const pn_tensor *[]){&batch_a, &batch_b}, 2, &p->batch_rank,
                                    p->batch_shape, error);
    if (status != PN_OK) return status;
    p->batches = 1;
    for (int i = 0; i < p->batch_rank; i++) p->batches *= p->batch_shape[i];
    batch_steps(a, p, p->a_step);
    batch_steps(b, p, p->b_step);
    return PN_OK;
}

/* The shape of the result: the batches, then m and n where that operand had two axes. */
static pn_status make_result(const product *p, const pn_tensor *a, const pn_tensor *b,
                             pn_tensor **out, pn_error *error) {
    int rank = p->batch_rank;
    int64_t shape[PN_MAX_RANK + 2];
    memcpy(shape, p->batch_shape, sizeof p->batch_shape);
    if (a->rank > 1) shape[rank++] = p->m;
    if (b->rank > 1) shape[rank++] = p->n;
    return pn_tensor_zeros(PN_F32, rank, shape, out, error);
}

static pn_status multiply(product *p, pn_tensor *result, pn_error *error) {
    p->c = (pn_matrix){.data = result->data, .ld = p->n};
    if (pn_tensor_count(result) == 0 || p->k == 0) return PN_OK;
    /* Loaded here once, where a failure has an obvious way out. */
    pn_status status = pn_gemm_load(error);
    if (status != PN_OK) return status;
    if (p->batches == 1)
        multiply_batches(p, 0, 1);
    else
        pn_parallel_for(p->batches, 1 + (1 << 16) / (1 + p->m * p->n), multiply_batches, p);
    if (!p->failed) return PN_OK;
    if (error) *error = p->error;
    return p->error.status;
}

static pn_status refuse(const pn_tensor *a, const pn_tensor *b, pn_error *error) {
    char first[PN_SHAPE_TEXT], second[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE, "cannot multiply matrices of shapes %s and %s",
                   pn_shape_text(a->rank, a->shape, first, sizeof first),
                   pn_shape_text(b->rank, b->shape, second, sizeof second));
}

pn_status pn_tensor_matmul(const pn_tensor *a, const pn_tensor *b, pn_tensor **out,
                           pn_error *error) {
    product p = {0};
    pn_tensor *left = NULL, *right = NULL, *result = NULL;
    if (a->rank == 0 || b->rank == 0) return refuse(a, b, error);
    pn_status status = prepare(a, true, &left, &p.a, error);
    if (status == PN_OK) status = prepare(b, false, &right, &p.b, error);
    if (status == PN_OK) {
        status = fit(left, right, &p, error);
        if (status == PN_E_SHAPE) refuse(a, b, error);
    }
    if (status == PN_OK) status = make_result(&p, a, b, &result, error);
    if (status == PN_OK) status = multiply(&p, result, error);
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    pn_tensor_release(left);
    pn_tensor_release(right);
    return status;
}
