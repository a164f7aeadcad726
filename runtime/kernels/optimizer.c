#include "kernels/optimizer.h"

#include "kernels/optimizer_parts.h"

void pn_kernel_update(const pn_update *update, float *value, const float *gradient,
                      float *const slot[PN_RULE_SLOTS], int64_t n) {
    PN_PICK(pn_update_values)(update, value, gradient, slot, n);
}

void pn_kernel_clip(float *x, int64_t n, float limit) {
    PN_PICK(pn_clip_values)(x, n, limit);
}

void pn_kernel_scale(float *x, int64_t n, float factor) {
    PN_PICK(pn_scale_values)(x, n, factor);
}

double pn_kernel_sum_squares(const float *x, int64_t n) {
    return PN_PICK(pn_sum_squares)(x, n);
}
