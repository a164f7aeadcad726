/* Convolution as a matrix product: every position of the window becomes a row. */
#ifndef PN_NN_LAYERS_IM2COL_H
#define PN_NN_LAYERS_IM2COL_H

#include "nn/layers/window.h"

/* rows (positions, kernel height * kernel width * channels) from an image (height, width,
 * channels); zeros where the window stands over the padding. */
void pn_im2col(const pn_windows *w, const pn_real *image, pn_real *rows);

/* The transpose: adds every row's items back to where they came from, into a zeroed image. */
void pn_col2im(const pn_windows *w, const pn_real *rows, pn_real *image);

#endif
