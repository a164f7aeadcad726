/* Resizing: against Pillow and OpenCV, against the formula written out, at every instruction
 * level. */
#include "golden.h"

#include "base/cpu.h"
#include "base/pool.h"
#include "base/random.h"
#include "kernels/resize.h"

#include <math.h>

static pn_random dice;

static int64_t between(int64_t low, int64_t high) {
    return low + (int64_t)pn_random_below(&dice, (uint64_t)(high - low + 1));
}

static size_t items_in(const pn_resize_shape *s) {
    return (size_t)(s->height * s->width * s->channels);
}

static size_t items_out(const pn_resize_shape *s) {
    return (size_t)(s->to_height * s->to_width * s->channels);
}

/* Resizes with scratch and image cut to size, so that the sanitizer sees a step too far. */
static void *run(pn_filter filter, const pn_resize_shape *shape, const void *from, int floats) {
    size_t size = pn_resize_scratch(shape);
    assert_true(size > 0);
    void *scratch = pn_alloc(size), *to = pn_alloc(items_out(shape) * (floats ? 4 : 1));
    memset(scratch, 0xA5, size);
    pn_error error;
    pn_status status = floats ? pn_resize_f32(filter, shape, from, scratch, to, &error)
                              : pn_resize_u8(filter, shape, from, scratch, to, &error);
    assert_int_equal(status, PN_OK);
    pn_free(scratch);
    return to;
}

static void equals_pillow_and_opencv(void **state) {
    (void)state;
    golden g = golden_open("resize.golden");
    pn_resize_shape shape = {0};
    uint8_t *image = NULL;
    int cases = 0;
    for (const char *line; (line = golden_line(&g));) {
        long long a, b;
        if (sscanf(line, "image %lld %lld %d", &a, &b, &shape.channels) == 3) {
            shape.height = a;
            shape.width = b;
            pn_free(image);
            image = golden_bytes(&g, items_in(&shape));
            continue;
        }
        assert_int_equal(sscanf(line, "size %lld %lld", &a, &b), 2);
        shape.to_height = a;
        shape.to_width = b;
        for (int filter = PN_NEAREST; filter <= PN_BILINEAR; filter++) {
            uint8_t *expected = golden_bytes(&g, items_out(&shape));
            for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
                pn_cpu_cap((pn_cpu_level)level);
                uint8_t *result = run((pn_filter)filter, &shape, image, 0);
                assert_memory_equal(result, expected, items_out(&shape));
                pn_free(result);
            }
            pn_free(expected);
            cases++;
        }
    }
    assert_true(cases >= 30);
    pn_free(image);
    golden_close(&g);
}

/* ---- the formulas, written out ---------------------------------------------------------- */

static int64_t clamp(int64_t i, int64_t count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static float place(int64_t i, int64_t count, int64_t to_count) {
    return (float)(((double)i + 0.5) * (1.0 / ((double)to_count / (double)count)) - 0.5);
}

static int across(const pn_resize_shape *s, const uint8_t *image, int64_t y, int64_t x, int c) {
    float at = place(x, s->width, s->to_width), f = at - floorf(at);
    int64_t left = (int64_t)floorf(at);
    if (left < 0 || left >= s->width - 1) f = 0;
    const uint8_t *row = image + clamp(y, s->height) * s->width * s->channels + c;
    return row[clamp(left, s->width) * s->channels] * (int)rintf((1 - f) * 2048) +
           row[clamp(left + 1, s->width) * s->channels] * (int)rintf(f * 2048);
}

static int bilinear_at(const pn_resize_shape *s, const uint8_t *image, int64_t y, int64_t x,
                       int c) {
    if (s->height == 2 * s->to_height && s->width == 2 * s->to_width) {
        const uint8_t *p = image + (2 * y * s->width + 2 * x) * s->channels + c;
        int sum = p[0] + p[s->channels] + p[s->width * s->channels] +
                  p[s->width * s->channels + s->channels];
        return s->channels == 2 ? (int)rint(sum / 4.0) : (sum + 2) / 4;
    }
    float at = place(y, s->height, s->to_height), f = at - floorf(at);
    int64_t top = (int64_t)floorf(at);
    int a = across(s, image, top, x, c) / 16 * (int)rintf((1 - f) * 2048);
    int b = across(s, image, top + 1, x, c) / 16 * (int)rintf(f * 2048);
    return (a / 65536 + b / 65536 + 2) / 4;
}

static double exact_at(const pn_resize_shape *s, const float *image, int64_t y, int64_t x, int c) {
    double v = ((double)y + 0.5) * (double)s->height / (double)s->to_height - 0.5;
    double u = ((double)x + 0.5) * (double)s->width / (double)s->to_width - 0.5;
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        int64_t row = (int64_t)floor(v) + i / 2, column = (int64_t)floor(u) + i % 2;
        double weight = (1 - fabs(v - (double)row)) * (1 - fabs(u - (double)column));
        sum +=
            weight *
            image[(clamp(row, s->height) * s->width + clamp(column, s->width)) * s->channels + c];
    }
    return sum;
}

