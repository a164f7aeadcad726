/* Training images as Keras's ImageDataGenerator changes and loads them; the options. */
#include "golden.h"

#include "data/generator.h"
#include "data/picture.h"

#include <math.h>
#include <stdlib.h>

static pn_error error;

/* ---- against Keras ---- */

typedef struct picture {
    int64_t height, width, channels;
    uint8_t *bytes;
} picture;

static float *as_float(const uint8_t *bytes, int64_t count) {
    float *x = pn_alloc((size_t)count * sizeof *x);
    for (int64_t i = 0; i < count; i++) x[i] = bytes[i];
    return x;
}

static void assert_near(const float *got, const float *expected, int64_t count, double tolerance,
                        const char *what) {
    for (int64_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= tolerance))
            fail_msg("%s: item %lld is %.9g, not %.9g", what, (long long)i, (double)got[i],
                     (double)expected[i]);
}

static void check_transform(const char *line, const picture *p, golden *g) {
    pn_generator generator;
    pn_transform t = {0};
    int mode, at = 0;
    double horizontal, vertical;
    pn_generator_preset(&generator);
    assert_int_equal(sscanf(line, "transform %d %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf%n",
                            &mode, &t.motion.theta, &t.motion.tx, &t.motion.ty, &t.motion.shear,
                            &t.motion.zoom_x, &t.motion.zoom_y, &horizontal, &vertical,
                            &t.channel_shift, &t.brightness, &generator.cval, &at),
                     12);
    generator.fill_mode = (pn_fill_mode)mode;
    t.flip_horizontal = horizontal != 0;
    t.flip_vertical = vertical != 0;
    t.has_brightness = t.brightness >= 0;
    int64_t count = p->height * p->width * p->channels;
    float *x = as_float(p->bytes, count), *scratch = pn_alloc((size_t)count * sizeof *x);
    float *expected = golden_bytes(g, (size_t)count * sizeof *expected);
    pn_generator_transform(&generator, &t, p->height, p->width, (int)p->channels, x, scratch);
    assert_near(x, expected, count, 1e-4, line);
    pn_free(x);
    pn_free(scratch);
    pn_free(expected);
}

/* The options stand behind the sizes as name=number; the flags are all true. */
static void read_options(const char *text, pn_generator *generator) {
    json_t *json = json_object();
    char name[64];
    double number;
    int used;
    for (; sscanf(text, " %63[a-z_]=%lf%n", name, &number, &used) == 2; text += used)
        json_object_set_new(json, name,
                            strcmp(name, "rescale") == 0 ? json_real(number) : json_true());
    assert_int_equal(pn_generator_read(json, generator, &error), PN_OK);
    json_decref(json);
}

static void check_standardize(const char *line, golden *g) {
    pn_generator generator;
    long long count, height, width, channels;
    int used;
    assert_int_equal(sscanf(line, "standardize %lld %lld %lld %lld%n", &count, &height, &width,
                            &channels, &used),
                     4);
    read_options(line + used, &generator);
    int64_t pixels = height * width, image = pixels * channels, items = count * image;
    uint8_t *bytes = golden_bytes(g, (size_t)items);
    float *expected = golden_bytes(g, (size_t)items * sizeof *expected);
    float *x = as_float(bytes, items);
    pn_generator_fit(&generator, x, count, pixels, (int)channels);
    for (int64_t i = 0; i < count; i++)
        pn_generator_standardize(&generator, pixels, (int)channels, x + i * image);
    assert_near(x, expected, items, 1e-4, line);
    pn_free(bytes);
    pn_free(expected);
    pn_free(x);
}

static void check_load(const char *line, golden *g) {
    long long size, height, width, channels;
    assert_int_equal(sscanf(line, "load %lld %lld %lld %lld", &size, &height, &width, &channels),
                     4);
    int64_t pixels = height * width;
    void *bytes = golden_bytes(g, (size_t)size);
    uint8_t *expected = golden_bytes(g, (size_t)(pixels * channels));
    pn_tensor *image = NULL;
    assert_int_equal(pn_picture_decode(bytes, (size_t)size, "golden", (int)channels, height, width,
                                       PN_NEAREST, &image, &error),
                     PN_OK);
    int have = image->rank == 2 ? 1 : 3;
    const uint8_t *got = image->data;
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < channels; c++) {
            int difference = got[i * have + (have == 3 ? c : 0)] - expected[i * channels + c];
            /* Pillow weighs the colours in 16 bits, OpenCV (and so Pneuma) in 14. */
            assert_true(abs(difference) <= (channels == 1));
        }
    pn_tensor_release(image);
    pn_free(bytes);
    pn_free(expected);
}

