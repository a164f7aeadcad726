/* Convolutions of 3 x 3 with stride 1 in Winograd's form: tiles of 6 x 6 (or 4 x 4) results are
 * computed from 8 x 8 (6 x 6) numbers each, by as many small matrix products over the channels,
 * with a fifth (a quarter) of the multiplications. Lavin and Gray, Fast Algorithms for
 * Convolutional Neural Networks (2016); the gradients are the transposed forms of the same sums.
 *
 * A number that is NaN, infinite or huge reaches all results of its tiles, not only those whose
 * window holds it. Errors are about 1e-5 of the largest result with tiles of 6, 2e-6 with tiles
 * of 4. Nothing is allocated here; the same number of threads gives the same bits. */
#ifndef PN_KERNELS_WINOGRAD_H
#define PN_KERNELS_WINOGRAD_H

#include "kernels/conv.h"

/* Channels up to which a tile's results are made at one go. Between these and about eight the
 * products are too short to pay for the transforms. */
enum { PN_WINOGRAD_FEW = 4 };

/* Whether the shape is one for these kernels: 3 x 3, stride 1, at most one zero before each side.
 */
bool pn_winograd_fits(const pn_conv *conv);

/* The size of the tiles that suits the shape: 6 or 4. */
int pn_winograd_tile(const pn_conv *conv);

/* Floats that a kernel takes in its transformed form, for the forward direction or for the
 * gradient by the input. */
int64_t pn_winograd_packed(const pn_conv *conv, int tile, bool backward);

/* kernel (3, 3, channels, filters), times scale (filters) unless that is NULL. */
void pn_winograd_pack(const pn_conv *conv, int tile, bool backward, const float *kernel,
                      const float *scale, float *packed);

/* Floats of scratch that a call wants when it uses `lanes` threads, for this batch or a smaller
 * one. */
int64_t pn_winograd_scratch(const pn_conv *conv, int tile, pn_conv_asked asked, int lanes);

/* x (batch, height, width, channels). */
void pn_winograd_forward(const pn_conv *conv, int tile, const float *x, const float *packed,
                         const pn_conv_end *end, int lanes, float *scratch);

/* Overwrites d_x (as x) unless it is NULL; adds to d_kernel (as kernel) and d_bias (filters)
 * unless they are NULL. x may be NULL without d_kernel. `packed` is that of the gradient by the
 * input. */
void pn_winograd_backward(const pn_conv *conv, int tile, const float *x, const float *packed,
                          const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                          int lanes, float *scratch);

#endif
