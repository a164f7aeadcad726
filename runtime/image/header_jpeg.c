/* JPEG headers: ITU-T T.81, annex B; EXIF 2.3 for the orientation; Adobe's APP14 (Technical Note
 * 5116) for what four channels mean. */
#include "image/header.h"

#include <string.h>

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, TEM = 0x01, RST0 = 0xd0, RST7 = 0xd7 };
enum { APP0 = 0xe0, APP1 = 0xe1, APP14 = 0xee, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc };

typedef struct walk {
    const uint8_t *bytes;
    size_t size, at;
    int adobe; /* the transform of the Adobe segment, -1 without one */
    bool jfif;
} walk;

static unsigned big16(const uint8_t *p) {
    return (unsigned)p[0] << 8 | p[1];
}

static bool stands_alone(int marker) {
    return marker == SOI || marker == EOI || marker == TEM || (marker >= RST0 && marker <= RST7);
}

/* The next marker, or -1 at the end of the bytes. Any number of fill bytes 0xff may stand before
 * it; what else lies between segments is skipped, as decoders do: 0xff 0 is a coded 0xff. */
static int next_marker(walk *w) {
    while (w->at < w->size) {
        const uint8_t *mark = memchr(w->bytes + w->at, 0xff, w->size - w->at);
        if (!mark) break;
        w->at = (size_t)(mark - w->bytes) + 1;
        while (w->at < w->size && w->bytes[w->at] == 0xff) w->at++;
        if (w->at == w->size) return -1;
        int marker = w->bytes[w->at++];
        if (marker != 0) return marker;
    }
    w->at = w->size;
    return -1;
}

/* ---- EXIF ---- */

static unsigned tiff16(const uint8_t *p, bool big) {
    return big ? big16(p) : (unsigned)p[1] << 8 | p[0];
}

static size_t tiff32(const uint8_t *p, bool big) {
    return big ? (size_t)big16(p) << 16 | big16(p + 2)
               : (size_t)tiff16(p + 2, false) << 16 | tiff16(p, false);
}

/* The orientation tag of the first directory of an EXIF segment, 1 when it has none. */
static int exif_orientation(const uint8_t *p, size_t size) {
    if (size < 14 || memcmp(p, "Exif\0", 6) != 0) return 1;
    p += 6;
    size -= 6;
    bool big = p[0] == 'M';
    size_t at = tiff32(p + 4, big);
    if (at > size - 2) return 1;
    unsigned count = tiff16(p + at, big);
    for (at += 2; count && at + 12 <= size; count--, at += 12) {
        if (tiff16(p + at, big) != 0x0112) continue;
        unsigned value = tiff16(p + at + 8, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* ---- segments ---- */

static void read_application(walk *w, int marker, const uint8_t *p, size_t size, pn_header *h) {
    if (marker == APP0 && size >= 5 && memcmp(p, "JFIF", 5) == 0) w->jfif = true;
    if (marker == APP1 && h->orientation == 1) h->orientation = exif_orientation(p, size);
    if (marker == APP14 && size >= 12 && memcmp(p, "Adobe", 5) == 0) w->adobe = p[11];
}

static pn_header_state fail(pn_header *h, pn_header_state state, const char *reason) {
    h->reason = reason;
    return state;
}

static pn_header_state read_frame(const walk *w, int marker, const uint8_t *p, size_t size,
                                  pn_header *h) {
    if (size < 6) return fail(h, PN_HEADER_BAD, "is a damaged JPEG: its frame header is too short");
    int components = p[5];
    h->info.height = big16(p + 1);
    h->info.width = big16(p + 3);
    if (marker > 0xc2)
        return fail(h, PN_HEADER_UNSUPPORTED,
                    "is a JPEG of a rare kind (lossless, hierarchical or arithmetic coding)");
    if (p[0] != 8)
        return fail(h, PN_HEADER_UNSUPPORTED, "is a JPEG of 12 bits; only 8 bits can be read");
    if (h->info.width == 0 || h->info.height == 0 || size < 6 + 3 * (size_t)components)
        return fail(h, PN_HEADER_BAD, "is a damaged JPEG: its frame header makes no sense");
    if (components == 4 && w->adobe != 0 && w->adobe != 2)
        return fail(h, PN_HEADER_UNSUPPORTED,
                    "is a JPEG of four channels that does not say which inks they are");
    if (components != 1 && components != 3 && components != 4)
        return fail(h, PN_HEADER_BAD,
                    "is a damaged JPEG: it says that it has neither 1, 3 nor 4 "
                    "channels");
    bool rgb = components == 3 &&
               ((p[6] == 'R' && p[9] == 'G' && p[12] == 'B') || (w->adobe == 0 && !w->jfif));
    h->info.channels = components == 1 ? 1 : 3;
    h->luma_first = components == 1 || (components == 3 && !rgb);
    return PN_HEADER_OK;
}

pn_header_state pn_header_jpeg(const uint8_t *bytes, size_t size, pn_header *h) {
    walk w = {.bytes = bytes, .size = size, .at = 2, .adobe = -1};
    h->info = (pn_image_info){.format = PN_IMAGE_JPEG, .depth = 8};
    h->orientation = 1;
    for (;;) {
        int marker = next_marker(&w);
        if (marker < 0) return PN_HEADER_SHORT;
        if (marker == EOI || marker == SOS)
            return fail(h, PN_HEADER_BAD, "is a damaged JPEG: it has no frame header");
        if (stands_alone(marker)) continue;
        if (w.size - w.at < 2) return PN_HEADER_SHORT;
        size_t length = big16(bytes + w.at);
        if (length < 2) return fail(h, PN_HEADER_BAD, "is a damaged JPEG: a segment has no length");
        if (length > w.size - w.at) return PN_HEADER_SHORT;
        const uint8_t *segment = bytes + w.at + 2;
        if (marker >= 0xc0 && marker <= 0xcf && marker != DHT && marker != JPG && marker != DAC)
            return read_frame(&w, marker, segment, length - 2, h);
        read_application(&w, marker, segment, length - 2, h);
        w.at += length;
    }
}

/* Whether the Huffman tables of a segment have fewer than 256 codes each. Valid tables do, and stb
 * relies on it without looking. */
static bool tables_fit(const uint8_t *p, size_t size) {
    while (size >= 17) {
        size_t codes = 0;
        for (int length = 1; length <= 16; length++) codes += p[length];
        if (codes > 255 || codes + 17 > size) return false;
        p += codes + 17;
        size -= codes + 17;
    }
    return size == 0;
}

/* The end marker must stand outside of segments (a thumbnail within one has an end of its own). */
const char *pn_jpeg_flaw(const uint8_t *bytes, size_t size) {
    static const char truncated[] = "is truncated: the end of the JPEG data is missing";
    walk w = {.bytes = bytes, .size = size, .at = 2};
    for (;;) {
        int marker = next_marker(&w);
        if (marker < 0) return truncated;
        if (marker == EOI) return NULL;
        if (stands_alone(marker)) continue;
        if (w.size - w.at < 2) return truncated;
        size_t length = big16(bytes + w.at);
        if (length > w.size - w.at) return truncated;
        if (length < 2 || (marker == DHT && !tables_fit(bytes + w.at + 2, length - 2)))
            return "is a damaged JPEG: its Huffman tables make no sense";
        w.at += length;
    }
}
