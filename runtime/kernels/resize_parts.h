/* What resize.c and simd/resize.c share. Not for others. */
#ifndef PN_KERNELS_RESIZE_PARTS_H
#define PN_KERNELS_RESIZE_PARTS_H

#include "kernels/resize.h"
#include "kernels/simd/level.h"

enum { RESIZE_ONE = 2048 }; /* the weight 1 in 11-bit fixed point */

/* Where one output column or row takes its two neighbours from: items `at` and `at` + a step that
 * the caller knows, weighted 1 - weight and weight. */
typedef struct pn_resize_tap {
    int32_t at;
    union {
        float weight;
        int16_t fixed[2]; /* both weights, in units of 1 / RESIZE_ONE */
    };
} pn_resize_tap;

/* One row of `items` items across: out[x * channels + c] from row[tap[x].at + c] and row[tap[x].at
 * + step + c]. The uint8 one keeps 7 of the 11 fraction bits, which is what the mix goes on with;
 * it may write 4 items beyond the end of out. */
PN_DECLARE_LEVELS(void, pn_resize_across_u8, const uint8_t *row, int64_t items, int64_t step,
                  const pn_resize_tap *tap, int64_t width, int channels, int16_t *out);
PN_DECLARE_LEVELS(void, pn_resize_across_f32, const float *row, int64_t step,
                  const pn_resize_tap *tap, int64_t width, int channels, float *out);

/* Two such rows into one of the result. */
PN_DECLARE_LEVELS(void, pn_resize_mix_u8, const int16_t *a, const int16_t *b,
                  const int16_t weight[2], int64_t count, uint8_t *out);
PN_DECLARE_LEVELS(void, pn_resize_mix_f32, const float *a, const float *b, float weight,
                  int64_t count, float *out);

/* One row of an image of exactly half the size, from rows a and b. */
PN_DECLARE_LEVELS(void, pn_resize_halve_u8, const uint8_t *a, const uint8_t *b, int64_t width,
                  int channels, uint8_t *out);

#endif
