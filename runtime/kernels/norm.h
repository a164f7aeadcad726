/* What batch normalization does besides counting: rows of channels, float32. */
#ifndef PN_KERNELS_NORM_H
#define PN_KERNELS_NORM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pn_norm {
    int64_t rows, channels;
    const float *mean, *factor, *offset; /* (channels) */
    bool relu;
} pn_norm;

/* out = (x - mean) * factor + offset, both (rows, channels); with relu, negative ones become 0. */
void pn_norm_apply(const pn_norm *norm, const float *x, float *out);

/* sums (2, channels) = the sums over all rows of d and of d * (x - mean), where y > 0 or y is NULL.
 * `scratch` has 2 * channels * lanes doubles. The same number of lanes gives the same bits. */
void pn_norm_sums(const pn_norm *norm, const float *d, const float *y, const float *x, double *sums,
                  int lanes, double *scratch);

#endif
