/* Files to tensors. */
#include "image/header.h"
#include "image/stb.h"

#include "base/file.h"
#include "base/memory.h"

#include <string.h>

/* ---- EXIF orientation ---- */

void pn_orient(const uint8_t *in, int64_t height, int64_t width, size_t bytes, int orientation,
               uint8_t *out) {
    /* Where the first pixel of a row goes and how far apart its pixels and the rows land:
     * 2 mirrors, 3 turns half, 4 flips, 5 transposes, 6 turns right, 7 transposes over the other
     * diagonal, 8 turns left. */
    int64_t step = (int64_t)bytes;
    int64_t across = step, down = width * step, start = 0;
    bool swapped = pn_orient_swaps(orientation);
    if (swapped) across = height * step, down = step;
    bool right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (right) start += (width - 1) * across, across = -across;
    if (bottom) start += (height - 1) * down, down = -down;
    for (int64_t y = 0; y < height; y++) {
        uint8_t *to = out + start + y * down;
        for (int64_t x = 0; x < width; x++, in += bytes, to += across) memcpy(to, in, bytes);
    }
}

/* ---- pixels ---- */

typedef struct decoding {
    const uint8_t *bytes;
    size_t size;
    const char *name;
    pn_header header;
    int channels; /* of the pixels below */
    void *pixels; /* pn_alloc memory: uint8_t, or int32_t for 16 bits */
} decoding;

static pn_status fail_decoder(const decoding *d, const char *reason, pn_error *error) {
    const char *format = pn_image_format_name(d->header.info.format);
    if (!reason) return pn_fail(error, PN_E_MEMORY, "out of memory while decoding an image");
    if (!d->name)
        return pn_fail(error, PN_E_FORMAT, "the image is a damaged %s: %s", format, reason);
    return pn_fail_path(error, PN_E_FORMAT, d->name, "'%s' is a damaged %s: %s", d->name, format,
                        reason);
}

/* What a PNG's pixels can take before stb unpacks them (four channels, a filter byte a row, seven
 * passes), or its compressed bytes, with the slack of a buffer that doubles. */
static size_t most_bytes(const decoding *d) {
    const pn_image_info *info = &d->header.info;
    size_t row = (size_t)info->width * 4 * (size_t)(info->depth / 8) + 8;
    size_t unpacked = row * ((size_t)info->height + 8);
    return 2 * (unpacked > d->size ? unpacked : d->size) + 65536;
}

static pn_status decode_8(decoding *d, pn_error *error) {
    const char *reason = NULL;
    int height, width;
    d->pixels =
        pn_stb_decode8(d->bytes, d->size, most_bytes(d), d->channels, &height, &width, &reason);
    return d->pixels ? PN_OK : fail_decoder(d, reason, error);
}

static pn_status decode_16(decoding *d, pn_error *error) {
    const char *reason = NULL;
    int height, width;
    uint16_t *half =
        pn_stb_decode16(d->bytes, d->size, most_bytes(d), d->channels, &height, &width, &reason);
    if (!half) return fail_decoder(d, reason, error);
    size_t count = (size_t)height * (size_t)width * (size_t)d->channels;
    int32_t *pixels = pn_alloc(count * sizeof *pixels);
    if (pixels)
        for (size_t i = 0; i < count; i++) pixels[i] = half[i];
    pn_free(half);
    d->pixels = pixels;
    return pixels ? PN_OK : pn_fail_memory(error, count * sizeof *pixels);
}

/* PGM and PPM: samples of one or two bytes, big end first, scaled so that `maximum` is white. */
static pn_status decode_pnm(decoding *d, pn_error *error) {
    const pn_header *h = &d->header;
    bool wide = h->info.depth == 16;
    const uint8_t *from = d->bytes + h->pixels_at;
    size_t count = h->pixel_bytes / (wide ? 2 : 1), bytes = count * (wide ? sizeof(int32_t) : 1);
    uint32_t top = (uint32_t)h->maximum, white = wide ? 65535 : 255;
    d->pixels = pn_alloc(bytes);
    if (!d->pixels) return pn_fail_memory(error, bytes);
    for (size_t i = 0; i < count; i++) {
        uint32_t v = wide ? (uint32_t)from[2 * i] << 8 | from[2 * i + 1] : from[i];
        v = v >= top ? white : (v * white + top / 2) / top;
        if (wide)
            ((int32_t *)d->pixels)[i] = (int32_t)v;
        else
            ((uint8_t *)d->pixels)[i] = (uint8_t)v;
    }
    return PN_OK;
}