static void images_are_as_keras_makes_them(void **state) {
    (void)state;
    golden g = golden_open("generator.golden");
    picture p = {0};
    const char *line;
    int transforms = 0, standardized = 0, loaded = 0;
    while ((line = golden_line(&g))) {
        long long height, width, channels;
        if (sscanf(line, "image %lld %lld %lld", &height, &width, &channels) == 3) {
            pn_free(p.bytes);
            p = (picture){height, width, channels, NULL};
            p.bytes = golden_bytes(&g, (size_t)(height * width * channels));
        } else if (strncmp(line, "transform", 9) == 0) {
            check_transform(line, &p, &g);
            transforms++;
        } else if (strncmp(line, "standardize", 11) == 0) {
            check_standardize(line, &g);
            standardized++;
        } else {
            check_load(line, &g);
            loaded++;
        }
    }
    pn_free(p.bytes);
    golden_close(&g);
    assert_true(transforms >= 80 && standardized == 5 && loaded == 8);
}

/* ---- options ---- */

static pn_status read_text(const char *text, pn_generator *generator) {
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    pn_status status = pn_generator_read(json, generator, &error);
    json_decref(json);
    return status;
}

static void options_come_back_as_they_went(void **state) {
    (void)state;
    static const char many[] =
        "{\"rotation_range\":40,\"width_shift_range\":0.2,\"height_shift_range\":5,"
        "\"brightness_range\":[0.5,1.5],\"shear_range\":10,\"zoom_range\":0.25,"
        "\"channel_shift_range\":20,\"fill_mode\":\"wrap\",\"cval\":-3.5,\"horizontal_flip\":true,"
        "\"vertical_flip\":true,\"rescale\":0.00392156862745098,\"validation_split\":0.2}";
    static const char lists[] =
        "{\"width_shift_range\":[1,-3],\"zoom_range\":[0.5,2],\"samplewise_center\":true,"
        "\"featurewise_center\":true,\"mean\":[0.25,0.5,1],\"std\":[1,2,3]}";
    static const char *const texts[] = {"{}", many, lists};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pn_generator first, second;
        memset(&first, 0, sizeof first);
        assert_int_equal(read_text(texts[i], &first), PN_OK);
        json_t *json = pn_generator_json(&first), *again = NULL;
        assert_non_null(json);
        assert_int_equal(pn_generator_read(json, &second, &error), PN_OK);
        again = pn_generator_json(&second);
        assert_true(json_equal(json, again));
        assert_int_equal(first.channels, second.channels);
        json_decref(json);
        json_decref(again);
    }
}

static void keras_presets_change_nothing(void **state) {
    (void)state;
    pn_generator g;
    pn_transform t;
    pn_random random;
    assert_int_equal(read_text("{}", &g), PN_OK);
    pn_random_seed(&random, 1, 1);
    for (int i = 0; i < 100; i++) {
        pn_generator_draw(&g, &random, 10, 10, &t);
        assert_false(pn_transform_moves(&t) || t.flip_horizontal || t.flip_vertical ||
                     t.has_brightness || t.channel_shift != 0);
    }
}

static void bad_options_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"rotation_rnge\":1}", "no option 'rotation_rnge'; did you mean 'rotation_range'?"},
        {"{\"zca_whitening\":true}", "no option 'zca_whitening'"},
        {"{\"rotation_range\":-1}", "rotation_range must be degrees from 0 to 360, not -1"},
        {"{\"rotation_range\":[1,2]}", "rotation_range must be degrees"},
        {"{\"zoom_range\":1}", "zoom_range must be a number from 0 to below 1, or [low, high]"},
        {"{\"zoom_range\":[2,1]}", "not [2, 1]"},
        {"{\"zoom_range\":[0,1]}", "0 < low"},
        {"{\"brightness_range\":0.5}", "brightness_range must be [low, high]"},
        {"{\"brightness_range\":[-1,1]}", "brightness_range"},
        {"{\"fill_mode\":\"mirror\"}", "fill_mode must be \"nearest\", \"constant\""},
        {"{\"horizontal_flip\":1}", "horizontal_flip must be true or false, not 1"},
        {"{\"validation_split\":1}", "validation_split must be a share"},
        {"{\"width_shift_range\":[]}", "width_shift_range must be a share of the size"},
        {"{\"width_shift_range\":-0.1}", "not -0.1"},
        {"{\"rescale\":\"1/255\"}", "rescale must be a number, not \"1/255\""},
        {"{\"mean\":[1,2],\"std\":[1]}", "mean and std must be for the same channels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_generator g;
        assert_int_equal(read_text(cases[i][0], &g), PN_E_ARGUMENT);
        if (!strstr(error.message, cases[i][1]))
            fail_msg("\"%s\" does not say \"%s\"", error.message, cases[i][1]);
    }
}

