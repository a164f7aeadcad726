/* A baseline JPEG file with one component, whole: transform, quantization, Huffman codes.
 * Sources: ITU-T T.81 for the format and the example tables of its annex K; the scaled transform of
 * Arai, Agui and Nakajima (1988), whose scale factors go into the quantization. */
#include "phantom.h"

#include <math.h>
#include <string.h>

static const uint8_t zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                   12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                   35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                   58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

static const uint8_t luminance[64] = {16,  11,  10,  16,  24, 40, 51,  61,  12,  12,  14,  19,  26,
                                      58,  60,  55,  14,  13, 16, 24,  40,  57,  69,  56,  14,  17,
                                      22,  29,  51,  87,  80, 62, 18,  22,  37,  56,  68,  109, 103,
                                      77,  24,  35,  55,  64, 81, 104, 113, 92,  49,  64,  78,  87,
                                      103, 121, 120, 101, 72, 92, 95,  98,  112, 100, 103, 99};

/* Codes of each length 1 to 16, then the symbols in that order. */
static const uint8_t dc_counts[16] = {0, 1, 5, 1, 1, 1, 1, 1, 1};
static const uint8_t dc_symbols[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t ac_counts[16] = {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125};
static const uint8_t ac_symbols[162] = {
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61,
    0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25,
    0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45,
    0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
    0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
    0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3,
    0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
    0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa};

typedef struct code {
    uint16_t bits;
    uint8_t length;
} code;

typedef struct writer {
    pn_text *out;
    uint64_t bits; /* the lowest `pending` of them are not written yet */
    int pending;
    uint8_t buffer[4096];
    size_t used;
    code dc[256], ac[256];
    uint8_t divisor[64]; /* natural order */
    float factor[64];
} writer;

static void flush(writer *w) {
    pn_text_add(w->out, w->buffer, w->used);
    w->used = 0;
}

static void put(writer *w, uint32_t bits, int length) {
    w->bits = w->bits << length | bits;
    w->pending += length;
    while (w->pending >= 8) {
        w->pending -= 8;
        uint8_t byte = (uint8_t)(w->bits >> w->pending);
        if (w->used + 2 > sizeof w->buffer) flush(w);
        w->buffer[w->used++] = byte;
        if (byte == 0xff) w->buffer[w->used++] = 0; /* or it would look like a marker */
    }
}

static void make_codes(code codes[256], const uint8_t counts[16], const uint8_t *symbols) {
    uint16_t next = 0;
    for (int length = 1; length <= 16; length++, next = (uint16_t)(next << 1))
        for (int i = 0; i < counts[length - 1]; i++)
            codes[*symbols++] = (code){next++, (uint8_t)length};
}

static void make_divisors(writer *w, int quality) {
    static const float scale[8] = {1, 1.387039845f, 1.306562965f, 1.175875602f,
                                   1, 0.785694958f, 0.541196100f, 0.275899379f};
    int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int i = 0; i < 64; i++) {
        int d = (luminance[i] * percent + 50) / 100;
        w->divisor[i] = (uint8_t)(d < 1 ? 1 : d > 255 ? 255 : d);
        w->factor[i] = 1 / (8 * (float)w->divisor[i] * scale[i / 8] * scale[i % 8]);
    }
}

static void put_marker(pn_text *out, int marker, size_t payload) {
    const uint8_t head[4] = {0xff, (uint8_t)marker, (uint8_t)((payload + 2) >> 8),
                             (uint8_t)(payload + 2)};
    pn_text_add(out, head, sizeof head);
}

static void put_codes(pn_text *out, int class, const uint8_t counts[16], const uint8_t *symbols,
                      size_t count) {
    put_marker(out, 0xc4, 17 + count);
    pn_text_addc(out, (char)(class << 4));
    pn_text_add(out, counts, 16);
    pn_text_add(out, symbols, count);
}

