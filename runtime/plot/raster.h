/* Images at the size they are shown: averaged down natively before gnuplot sees them. */
#ifndef PN_PLOT_RASTER_H
#define PN_PLOT_RASTER_H

#include "pneuma/stage.h"

#include <stdint.h>

/* Resamples a dense image (H,W) or (H,W,C) to out[height][width][channels] by area averaging: each
 * output pixel is the mean of the part of the image it covers (enlarging so gives hard-edged
 * pixels). NaN spreads to the output pixels it touches. height, width >= 1; the image is not
 * empty. Runs on the thread pool. */
void pn_raster_fit(const pn_array *image, int64_t height, int64_t width, float *out);

#endif
