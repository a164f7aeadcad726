#define _GNU_SOURCE
#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "image/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pn_error error;

/* ---- helpers ---- */

static pn_tensor *must_decode(const void *bytes, size_t size, int channels) {
    pn_tensor *image = NULL;
    pn_status status = pn_image_decode(bytes, size, "x", channels, &image, &error);
    if (status != PN_OK) print_error("%s\n", error.message);
    assert_int_equal(status, PN_OK);
    return image;
}

static pn_tensor *must_read(const char *name, int channels) {
    char path[PN_PATH];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    pn_tensor *image = NULL;
    assert_int_equal(pn_image_read(path, channels, &image, &error), PN_OK);
    return image;
}

static void must_fail(const void *bytes, size_t size, pn_status status, const char *says) {
    pn_tensor *image = NULL;
    assert_int_equal(pn_image_decode(bytes, size, "x.png", 0, &image, &error), status);
    assert_null(image);
    assert_string_equal(error.path, "x.png");
    if (!strstr(error.message, says)) fail_msg("\"%s\" does not say \"%s\"", error.message, says);
}

static void assert_shape(const pn_tensor *t, int rank, int64_t a, int64_t b, int64_t c) {
    assert_int_equal(t->rank, rank);
    assert_int_equal(t->shape[0], a);
    assert_int_equal(t->shape[1], b);
    if (rank == 3) assert_int_equal(t->shape[2], c);
}

static void assert_pixel(const pn_tensor *t, int64_t y, int64_t x, int r, int g, int b, int slack) {
    const uint8_t *p = (const uint8_t *)t->data + y * t->stride[0] + x * t->stride[1];
    if (abs(p[0] - r) > slack || abs(p[1] - g) > slack || abs(p[2] - b) > slack)
        fail_msg("pixel (%d, %d) is %d %d %d", (int)y, (int)x, p[0], p[1], p[2]);
}

static void fill_noise(uint8_t *pixels, size_t count) {
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        pixels[i] = (uint8_t)(state >> 24);
    }
}

/* ---- round trips ---- */

static void test_png_keeps_pixels(void **state) {
    (void)state;
    static uint8_t pixels[37 * 53 * 3];
    fill_noise(pixels, sizeof pixels);
    for (int channels = 1; channels <= 3; channels += 2) {
        pn_text out = {0};
        assert_int_equal(pn_image_encode_png(pixels, 37, 53, channels, &out, &error), PN_OK);
        pn_tensor *image = must_decode(out.data, out.size, 0);
        assert_shape(image, channels == 1 ? 2 : 3, 37, 53, 3);
        assert_memory_equal(image->data, pixels, (size_t)(37 * 53 * channels));
        pn_tensor_release(image);
        pn_text_free(&out);
    }
}

static void test_jpeg_is_near(void **state) {
    (void)state;
    static uint8_t pixels[64 * 48];
    for (int i = 0; i < 64 * 48; i++) pixels[i] = (uint8_t)(i / 48 * 3);
    pn_text out = {0};
    assert_int_equal(pn_image_encode_jpeg(pixels, 64, 48, 1, 95, &out, &error), PN_OK);
    /* stb writes three channels even for grey. */
    pn_tensor *image = must_decode(out.data, out.size, 1);
    assert_shape(image, 2, 64, 48, 0);
    for (int i = 0; i < 64 * 48; i++)
        assert_in_range(((uint8_t *)image->data)[i] - pixels[i] + 4, 0, 8);
    pn_tensor_release(image);
    pn_text_free(&out);
    assert_int_equal(pn_image_encode_jpeg(pixels, 64, 48, 1, 0, &out, &error), PN_E_ARGUMENT);
    assert_int_equal(pn_image_encode_png(pixels, 64, 24, 2, &out, &error), PN_E_ARGUMENT);
    assert_int_equal(pn_image_encode_png(pixels, 0, 24, 1, &out, &error), PN_E_ARGUMENT);
}

