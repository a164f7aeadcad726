/* The app's side of the wire: what a worker says is checked here. */
#include "web/decode_wire.h"

#include "image/image.h"

#include <stdio.h>

size_t pn_decode_prepared_bytes(const pn_decode_wish *wish) {
    return (size_t)wish->height * (size_t)wish->width * (size_t)wish->channels;
}

pn_status pn_decode_check_wish(const pn_decode_wish *w, pn_error *error) {
    if (w->channels != 1 && w->channels != 3)
        return pn_fail(error, PN_E_ARGUMENT, "a model takes images of 1 or 3 channels, not %d",
                       w->channels);
    if (w->filter != PN_NEAREST && w->filter != PN_BILINEAR)
        return pn_fail(error, PN_E_ARGUMENT, "no filter has the number %d", (int)w->filter);
    if (w->height < 1 || w->width < 1 || w->height > PN_DECODE_MOST_BYTES / 3 / w->width)
        return pn_fail(error, PN_E_ARGUMENT, "images cannot be prepared as %lld x %lld pixels",
                       (long long)w->width, (long long)w->height);
    if (w->shown < 0 || w->shown > PN_DECODE_MOST_SHOWN)
        return pn_fail(error, PN_E_ARGUMENT, "images are shown with up to %d pixels a side",
                       PN_DECODE_MOST_SHOWN);
    return PN_OK;
}

void pn_decode_copy_message(char out[PN_DECODE_TEXT], const char in[PN_DECODE_TEXT]) {
    int i = 0;
    for (; i < PN_DECODE_TEXT - 1 && in[i]; i++)
        out[i] = in[i] >= ' ' && in[i] <= '~' ? in[i] : '?';
    out[i] = '\0';
}

static int sizes_make_sense(const pn_decode_answer *a, const pn_decode_wish *wish) {
    if (a->format < PN_IMAGE_JPEG || a->format > PN_IMAGE_PNM) return 0;
    if (a->channels != 1 && a->channels != 3) return 0;
    if (a->height < 1 || a->width < 1 || a->height > PN_DECODE_MOST_PIXELS / a->width) return 0;
    if (wish->shown == 0) return a->shown_height == 0 && a->shown_width == 0;
    return a->shown_height >= 1 && a->shown_height <= wish->shown && a->shown_height <= a->height &&
           a->shown_width >= 1 && a->shown_width <= wish->shown && a->shown_width <= a->width;
}

static pn_status read_refusal(const pn_decode_answer *a, pn_error *error) {
    char text[PN_DECODE_TEXT];
    pn_decode_copy_message(text, a->message);
    if (!*text) snprintf(text, sizeof text, "the image could not be decoded");
    if (a->status == PN_E_FORMAT) return pn_fail(error, PN_E_FORMAT, "%s", text);
    if (a->status == PN_E_UNSUPPORTED) return pn_fail(error, PN_E_UNSUPPORTED, "%s", text);
    if (a->status == PN_E_MEMORY)
        return pn_fail(error, PN_E_FORMAT,
                       "the image could not be decoded: it wanted too much memory");
    return pn_fail(error, PN_E_INTERNAL, "the worker answered with an unknown status");
}

pn_status pn_decode_read_answer(const pn_decode_answer *a, const pn_decode_wish *wish,
                                pn_decoded *out, pn_error *error) {
    *out = (pn_decoded){0};
    if (a->magic != PN_DECODE_ANSWER)
        return pn_fail(error, PN_E_INTERNAL, "the worker answered with something else");
    if (a->status != PN_OK) return read_refusal(a, error);
    if (!sizes_make_sense(a, wish))
        return pn_fail(error, PN_E_INTERNAL, "the worker answered with sizes nobody asked for");
    out->height = a->height;
    out->width = a->width;
    out->channels = a->channels;
    out->format = pn_image_format_name((pn_image_format)a->format);
    out->shown_height = a->shown_height;
    out->shown_width = a->shown_width;
    out->shown_channels = wish->shown ? a->channels : 0;
    return PN_OK;
}
