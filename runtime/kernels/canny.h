/* Canny's edge detector, equal to OpenCV's Canny(image, low, high, apertureSize, L2gradient) in
 * every pixel (compared with 4.12, 4.14 and 5.0). The method: J. Canny, "A computational approach
 * to edge detection", PAMI 1986; the arithmetic: OpenCV's documentation and behaviour. */
#ifndef PN_KERNELS_CANNY_H
#define PN_KERNELS_CANNY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Thresholds apply to the gradient of the unscaled Sobel kernels (aperture 3: up to 2,040 in L1
 * norm). Any finite number will do: they are swapped where low > high, divided by 16 at aperture 7
 * (so is the gradient, rounded half to even), squared where positive in L2 norm, and rounded down;
 * beyond the range of int32 they count as its ends. */
typedef struct pn_canny_options {
    double low, high;
    int aperture; /* 3, 5 or 7: the side of the Sobel kernel */
    bool l2;      /* sqrt(dx^2 + dy^2) instead of |dx| + |dy| */
} pn_canny_options;

/* Bytes of scratch memory that pn_canny needs for such an image; 0 where pn_canny would refuse. */
size_t pn_canny_scratch(int64_t height, int64_t width, int channels,
                        const pn_canny_options *options);

/* Finds the edges of image (H,W,C), C = 1 or 3: edges (H,W) gets 255 on an edge, else 0. Of three
 * channels the one with the strongest gradient counts, the first among equals. Outside the image
 * the border pixel goes on. scratch: pn_canny_scratch() bytes aligned to 64; no two of the three
 * overlap. Runs in stripes on the pool. PN_E_ARGUMENT for another aperture, a threshold that is
 * not finite, an empty or oversized image, another C. */
pn_status pn_canny(const uint8_t *image, int64_t height, int64_t width, int channels,
                   const pn_canny_options *options, void *scratch, uint8_t *edges, pn_error *error);

/* The same, written to be read: one thread, one step after the other. Its scratch is its own. */
size_t pn_canny_reference_scratch(int64_t height, int64_t width, int channels,
                                  const pn_canny_options *options);
pn_status pn_canny_reference(const uint8_t *image, int64_t height, int64_t width, int channels,
                             const pn_canny_options *options, void *scratch, uint8_t *edges,
                             pn_error *error);

#endif
