/* What direct.c and simd/direct*.c share. Not for others. */
#ifndef PN_KERNELS_DIRECT_PARTS_H
#define PN_KERNELS_DIRECT_PARTS_H

#include "kernels/direct.h"
#include "kernels/simd/level.h"

enum { PN_DIRECT_WIDE = 24 }; /* columns of results at a time; even, for pooling */

/* Results of one image: at most two rows, the first one even where there are two. */
typedef struct pn_direct_span {
    int64_t image, row, column, columns;
    int rows;
} pn_direct_span;

/* Rows of the gradient by the results, from row `first` on: each begins with `left` zeros for the
 * columns before the first, has `pixel` floats a column and `line` in all. */
typedef struct pn_direct_gradient {
    float *rows;
    int64_t first, left, pixel, line;
} pn_direct_gradient;

typedef struct pn_direct_ops {
    int panel, vector; /* columns that kernels are packed in; that gradients are padded to */
    /* Packs panels begin <= p < end of the kernel. */
    void (*pack)(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                 int64_t begin, int64_t end, float *packed);
    /* At most PN_DIRECT_WIDE columns. `space` takes the windows' numbers where some lie outside. */
    void (*forward)(const pn_conv *conv, const float *x, const float *packed,
                    const pn_conv_end *end, const pn_direct_span *at, int lane, float *space);
    /* Makes the rows of the gradient; adds their sums to d_bias unless it is NULL. */
    void (*load_slope)(const pn_conv *conv, const pn_conv_slope *slope, const pn_direct_span *at,
                       const pn_direct_gradient *to, double *d_bias);
    /* Adds one row's part to sums (kernel rows, kernel columns, channels, pixel). Columns beyond
     * PN_DIRECT_WIDE only where all windows are inside. */
    void (*add_kernel)(const pn_conv *conv, const float *x, const pn_direct_span *at,
                       const pn_direct_gradient *gradient, float *sums, float *space);
    /* Row `row` of the gradient by an image of the input, to d_x (width, channels). */
    void (*input_row)(const pn_conv *conv, const float *packed, const pn_direct_gradient *gradient,
                      int64_t row, float *d_x);
    /* Adds the sums of all lanes to items begin <= i < end of d_kernel (items, filters). */
    void (*add_sums)(const pn_conv *conv, const float *sums, int64_t pixel, int lanes,
                     int64_t lane_floats, int64_t begin, int64_t end, float *d_kernel);
    /* With a kernel (items, filters) as it is; conv has been made one row of pixels, whose channels
     * are the items. The end of filters begin <= f < last of sums (pixels, filters). */
    void (*matrix_end)(const pn_conv *conv, const pn_conv_end *end, int lane, int64_t begin,
                       int64_t last, const float *sums);
    /* Items begin <= i < end of d_x (pixels, items) and of d_kernel. */
    void (*matrix_input)(const pn_conv *conv, const float *kernel,
                         const pn_direct_gradient *gradient, int64_t begin, int64_t end,
                         float *d_x);
    void (*matrix_kernel)(const pn_conv *conv, const float *x, const pn_direct_gradient *gradient,
                          int64_t begin, int64_t end, float *d_kernel);
} pn_direct_ops;

#if defined(__x86_64__)
extern const pn_direct_ops pn_direct_portable, pn_direct_avx2, pn_direct_avx512;
#else
extern const pn_direct_ops pn_direct_portable;
#endif

#endif
