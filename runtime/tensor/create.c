#include "tensor/create.h"

#include "base/pool.h"
#include "base/random.h"

#include <math.h>

bool pn_dtype_holds(pn_dtype dtype, double value) {
    if (dtype == PN_F32) return true;
    if (value != floor(value)) return false;
    return dtype == PN_U8 ? value >= 0 && value <= 255 : value >= INT32_MIN && value <= INT32_MAX;
}

void pn_dtype_store(pn_dtype dtype, void *data, int64_t index, double value) {
    if (dtype == PN_F32)
        ((float *)data)[index] = (float)value;
    else if (dtype == PN_U8)
        ((uint8_t *)data)[index] = (uint8_t)value;
    else
        ((int32_t *)data)[index] = (int32_t)value;
}

static pn_status check_holds(pn_dtype dtype, double value, pn_error *error) {
    if (pn_dtype_holds(dtype, value)) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "%.17g is no %s number (%s)", value, pn_dtype_name(dtype),
                   dtype == PN_U8 ? "whole, 0 to 255" : "whole, -2147483648 to 2147483647");
}

pn_status pn_tensor_full(pn_dtype dtype, int rank, const int64_t *shape, double value,
                         pn_tensor **out, pn_error *error) {
    pn_tensor one = {.dtype = dtype};
    int32_t item;
    pn_status status = check_holds(dtype, value, error);
    pn_tensor *result = NULL;
    if (status == PN_OK) status = pn_tensor_new(dtype, rank, shape, &result, error);
    if (status != PN_OK) return status;
    one.data = &item;
    pn_dtype_store(dtype, &item, 0, value);
    status = pn_tensor_copy_into(result, &one, error);
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    return status;
}

pn_status pn_tensor_steps(pn_dtype dtype, double first, double step, int64_t count, pn_tensor **out,
                          pn_error *error) {
    pn_tensor *result = NULL;
    pn_status status = pn_tensor_new(dtype, 1, &count, &result, error);
    for (int64_t i = 0; status == PN_OK && i < count; i++) {
        double value = first + (double)i * step;
        status = check_holds(dtype, value, error);
        if (status == PN_OK) pn_dtype_store(dtype, result->data, i, value);
    }
    if (status == PN_OK)
        *out = result;
    else
        pn_tensor_release(result);
    return status;
}

pn_status pn_tensor_linspace(pn_dtype dtype, double first, double last, int64_t count,
                             pn_tensor **out, pn_error *error) {
    double step = count > 1 ? (last - first) / (double)(count - 1) : 0;
    pn_status status = pn_tensor_steps(dtype, first, step, count, out, error);
    /* Exactly the end, whatever adding up steps gave. */
    if (status == PN_OK && count > 1) {
        status = check_holds(dtype, last, error);
        if (status == PN_OK) {
            pn_dtype_store(dtype, (*out)->data, count - 1, last);
        } else {
            pn_tensor_release(*out);
            *out = NULL;
        }
    }
    return status;
}

pn_status pn_tensor_eye(pn_dtype dtype, int64_t rows, int64_t columns, pn_tensor **out,
                        pn_error *error) {
    int64_t shape[2] = {rows, columns};
    pn_status status = pn_tensor_zeros(dtype, 2, shape, out, error);
    for (int64_t i = 0; status == PN_OK && i < rows && i < columns; i++)
        pn_dtype_store(dtype, (*out)->data, i * columns + i, 1);
    return status;
}

/* ---- random ---- */

enum { BLOCK = 1 << 16 }; /* numbers that share a stream of the generator */

typedef struct job {
    float *data;
    int64_t count;
    pn_distribution distribution;
    double a, b;
    uint64_t seed, stream;
} job;

static float draw(pn_random *random, const job *j) {
    if (j->distribution == PN_NORMAL) return (float)(j->a + j->b * pn_random_normal(random));
    float x = (float)(j->a + (j->b - j->a) * pn_random_uniform(random));
    /* Rounding to float32 may reach b, which does not belong to the interval. */
    return x >= (float)j->b && j->b > j->a ? nextafterf((float)j->b, (float)j->a) : x;
}

static void draw_blocks(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    for (int64_t block = begin; block < end; block++) {
        pn_random random;
        pn_random_seed(&random, j->seed, j->stream << 32 | (uint64_t)block);
        int64_t last = (block + 1) * BLOCK < j->count ? (block + 1) * BLOCK : j->count;
        for (int64_t i = block * BLOCK; i < last; i++) j->data[i] = draw(&random, j);
    }
}

pn_status pn_tensor_random(pn_distribution distribution, double a, double b, uint64_t seed,
                           uint64_t stream, int rank, const int64_t *shape, pn_tensor **out,
                           pn_error *error) {
    if (!isfinite(a) || !isfinite(b))
        return pn_fail(error, PN_E_ARGUMENT, "random numbers need finite parameters, not %g, %g", a,
                       b);
    pn_status status = pn_tensor_new(PN_F32, rank, shape, out, error);
    if (status != PN_OK) return status;
    job j = {(*out)->data, pn_tensor_count(*out), distribution, a, b, seed, stream};
    pn_parallel_for((j.count + BLOCK - 1) / BLOCK, 1, draw_blocks, &j);
    return PN_OK;
}
