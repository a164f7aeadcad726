/* Pictures inside JSON: data URLs of PNG files. */
#ifndef PN_WEB_PICTURE_URL_H
#define PN_WEB_PICTURE_URL_H

#include "base/error.h"
#include "base/text.h"

#include <stdint.h>

/* Appends "data:image/png;base64,..." of uint8 pixels (height, width, channels). */
pn_status pn_picture_url(const uint8_t *pixels, int64_t height, int64_t width, int channels,
                         pn_text *url, pn_error *error);

/* The same of a map (height, width) from 0 to 1 in the colours that image.overlay gives it,
 * stretched to the proportions of an image of the given size. */
pn_status pn_heatmap_url(const float *map, int64_t height, int64_t width, int64_t image_height,
                         int64_t image_width, pn_text *url, pn_error *error);

#endif
