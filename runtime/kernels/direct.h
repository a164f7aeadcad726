/* Convolutions of any shape as plain sums, for what Winograd's form does not fit or does not pay:
 * other kernels than 3 x 3, strides, the gradients of few channels. A block of results stays in
 * registers while the numbers of its windows, which lie side by side in memory, run past: nothing
 * is rearranged first.
 *
 * Errors are those of float32 sums. Nothing is allocated here; the same number of threads gives the
 * same bits. */
#ifndef PN_KERNELS_DIRECT_H
#define PN_KERNELS_DIRECT_H

#include "kernels/conv.h"

/* Whether all time would go into reading the kernel, once: each window is a whole image and the
 * batch is small. With conv->as_is the kernel is then used as it is, which is for the caller to say
 * in all calls alike, for this batch and smaller ones: give it as `packed`; it cannot be scaled. */
bool pn_direct_suits_as_is(const pn_conv *conv);

/* Floats that a kernel takes in its packed form, for the forward direction or for the gradient by
 * the input; 0 with as_is. */
int64_t pn_direct_packed(const pn_conv *conv, bool backward);

/* kernel (rows, columns, channels, filters), times scale (filters) unless that is NULL. Nothing
 * with as_is. */
void pn_direct_pack(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                    float *packed);

/* Floats of scratch that a call wants when it uses `lanes` threads, for this batch or a smaller
 * one. */
int64_t pn_direct_scratch(const pn_conv *conv, pn_conv_asked asked, int lanes);

/* x (batch, height, width, channels). */
void pn_direct_forward(const pn_conv *conv, const float *x, const float *packed,
                       const pn_conv_end *end, int lanes, float *scratch);

/* Overwrites d_x (as x) unless it is NULL; adds to d_kernel (as kernel) and d_bias (filters)
 * unless they are NULL. x may be NULL without d_kernel, `packed` without d_x; it is that of the
 * gradient by the input. */
void pn_direct_backward(const pn_conv *conv, const float *x, const float *packed,
                        const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                        int lanes, float *scratch);

#endif
