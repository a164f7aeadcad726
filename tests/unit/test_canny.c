/* Canny: the fast kernel against the readable one at every instruction level, both against what
 * OpenCV gives. */
#include "golden.h"

#include "base/cpu.h"
#include "base/pool.h"
#include "base/random.h"
#include "kernels/canny.h"

#include <math.h>

static pn_random dice;

static int64_t between(int64_t low, int64_t high) {
    return low + (int64_t)pn_random_below(&dice, (uint64_t)(high - low + 1));
}

/* Noise, or noise made smooth, so that there are long edges; now and then some rows of a colour
 * image are grey. */
static uint8_t *random_image(int64_t height, int64_t width, int channels) {
    size_t count = (size_t)(height * width * channels);
    uint8_t *image = pn_alloc(count);
    int smooth = (int)between(0, 3);
    int64_t grey_to = between(0, 2) ? 0 : between(1, height), grey_from = between(0, grey_to);
    size_t row = (size_t)(width * channels);
    for (size_t i = 0; i < count; i++) image[i] = (uint8_t)pn_random_bits(&dice);
    for (int pass = 0; pass < smooth; pass++) {
        for (size_t i = (size_t)channels; i < count; i++)
            image[i] = (uint8_t)((3 * image[i - (size_t)channels] + image[i] + 2) / 4);
        for (size_t i = row; i < count; i++)
            image[i] = (uint8_t)((3 * image[i - row] + image[i] + 2) / 4);
    }
    for (size_t i = (size_t)grey_from * row; i < (size_t)grey_to * row; i++)
        image[i] = image[i - i % (size_t)channels];
    return image;
}

static uint8_t *run(const uint8_t *image, int64_t height, int64_t width, int channels,
                    const pn_canny_options *options, int reference) {
    size_t size = reference ? pn_canny_reference_scratch(height, width, channels, options)
                            : pn_canny_scratch(height, width, channels, options);
    uint8_t *edges = pn_alloc((size_t)(height * width));
    void *scratch = pn_alloc(size);
    memset(scratch, 0xA5, size); /* nothing may depend on what was there */
    pn_error error;
    pn_status status =
        reference
            ? pn_canny_reference(image, height, width, channels, options, scratch, edges, &error)
            : pn_canny(image, height, width, channels, options, scratch, edges, &error);
    assert_int_equal(status, PN_OK);
    pn_free(scratch);
    return edges;
}

static pn_canny_options random_options(void) {
    static const double range[] = {400, 2500, 20000};
    int kind = (int)between(0, 2);
    double top = range[kind] * (between(0, 1) ? 0.1 : 1);
    return (pn_canny_options){.low = (pn_random_uniform(&dice) - 0.05) * top,
                              .high = (pn_random_uniform(&dice) - 0.05) * top,
                              .aperture = 3 + 2 * kind,
                              .l2 = between(0, 1)};
}

static void same_at_every_level(int64_t height, int64_t width) {
    int channels = between(0, 1) ? 3 : 1;
    uint8_t *image = random_image(height, width, channels);
    pn_canny_options options = random_options();
    uint8_t *expected = run(image, height, width, channels, &options, 1);
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
        if ((int)pn_cpu_cap((pn_cpu_level)level) != level) continue;
        uint8_t *edges = run(image, height, width, channels, &options, 0);
        if (memcmp(edges, expected, (size_t)(height * width)) != 0)
            fail_msg("%s differs: %lld x %lld x %d, %.17g, %.17g, aperture %d, l2 %d",
                     pn_cpu_name((pn_cpu_level)level), (long long)height, (long long)width,
                     channels, options.low, options.high, options.aperture, options.l2);
        pn_free(edges);
    }
    pn_cpu_cap(PN_CPU_AVX512);
    pn_free(expected);
    pn_free(image);
}

static void fast_equals_reference(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        pn_set_threads(threads);
        for (int round = 0; round < 60; round++) same_at_every_level(between(1, 9), between(1, 9));
        for (int round = 0; round < 20; round++)
            same_at_every_level(between(60, 260), between(1, 200));
    }
}

/* A line one pixel wide that winds through the whole image and is strong at one end alone: its
 * acceptance has to travel through every stripe, up and down. */