static void test_one_pixel(void **state) {
    (void)state;
    uint8_t pixel = 7;
    pn_text out = {0};
    assert_int_equal(pn_image_encode_png(&pixel, 1, 1, 1, &out, &error), PN_OK);
    pn_tensor *image = must_decode(out.data, out.size, 3);
    assert_shape(image, 3, 1, 1, 3);
    assert_pixel(image, 0, 0, 7, 7, 7, 0);
    pn_tensor_release(image);
    pn_text_free(&out);
}

static void test_pnm(void **state) {
    (void)state;
    pn_tensor *image = must_decode("P5 # comment\n3 2\n255\nabcdef", 27, 0);
    assert_shape(image, 2, 2, 3, 0);
    assert_memory_equal(image->data, "abcdef", 6);
    pn_tensor_release(image);
    /* 16 bits: int32, the greatest value is white. */
    image = must_decode("P5\n2 1\n1000\n\x03\xe8\x01\xf4", 17, 0);
    assert_int_equal(image->dtype, PN_I32);
    assert_int_equal(((int32_t *)image->data)[0], 65535);
    assert_int_equal(((int32_t *)image->data)[1], 32768);
    pn_tensor_release(image);
    image = must_decode("P6\n1 1\n255\n\x0a\x14\x1e", 14, 1);
    assert_shape(image, 2, 1, 1, 0);
    assert_int_equal(((uint8_t *)image->data)[0], (10 * 4899 + 20 * 9617 + 30 * 1868 + 8192) >> 14);
    pn_tensor_release(image);
}

static void test_bmp(void **state) {
    (void)state;
    /* 2 x 2, 8 bits, a grey palette of three entries: a grey image, bottom row first. */
    static const uint8_t bmp[] = {'B',  'M', 74,   0,    0,    0, 0, 0, 0, 0, 66, 0, 0, 0,    40,
                                  0,    0,   0,    2,    0,    0, 0, 2, 0, 0, 0,  1, 0, 8,    0,
                                  0,    0,   0,    0,    8,    0, 0, 0, 0, 0, 0,  0, 0, 0,    0,
                                  0,    3,   0,    0,    0,    0, 0, 0, 0, 0, 0,  0, 0, 0x80, 0x80,
                                  0x80, 0,   0xff, 0xff, 0xff, 0, 2, 1, 0, 0, 0,  1, 0, 0};
    pn_tensor *image = must_decode(bmp, sizeof bmp, 0);
    assert_shape(image, 2, 2, 2, 0);
    assert_memory_equal(image->data, "\x00\x80\xff\x80", 4);
    pn_tensor_release(image);
    must_fail(bmp, sizeof bmp - 1, PN_E_FORMAT, "truncated");
}

/* ---- fixtures ---- */

static void test_cmyk(void **state) {
    (void)state;
    pn_tensor *image = must_read("cmyk.jpg", 0);
    assert_shape(image, 3, 16, 16, 3);
    assert_pixel(image, 0, 0, 0, 255, 255, 6);
    assert_pixel(image, 0, 15, 255, 0, 255, 6);
    assert_pixel(image, 15, 0, 255, 255, 0, 6);
    assert_pixel(image, 15, 15, 0, 0, 0, 6);
    pn_tensor_release(image);
}

static void test_exif_orientation(void **state) {
    (void)state;
    pn_tensor *image = must_read("turned.jpg", 0);
    assert_shape(image, 2, 24, 16, 0);
    const uint8_t *p = image->data;
    assert_true(p[0] > 240 && p[15] > 240 && p[11 * 16] > 240);
    assert_true(p[12 * 16] < 15 && p[23 * 16] < 15 && p[24 * 16 - 1] < 15);
    pn_tensor_release(image);
    pn_image_info info;
    assert_int_equal(pn_image_probe_file(TEST_DATA "/turned.jpg", &info, &error), PN_OK);
    assert_int_equal(info.height, 24);
    assert_int_equal(info.width, 16);
    assert_int_equal(info.channels, 1);
}