static void put_head(writer *w, int height, int width, const char *comment) {
    static const uint8_t start[] = {0xff, 0xd8};
    static const uint8_t jfif[] = {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    static const uint8_t scan[] = {1, 1, 0, 0, 63, 0};
    pn_text_add(w->out, start, sizeof start);
    put_marker(w->out, 0xe0, sizeof jfif);
    pn_text_add(w->out, jfif, sizeof jfif);
    put_marker(w->out, 0xfe, strlen(comment));
    pn_text_adds(w->out, comment);
    put_marker(w->out, 0xdb, 65);
    pn_text_addc(w->out, 0);
    for (int i = 0; i < 64; i++) pn_text_addc(w->out, (char)w->divisor[zigzag[i]]);
    const uint8_t frame[] = {8,
                             (uint8_t)(height >> 8),
                             (uint8_t)height,
                             (uint8_t)(width >> 8),
                             (uint8_t)width,
                             1,
                             1,
                             0x11,
                             0};
    put_marker(w->out, 0xc0, sizeof frame);
    pn_text_add(w->out, frame, sizeof frame);
    put_codes(w->out, 0, dc_counts, dc_symbols, sizeof dc_symbols);
    put_codes(w->out, 1, ac_counts, ac_symbols, sizeof ac_symbols);
    put_marker(w->out, 0xda, sizeof scan);
    pn_text_add(w->out, scan, sizeof scan);
}

/* The one-dimensional transform down all eight columns: each line below works on a row of eight. */
static void transform(float (*restrict d)[8]) {
    for (int i = 0; i < 8; i++) {
        float s0 = d[0][i] + d[7][i], d0 = d[0][i] - d[7][i];
        float s1 = d[1][i] + d[6][i], d1 = d[1][i] - d[6][i];
        float s2 = d[2][i] + d[5][i], d2 = d[2][i] - d[5][i];
        float s3 = d[3][i] + d[4][i], d3 = d[3][i] - d[4][i];
        float even = s0 + s3, odd = s1 + s2, e = s0 - s3;
        float r = ((s1 - s2) + e) * 0.707106781f;
        d[0][i] = even + odd;
        d[4][i] = even - odd;
        d[2][i] = e + r;
        d[6][i] = e - r;
        float a = d3 + d2, b = (d2 + d1) * 0.707106781f, c = d1 + d0;
        float turn = (a - c) * 0.382683433f;
        float low = 0.541196100f * a + turn, high = 1.306562965f * c + turn;
        float plus = d0 + b, minus = d0 - b;
        d[5][i] = minus + low;
        d[3][i] = minus - low;
        d[1][i] = plus + high;
        d[7][i] = plus - high;
    }
}

static void transpose(float d[8][8]) {
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < y; x++) {
            float swap = d[y][x];
            d[y][x] = d[x][y];
            d[x][y] = swap;
        }
}

/* Writes the code of (run of zeros, number of bits) and the value's bits. */
static void put_value(writer *w, const code *codes, int run, int value) {
    int size = 0, magnitude = value < 0 ? -value : value;
    while (magnitude >> size) size++;
    const code *c = &codes[run << 4 | size];
    put(w, c->bits, c->length);
    if (size) put(w, (uint32_t)(value < 0 ? value + (1 << size) - 1 : value), size);
}

static void put_block(writer *w, float d[8][8], int *last_dc) {
    transform(d);
    transpose(d);
    transform(d);
    transpose(d);
    int16_t q[64];
    const float *flat = &d[0][0];
    for (int i = 0; i < 64; i++) {
        float v = flat[i] * w->factor[i];
        q[i] = (int16_t)(v < 0 ? v - 0.5f : v + 0.5f);
    }
    put_value(w, w->dc, 0, q[0] - *last_dc);
    *last_dc = q[0];
    int run = 0;
    for (int k = 1; k < 64; k++) {
        int value = q[zigzag[k]];
        if (value == 0) {
            run++;
            continue;
        }
        for (; run > 15; run -= 16) put(w, w->ac[0xf0].bits, w->ac[0xf0].length);
        put_value(w, w->ac, run, value);
        run = 0;
    }
    if (run) put(w, w->ac[0].bits, w->ac[0].length); /* end of block */
}

/* Pixels beyond the right and lower border repeat the last ones. */
static void load_block(float d[8][8], const uint8_t *pixels, int height, int width, int top,
                       int left) {
    if (top + 8 <= height && left + 8 <= width) {
        const uint8_t *from = pixels + (size_t)top * (size_t)width + (size_t)left;
        for (int y = 0; y < 8; y++, from += width)
            for (int x = 0; x < 8; x++) d[y][x] = (float)from[x] - 128;
        return;
    }
    for (int y = 0; y < 8; y++) {
        int row = top + y < height ? top + y : height - 1;
        const uint8_t *from = pixels + (size_t)row * (size_t)width;
        for (int x = 0; x < 8; x++)
            d[y][x] = (float)from[left + x < width ? left + x : width - 1] - 128;
    }
}

pn_status pn_phantom_jpeg(const uint8_t *pixels, int height, int width, int quality,
                          const char *comment, pn_phantom_poll poll, pn_text *out,
                          pn_error *error) {
    writer w = {.out = out};
    make_divisors(&w, quality);
    make_codes(w.dc, dc_counts, dc_symbols);
    make_codes(w.ac, ac_counts, ac_symbols);
    put_head(&w, height, width, comment);
    int last_dc = 0;
    for (int top = 0; top < height; top += 8) {
        if (poll.stop && poll.stop(poll.context)) return pn_fail(error, PN_E_CANCELLED, "stopped");
        for (int left = 0; left < width; left += 8) {
            float block[8][8];
            load_block(block, pixels, height, width, top, left);
            put_block(&w, block, &last_dc);
        }
    }
    put(&w, 0x7f, 7); /* fills the last byte with ones */
    flush(&w);
    static const uint8_t end[] = {0xff, 0xd9};
    pn_text_add(out, end, sizeof end);
    if (out->failed) return pn_fail_memory(error, out->size);
    return PN_OK;
}
