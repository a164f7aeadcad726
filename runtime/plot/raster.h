/* Images at the size they are shown: averaged down natively before gnuplot sees them. */
#ifndef PN_PLOT_RASTER_H
#define PN_PLOT_RASTER_H

#include "pneuma/stage.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of the image's pixels that one output pixel covers. */
typedef enum pn_raster_reduce {
    PN_RASTER_MEAN, /* weighted by area */
    PN_RASTER_MAX,  /* the greatest: keeps lines one pixel wide in sight */
} pn_raster_reduce;

/* Resamples a dense image (H,W) or (H,W,C) to out[height][width][channels] by areas (enlarging so
 * gives hard-edged pixels). NaN spreads to the means it touches and is no maximum.
 * height, width >= 1; the image is not empty. Runs on the thread pool. */
void pn_raster_fit(const pn_array *image, pn_raster_reduce reduce, int64_t height, int64_t width,
                   float *out);

/* True when a dense image holds at most two different values: an edge map or a mask. */
bool pn_raster_is_binary(const pn_array *image);

#endif