/* All eight orientations of the stored rows "ab", "cd", "ef". */
static void test_orientations(void **state) {
    (void)state;
    static const char *const turned[] = {"abcdef", "badcfe", "fedcba", "efcdab",
                                         "acebdf", "ecafdb", "fdbeca", "bdface"};
    for (int orientation = 1; orientation <= 8; orientation++) {
        uint8_t out[6];
        pn_orient((const uint8_t *)"abcdef", 3, 2, 1, orientation, out);
        assert_memory_equal(out, turned[orientation - 1], 6);
    }
}

static void test_progressive(void **state) {
    (void)state;
    pn_tensor *image = must_read("progressive.jpg", 0);
    assert_shape(image, 3, 16, 32, 3);
    assert_pixel(image, 0, 0, 0, 0, 90, 12);
    assert_pixel(image, 15, 31, 248, 240, 90, 12);
    pn_tensor_release(image);
}

/* ---- bad input ---- */

static void test_strangers(void **state) {
    (void)state;
    must_fail("", 0, PN_E_FORMAT, "'x.png' is empty");
    must_fail("hello, world", 12, PN_E_FORMAT,
              "'x.png' is not an image that Pneuma reads (it starts with \"hello, world\")");
    must_fail("\1\2", 2, PN_E_FORMAT, "\\x01\\x02");
    must_fail("GIF89a......", 12, PN_E_UNSUPPORTED, "a GIF image");
    must_fail("\xff\xd8\xff", 3, PN_E_FORMAT, "truncated");
    must_fail("\x89PNG\r\n\x1a\n", 8, PN_E_FORMAT, "truncated");
    must_fail("P5\n3 2\n255\nabcde", 16, PN_E_FORMAT, "truncated");
    must_fail("P5\n0 2\n255\n", 11, PN_E_FORMAT, "damaged");
    must_fail("P5\n99999 99999\n255\n", 19, PN_E_UNSUPPORTED, "the limit is 268435456 pixels");
    pn_tensor *image = NULL;
    assert_int_equal(pn_image_decode("P5 1 1 255 x", 12, "x", 2, &image, &error), PN_E_ARGUMENT);
    assert_int_equal(pn_image_read("/no/such/file.png", 0, &image, &error), PN_E_NOT_FOUND);
    assert_int_equal(pn_image_read(TEST_DATA, 0, &image, &error), PN_E_IO);
}

/* Every prefix of a good file is refused, and nothing leaks. */
static void test_every_truncation(void **state) {
    (void)state;
    static const char *const files[] = {"cmyk.jpg", "turned.jpg", "progressive.jpg"};
    size_t live = pn_live_bytes();
    for (int f = 0; f < 3; f++) {
        char path[PN_PATH], *data;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", TEST_DATA, files[f]);
        assert_int_equal(pn_file_read(path, 0, &data, &size, &error), PN_OK);
        for (size_t n = 1; n < size; n++) {
            pn_tensor *image = NULL;
            assert_int_not_equal(pn_image_decode(data, n, path, 0, &image, &error), PN_OK);
            assert_int_not_equal(pn_image_check(data, n, path, NULL, &error), PN_OK);
        }
        assert_int_equal(pn_image_check(data, size, path, NULL, &error), PN_OK);
        pn_free(data);
    }
    assert_int_equal(pn_live_bytes(), live);
}

/* A table of 256 codes, which stb would write beyond its end. */
static void test_overfull_table(void **state) {
    (void)state;
    char *data;
    size_t size;
    assert_int_equal(pn_file_read(TEST_DATA "/turned.jpg", 0, &data, &size, &error), PN_OK);
    pn_text file = {0};
    pn_text_add(&file, "\xff\xd8\xff\xc4\x01\x13\0", 7);
    for (int i = 0; i < 16; i++) pn_text_addc(&file, 16);
    for (int i = 0; i < 256; i++) pn_text_addc(&file, (char)i);
    pn_text_add(&file, data + 2, size - 2);
    must_fail(file.data, file.size, PN_E_FORMAT, "Huffman tables make no sense");
    pn_text_free(&file);
    pn_free(data);
}

/* Leaves memory that will be handed out again full of this and that: the bytes where tables say
 * "see below" (255), the rest noise. */
