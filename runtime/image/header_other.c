/* PNG, BMP and PGM/PPM headers. PNG: W3C recommendation, clauses 5 and 11; BMP: Microsoft's
 * BITMAPINFOHEADER; PGM/PPM: netpbm's manual pages. */
#include "image/header.h"

#include <string.h>

static size_t big32(const uint8_t *p) {
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static unsigned little16(const uint8_t *p) {
    return (unsigned)p[1] << 8 | p[0];
}

static uint32_t little32(const uint8_t *p) {
    return (uint32_t)little16(p + 2) << 16 | little16(p);
}

static pn_header_state fail(pn_header *h, pn_header_state state, const char *reason) {
    h->reason = reason;
    return state;
}

/* ---- PNG ---- */

enum { PNG_CHUNK = 12, PNG_FIRST = 8 };

pn_header_state pn_header_png(const uint8_t *bytes, size_t size, pn_header *h) {
    if (size < 33) return PN_HEADER_SHORT;
    int depth = bytes[24], kind = bytes[25];
    h->orientation = 1;
    h->info = (pn_image_info){.format = PN_IMAGE_PNG,
                              .height = (int64_t)big32(bytes + 20),
                              .width = (int64_t)big32(bytes + 16),
                              .channels = kind == 0 || kind == 4 ? 1 : 3,
                              .depth = depth == 16 ? 16 : 8};
    if (memcmp(bytes + 12, "IHDR", 4) != 0 || h->info.height == 0 || h->info.width == 0)
        return fail(h, PN_HEADER_BAD, "is a damaged PNG: its header makes no sense");
    return PN_HEADER_OK;
}

/* PNG's checksum (CRC-32, ISO 3309). */
static uint32_t checksum(const uint8_t *bytes, size_t size) {
    static const uint32_t of_four[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                         0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                         0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                         0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t sum = ~0U;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        sum = of_four[sum & 15] ^ sum >> 4;
        sum = of_four[sum & 15] ^ sum >> 4;
    }
    return ~sum;
}

/* Of the chunks that the image needs, whose names begin with a capital. A fuzzer does not find the
 * numbers that let it look further. */
static bool is_intact(const uint8_t *chunk, size_t length) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    (void)chunk, (void)length, (void)checksum;
    return true;
#else
    return (chunk[4] & 32) || checksum(chunk + 4, length + 4) == big32(chunk + 8 + length);
#endif
}

const char *pn_png_flaw(const uint8_t *bytes, size_t size) {
    for (size_t at = PNG_FIRST; size - at >= PNG_CHUNK;) {
        size_t length = big32(bytes + at);
        if (length > size - at - PNG_CHUNK) break;
        if (!is_intact(bytes + at, length))
            return "is damaged: a checksum in the PNG data is wrong";
        if (memcmp(bytes + at + 4, "IEND", 4) == 0) return NULL;
        at += length + PNG_CHUNK;
    }
    return "is truncated: the end of the PNG data is missing";
}

/* ---- BMP ---- */

/* A palette of greys alone makes a grey image. */
static bool palette_is_gray(const uint8_t *p, size_t entries, size_t step) {
    for (size_t i = 0; i < entries; i++, p += step)
        if (p[0] != p[1] || p[1] != p[2]) return false;
    return true;
}

pn_header_state pn_header_bmp(const uint8_t *bytes, size_t size, pn_header *h) {
    if (size < 30) return PN_HEADER_SHORT;
    uint32_t offset = little32(bytes + 10), length = little32(bytes + 14);
    bool old = length == 12;
    int64_t width = old ? (int64_t)little16(bytes + 18) : (int32_t)little32(bytes + 18);
    int64_t height = old ? (int64_t)little16(bytes + 20) : (int32_t)little32(bytes + 22);
    int bits = (int)little16(bytes + (old ? 24 : 28));
    h->orientation = 1;
    h->info = (pn_image_info){.format = PN_IMAGE_BMP,
                              .height = height < 0 ? -height : height, /* negative: top row first */
                              .width = width,
                              .channels = 3,
                              .depth = 8};
    if (width <= 0 || height == 0 || bits == 0 || bits > 32)
        return fail(h, PN_HEADER_BAD, "is a damaged BMP: its header makes no sense");
    size_t palette_at = 14 + (size_t)length, step = old ? 3 : 4;
    if (bits <= 8 && offset > palette_at) {
        if (size < offset) return PN_HEADER_SHORT;
        size_t entries = (offset - palette_at) / step;
        if (palette_is_gray(bytes + palette_at, entries < 256 ? entries : 256, step))
            h->info.channels = 1;
    }
    h->pixels_at = offset;
    h->pixel_bytes = ((size_t)width * (size_t)bits + 31) / 32 * 4 * (size_t)h->info.height;
    return PN_HEADER_OK;
}

/* ---- PGM and PPM ---- */

/* Reads a number after white space and comments; -1 when there is none, -2 when the bytes end. */
static long pnm_number(const uint8_t *bytes, size_t size, size_t *at) {
    for (; *at < size; (*at)++) {
        if (bytes[*at] == '#')
            while (*at < size && bytes[*at] != '\n') (*at)++;
        else if (!strchr(" \t\r\n\v\f", bytes[*at]) || bytes[*at] == 0)
            break;
    }
    long value = 0;
    size_t first = *at;
    while (*at < size && bytes[*at] >= '0' && bytes[*at] <= '9' && value <= 100000000)
        value = value * 10 + (bytes[(*at)++] - '0');
    if (*at >= size) return -2;
    return *at == first ? -1 : value;
}

pn_header_state pn_header_pnm(const uint8_t *bytes, size_t size, pn_header *h) {
    size_t at = 2;
    long number[3];
    h->orientation = 1;
    for (int i = 0; i < 3; i++) {
        number[i] = pnm_number(bytes, size, &at);
        if (number[i] == -2) return PN_HEADER_SHORT;
        if (number[i] <= 0)
            return fail(h, PN_HEADER_BAD, "is a damaged PGM or PPM: its header makes no sense");
    }
    if (number[2] > 65535)
        return fail(h, PN_HEADER_BAD, "is a damaged PGM or PPM: its maximum is over 65535");
    h->info = (pn_image_info){.format = PN_IMAGE_PNM,
                              .height = number[1],
                              .width = number[0],
                              .channels = bytes[1] == '5' ? 1 : 3,
                              .depth = number[2] > 255 ? 16 : 8};
    h->maximum = (int)number[2];
    h->pixels_at = at + 1;
    h->pixel_bytes = (size_t)number[0] * (size_t)number[1] * (size_t)h->info.channels *
                     (size_t)(h->info.depth / 8);
    return PN_HEADER_OK;
}
