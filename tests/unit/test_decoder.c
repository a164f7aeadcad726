/* Uploads are decoded by a process apart: to the same pictures as in this one, and no image brings
 * this process down. */
#define _GNU_SOURCE
#include "test.h"

#include "decoder_fixture.h"

#include "base/file.h"
#include "base/memory.h"
#include "data/picture.h"
#include "image/image.h"

#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* ---- the same pictures ---- */

static void assert_same(const pn_tensor *wanted, const uint8_t *got, int64_t height, int64_t width,
                        int channels) {
    assert_int_equal(wanted->shape[0], height);
    assert_int_equal(wanted->shape[1], width);
    assert_int_equal(wanted->rank == 3 ? wanted->shape[2] : 1, channels);
    assert_memory_equal(got, wanted->data, pn_tensor_bytes(wanted));
}

static pn_tensor *shown_here(const void *bytes, size_t size, int64_t shown) {
    pn_tensor *image = NULL, *visible = NULL, *small = NULL;
    assert_int_equal(pn_image_decode(bytes, size, NULL, 0, &image, NULL), PN_OK);
    assert_int_equal(pn_image_visible(image, NULL, &visible, NULL), PN_OK);
    assert_int_equal(pn_image_shrink(visible, shown, shown, &small, NULL), PN_OK);
    pn_tensor_release(image);
    pn_tensor_release(visible);
    return small;
}

/* What training makes of the file, and m:prepare too (tests/lua/test_nn_gradcam.lua). */
static pn_tensor *prepared_here(const void *bytes, size_t size, const pn_decode_wish *w) {
    pn_tensor *picture = NULL, *three = NULL;
    assert_int_equal(pn_picture_decode(bytes, size, NULL, w->channels, w->height, w->width,
                                       w->filter, &picture, NULL),
                     PN_OK);
    if (w->channels == 1) return picture;
    assert_int_equal(pn_image_rgb(picture, &three, NULL), PN_OK);
    pn_tensor_release(picture);
    return three;
}

static void compare(const void *bytes, size_t size, const pn_decode_wish *w) {
    pn_error error = {0};
    pn_decoded d;
    pn_image_info info;
    pn_status status = pn_decoder_run(decoder, bytes, size, w, &d, &error);
    if (status != PN_OK) fail_msg("%s", error.message);
    pn_tensor *prepared = prepared_here(bytes, size, w);
    assert_same(prepared, d.prepared, w->height, w->width, w->channels);
    pn_tensor_release(prepared);
    assert_int_equal(pn_image_probe(bytes, size, NULL, NULL, &info, NULL), PN_OK);
    assert_int_equal(d.height, info.height);
    assert_int_equal(d.width, info.width);
    assert_int_equal(d.channels, info.channels);
    assert_string_equal(d.format, pn_image_format_name(info.format));
    if (w->shown) {
        pn_tensor *shown = shown_here(bytes, size, w->shown);
        assert_same(shown, d.shown, d.shown_height, d.shown_width, d.shown_channels);
        pn_tensor_release(shown);
    } else {
        assert_null(d.shown);
    }
    pn_decoded_free(&d);
    assert_null(d.prepared);
}

/* Every kind of wish for one file. */
static void must_match(const void *bytes, size_t size) {
    for (int i = 0; i < 24; i++) {
        const pn_decode_wish wish = {.height = i % 2 ? 48 : 31,
                                     .width = i % 2 ? 64 : 130,
                                     .channels = i / 2 % 2 ? 3 : 1,
                                     .filter = i / 4 % 2 ? PN_BILINEAR : PN_NEAREST,
                                     .shown = i / 8 == 0   ? 0
                                              : i / 8 == 1 ? 40
                                                           : 1024};
        compare(bytes, size, &wish);
    }
}

static uint8_t *gradient(int channels) {
    static uint8_t pixels[48 * 64 * 3];
    for (int i = 0; i < 48 * 64; i++)
        for (int c = 0; c < channels; c++)
            pixels[i * channels + c] = (uint8_t)((c + 1) * (i % 64) + 2 * (i / 64) * (c != 1));
    return pixels;
}

