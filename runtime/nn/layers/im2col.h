/* Convolution as a matrix product: every position of the window becomes a row. */
#ifndef PN_NN_LAYERS_IM2COL_H
#define PN_NN_LAYERS_IM2COL_H

#include "nn/layers/window.h"

/* rows (count, kernel height * kernel width * channels): the windows at the positions first,
 * first + 1, ... of an image (height, width, channels), counted row by row; zeros where a window
 * stands over the padding. */
void pn_im2col(const pn_windows *w, const pn_real *image, int64_t first, int64_t count,
               pn_real *rows);

/* The transpose: adds every row's items back to where they came from. */
void pn_col2im(const pn_windows *w, const pn_real *rows, int64_t first, int64_t count,
               pn_real *image);

#endif
