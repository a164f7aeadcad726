#define _GNU_SOURCE
#include "web/decoder.h"

#include "base/home.h"
#include "base/memory.h"
#include "web/decode_process.h"
#include "web/decode_wire.h"

#include <stdio.h>
#include <string.h>

struct pn_decoder {
    char program[PN_PATH];
    int patience; /* milliseconds for an image */
    pn_decode_process process;
};

/* ---- coming and going ---- */

/* The worker's first word: that it has shut itself in. */
static pn_status hear_ready(pn_decoder *d, pn_error *error) {
    static const char cannot[] = "the worker that decodes images cannot be started";
    pn_decode_answer first;
    char text[PN_DECODE_TEXT];
    const int64_t deadline = pn_decode_now() + PN_DECODE_PATIENCE;
    pn_decode_moved moved = pn_decode_take(&d->process, &first, sizeof first, deadline);
    if (moved == PN_DECODE_MOVED && first.magic == PN_DECODE_READY && first.status == PN_OK)
        return PN_OK;
    pn_decode_end(&d->process);
    if (moved == PN_DECODE_LATE) return pn_fail(error, PN_E_IO, "%s: it says nothing", cannot);
    if (moved == PN_DECODE_GONE) return pn_fail(error, PN_E_IO, "%s: it ended at once", cannot);
    if (first.magic != PN_DECODE_READY)
        return pn_fail(error, PN_E_IO, "%s: it says something else", cannot);
    pn_decode_copy_message(text, first.message);
    return pn_fail(error, PN_E_IO, "%s: %s", cannot, text);
}

static pn_status start(pn_decoder *d, pn_error *error) {
    pn_status status = pn_decode_start(d->program, &d->process, error);
    return status == PN_OK ? hear_ready(d, error) : status;
}

pn_status pn_decoder_new_of(const char *program, int patience, pn_decoder **out, pn_error *error) {
    pn_decoder *d = pn_calloc(1, sizeof *d);
    if (!d) return pn_fail_memory(error, sizeof *d);
    d->patience = patience;
    snprintf(d->program, sizeof d->program, "%s", program);
    pn_status status = start(d, error);
    if (status == PN_OK)
        *out = d;
    else
        pn_free(d);
    return status;
}

pn_status pn_decoder_new(pn_decoder **out, pn_error *error) {
    char program[PN_PATH];
    pn_status status = pn_home_path(program, "bin/pneuma", error);
    return status == PN_OK ? pn_decoder_new_of(program, PN_DECODE_PATIENCE, out, error) : status;
}

void pn_decoder_free(pn_decoder *d) {
    if (d) pn_decode_end(&d->process);
    pn_free(d);
}

int pn_decoder_worker(const pn_decoder *d) {
    return (int)d->process.pid;
}

/* ---- one image ---- */

/* The worker goes, whatever happened to it; the next image gets a new one. `moved` is how far it
 * came: one that was heard said what makes no sense. */
static pn_status give_up(pn_decoder *d, pn_decode_moved moved, pn_error *error) {
    static const char cannot[] = "the image could not be decoded";
    pn_decode_end(&d->process);
    if (moved == PN_DECODE_LATE)
        return pn_fail(error, PN_E_CANCELLED, "%s: it took longer than %g s", cannot,
                       d->patience / 1000.0);
    if (moved == PN_DECODE_GONE)
        return pn_fail(error, PN_E_FORMAT, "%s: the decoder crashed on it", cannot);
    return pn_fail(error, PN_E_FORMAT, "%s: the decoder answered nonsense", cannot);
}

static pn_decode_moved ask(pn_decoder *d, const void *bytes, size_t size, const pn_decode_wish *w,
                           int64_t deadline) {
    const pn_decode_request request = {.magic = PN_DECODE_REQUEST,
                                       .channels = w->channels,
                                       .filter = (int32_t)w->filter,
                                       .height = w->height,
                                       .width = w->width,
                                       .shown = w->shown,
                                       .size = size};
    pn_decode_moved moved = pn_decode_give(&d->process, &request, sizeof request, deadline);
    return moved == PN_DECODE_MOVED ? pn_decode_give(&d->process, bytes, size, deadline) : moved;
}

/* Takes the pixels that follow an answer; out's sizes have been checked. */
static pn_status take_pixels(pn_decoder *d, const pn_decode_wish *w, int64_t deadline,
                             pn_decoded *out, pn_error *error) {
    const size_t prepared = pn_decode_prepared_bytes(w);
    const size_t shown =
        (size_t)out->shown_height * (size_t)out->shown_width * (size_t)out->shown_channels;
    out->prepared = pn_alloc(prepared);
    out->shown = shown ? pn_alloc(shown) : NULL;
    if (!out->prepared || (shown && !out->shown)) {
        pn_decode_end(&d->process); /* it would go on to send them */
        return pn_fail_memory(error, prepared + shown);
    }
    pn_decode_moved moved = pn_decode_take(&d->process, out->prepared, prepared, deadline);
    if (moved == PN_DECODE_MOVED && shown)
        moved = pn_decode_take(&d->process, out->shown, shown, deadline);
    return moved == PN_DECODE_MOVED ? PN_OK : give_up(d, moved, error);
}

static pn_decode_moved ask_and_hear(pn_decoder *d, const void *bytes, size_t size,
                                    const pn_decode_wish *wish, int64_t deadline,
                                    pn_decode_answer *answer) {
    pn_decode_moved moved = ask(d, bytes, size, wish, deadline);
    if (moved != PN_DECODE_MOVED) return moved;
    return pn_decode_take(&d->process, answer, sizeof *answer, deadline);
}

static pn_status run(pn_decoder *d, const void *bytes, size_t size, const pn_decode_wish *wish,
                     pn_decoded *out, pn_error *error) {
    const int64_t deadline = pn_decode_now() + d->patience;
    pn_decode_answer answer;
    pn_decode_moved moved = ask_and_hear(d, bytes, size, wish, deadline, &answer);
    if (moved == PN_DECODE_GONE) {
        /* Perhaps the system took it, for want of memory: the image gets a second worker. */
        pn_decode_end(&d->process);
        pn_status started = start(d, error);
        if (started != PN_OK) return started;
        moved = ask_and_hear(d, bytes, size, wish, deadline, &answer);
    }
    if (moved != PN_DECODE_MOVED) return give_up(d, moved, error);
    pn_status status = pn_decode_read_answer(&answer, wish, out, error);
    if (status == PN_E_INTERNAL) return give_up(d, moved, error);
    return status == PN_OK ? take_pixels(d, wish, deadline, out, error) : status;
}

pn_status pn_decoder_run(pn_decoder *d, const void *bytes, size_t size, const pn_decode_wish *wish,
                         pn_decoded *out, pn_error *error) {
    *out = (pn_decoded){0};
    pn_status status = pn_decode_check_wish(wish, error);
    if (status != PN_OK) return status;
    if (size > PN_DECODE_MOST_BYTES)
        return pn_fail(error, PN_E_UNSUPPORTED, "files over %d MiB cannot be decoded here",
                       PN_DECODE_MOST_BYTES >> 20);
    /* It may have ended since the last image, by the system's hand when memory was short. */
    if (!pn_decode_is_quiet(&d->process)) pn_decode_end(&d->process);
    if (d->process.pid == 0) status = start(d, error);
    if (status == PN_OK) status = run(d, bytes, size, wish, out, error);
    if (status != PN_OK) pn_decoded_free(out);
    return status;
}

void pn_decoded_free(pn_decoded *decoded) {
    pn_free(decoded->prepared);
    pn_free(decoded->shown);
    *decoded = (pn_decoded){0};
}