static void spoil_memory(unsigned seed) {
    uint8_t *blocks[16];
    for (int i = 0; i < 16; i++) {
        blocks[i] = pn_alloc(20000);
        for (size_t k = 0; k < 20000; k++) {
            seed = seed * 1664525 + 1013904223;
            blocks[i][k] = seed & 0x10000 ? 255 : (uint8_t)(seed >> 24);
        }
    }
    for (int i = 0; i < 16; i++) pn_free(blocks[i]);
}

/* A JPEG whose tables are missing is no reason to read what memory held before: the outcome is the
 * same whatever that was. */
static void test_missing_tables(void **state) {
    (void)state;
    static const char zeros[64] = {0};
    char *data;
    size_t size, at = 2;
    pn_text file = {0};
    assert_int_equal(pn_file_read(TEST_DATA "/cmyk.jpg", 0, &data, &size, &error), PN_OK);
    pn_text_add(&file, data, 2);
    for (int marker = 0; marker != 0xda;) {
        size_t length = 2 + (size_t)((uint8_t)data[at + 2] << 8 | (uint8_t)data[at + 3]);
        marker = (uint8_t)data[at + 1];
        if (marker != 0xc4) pn_text_add(&file, data + at, length);
        at += length;
    }
    pn_text_add(&file, zeros, sizeof zeros);
    pn_text_add(&file, "\xff\xd9", 2);
    for (unsigned seed = 0; seed < 20; seed++) {
        spoil_memory(seed);
        pn_tensor *image = must_decode(file.data, file.size, 0);
        const uint8_t *pixels = image->data;
        for (int64_t i = 0; i < pn_tensor_count(image); i++) assert_int_equal(pixels[i], pixels[0]);
        pn_tensor_release(image);
    }
    pn_text_free(&file);
    pn_free(data);
}

/* Damaged bytes give an image or an error, never anything else (the sanitizers watch). */
static void test_damage(void **state) {
    (void)state;
    static uint8_t pixels[24 * 24 * 3];
    fill_noise(pixels, sizeof pixels);
    pn_text file = {0};
    assert_int_equal(pn_image_encode_png(pixels, 24, 24, 3, &file, &error), PN_OK);
    size_t png = file.size;
    assert_int_equal(pn_image_encode_jpeg(pixels, 24, 24, 3, 80, &file, &error), PN_OK);
    unsigned state_ = 7;
    for (int round = 0; round < 3000; round++) {
        state_ = state_ * 1664525 + 1013904223;
        char *start = file.data + (round & 1 ? png : 0);
        size_t size = round & 1 ? file.size - png : png, at = (state_ >> 8) % size;
        char before = start[at];
        start[at] = (char)(state_ >> 3);
        pn_tensor *image = NULL;
        if (pn_image_decode(start, size, "x", (round >> 1) % 2 * 3, &image, &error) == PN_OK)
            pn_tensor_release(image);
        start[at] = before;
    }
    pn_text_free(&file);
}

static void test_failing_memory(void **state) {
    (void)state;
    char *data;
    size_t size, live = pn_live_bytes();
    assert_int_equal(pn_file_read(TEST_DATA "/turned.jpg", 0, &data, &size, &error), PN_OK);
    pn_status status = PN_E_MEMORY;
    unsigned long n = 1;
    for (; status != PN_OK && n < 100; n++) {
        pn_tensor *image = NULL;
        pn_fail_allocation(n);
        status = pn_image_decode(data, size, "x", 3, &image, &error);
        pn_fail_allocation(0);
        if (status != PN_OK) assert_int_equal(status, PN_E_MEMORY);
        pn_tensor_release(image);
    }
    assert_in_range(n, 5, 50);
    pn_free(data);
    assert_int_equal(pn_live_bytes(), live);
}

static void test_probe_asks_for_more(void **state) {
    (void)state;
    char *data;
    size_t size;
    int more;
    pn_image_info info;
    assert_int_equal(pn_file_read(TEST_DATA "/turned.jpg", 0, &data, &size, &error), PN_OK);
    assert_int_equal(pn_image_probe(data, 40, "x", &more, &info, &error), PN_E_FORMAT);
    assert_int_equal(more, 1);
    assert_int_equal(pn_image_probe(data, size, "x", &more, &info, &error), PN_OK);
    assert_int_equal(more, 0);
    assert_int_equal(pn_image_probe("nothing", 7, "x", &more, &info, &error), PN_E_FORMAT);
    assert_int_equal(more, 0);
    pn_free(data);
}

