/* Decoding uploads, which nobody trusts: each image is decoded and prepared for the model by a
 * process of its own kind (decode_worker.h) that can open no file and reach no network, under
 * limits of memory and time. A worker that dies or hangs is replaced; the image is refused. */
#ifndef PN_WEB_DECODER_H
#define PN_WEB_DECODER_H

#include "base/error.h"
#include "kernels/resize.h"

#include <stddef.h>
#include <stdint.h>

/* What the model takes, and the longest side of what is to be shown. */
typedef struct pn_decode_wish {
    int64_t height, width;
    int channels; /* 1 or 3 */
    pn_filter filter;
    int64_t shown; /* pixels; 0: nothing is to be shown */
} pn_decode_wish;

/* What came of an image. Release with pn_decoded_free. */
typedef struct pn_decoded {
    int64_t height, width; /* as uploaded, after the turn that EXIF asks for */
    int channels;          /* as stored: 1 or 3 */
    const char *format;    /* "JPEG", "PNG", ... */
    uint8_t *prepared;     /* (height, width, channels) of the wish */
    uint8_t *shown;        /* (shown_height, shown_width, shown_channels), or NULL */
    int64_t shown_height, shown_width;
    int shown_channels;
} pn_decoded;

/* One worker and the connection to it; for one thread at a time. */
typedef struct pn_decoder pn_decoder;

/* Starts the worker. PN_E_NOT_FOUND when the program is not where it was installed, PN_E_IO when
 * the system refuses, or cannot shut the worker in. */
pn_status pn_decoder_new(pn_decoder **out, pn_error *error);
void pn_decoder_free(pn_decoder *decoder); /* ends the worker; NULL is fine */

/* Decodes bytes[size]. PN_E_FORMAT for what is empty, damaged or no image, and for an image that
 * wanted too much memory or made two workers crash; PN_E_CANCELLED for one that took too long;
 * PN_E_UNSUPPORTED for kinds that Pneuma does not read and for too many pixels; PN_E_IO when no
 * worker can be started. The message names no path. */
pn_status pn_decoder_run(pn_decoder *decoder, const void *bytes, size_t size,
                         const pn_decode_wish *wish, pn_decoded *out, pn_error *error);
void pn_decoded_free(pn_decoded *decoded);

/* For tests: as pn_decoder_new with another program, which has so many milliseconds for an image;
 * the process id of the worker, 0 when there is none. */
pn_status pn_decoder_new_of(const char *program, int patience, pn_decoder **out, pn_error *error);
int pn_decoder_worker(const pn_decoder *decoder);

#endif