static void jpeg_and_png_match(void **state) {
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        pn_text jpeg = {0}, png = {0};
        const uint8_t *pixels = gradient(channels);
        assert_int_equal(pn_image_encode_jpeg(pixels, 48, 64, channels, 90, &jpeg, NULL), PN_OK);
        assert_int_equal(pn_image_encode_png(pixels, 48, 64, channels, &png, NULL), PN_OK);
        must_match(jpeg.data, jpeg.size);
        must_match(png.data, png.size);
        pn_text_free(&jpeg);
        pn_text_free(&png);
    }
}

static void sixteen_bits_match(void **state) {
    (void)state;
    pn_text gray = {0}, colors = {0}, pgm = {0};
    put_noisy_png(&gray, 40, 50, 16, 0, 100);
    put_noisy_png(&colors, 40, 50, 16, 2, 300);
    pn_text_adds(&pgm, "P5 30 20 60000\n");
    for (int i = 0; i < 600; i++) pn_text_add(&pgm, (const char[]){(char)(i / 3), (char)i}, 2);
    must_match(gray.data, gray.size);
    must_match(colors.data, colors.size);
    must_match(pgm.data, pgm.size);
    pn_text_free(&gray);
    pn_text_free(&colors);
    pn_text_free(&pgm);
}

static void files_match(void **state) {
    (void)state;
    static const char *const names[] = {"turned.jpg", "progressive.jpg", "cmyk.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PN_PATH], *data;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", TEST_DATA, names[i]);
        assert_int_equal(pn_file_read(path, 0, &data, &size, NULL), PN_OK);
        must_match(data, size);
        pn_free(data);
    }
}

/* ---- bad images ---- */

static void must_work(void) {
    pn_text png = {0};
    assert_int_equal(pn_image_encode_png(gradient(1), 48, 64, 1, &png, NULL), PN_OK);
    compare(png.data, png.size, &usual);
    pn_text_free(&png);
}

static void must_refuse(const void *bytes, size_t size, pn_status wanted, const char *says) {
    pn_error error = {0};
    pn_decoded d;
    pn_status status = pn_decoder_run(decoder, bytes, size, &usual, &d, &error);
    if (status != wanted || !strstr(error.message, says))
        fail_msg("%s: \"%s\", not \"%s\"", pn_status_name(status), error.message, says);
    assert_null(d.prepared);
    assert_string_equal(error.path, "");
    must_work();
}

static void strangers_are_refused(void **state) {
    (void)state;
    static const char huge_jpeg[] = "\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3"
                                    "\1\x11\0\2\x11\0\3\x11\0\xff\xd9";
    must_refuse("", 0, PN_E_FORMAT, "this file is empty");
    must_refuse("Hello, is this an X-ray?", 24, PN_E_FORMAT,
                "this file is not an image that Pneuma reads (it starts with \"Hello, is th\")");
    must_refuse("GIF89a\1\0\1\0", 10, PN_E_UNSUPPORTED, "this file is a GIF image; JPEG, PNG");
    must_refuse("RIFF\x10\0\0\0WEBPVP8 ", 16, PN_E_UNSUPPORTED, "is a WebP image");
    must_refuse(huge_jpeg, sizeof huge_jpeg - 1, PN_E_UNSUPPORTED, "65535 x 65535 pixels");
}