static pn_status decode_pixels(decoding *d, pn_error *error) {
    if (d->header.info.format == PN_IMAGE_PNM) return decode_pnm(d, error);
    return d->header.info.depth == 16 ? decode_16(d, error) : decode_8(d, error);
}

static pn_status turn(decoding *d, pn_error *error) {
    const pn_image_info *info = &d->header.info;
    if (d->header.orientation == 1) return PN_OK;
    size_t pixel = (size_t)d->channels * (info->depth == 16 ? sizeof(int32_t) : 1);
    size_t bytes = (size_t)info->height * (size_t)info->width * pixel;
    uint8_t *turned = pn_alloc(bytes);
    if (!turned) return pn_fail_memory(error, bytes);
    pn_orient(d->pixels, info->height, info->width, pixel, d->header.orientation, turned);
    pn_free(d->pixels);
    d->pixels = turned;
    return PN_OK;
}

/* Gives the pixels to a tensor. */
static pn_status wrap(decoding *d, pn_tensor **out, pn_error *error) {
    const pn_image_info *info = &d->header.info;
    bool swap = pn_orient_swaps(d->header.orientation);
    int64_t shape[3] = {swap ? info->width : info->height, swap ? info->height : info->width,
                        d->channels};
    void *pixels = d->pixels;
    d->pixels = NULL;
    return pn_tensor_wrap(info->depth == 16 ? PN_I32 : PN_U8, d->channels == 1 ? 2 : 3, shape,
                          pixels, NULL, pixels, out, error);
}

static pn_status convert(int channels, pn_tensor **image, pn_error *error) {
    int have = (*image)->rank == 3 ? 3 : 1;
    pn_tensor *converted = NULL;
    if (channels == 0 || channels == have) return PN_OK;
    pn_status status = channels == 1 ? pn_image_gray(*image, &converted, error)
                                     : pn_image_rgb(*image, &converted, error);
    pn_tensor_release(*image);
    *image = converted;
    return status;
}

pn_status pn_image_decode(const void *bytes, size_t size, const char *name, int channels,
                          pn_tensor **out, pn_error *error) {
    if (channels != 0 && channels != 1 && channels != 3)
        return pn_fail(error, PN_E_ARGUMENT, "channels is 0 (as stored), 1 or 3, not %d", channels);
    decoding d = {.bytes = bytes, .size = size, .name = name};
    pn_tensor *image = NULL;
    if (size > INT32_MAX)
        return pn_fail(error, PN_E_UNSUPPORTED, "images over 2 GiB cannot be decoded");
    pn_status status = pn_header_check(bytes, size, name, &d.header, error);
    if (status != PN_OK) return status;
    d.channels = d.header.info.channels;
    if (channels == 1 && d.header.luma_first) d.channels = 1; /* the decoder can skip the colours */
    status = decode_pixels(&d, error);
    if (status == PN_OK) status = turn(&d, error);
    if (status == PN_OK) status = wrap(&d, &image, error);
    if (status == PN_OK) status = convert(channels, &image, error);
    pn_free(d.pixels);
    if (status == PN_OK) *out = image;
    return status;
}

pn_status pn_image_read(const char *path, int channels, pn_tensor **out, pn_error *error) {
    char *data = NULL;
    size_t size = 0;
    pn_status status = pn_file_read(path, 0, &data, &size, error);
    if (status == PN_OK) status = pn_image_decode(data, size, path, channels, out, error);
    pn_free(data);
    return status;
}
