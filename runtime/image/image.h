/* Images: files to tensors and back, colour, pictures to show. An image is a tensor of shape
 * (height, width) when grey, or (height, width, channels) with 1 or 3 channels, red first. uint8
 * images run from 0 to 255, int32 images from 0 to 65535 (files of 16 bits), float32 images from
 * 0 to 1. */
#ifndef PN_IMAGE_IMAGE_H
#define PN_IMAGE_IMAGE_H

#include "base/error.h"
#include "base/text.h"
#include "kernels/resize.h"
#include "tensor/tensor.h"

/* ---- reading ---- */

typedef enum pn_image_format {
    PN_IMAGE_JPEG,
    PN_IMAGE_PNG,
    PN_IMAGE_BMP,
    PN_IMAGE_PNM, /* PGM and PPM, the binary kinds */
} pn_image_format;

/* What a file's header says. */
typedef struct pn_image_info {
    pn_image_format format;
    int64_t height, width; /* as decoded: after the turn that EXIF asks for */
    int channels;          /* 1 or 3: as stored, palettes looked up, without any alpha */
    int depth;             /* bits of a sample once decoded: 8 (uint8) or 16 (int32) */
} pn_image_info;

/* More pixels than this are refused before anything is allocated. */
#define PN_IMAGE_MAX_PIXELS ((int64_t)1 << 28)

/* "JPEG", "PNG", "BMP", "PGM/PPM". */
const char *pn_image_format_name(pn_image_format format);

/* Reads the header in bytes[size] without decoding. `name` is the file's name for messages (NULL:
 * "the image"). `more`: NULL when bytes are the whole file; else bytes may be only its start, and
 * *more is set to 1 when the header reaches beyond them (the status is PN_E_FORMAT then; call
 * again with more bytes).
 * PN_E_FORMAT for what is empty, truncated or no image, saying which; PN_E_UNSUPPORTED for images
 * of other kinds, and for more than PN_IMAGE_MAX_PIXELS. */
pn_status pn_image_probe(const void *bytes, size_t size, const char *name, int *more,
                         pn_image_info *info, pn_error *error);

/* As pn_image_probe for a file, of which it reads only the start. */
pn_status pn_image_probe_file(const char *path, pn_image_info *info, pn_error *error);

/* Looks whether a whole file in bytes[size] is complete, without decoding it: PN_E_FORMAT when its
 * end is missing. *info may be NULL. */
pn_status pn_image_check(const void *bytes, size_t size, const char *name, pn_image_info *info,
                         pn_error *error);

/* Decodes bytes[size] to a dense tensor: (H,W) for one channel, (H,W,3) for three; uint8, or int32
 * 0..65535 for files of 16 bits. channels: 0 as stored, 1 grey, 3 RGB. Alpha is dropped, the EXIF
 * orientation is applied (as OpenCV's imread does). Grey of a JPEG in YCbCr is its Y, else as
 * pn_image_gray. Statuses as pn_image_check, and PN_E_ARGUMENT for other channels. *out is a new
 * reference. Safe from any thread. */
pn_status pn_image_decode(const void *bytes, size_t size, const char *name, int channels,
                          pn_tensor **out, pn_error *error);

/* As pn_image_decode for a file. */
pn_status pn_image_read(const char *path, int channels, pn_tensor **out, pn_error *error);

/* ---- writing ---- */

/* Appends a JPEG (quality 1 to 100) or a PNG to `out`: pixels[height][width][channels], dense,
 * 1 or 3 channels. PN_E_ARGUMENT, PN_E_UNSUPPORTED (over 65535 rows or columns), PN_E_MEMORY. */
pn_status pn_image_encode_jpeg(const uint8_t *pixels, int64_t height, int64_t width,
                               int64_t channels, int quality, pn_text *out, pn_error *error);
pn_status pn_image_encode_png(const uint8_t *pixels, int64_t height, int64_t width,
                              int64_t channels, pn_text *out, pn_error *error);

/* Writes an image to a file in the format that its ending names (.jpg .jpeg .png .bmp .pgm .ppm),
 * whole or not at all. float32 is clipped to 0..1 and rounded to 8 bits; int32 needs .pgm or .ppm,
 * which keep 16 bits. `quality` is for JPEG. */
pn_status pn_image_write(const char *path, pn_tensor *image, int quality, pn_error *error);

/* ---- colour ---- */

/* The colour map of 256 RGB entries with this name: "viridis" (matplotlib's), "jet" (OpenCV's
 * COLORMAP_JET) or "gray"; NULL when there is none. */
