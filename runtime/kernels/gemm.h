/* Matrix products through OpenBLAS, which is loaded when first needed: a program that multiplies
 * nothing does not pay for it. */
#ifndef PN_KERNELS_GEMM_H
#define PN_KERNELS_GEMM_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A float32 matrix of rows x columns whose item (i, j) is data[i * ld + j], or data[j * ld + i]
 * when it is transposed. */
typedef struct pn_matrix {
    float *data;
    int64_t ld;
    bool transposed;
} pn_matrix;

/* c (m, n) = alpha * a (m, k) times b (k, n) + beta * c. c is not transposed and overlaps neither
 * a nor b. Large products run on the pool in blocks that depend on the shape alone, so that the
 * result is the same whatever the number of threads. PN_E_NOT_FOUND when OpenBLAS is missing,
 * PN_E_CANCELLED when the user stopped it, PN_E_ARGUMENT beyond 2^31 - 1 rows or columns. */
pn_status pn_gemm(int64_t m, int64_t n, int64_t k, float alpha, pn_matrix a, pn_matrix b,
                  float beta, pn_matrix c, pn_error *error);

/* Loads OpenBLAS now if it is not yet loaded; the same statuses. PNEUMA_OPENBLAS names another
 * library to load than "libopenblas.so.0". */
pn_status pn_gemm_load(pn_error *error);

/* What OpenBLAS says of itself ("OpenBLAS 0.3.21 ..."), or "" when it is missing. */
const char *pn_gemm_version(void);

#endif
