/* Resizing images of uint8 or float32 items, 1 to 4 channels, rows (H,W,C) without gaps.
 *
 * Nearest is Pillow's Image.resize(size, Image.NEAREST), item for item (compared with 13.0).
 * Bilinear uint8 is OpenCV's resize(INTER_LINEAR), item for item (compared with 4.12, 4.14, 5.0 on
 * x86-64): 11-bit weights, and an exact halving is the mean of four, rounded half up (2 channels:
 * half to even). Bilinear float32 has the same formula with coordinates in double and the rest in
 * float32, so it is within 2e-7 times the largest magnitude from the exact value; OpenCV agrees to
 * 3e-7, but computes coordinates in float, and strays by up to 1e-4, with 2 channels or where the
 * image is a single row or column. */
#ifndef PN_KERNELS_RESIZE_H
#define PN_KERNELS_RESIZE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum pn_filter {
    PN_NEAREST = 0,
    PN_BILINEAR,
} pn_filter;

/* The size of an image and of what it becomes, in pixels. */
typedef struct pn_resize_shape {
    int64_t height, width;
    int64_t to_height, to_width;
    int channels; /* 1 to 4 */
} pn_resize_shape;

/* Bytes of scratch memory the functions below need; 0 where they would refuse. */
size_t pn_resize_scratch(const pn_resize_shape *shape);

/* Resizes from (height,width,channels) into to (to_height,to_width,channels). scratch:
 * pn_resize_scratch() bytes aligned to 64; nothing overlaps. Runs in stripes on the pool; the
 * result does not depend on how many. PN_E_ARGUMENT for an empty or oversized image or another
 * number of channels. */
pn_status pn_resize_u8(pn_filter filter, const pn_resize_shape *shape, const uint8_t *from,
                       void *scratch, uint8_t *to, pn_error *error);
pn_status pn_resize_f32(pn_filter filter, const pn_resize_shape *shape, const float *from,
                        void *scratch, float *to, pn_error *error);

#endif
