/* Rows of comparisons; see kernels/elementwise.h for steps. */
#ifndef PN_KERNELS_COMPARE_H
#define PN_KERNELS_COMPARE_H

#include <stdint.h>

typedef enum pn_compare {
    PN_GT = 0,
    PN_GE,
    PN_LT,
    PN_LE,
    PN_EQ,
    PN_NE,
    PN_AND, /* both differ from 0 */
    PN_OR,  /* one differs from 0 */
} pn_compare;

/* out[i] = 1 when a[i * a_step] op b[i * b_step] holds, else 0; steps are 0 or 1. NaN equals
 * nothing. */
void pn_kernel_compare_f32(pn_compare op, uint8_t *out, const float *a, int64_t a_step,
                           const float *b, int64_t b_step, int64_t n);
void pn_kernel_compare_i32(pn_compare op, uint8_t *out, const int32_t *a, int64_t a_step,
                           const int32_t *b, int64_t b_step, int64_t n);

#endif