/* ---- drawing ---- */

static void numbers_stay_in_their_ranges(void **state) {
    (void)state;
    pn_generator g;
    pn_random random;
    double least[6] = {0}, most[6] = {0};
    int flips = 0;
    assert_int_equal(read_text("{\"rotation_range\":40,\"width_shift_range\":0.2,"
                               "\"height_shift_range\":3,\"shear_range\":10,\"zoom_range\":[0.5,2],"
                               "\"brightness_range\":[0.5,1.5],\"horizontal_flip\":true}",
                               &g),
                     PN_OK);
    pn_random_seed(&random, 3, 0);
    for (int i = 0; i < 2000; i++) {
        pn_transform t;
        pn_generator_draw(&g, &random, 50, 100, &t);
        double v[6] = {t.motion.theta, t.motion.tx,     t.motion.ty,
                       t.motion.shear, t.motion.zoom_x, t.brightness};
        assert_true(t.motion.ty == floor(t.motion.ty));
        assert_false(t.flip_vertical);
        flips += t.flip_horizontal;
        for (int k = 0; k < 6; k++) {
            least[k] = i && least[k] < v[k] ? least[k] : v[k];
            most[k] = i && most[k] > v[k] ? most[k] : v[k];
        }
    }
    static const double low[6] = {-40, -20, -2, -10, 0.5, 0.5}, high[6] = {40, 20, 2, 10, 2, 1.5};
    for (int k = 0; k < 6; k++) {
        double slack = (high[k] - low[k]) * 0.01;
        assert_true(least[k] >= low[k] && least[k] <= low[k] + slack);
        assert_true(most[k] <= high[k] && most[k] >= high[k] - slack);
    }
    assert_in_range(flips, 900, 1100);
}

static void one_option_does_not_change_the_others(void **state) {
    (void)state;
    pn_generator plain, more;
    pn_random a, b;
    pn_transform first, second;
    assert_int_equal(read_text("{\"zoom_range\":0.2,\"horizontal_flip\":true}", &plain), PN_OK);
    assert_int_equal(read_text("{\"zoom_range\":0.2,\"horizontal_flip\":true,\"rotation_range\":9,"
                               "\"width_shift_range\":[1,2,5],\"brightness_range\":[1,2]}",
                               &more),
                     PN_OK);
    pn_random_seed(&a, 8, 8);
    pn_random_seed(&b, 8, 8);
    for (int i = 0; i < 20; i++) {
        pn_generator_draw(&plain, &a, 8, 8, &first);
        pn_generator_draw(&more, &b, 8, 8, &second);
        assert_true(first.motion.zoom_x == second.motion.zoom_x);
        assert_int_equal(first.flip_horizontal, second.flip_horizontal);
        assert_true(second.motion.theta != 0 && fabs(second.motion.tx) >= 1);
    }
}

static void checks_know_the_images(void **state) {
    (void)state;
    pn_generator g;
    assert_int_equal(read_text("{\"featurewise_center\":true}", &g), PN_OK);
    assert_int_equal(pn_generator_check(&g, 8, 8, 3, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "gen:fit{x}"));
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    pn_generator_fit(&g, x, 2, 2, 2);
    assert_true(g.mean[0] == 4 && g.mean[1] == 5);
    assert_int_equal(pn_generator_check(&g, 8, 8, 2, &error), PN_OK);
    assert_int_equal(pn_generator_check(&g, 8, 8, 3, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "fitted to images of 2 channels, these have 3"));
    assert_int_equal(pn_generator_check(&g, 65535, 65535, 2, &error), PN_E_UNSUPPORTED);
    assert_int_equal(read_text("{\"brightness_range\":[1,2]}", &g), PN_OK);
    assert_int_equal(pn_generator_check(&g, 8, 8, 4, &error), PN_E_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_as_keras_makes_them),
        cmocka_unit_test(options_come_back_as_they_went),
        cmocka_unit_test(keras_presets_change_nothing),
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(numbers_stay_in_their_ranges),
        cmocka_unit_test(one_option_does_not_change_the_others),
        cmocka_unit_test(checks_know_the_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