static void hysteresis_crosses_stripes(void **state) {
    (void)state;
    enum { SIDE = 260 };
    pn_set_threads(3);
    uint8_t *image = pn_calloc(SIDE, SIDE);
    for (int x = 4; x < SIDE - 4; x += 8)
        for (int y = 4; y < SIDE - 4; y++) {
            int turn = x / 8 % 2 ? y > SIDE - 13 : y < 12;
            for (int i = 0; i < (turn ? 8 : 3) && x + i < SIDE; i++) image[y * SIDE + x + i] = 40;
        }
    for (int y = 240; y < 250; y++) image[y * SIDE + 5] = 255;
    pn_canny_options options = {.low = 20, .high = 500, .aperture = 3};
    uint8_t *expected = run(image, SIDE, SIDE, 1, &options, 1);
    uint8_t *edges = run(image, SIDE, SIDE, 1, &options, 0);
    int64_t count = 0;
    for (int i = 0; i < SIDE * SIDE; i++) count += edges[i] == 255;
    assert_true(count > SIDE * SIDE / 16);
    assert_memory_equal(edges, expected, SIDE * SIDE);
    pn_free(edges);
    pn_free(expected);
    pn_free(image);
}

static void compare_bits(const uint8_t *edges, const uint8_t *bits, int64_t count,
                         const char *what) {
    for (int64_t i = 0; i < count; i++)
        if (edges[i] != (bits[i / 8] >> i % 8 & 1 ? 255 : 0))
            fail_msg("not as OpenCV at pixel %lld: %s", (long long)i, what);
}

static void equals_opencv(void **state) {
    (void)state;
    golden g = golden_open("canny.golden");
    long long height = 0, width = 0;
    int channels = 0, cases = 0;
    uint8_t *image = NULL;
    for (const char *line; (line = golden_line(&g));) {
        pn_canny_options options = {0};
        int l2;
        if (sscanf(line, "image %lld %lld %d", &height, &width, &channels) == 3) {
            pn_free(image);
            image = golden_bytes(&g, (size_t)(height * width * channels));
            continue;
        }
        assert_int_equal(sscanf(line, "canny %lf %lf %d %d", &options.low, &options.high,
                                &options.aperture, &l2),
                         4);
        options.l2 = l2 != 0;
        uint8_t *bits = golden_bytes(&g, (size_t)(height * width + 7) / 8);
        for (int reference = 0; reference < 2; reference++) {
            uint8_t *edges = run(image, height, width, channels, &options, reference);
            compare_bits(edges, bits, height * width, line);
            pn_free(edges);
        }
        pn_free(bits);
        cases++;
    }
    assert_true(cases >= 50);
    pn_free(image);
    golden_close(&g);
}

static void refuses(int64_t height, int64_t width, int channels, pn_canny_options options,
                    const char *word) {
    pn_error error = {0};
    assert_int_equal(pn_canny_scratch(height, width, channels, &options), 0);
    assert_int_equal(pn_canny(NULL, height, width, channels, &options, NULL, NULL, &error),
                     PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, word));
}

static void refuses_bad_arguments(void **state) {
    (void)state;
    pn_canny_options good = {.low = 60, .high = 70, .aperture = 3};
    pn_canny_options even = {.low = 60, .high = 70, .aperture = 4};
    pn_canny_options endless = {.low = 60, .high = INFINITY, .aperture = 3};
    refuses(5, 5, 1, even, "not 4");
    refuses(5, 5, 1, endless, "inf");
    refuses(5, 5, 2, good, "channels");
    refuses(0, 5, 1, good, "empty");
    refuses(5, -1, 3, good, "empty");
    refuses(INT64_C(1) << 40, 5, 1, good, "too large");
    refuses(1 << 20, 1 << 20, 1, good, "too large");
}

static void huge_thresholds_find_nothing(void **state) {
    (void)state;
    uint8_t *image = random_image(20, 30, 1);
    pn_canny_options options = {.low = 1e18, .high = 1e300, .aperture = 3};
    uint8_t *edges = run(image, 20, 30, 1, &options, 0);
    for (int i = 0; i < 600; i++) assert_int_equal(edges[i], 0);
    pn_free(edges);
    pn_free(image);
}

int main(void) {
    pn_random_seed(&dice, 7, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_equals_reference),
        cmocka_unit_test(hysteresis_crosses_stripes),
        cmocka_unit_test(equals_opencv),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(huge_thresholds_find_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
