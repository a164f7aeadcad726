#define _GNU_SOURCE
#include "web/decode_worker.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "data/picture.h"
#include "image/image.h"
#include "web/decode_wire.h"
#include "web/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SOCKET = STDIN_FILENO };

static const size_t room = (size_t)3 << 29; /* 1.5 GiB */

/* ---- the socket: 0, or -1 when the other side is gone ---- */

static int take(void *to, size_t size) {
    for (char *at = to; size > 0;) {
        ssize_t n = recv(SOCKET, at, size, 0);
        if (n == 0 || (n < 0 && errno != EINTR)) return -1;
        if (n > 0) at += n, size -= (size_t)n;
    }
    return 0;
}

static int give(const void *from, size_t size) {
    for (const char *at = from; size > 0;) {
        ssize_t n = send(SOCKET, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return -1;
        if (n > 0) at += n, size -= (size_t)n;
    }
    return 0;
}

/* The upload, or NULL in *bytes when there is no memory for it. */
static int take_upload(size_t size, uint8_t **bytes) {
    char rest[4096];
    *bytes = pn_alloc(size);
    if (*bytes) return take(*bytes, size);
    for (; size > sizeof rest; size -= sizeof rest)
        if (take(rest, sizeof rest) != 0) return -1;
    return take(rest, size);
}

/* ---- pictures ---- */

typedef struct upload {
    const uint8_t *bytes;
    size_t size;
    pn_decode_wish wish;
    pn_image_info info;
    pn_tensor *prepared, *shown;
} upload;

static pn_status look(upload *u, pn_error *error) {
    pn_status status = pn_image_probe(u->bytes, u->size, NULL, NULL, &u->info, error);
    if (status != PN_OK) return status;
    const int64_t most = PN_DECODE_MOST_PIXELS / (u->info.depth > 8 ? PN_DECODE_DEEP : 1);
    if (u->info.height <= most / u->info.width) return PN_OK;
    return pn_fail(error, PN_E_UNSUPPORTED,
                   "the image has %lld x %lld pixels of %d bits, %.0f million; up to %lld million "
                   "such pixels can be decoded here",
                   (long long)u->info.width, (long long)u->info.height, u->info.depth,
                   (double)u->info.width * (double)u->info.height / 1e6, (long long)most / 1000000);
}

static pn_status show(upload *u, pn_tensor *image, pn_error *error) {
    pn_tensor *visible = NULL;
    const int64_t most = u->wish.shown;
    pn_status status = pn_image_visible(image, NULL, &visible, error);
    if (status == PN_OK) status = pn_image_shrink(visible, most, most, &u->shown, error);
    pn_tensor_release(visible);
    return status;
}

static pn_status prepare(upload *u, pn_tensor *image, pn_error *error) {
    const pn_decode_wish *w = &u->wish;
    pn_tensor *fitted = NULL;
    pn_status status = pn_picture_fit(image, w->height, w->width, w->filter, &fitted, error);
    if (status == PN_OK && w->channels == 3)
        status = pn_image_rgb(fitted, &u->prepared, error);
    else if (status == PN_OK)
        u->prepared = pn_tensor_retain(fitted);
    pn_tensor_release(fitted);
    return status;
}

/* Grey for the model and colours for the eye are decoded each: the grey of a JPEG is its Y, which
 * its colours no longer tell. All else is decoded once. */
static pn_status decode(upload *u, pn_error *error) {
    const bool twice = u->wish.channels == 1 && u->info.channels == 3;
    pn_tensor *image = NULL;
    pn_status status = pn_image_decode(u->bytes, u->size, NULL, twice ? 1 : 0, &image, error);
    if (status == PN_OK) status = prepare(u, image, error);
    if (status == PN_OK && u->wish.shown > 0 && twice) {
        pn_tensor_release(image);
        image = NULL;
        status = pn_image_decode(u->bytes, u->size, NULL, 0, &image, error);
    }
    if (status == PN_OK && u->wish.shown > 0) status = show(u, image, error);
    pn_tensor_release(image);
    return status;
}

/* ---- answers ---- */

static int refuse(uint32_t magic, pn_status status, const pn_error *error) {
    pn_decode_answer answer = {.magic = magic, .status = status};
    if (status != PN_OK) memcpy(answer.message, error->message, sizeof answer.message - 1);
    return give(&answer, sizeof answer);
}

static int answer(const upload *u) {
    pn_decode_answer a = {.magic = PN_DECODE_ANSWER,
                          .status = PN_OK,
                          .format = (int32_t)u->info.format,
                          .channels = u->info.channels,
                          .height = u->info.height,
                          .width = u->info.width};
    if (u->shown) a.shown_height = u->shown->shape[0], a.shown_width = u->shown->shape[1];
    if (give(&a, sizeof a) != 0) return -1;
    if (give(u->prepared->data, pn_tensor_bytes(u->prepared)) != 0) return -1;
    return u->shown ? give(u->shown->data, pn_tensor_bytes(u->shown)) : 0;
}

static int answer_request(const pn_decode_request *request, const uint8_t *bytes) {
    upload u = {.bytes = bytes,
                .size = request->size,
                .wish = {.height = request->height,
                         .width = request->width,
                         .channels = request->channels,
                         .filter = (pn_filter)request->filter,
                         .shown = request->shown}};
    pn_error error = {0};
    pn_status status = bytes ? look(&u, &error) : pn_fail_memory(&error, u.size);
    if (status == PN_OK) status = decode(&u, &error);
    /* What else can be wrong is wrong with the image. */
    if (status != PN_OK && status != PN_E_UNSUPPORTED && status != PN_E_MEMORY)
        status = PN_E_FORMAT;
    int sent = status == PN_OK ? answer(&u) : refuse(PN_DECODE_ANSWER, status, &error);
    pn_tensor_release(u.prepared);
    pn_tensor_release(u.shown);
    return sent;
}

/* The app kills a worker that takes too long; should the app be gone, the timer does. (A signal at
 * the parent's death would come when the thread that started this process ends, long before.) */
static void set_timer(int milliseconds) {
    const struct itimerval end = {.it_value.tv_sec = milliseconds / 1000};
    setitimer(ITIMER_REAL, &end, NULL);
}

static int serve(void) {
    pn_decode_request request;
    uint8_t *bytes = NULL;
    if (take(&request, sizeof request) != 0 || request.magic != PN_DECODE_REQUEST ||
        request.size > PN_DECODE_MOST_BYTES)
        return -1;
    set_timer(2 * PN_DECODE_PATIENCE);
    int sent = take_upload(request.size, &bytes);
    if (sent == 0) sent = answer_request(&request, bytes);
    pn_free(bytes);
    set_timer(0);
    return sent;
}

int pn_decode_worker_main(int argc, char **argv) {
    (void)argc, (void)argv;
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) != 0) {
        fputs("pneuma: " PN_DECODE_WORKER_COMMAND " is for the app's own use\n", stderr);
        return 2;
    }
    pn_error error = {0};
    pn_set_threads(1);
    pn_cpu();
    pn_status status = pn_sandbox_enter(SOCKET, room, &error);
    int sent = refuse(PN_DECODE_READY, status, &error);
    while (status == PN_OK && sent == 0) sent = serve();
    _exit(status == PN_OK ? 0 : 1);
}
