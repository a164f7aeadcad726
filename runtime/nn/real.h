/* The number type of the layers. Their sources are compiled twice: with float for the library, and
 * with double (PN_DOUBLE) for the tests that compare every gradient with a numeric one. What
 * computes has another name in double, so that both fit into one program. */
#ifndef PN_NN_REAL_H
#define PN_NN_REAL_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef PN_DOUBLE
typedef double pn_real;
#define PN_LAYER(name) pn_layer_##name##_f64
#define pn_layer_types pn_layer_types_f64
#define pn_activate pn_activate_f64
#define pn_activate_backward pn_activate_backward_f64
#define pn_real_gemm pn_real_gemm_f64
#define pn_im2col pn_im2col_f64
#define pn_col2im pn_col2im_f64
#define pn_window_zero pn_window_zero_f64
#define pn_copy pn_copy_f64
#define pn_copy_output pn_copy_output_f64
#define pn_copy_forward pn_copy_forward_f64
#define pn_copy_backward pn_copy_backward_f64
#else
typedef float pn_real;
/* The pn_layer_type that a file of layers/ defines. */
#define PN_LAYER(name) pn_layer_##name
#endif

/* As pn_matrix of kernels/gemm.h: item (i, j) is data[i * ld + j], or data[j * ld + i] when it is
 * transposed. */
typedef struct pn_real_matrix {
    const pn_real *data;
    int64_t ld;
    bool transposed;
} pn_real_matrix;

/* c (m, n; row stride ldc) = a (m, k) times b (k, n) + beta * c. The statuses of pn_gemm. */
pn_status pn_real_gemm(int64_t m, int64_t n, int64_t k, pn_real_matrix a, pn_real_matrix b,
                       pn_real beta, pn_real *c, int64_t ldc, pn_error *error);

#endif