const uint8_t (*pn_colormap(const char *name))[3];
/* The names, NULL-ended. */
extern const char *const pn_colormap_names[];

/* One channel from three: (4899 R + 9617 G + 1868 B + 8192) >> 14 for integers, as OpenCV's
 * cvtColor does; 0.299 R + 0.587 G + 0.114 B for float32. An image of one channel gives a copy.
 * (H,W,C) gives (H,W), a batch (N,H,W,C) gives (N,H,W). New reference. */
pn_status pn_image_gray(pn_tensor *image, pn_tensor **out, pn_error *error);

/* Three equal channels from one; an image of three gives a copy. (H,W) and (H,W,1) give (H,W,3),
 * (N,H,W,1) gives (N,H,W,3). New reference. */
pn_status pn_image_rgb(pn_tensor *image, pn_tensor **out, pn_error *error);

/* The range of values that is black to white by default: 0..255 for uint8, 0..1 for float32, the
 * image's own minimum and maximum for int32. */
void pn_image_range(const pn_tensor *image, double *low, double *high);

/* Colours a grey image: entry floor(256 (v - low) / (high - low)) of the map, clipped to 0..255
 * (as matplotlib does; NaN is 0). (H,W) or (H,W,1) gives uint8 (H,W,3). New reference. */
pn_status pn_image_colormap(pn_tensor *image, const uint8_t (*map)[3], double low, double high,
                            pn_tensor **out, pn_error *error);

/* What a screen shows of an image: uint8 (H,W) or (H,W,3), dense. A grey image goes through `map`
 * unless that is NULL; float32 and int32 are scaled from pn_image_range and clipped. */
pn_status pn_image_visible(pn_tensor *image, const uint8_t (*map)[3], pn_tensor **out,
                           pn_error *error);

/* ---- size ---- */

/* Resizes an image (H,W) or (H,W,C), or each of a batch (N,H,W,C), C from 1 to 4; a batch of grey
 * images may also be (N,H,W) with W > 4. uint8 and float32 as kernels/resize.h says; int32 goes
 * through float32 and is rounded. PN_E_SHAPE, PN_E_ARGUMENT, PN_E_MEMORY. New reference. */
pn_status pn_image_resize(pn_tensor *image, int64_t height, int64_t width, pn_filter filter,
                          pn_tensor **out, pn_error *error);

/* Makes a visible image (pn_image_visible) smaller, so that it fits into height x width and keeps
 * its proportions: the root mean square of the pixels under each new one. The image itself when it
 * fits. For the eye; for numbers take pn_image_resize. New reference. */
pn_status pn_image_shrink(pn_tensor *visible, int64_t height, int64_t width, pn_tensor **out,
                          pn_error *error);

/* ---- putting together ---- */

typedef enum pn_overlay_mode {
    PN_OVERLAY_ADD = 0, /* image + alpha * colours, clipped and cut to whole numbers */
    PN_OVERLAY_BLEND,   /* (1 - alpha) * image + alpha * colours, rounded */
} pn_overlay_mode;

/* Lays a heat map over an image: heat (h,w), or a batch of one (1,h,w), resized bilinearly to the
 * image where it differs, picks entry (int) (255 v) of the map for v clipped to 0..1 (uint8 and
 * int32 heat is scaled from pn_image_range first). uint8 (H,W,3). New reference. */
pn_status pn_image_overlay(pn_tensor *image, pn_tensor *heat, double alpha, pn_overlay_mode mode,
                           const uint8_t (*map)[3], pn_tensor **out, pn_error *error);

typedef struct pn_grid_options {
    int columns;             /* at least 1 */
    int gap;                 /* white pixels between cells */
    int64_t size;            /* the longest side of an image: larger ones are made smaller */
    const uint8_t (*map)[3]; /* for grey images, or NULL */
} pn_grid_options;

/* Puts images side by side, row by row, on white: columns are as wide as the widest image, a row is
 * as high as its highest; smaller images stand in the middle. uint8 (H,W) when all are grey, else
 * (H,W,3). `count` is at least 1. New reference. */
pn_status pn_image_grid(pn_tensor *const *images, int64_t count, const pn_grid_options *options,
                        pn_tensor **out, pn_error *error);

/* Appends a visible image as text for a terminal with 24-bit colours, two pixels a character, at
 * most `columns` characters wide. */
pn_status pn_image_terminal(pn_tensor *visible, int columns, pn_text *out, pn_error *error);

#endif