static void check_items(const pn_resize_shape *s, const uint8_t *image, const float *floats,
                        const uint8_t *result, const float *float_result) {
    for (int64_t y = 0; y < s->to_height; y++)
        for (int64_t x = 0; x < s->to_width; x++)
            for (int c = 0; c < s->channels; c++) {
                int64_t at = (y * s->to_width + x) * s->channels + c;
                int expected = bilinear_at(s, image, y, x, c);
                double exact = exact_at(s, floats, y, x, c);
                if (result[at] != expected || fabs(float_result[at] - exact) > 2e-7)
                    fail_msg("%s: %lld x %lld x %d to %lld x %lld at %lld %lld: %d, not %d; "
                             "%.9g, not %.9g",
                             pn_cpu_name(pn_cpu()), (long long)s->height, (long long)s->width,
                             s->channels, (long long)s->to_height, (long long)s->to_width,
                             (long long)y, (long long)x, result[at], expected, float_result[at],
                             exact);
            }
}

static pn_resize_shape random_shape(int round) {
    int64_t most = round % 3 ? 40 : 150;
    pn_resize_shape s = {between(1, most), between(1, most), between(1, most), between(1, most),
                         (int)between(1, 4)};
    if (round % 4 == 0) {
        s.height = 2 * s.to_height;
        s.width = 2 * s.to_width;
    }
    if (round % 30 == 9) s.to_height = s.to_width = 300; /* several stripes */
    if (round % 7 == 1) s.height = 1;
    if (round % 7 == 2) s.width = (int64_t)1 << between(0, 2);
    return s;
}

static void equals_the_formula(void **state) {
    (void)state;
    for (int round = 0; round < 120; round++) {
        pn_set_threads(1 + round % 3);
        pn_resize_shape s = random_shape(round);
        uint8_t *image = pn_alloc(items_in(&s));
        float *floats = pn_alloc(items_in(&s) * sizeof *floats);
        for (size_t i = 0; i < items_in(&s); i++) {
            image[i] = (uint8_t)pn_random_bits(&dice);
            floats[i] = (float)pn_random_uniform(&dice);
        }
        for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
            if ((int)pn_cpu_cap((pn_cpu_level)level) != level) continue;
            uint8_t *result = run(PN_BILINEAR, &s, image, 0);
            float *float_result = run(PN_BILINEAR, &s, floats, 1);
            check_items(&s, image, floats, result, float_result);
            pn_free(result);
            pn_free(float_result);
        }
        pn_free(image);
        pn_free(floats);
    }
}

static void nearest_takes_whole_pixels(void **state) {
    (void)state;
    for (int round = 0; round < 60; round++) {
        pn_resize_shape s = random_shape(round);
        float *image = pn_alloc(items_in(&s) * sizeof *image);
        for (size_t i = 0; i < items_in(&s); i++) image[i] = (float)i;
        float *result = run(PN_NEAREST, &s, image, 1);
        double y_at = (double)s.height / (double)s.to_height * 0.5;
        for (int64_t y = 0; y < s.to_height; y++, y_at += (double)s.height / (double)s.to_height) {
            double x_at = (double)s.width / (double)s.to_width * 0.5;
            for (int64_t x = 0; x < s.to_width; x++, x_at += (double)s.width / (double)s.to_width)
                for (int c = 0; c < s.channels; c++) {
                    int64_t item = ((int64_t)y_at * s.width + (int64_t)x_at) * s.channels + c;
                    assert_int_equal(result[(y * s.to_width + x) * s.channels + c], item);
                }
        }
        pn_free(result);
        pn_free(image);
    }
}

static void refuses(pn_resize_shape shape, const char *word) {
    pn_error error = {0};
    assert_int_equal(pn_resize_scratch(&shape), 0);
    assert_int_equal(pn_resize_u8(PN_NEAREST, &shape, NULL, NULL, NULL, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, word));
    assert_int_equal(pn_resize_f32(PN_BILINEAR, &shape, NULL, NULL, NULL, &error), PN_E_ARGUMENT);
}

static void refuses_bad_shapes(void **state) {
    (void)state;
    refuses((pn_resize_shape){3, 3, 3, 3, 5}, "channels");
    refuses((pn_resize_shape){3, 3, 3, 3, 0}, "channels");
    refuses((pn_resize_shape){0, 3, 3, 3, 1}, "0 x 3");
    refuses((pn_resize_shape){3, 3, 3, -1, 1}, "-1");
    refuses((pn_resize_shape){3, 3, 3, INT64_C(1) << 40, 1}, "beyond");
}

int main(void) {
    pn_random_seed(&dice, 8, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow_and_opencv),
        cmocka_unit_test(equals_the_formula),
        cmocka_unit_test(nearest_takes_whole_pixels),
        cmocka_unit_test(refuses_bad_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
