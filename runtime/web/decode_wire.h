/* What the app and its decoding worker say to each other over a SOCK_STREAM pair: headers of fixed
 * size, bytes after them. The worker first says that it is ready; then requests and answers take
 * turns. Both sides are the same program, but the worker may have been taken over by an image: the
 * app believes nothing that it has not checked. */
#ifndef PN_WEB_DECODE_WIRE_H
#define PN_WEB_DECODE_WIRE_H

#include "web/decoder.h"

#define PN_DECODE_REQUEST 0x51524e50u /* "PNRQ" */
#define PN_DECODE_ANSWER 0x4e414e50u  /* "PNAN" */
#define PN_DECODE_READY 0x44524e50u   /* "PNRD" */

enum {
    PN_DECODE_MOST_PIXELS = 64000000, /* of an upload of 8 bits */
    PN_DECODE_DEEP = 4,               /* as many less of one of 16 */
    PN_DECODE_MOST_BYTES = 1 << 28,   /* of an upload, and of what is prepared of it */
    PN_DECODE_MOST_SHOWN = 8192,      /* the longest side of what is shown */
    PN_DECODE_PATIENCE = 10000,       /* milliseconds for an image */
    PN_DECODE_TEXT = 256,
};

/* To the worker; the upload's `size` bytes follow. */
typedef struct pn_decode_request {
    uint32_t magic; /* PN_DECODE_REQUEST */
    int32_t channels, filter, unused;
    int64_t height, width, shown; /* the wish */
    uint64_t size;
} pn_decode_request;

/* From it. With PN_OK follow the prepared picture, as the wish says, and the shown one of
 * shown_height x shown_width in the image's channels. */
typedef struct pn_decode_answer {
    uint32_t magic; /* PN_DECODE_ANSWER, or PN_DECODE_READY after the start */
    int32_t status; /* a pn_status: PN_OK, PN_E_FORMAT, PN_E_UNSUPPORTED, PN_E_MEMORY */
    int32_t format; /* a pn_image_format */
    int32_t channels;
    int64_t height, width;
    int64_t shown_height, shown_width; /* 0 when nothing is to be shown */
    char message[PN_DECODE_TEXT];      /* of a refusal */
} pn_decode_answer;

/* Bytes of the prepared picture. */
size_t pn_decode_prepared_bytes(const pn_decode_wish *wish);

/* Whether a wish is one that a worker can fulfil: PN_E_ARGUMENT says what is wrong with it. */
pn_status pn_decode_check_wish(const pn_decode_wish *wish, pn_error *error);

/* Reads an answer, which may be anything, into *out: format and sizes, with no pixels yet. PN_OK
 * when they are what the wish can bring; the worker's PN_E_FORMAT or PN_E_UNSUPPORTED with its
 * message in printable ASCII; PN_E_FORMAT when it was short of memory; PN_E_INTERNAL when the
 * answer makes no sense. */
pn_status pn_decode_read_answer(const pn_decode_answer *answer, const pn_decode_wish *wish,
                                pn_decoded *out, pn_error *error);

/* Copies a worker's message, ended and in printable ASCII, whatever it is. */
void pn_decode_copy_message(char out[PN_DECODE_TEXT], const char in[PN_DECODE_TEXT]);

#endif
