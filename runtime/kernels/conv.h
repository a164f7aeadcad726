/* What the fast convolutions have in common: shapes, what follows a convolution at once (its end),
 * and how the gradient of its result is made where it is needed (its slope). With these, a run of
 * layers such as convolution, ReLU, batch normalization and pooling reads and writes each number
 * once. Data are NHWC, kernels (rows, columns, channels, filters), float32. */
#ifndef PN_KERNELS_CONV_H
#define PN_KERNELS_CONV_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pn_conv {
    int64_t batch, height, width, channels; /* in */
    int64_t rows, columns, filters;         /* out */
    int64_t kernel[2], stride[2];           /* rows, columns */
    int64_t before[2];                      /* zeros above and to the left */
    bool as_is; /* the kernel is not packed: see pn_direct_suits_as_is */
} pn_conv;

/* Each result, one step after the other; everything but the results is optional (NULL, false). */
typedef struct pn_conv_end {
    const float *bias;          /* (filters) is added */
    bool relu;                  /* negative numbers become 0 */
    double *sums;               /* (lanes, 2, filters) get the sum and the sum of squares added */
    const float *scale, *shift; /* (filters): result * scale + shift */
    float *map;                 /* (batch, rows, columns, filters) gets the result */
    /* (batch, rows / 2, columns / 2, filters) get the largest of each 2 x 2 window, and which of
     * its items that is: 0 to 3, row by row, the first of equal ones. */
    float *pooled;
    uint8_t *place;
    /* (filters): where it is negative the smallest is taken instead, where it is 0 the first. */
    const float *sign;
} pn_conv_end;

/* The gradient by a convolution's results. That by what came out at the end, d, goes to all results
 * or, when they were pooled, to those that were taken:
 *
 *     g = d where y > 0 (or y is NULL), else 0       y: what came out, after a last ReLU
 *     g = g * scale + shift + slope * map            when scale is not NULL: batch normalization
 *     g = 0 where map <= 0                           when relu */
typedef struct pn_conv_slope {
    const float *d, *y;                 /* (batch, rows, columns, filters), or of the pooled ones */
    const uint8_t *place;               /* as in pn_conv_end; NULL: not pooled, or by_map */
    bool by_map;                        /* pooled: what was taken is looked for in the map again */
    const float *sign;                  /* with by_map: as in pn_conv_end */
    const float *map;                   /* the results; may be NULL when nothing asks for them */
    const float *scale, *shift, *slope; /* (filters); shift and slope may be NULL: 0 */
    bool relu;
} pn_conv_slope;

/* What a call is asked for, and so what scratch it wants. */
typedef enum pn_conv_asked {
    PN_CONV_FORWARD,
    PN_CONV_BACKWARD,
    PN_CONV_BACKWARD_NO_KERNEL, /* without d_kernel */
} pn_conv_asked;

#endif
