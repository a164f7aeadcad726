/* The readers of each format's header, behind pn_image_probe. */
#ifndef PN_IMAGE_HEADER_H
#define PN_IMAGE_HEADER_H

#include "image/image.h"

typedef enum pn_header_state {
    PN_HEADER_OK,
    PN_HEADER_SHORT,       /* the bytes end before the header does */
    PN_HEADER_BAD,         /* no such file: `reason` is a clause */
    PN_HEADER_UNSUPPORTED, /* valid, but not for us: `reason` is a clause */
} pn_header_state;

typedef struct pn_header {
    pn_image_info info;
    int orientation;    /* EXIF's, 1 (as it stands) to 8 */
    bool luma_first;    /* the first of the three stored channels is Y */
    size_t pixels_at;   /* PNM, BMP: where the pixels begin */
    size_t pixel_bytes; /* PNM, BMP: how many bytes they take */
    int maximum;        /* PNM: the value that is white */
    const char *reason;
} pn_header;

/* Fill *header from the first `size` bytes of a file; the caller has looked at the signature. */
pn_header_state pn_header_jpeg(const uint8_t *bytes, size_t size, pn_header *header);
pn_header_state pn_header_png(const uint8_t *bytes, size_t size, pn_header *header);
pn_header_state pn_header_bmp(const uint8_t *bytes, size_t size, pn_header *header);
pn_header_state pn_header_pnm(const uint8_t *bytes, size_t size, pn_header *header);

/* What is wrong with a whole file: its end is missing, or tables that stb would trust are damaged.
 * A clause for the message, or NULL when all is well. */
const char *pn_jpeg_flaw(const uint8_t *bytes, size_t size);
const char *pn_png_flaw(const uint8_t *bytes, size_t size);

/* pn_image_probe and pn_image_check with all that was found. */
pn_status pn_header_read(const void *bytes, size_t size, const char *name, int *more,
                         pn_header *header, pn_error *error);
pn_status pn_header_check(const void *bytes, size_t size, const char *name, pn_header *header,
                          pn_error *error);

/* Turns pixels (H,W,C) of `bytes` each the way the EXIF orientation says, into `out`. `height` and
 * `width` are those of the input. */
void pn_orient(const uint8_t *in, int64_t height, int64_t width, size_t bytes, int orientation,
               uint8_t *out);

/* Orientations 5 to 8 swap height and width. */
static inline bool pn_orient_swaps(int orientation) {
    return orientation >= 5;
}

#endif