/* ---- colour ---- */

static uint32_t crc32(const uint8_t *bytes, size_t size) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void test_colormaps(void **state) {
    (void)state;
    /* From tests/peers/goldens_jpeg.py. */
    assert_int_equal(crc32(pn_colormap("viridis")[0], 768), 0x89b85291);
    assert_int_equal(crc32(pn_colormap("jet")[0], 768), 0x7cf18a4a);
    for (int i = 0; i < 256; i++)
        for (int c = 0; c < 3; c++) assert_int_equal(pn_colormap("gray")[i][c], i);
    assert_null(pn_colormap("rainbow"));
}

static void test_colormap_of_image(void **state) {
    (void)state;
    float values[] = {-1, 0, 0.5f, 0.999f, 1, 2};
    values[0] = 0.0f / (values[1] * 1e-30f);
    int64_t shape[] = {2, 3};
    pn_tensor *image = NULL, *colored = NULL;
    assert_int_equal(pn_tensor_new(PN_F32, 2, shape, &image, &error), PN_OK);
    memcpy(image->data, values, sizeof values);
    assert_int_equal(pn_image_colormap(image, pn_colormap("gray"), 0, 1, &colored, &error), PN_OK);
    assert_shape(colored, 3, 2, 3, 3);
    static const int expected[] = {0, 0, 128, 255, 255, 255};
    for (int i = 0; i < 6; i++)
        assert_pixel(colored, i / 3, i % 3, expected[i], expected[i], expected[i], 0);
    pn_tensor_release(colored);
    assert_int_equal(pn_image_colormap(image, pn_colormap("gray"), 1, 0, &colored, &error),
                     PN_E_ARGUMENT);
    pn_tensor_release(image);
}

/* ---- files ---- */

static void test_write(void **state) {
    (void)state;
    char folder[] = "/tmp/pneuma-image-XXXXXX", path[PN_PATH];
    assert_non_null(mkdtemp(folder));
    int64_t shape[] = {2, 2};
    pn_tensor *image = NULL, *again = NULL;
    assert_int_equal(pn_tensor_new(PN_I32, 2, shape, &image, &error), PN_OK);
    memcpy(image->data, (int32_t[]){0, 300, 40000, 70000}, 16);
    snprintf(path, sizeof path, "%s/a.PGM", folder);
    assert_int_equal(pn_image_write(path, image, 95, &error), PN_OK);
    assert_int_equal(pn_image_read(path, 0, &again, &error), PN_OK);
    assert_memory_equal(again->data, ((int32_t[]){0, 300, 40000, 65535}), 16);
    pn_tensor_release(again);
    snprintf(path, sizeof path, "%s/a.png", folder);
    assert_int_equal(pn_image_write(path, image, 95, &error), PN_E_UNSUPPORTED);
    snprintf(path, sizeof path, "%s/a.webp", folder);
    assert_int_equal(pn_image_write(path, image, 95, &error), PN_E_ARGUMENT);
    pn_tensor_release(image);
    assert_int_equal(pn_tree_remove(folder, &error), PN_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_keeps_pixels),
        cmocka_unit_test(test_jpeg_is_near),
        cmocka_unit_test(test_one_pixel),
        cmocka_unit_test(test_pnm),
        cmocka_unit_test(test_bmp),
        cmocka_unit_test(test_cmyk),
        cmocka_unit_test(test_exif_orientation),
        cmocka_unit_test(test_orientations),
        cmocka_unit_test(test_progressive),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_overfull_table),
        cmocka_unit_test(test_missing_tables),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_failing_memory),
        cmocka_unit_test(test_probe_asks_for_more),
        cmocka_unit_test(test_colormaps),
        cmocka_unit_test(test_colormap_of_image),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
