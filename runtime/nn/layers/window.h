/* A window that moves over an image: kernel, stride and padding of convolutions and pooling. */
#ifndef PN_NN_LAYERS_WINDOW_H
#define PN_NN_LAYERS_WINDOW_H

#include "nn/layer.h"

typedef enum pn_padding { PN_VALID = 0, PN_SAME } pn_padding;

/* What the options kernel_size (or pool_size), strides and padding say. */
typedef struct pn_window {
    int64_t kernel[2], stride[2], dilation[2]; /* height, width */
    int padding;                               /* pn_padding */
} pn_window;

/* The same over an image of a certain size. */
typedef struct pn_windows {
    int64_t height, width, channels; /* of the image */
    int64_t rows, columns;           /* positions of the window */
    int64_t top, left;               /* rows and columns of padding before the image */
    pn_window window;
} pn_windows;

/* Reads `size` ("kernel_size"; NULL preset: required), strides and padding. With stride_preset
 * NULL the stride is the size, as in pooling. */
void pn_window_read(pn_config *config, const char *size, const int64_t size_preset[2],
                    const int64_t stride_preset[2], pn_window *window);

/* Places the window over an image (height, width, channels). As TensorFlow pads: 'same' gives
 * ceil(size / stride) positions, and the odd row or column of padding comes last. PN_E_SHAPE when
 * the input is no image, or smaller than the window. */
pn_status pn_window_place(const pn_window *window, const pn_dims *in, pn_windows *windows,
                          pn_error *error);

/* PN_E_SHAPE unless `in` is an image (height, width, channels). */
pn_status pn_window_image(const pn_dims *in, pn_error *error);

/* The part of a window that stands over the image, along one axis. */
typedef struct pn_span {
    int64_t begin, end; /* items of the window, from 0 */
    int64_t start;      /* the image's row (or column) under item 0; may be outside */
} pn_span;

/* axis 0: rows, 1: columns; `position` from 0 to rows - 1 (columns - 1). */
pn_span pn_window_span(const pn_windows *windows, int axis, int64_t position);

/* For gradients of overlapping windows: zeroes the rows of `image` from *zeroed up to the last one
 * under the windows of row `row` (all that are left, for the last row), and moves *zeroed. */
void pn_window_zero(const pn_windows *windows, int64_t row, pn_real *image, int64_t *zeroed);

#endif