static void damaged_images_are_refused(void **state) {
    (void)state;
    pn_text jpeg = {0}, png = {0};
    assert_int_equal(pn_image_encode_jpeg(gradient(3), 48, 64, 3, 90, &jpeg, NULL), PN_OK);
    assert_int_equal(pn_image_encode_png(gradient(3), 48, 64, 3, &png, NULL), PN_OK);
    for (size_t part = 1; part < 8; part++) {
        must_refuse(jpeg.data, jpeg.size * part / 8, PN_E_FORMAT, "this file is truncated");
        must_refuse(png.data, png.size * part / 8, PN_E_FORMAT, "this file is truncated");
    }
    memset(png.data + 50, 0x55, 20);
    must_refuse(png.data, png.size, PN_E_FORMAT, "this file is damaged: a checksum in the PNG");
    pn_text_free(&png);
    put_png_start(&png, 8, 8, 8, 0);
    put_chunk(&png, "IDAT", "\x78\x01 no deflate", 13);
    put_chunk(&png, "IEND", "", 0);
    must_refuse(png.data, png.size, PN_E_FORMAT, "the image is a damaged PNG: ");
    pn_text_free(&jpeg);
    pn_text_free(&png);
}

static void too_many_pixels_are_refused(void **state) {
    (void)state;
    pn_text png = {0};
    put_png_start(&png, 65535, 65535, 8, 0);
    put_chunk(&png, "IEND", "", 0);
    must_refuse(png.data, png.size, PN_E_UNSUPPORTED, "65535 x 65535 pixels");
    pn_text_free(&png);
    put_png_start(&png, 8001, 8000, 8, 0);
    put_chunk(&png, "IEND", "", 0);
    must_refuse(png.data, png.size, PN_E_UNSUPPORTED,
                "has 8000 x 8001 pixels of 8 bits, 64 million; up to 64 million such pixels");
    pn_text_free(&png);
    put_png_start(&png, 4001, 4000, 16, 6);
    put_chunk(&png, "IEND", "", 0);
    must_refuse(png.data, png.size, PN_E_UNSUPPORTED, "up to 16 million such pixels");
    pn_text_free(&png);
}

static void as_many_pixels_as_may_be(void **state) {
    (void)state;
    if (SANITIZED) skip(); /* in ten seconds */
    pn_text png = {0};
    put_black_png(&png, 8000, 8000, 8, 0, (size_t)8000 * 8001);
    compare(png.data, png.size, &usual);
    pn_text_free(&png);
}

/* More data than the header announces. */
static void bombs_are_refused(void **state) {
    (void)state;
    pn_text png = {0};
    put_black_png(&png, 10, 10, 8, 0, 400000000);
    must_refuse(png.data, png.size, PN_E_FORMAT, "it unpacks to more than its pixels");
    pn_text_free(&png);
}

static void wishes_are_checked(void **state) {
    (void)state;
    static const pn_decode_wish bad[] = {
        {.height = 8, .width = 8, .channels = 2},
        {.height = 0, .width = 8, .channels = 1},
        {.height = 8, .width = -8, .channels = 1},
        {.height = INT64_MAX, .width = INT64_MAX, .channels = 1},
        {.height = 8, .width = 8, .channels = 1, .filter = (pn_filter)7},
        {.height = 8, .width = 8, .channels = 1, .shown = -1},
        {.height = 8, .width = 8, .channels = 1, .shown = INT64_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pn_decoded d;
        assert_int_equal(pn_decoder_run(decoder, "x", 1, &bad[i], &d, NULL), PN_E_ARGUMENT);
    }
    static char nothing[1]; /* never read */
    pn_decoded d;
    assert_int_equal(pn_decoder_run(decoder, nothing, (size_t)1 << 30, &usual, &d, NULL),
                     PN_E_UNSUPPORTED);
    must_work();
}

int main(void) {
    /* In the worker, an allocation that is refused must be NULL under the sanitizer as well. */
    setenv("ASAN_OPTIONS", "allocator_may_return_null=1", 1);
    setenv("TSAN_OPTIONS", "allocator_may_return_null=1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_and_png_match),
        cmocka_unit_test(sixteen_bits_match),
        cmocka_unit_test(files_match),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(damaged_images_are_refused),
        cmocka_unit_test(too_many_pixels_are_refused),
        cmocka_unit_test(as_many_pixels_as_may_be),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(wishes_are_checked),
    };
    return cmocka_run_group_tests(tests, start_decoder, stop_decoder);
}
