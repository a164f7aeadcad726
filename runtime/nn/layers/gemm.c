/* The matrix product of the layers: OpenBLAS in float, plain loops in double, where only tests are
 * and speed does not matter. */
#include "nn/real.h"

#ifdef PN_DOUBLE

static double item(const pn_real_matrix *m, int64_t row, int64_t column) {
    return m->data[m->transposed ? column * m->ld + row : row * m->ld + column];
}

pn_status pn_real_gemm(int64_t m, int64_t n, int64_t k, pn_real_matrix a, pn_real_matrix b,
                       pn_real beta, pn_real *c, int64_t ldc, pn_error *error) {
    (void)error;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = beta == 0 ? 0 : beta * c[i * ldc + j];
            for (int64_t l = 0; l < k; l++) sum += item(&a, i, l) * item(&b, l, j);
            c[i * ldc + j] = sum;
        }
    return PN_OK;
}

#else

#include "kernels/gemm.h"

pn_status pn_real_gemm(int64_t m, int64_t n, int64_t k, pn_real_matrix a, pn_real_matrix b,
                       pn_real beta, pn_real *c, int64_t ldc, pn_error *error) {
    /* pn_gemm only reads a and b. */
    const pn_matrix left = {(float *)a.data, a.ld, a.transposed};
    const pn_matrix right = {(float *)b.data, b.ld, b.transposed};
    return pn_gemm(m, n, k, 1, left, right, beta, (pn_matrix){c, ldc, false}, error);
}

#endif
