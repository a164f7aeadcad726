/* A decoder for tests of it, and images, good and hostile ones, made byte by byte. */
#ifndef PN_TESTS_UNIT_DECODER_FIXTURE_H
#define PN_TESTS_UNIT_DECODER_FIXTURE_H

#include "base/text.h"
#include "web/decode_wire.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Not every test uses everything. */
#define MAYBE __attribute__((unused)) static

static pn_decoder *decoder; /* the real one */
MAYBE const pn_decode_wish usual = {
    .height = 48, .width = 64, .channels = 1, .filter = PN_BILINEAR, .shown = 50};

MAYBE int start_decoder(void **state) {
    (void)state;
    pn_error error;
    const char *program = getenv("PNEUMA_PROGRAM");
    assert_non_null(program); /* run by ctest, which sets it */
    pn_status status = pn_decoder_new_of(program, PN_DECODE_PATIENCE, &decoder, &error);
    if (status != PN_OK) print_error("%s\n", error.message);
    return status != PN_OK;
}

MAYBE int stop_decoder(void **state) {
    (void)state;
    pn_decoder_free(decoder);
    return !(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* nobody is left */
}

/* ---- images ---- */

MAYBE void put_big32(pn_text *out, size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) pn_text_addc(out, (char)(value >> shift));
}

/* Without a checksum: nobody looks at it. */
/* CRC-32, bit by bit. */
MAYBE uint32_t checksum_of(const char *bytes, size_t size) {
    uint32_t sum = ~0U;
    for (size_t i = 0; i < size; i++) {
        sum ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320U : 0);
    }
    return ~sum;
}

MAYBE void put_chunk(pn_text *out, const char *kind, const void *bytes, size_t size) {
    put_big32(out, size);
    pn_text_add(out, kind, 4);
    pn_text_add(out, bytes, size);
    put_big32(out, checksum_of(out->data + out->size - size - 4, size + 4));
}

/* The signature and IHDR of a PNG; kind 0 is grey, 2 RGB. */
MAYBE void put_png_start(pn_text *out, size_t height, size_t width, int depth, int kind) {
    pn_text header = {0};
    pn_text_add(out, "\x89PNG\r\n\x1a\n", 8);
    put_big32(&header, width);
    put_big32(&header, height);
    pn_text_addc(&header, (char)depth);
    pn_text_addc(&header, (char)kind);
    pn_text_add(&header, "\0\0\0", 3);
    put_chunk(out, "IHDR", header.data, header.size);
    pn_text_free(&header);
}

/* A whole PNG of less than 64 KiB of noise. `row` is the number of bytes in one. */
MAYBE void put_noisy_png(pn_text *out, size_t height, size_t width, int depth, int kind,
                         size_t row) {
    pn_text data = {0};
    unsigned state = 7;
    const size_t raw = height * (row + 1);
    const unsigned char stored[] = {0x78,
                                    0x01,
                                    1,
                                    (unsigned char)raw,
                                    (unsigned char)(raw >> 8),
                                    (unsigned char)~raw,
                                    (unsigned char)(~raw >> 8)};
    pn_text_add(&data, stored, sizeof stored);
    for (size_t i = 0; i < raw; i++) {
        state = state * 1664525 + 1013904223;
        pn_text_addc(&data, i % (row + 1) ? (char)(state >> 24) : 0);
    }
    put_big32(&data, 0);
    put_png_start(out, height, width, depth, kind);
    put_chunk(out, "IDAT", data.data, data.size);
    put_chunk(out, "IEND", "", 0);
    pn_text_free(&data);
}

typedef struct bit_writer {
    pn_text *out;
    unsigned waiting;
    int count;
} bit_writer;

/* The bits of a Huffman code, its highest first. */
MAYBE void put_code(bit_writer *w, unsigned code, int length) {
    while (length-- > 0) {
        w->waiting |= (code >> length & 1) << w->count;
        if (++w->count < 8) continue;
        pn_text_addc(w->out, (char)w->waiting);
        w->waiting = 0;
        w->count = 0;
    }
}

/* Appends a zlib stream of `raw` zeros (RFC 1951, fixed codes): 13 bits for every 258 of them. */
MAYBE void put_zeros(pn_text *out, size_t raw) {
    bit_writer w = {.out = out};
    pn_text_add(out, "\x78\x01", 2);
    put_code(&w, 1, 1);    /* the last block */
    put_code(&w, 2, 2);    /* fixed codes: 01, lowest bit first */
    put_code(&w, 0x30, 8); /* a zero */
    for (raw--; raw >= 258; raw -= 258) {
        put_code(&w, 0xc5, 8); /* 258 bytes ... */
        put_code(&w, 0, 5);    /* ... that stand one back */
    }
    while (raw-- > 0) put_code(&w, 0x30, 8);
    put_code(&w, 0, 7); /* the end */
    put_code(&w, 0, 7);
    put_big32(out, 0);
}

/* A PNG whose data are `raw` zeros, whatever its header says. */
MAYBE void put_black_png(pn_text *out, size_t height, size_t width, int depth, int kind,
                         size_t raw) {
    pn_text data = {0};
    put_zeros(&data, raw);
    put_png_start(out, height, width, depth, kind);
    put_chunk(out, "IDAT", data.data, data.size);
    put_chunk(out, "IEND", "", 0);
    pn_text_free(&data);
}

#endif
