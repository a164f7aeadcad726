#include "nn/fuse/engine.h"

#include "kernels/direct.h"
#include "kernels/winograd.h"

/* Fewer than ENOUGH channels leave the products of Winograd's form too short to pay for the
 * transforms, unless they are so few that there is a form of its own for the results. */
static bool is_winograd(const pn_conv *conv, bool backward) {
    enum { ENOUGH = 8 };
    if (!pn_winograd_fits(conv)) return false;
    return conv->channels >= ENOUGH || (!backward && conv->channels <= PN_WINOGRAD_FEW);
}

int64_t pn_engine_packed(const pn_conv *conv, bool backward) {
    return is_winograd(conv, backward) ? pn_winograd_packed(conv, pn_winograd_tile(conv), backward)
                                       : pn_direct_packed(conv, backward);
}

void pn_engine_pack(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                    float *packed) {
    if (is_winograd(conv, backward))
        pn_winograd_pack(conv, pn_winograd_tile(conv), backward, kernel, scale, packed);
    else
        pn_direct_pack(conv, backward, kernel, scale, packed);
}

int64_t pn_engine_scratch(const pn_conv *conv, pn_conv_asked asked, int lanes) {
    return is_winograd(conv, asked != PN_CONV_FORWARD)
               ? pn_winograd_scratch(conv, pn_winograd_tile(conv), asked, lanes)
               : pn_direct_scratch(conv, asked, lanes);
}

void pn_engine_forward(const pn_conv *conv, const float *x, const float *packed,
                       const pn_conv_end *end, int lanes, float *scratch) {
    if (is_winograd(conv, false))
        pn_winograd_forward(conv, pn_winograd_tile(conv), x, packed, end, lanes, scratch);
    else
        pn_direct_forward(conv, x, packed, end, lanes, scratch);
}

void pn_engine_backward(const pn_conv *conv, const float *x, const float *packed,
                        const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                        int lanes, float *scratch) {
    if (is_winograd(conv, true))
        pn_winograd_backward(conv, pn_winograd_tile(conv), x, packed, slope, d_x, d_kernel, d_bias,
                             lanes, scratch);
    else
        pn_direct_backward(conv, x, packed, slope, d_x, d_kernel, d_bias, lanes, scratch);
}
