#define _GNU_SOURCE
#include "kernels/gemm.h"

#include "base/cancel.h"
#include "base/pool.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Rows or columns of c in one block: enough that packing the other operand anew for each block is
 * a small part of the work. */
enum { BLOCK = 128 };
/* Multiplications below which one thread is faster. */
enum { SMALL = 1 << 18 };

static struct {
    __typeof__(&cblas_sgemm) sgemm;
    __typeof__(&openblas_get_config) config;
    char failure[256];
} blas;

static void load_blas(void) {
    const char *name = getenv("PNEUMA_OPENBLAS");
    /* Its own threads would fight with the pool's; it reads this when it is loaded. */
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen(name && *name ? name : "libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library) {
        *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
        *(void **)&blas.config = dlsym(library, "openblas_get_config");
    }
    if (!blas.sgemm) {
        const char *why = dlerror();
        snprintf(blas.failure, sizeof blas.failure, "%s", why ? why : "unknown reason");
    }
}

pn_status pn_gemm_load(pn_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_blas);
    if (blas.sgemm) return PN_OK;
    return pn_fail(error, PN_E_NOT_FOUND,
                   "matrix products need OpenBLAS, which cannot be loaded (%s); Debian's package "
                   "is libopenblas0",
                   blas.failure);
}

const char *pn_gemm_version(void) {
    return pn_gemm_load(NULL) == PN_OK && blas.config ? blas.config() : "";
}

typedef struct product {
    int64_t m, n, k;
    float alpha, beta;
    pn_matrix a, b, c;
    bool by_columns;
    atomic_bool stopped;
} product;

static void multiply(const product *p, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    const float *a = p->a.data + row * (p->a.transposed ? 1 : p->a.ld);
    const float *b = p->b.data + column * (p->b.transposed ? p->b.ld : 1);
    blas.sgemm(CblasRowMajor, p->a.transposed ? CblasTrans : CblasNoTrans,
               p->b.transposed ? CblasTrans : CblasNoTrans, (blasint)rows, (blasint)columns,
               (blasint)p->k, p->alpha, a, (blasint)p->a.ld, b, (blasint)p->b.ld, p->beta,
               p->c.data + row * p->c.ld + column, (blasint)p->c.ld);
}

static void multiply_blocks(void *context, int64_t begin, int64_t end) {
    product *p = context;
    int64_t whole = p->by_columns ? p->n : p->m;
    for (int64_t i = begin; i < end && !atomic_load(&p->stopped); i++) {
        int64_t start = i * BLOCK, size = whole - start < BLOCK ? whole - start : BLOCK;
        if (pn_cancelled())
            atomic_store(&p->stopped, true);
        else if (p->by_columns)
            multiply(p, 0, p->m, start, size);
        else
            multiply(p, start, size, 0, p->n);
    }
}

pn_status pn_gemm(int64_t m, int64_t n, int64_t k, float alpha, pn_matrix a, pn_matrix b,
                  float beta, pn_matrix c, pn_error *error) {
    pn_status status = pn_gemm_load(error);
    if (status != PN_OK || m == 0 || n == 0) return status;
    if (m > INT32_MAX || n > INT32_MAX || k > INT32_MAX || a.ld > INT32_MAX || b.ld > INT32_MAX ||
        c.ld > INT32_MAX)
        return pn_fail(error, PN_E_ARGUMENT,
                       "a matrix product of (%lld, %lld) and (%lld, %lld) is too large",
                       (long long)m, (long long)k, (long long)k, (long long)n);
    /* A matrix without columns still needs a leading dimension that BLAS accepts. */
    if (a.ld < 1) a.ld = 1;
    if (b.ld < 1) b.ld = 1;
    product p = {.m = m, .n = n, .k = k, .alpha = alpha, .beta = beta, .a = a, .b = b, .c = c};
    p.by_columns = n > m;
    int64_t blocks = ((p.by_columns ? n : m) + BLOCK - 1) / BLOCK;
    atomic_init(&p.stopped, false);
    if (blocks == 1 || m * n < SMALL / (k > 0 ? k : 1) + 1)
        multiply(&p, 0, m, 0, n);
    else
        pn_parallel_for(blocks, 1, multiply_blocks, &p);
    if (atomic_load(&p.stopped))
        return pn_fail(error, PN_E_CANCELLED, "the matrix product was stopped");
    return PN_OK;
}
