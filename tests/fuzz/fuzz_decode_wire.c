/* Fuzzes what the app believes of a decoding worker: the input is a wish and an answer. Whatever
 * they are, sizes stay within what was asked for, and messages are short and printable. */
#include "web/decode_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_message(const char *text) {
    const size_t length = strlen(text);
    if (length == 0 || length >= PN_DECODE_TEXT) abort();
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~') abort();
}

static void check_sizes(const pn_decoded *d, const pn_decode_wish *wish) {
    if (!d->format || (d->channels != 1 && d->channels != 3)) abort();
    if (d->height < 1 || d->width < 1) abort();
    if (d->shown_height < 0 || d->shown_height > wish->shown) abort();
    if (d->shown_width < 0 || d->shown_width > wish->shown) abort();
    if ((d->shown_height > 0) != (wish->shown > 0) || (d->shown_width > 0) != (wish->shown > 0))
        abort();
    if (wish->shown > 0 && d->shown_channels != d->channels) abort();
    if (pn_decode_prepared_bytes(wish) > PN_DECODE_MOST_BYTES) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    pn_decode_wish wish;
    pn_decode_answer answer = {0};
    pn_decoded decoded;
    pn_error error = {0};
    if (size < sizeof wish) return 0;
    memcpy(&wish, bytes, sizeof wish);
    if (pn_decode_check_wish(&wish, &error) != PN_OK) return 0;
    bytes += sizeof wish;
    size -= sizeof wish;
    memcpy(&answer, bytes, size < sizeof answer ? size : sizeof answer);
    pn_status status = pn_decode_read_answer(&answer, &wish, &decoded, &error);
    if (decoded.prepared || decoded.shown) abort();
    if (status == PN_OK)
        check_sizes(&decoded, &wish);
    else if (status == PN_E_FORMAT || status == PN_E_UNSUPPORTED || status == PN_E_INTERNAL)
        check_message(error.message);
    else
        abort();
    return 0;
}
