/* What Pneuma uses of stb_image and stb_image_write, which only stb.c includes. */
#ifndef PN_IMAGE_STB_H
#define PN_IMAGE_STB_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Decodes a JPEG, PNG or BMP to `channels` (1 or 3) of 8 bits; no buffer may grow beyond `most`
 * bytes. The result is pn_alloc memory. NULL: *reason says why, as a clause ("..."), or is NULL
 * when memory was out. */
uint8_t *pn_stb_decode8(const void *bytes, size_t size, size_t most, int channels, int *height,
                        int *width, const char **reason);
/* The same for PNG files of 16 bits. */
uint16_t *pn_stb_decode16(const void *bytes, size_t size, size_t most, int channels, int *height,
                          int *width, const char **reason);

/* Append the encoded image; 0 when that fails (memory). */
int pn_stb_encode_jpeg(const uint8_t *pixels, int height, int width, int channels, int quality,
                       pn_text *out);
int pn_stb_encode_png(const uint8_t *pixels, int height, int width, int channels, pn_text *out);
int pn_stb_encode_bmp(const uint8_t *pixels, int height, int width, int channels, pn_text *out);

#endif
