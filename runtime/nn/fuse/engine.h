/* Inside nn/fuse: the kernels that suit a convolution, behind one set of functions. Sizes are in
 * floats; for what the functions do see kernels/winograd.h. */
#ifndef PN_NN_FUSE_ENGINE_H
#define PN_NN_FUSE_ENGINE_H

#include "kernels/conv.h"

/* 0 where conv->as_is: give the kernel as `packed`; it cannot be scaled then. */
int64_t pn_engine_packed(const pn_conv *conv, bool backward);
void pn_engine_pack(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                    float *packed);
int64_t pn_engine_scratch(const pn_conv *conv, pn_conv_asked asked, int lanes);
void pn_engine_forward(const pn_conv *conv, const float *x, const float *packed,
                       const pn_conv_end *end, int lanes, float *scratch);
void pn_engine_backward(const pn_conv *conv, const float *x, const float *packed,
                        const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                        int lanes, float *scratch);

#endif
