/* Plots below Lua: what reaches gnuplot and what comes back. Tests that draw need gnuplot. */
#define _GNU_SOURCE
#include "test.h"

#include "base/cancel.h"
#include "plot/bins.h"
#include "plot/gnuplot.h"
#include "plot/raster.h"
#include "plot/script.h"
#include "plot/svg.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- scripts ---- */

static void check_quote(const char *bytes, size_t size, int percent, const char *expected) {
    pn_text text = {0};
    pn_script_quote(&text, bytes, size, percent);
    assert_string_equal(pn_text_string(&text), expected);
    pn_text_free(&text);
}

static void strings_cannot_leave_their_quotes(void **state) {
    (void)state;
    check_quote("plain", 5, 0, "'plain'");
    check_quote("it's", 4, 0, "'it''s'");
    check_quote("`rm`\\", 5, 0, "'`rm`\\'");
    check_quote("a\nb", 3, 0, "'a'.\"\\n\".'b'");
    check_quote("50 %", 4, 1, "'50 %%'");
    check_quote("50 %", 4, 0, "'50 %'");
    check_quote("a\0b\x01\xff\xc3\xa9\xef\xbf\xbf", 10, 0,
                "'a\xef\xbf\xbd"
                "b\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd'");
}

static void numbers_are_gnuplots(void **state) {
    (void)state;
    pn_text text = {0};
    pn_script_number(&text, "pn_a", 3);
    pn_script_number(&text, "pn_b", 0.25);
    pn_script_number(&text, "pn_c", INFINITY);
    pn_script_number(&text, "pn_d", 1e300);
    assert_string_equal(pn_text_string(&text),
                        "pn_a = 3.0\npn_b = 0.25\npn_c = NaN\npn_d = 1e+300\n");
    pn_text_free(&text);
    assert_true(pn_script_is_name("pn_low"));
    assert_false(pn_script_is_name("pn_"));
    assert_false(pn_script_is_name("low"));
    assert_false(pn_script_is_name("pn_a;b"));
}

/* ---- gnuplot ---- */

static pn_status draw(const char *script, const char *pixels, double seconds, pn_text *output,
                      pn_text *warnings, pn_error *error) {
    pn_text text = {0}, data = {0};
    pn_text_adds(&text, script);
    pn_text_adds(&data, pixels);
    pn_status status = pn_gnuplot_run(&text, &data, seconds, output, warnings, error);
    pn_text_free(&text);
    pn_text_free(&data);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child stays */
    assert_int_equal(errno, ECHILD);
    return status;
}

static void draws_and_reads_pixels(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    const char *script = "set terminal svg\nset title 'ti_tle' noenhanced\n"
                         "plot '/dev/fd/4' binary skip=2 array=(2,2) format='%uchar' using 1 "
                         "with image notitle\n";
    assert_int_equal(draw(script, "xxabcd", 30, &output, &warnings, &error), PN_OK);
    assert_non_null(strstr(output.data, "<image"));
    assert_non_null(strstr(output.data, "ti_tle"));
    assert_string_equal(pn_text_string(&warnings), "");
    pn_text_free(&output);
    pn_text_free(&warnings);
}

/* The first error ends the script: what stands behind it is never run. */
static void a_failure_says_why(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    const char *script = "set terminal svg\nset nonsense 1\nprint 'later'\n";
    assert_int_equal(draw(script, "", 30, &output, &warnings, &error), PN_E_IO);
    assert_non_null(strstr(error.message, "unrecognized option"));
    assert_null(strstr(pn_text_string(&warnings), "\nlater"));
    assert_null(strchr(error.message, '\n'));
    pn_text_free(&output);
    pn_text_free(&warnings);
}

static void warnings_stay_out_of_the_picture(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    const char *script =
        "set terminal dumb\nset yrange [0:2]\nset xrange [0:2]\n"
        "plot '/dev/fd/4' binary array=(1,1) format='%uchar' using 1 with image, x\n";
    assert_int_equal(draw(script, "a", 30, &output, &warnings, &error), PN_OK);
    assert_non_null(strstr(pn_text_string(&warnings), "arning"));
    assert_null(strstr(pn_text_string(&output), "arning"));
    pn_text_free(&output);
    pn_text_free(&warnings);
}

static void a_slow_gnuplot_is_stopped(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    assert_int_equal(draw("pause 30\n", "", 0.2, &output, &warnings, &error), PN_E_IO);
    assert_non_null(strstr(error.message, "0.2 seconds"));
    pn_cancel(PN_CANCEL_INTERRUPT);
    assert_int_equal(draw("pause 30\n", "", 30, &output, &warnings, &error), PN_E_CANCELLED);
    pn_cancel_reset();
    pn_text_free(&output);
    pn_text_free(&warnings);
}

static void a_missing_gnuplot_is_named(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    assert_int_equal(draw("plot x\n", "", 30, &output, &warnings, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "apt install gnuplot-nox"));
    setenv("PATH", path, 1);
    setenv("PNEUMA_GNUPLOT", "/nowhere/gnuplot", 1);
    assert_int_equal(draw("plot x\n", "", 30, &output, &warnings, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere/gnuplot"));
    unsetenv("PNEUMA_GNUPLOT");
    free(path);
}

static void a_killed_gnuplot_is_told(void **state) {
    (void)state;
    pn_text output = {0}, warnings = {0};
    pn_error error;
    const char *script = "system('kill -9 $PPID')\npause 5\n";
    assert_int_equal(draw(script, "", 30, &output, &warnings, &error), PN_E_IO);
    assert_non_null(strstr(error.message, "signal 9"));
    pn_text_free(&output);
    pn_text_free(&warnings);
}

static void *draw_one(void *state) {
    pn_text output = {0}, warnings = {0}, script = {0}, none = {0};
    pn_error error;
    pn_text_adds(&script, "set terminal dumb\nset yrange [0:1]\nplot x\n");
    pn_status status = pn_gnuplot_run(&script, &none, 60, &output, &warnings, &error);
    *(int *)state = status == PN_OK && output.size > 100;
    pn_text_free(&output);
    pn_text_free(&warnings);
    pn_text_free(&script);
    return NULL;
}

static void several_run_at_once(void **state) {
    (void)state;
    enum { COUNT = 4 };
    pthread_t thread[COUNT];
    int done[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) pthread_create(&thread[i], NULL, draw_one, &done[i]);
    for (int i = 0; i < COUNT; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < COUNT; i++) assert_int_equal(done[i], 1);
}

/* ---- SVG ---- */

static pn_status finish(const char *svg, pn_text *out) {
    pn_svg_options options = {
        .width = 40, .height = 30, .prefix = "f7-", .label = "a<b & \"c\"", .label_size = 9};
    pn_error error;
    return pn_svg_finish(svg, strlen(svg), &options, out, &error);
}

static void svg_fits_into_a_page(void **state) {
    (void)state;
    pn_text out = {0};
    const char *svg =
        "<?xml version=\"1.0\"?>\n<svg width=\"40\">\n<title>Gnuplot</title>\n"
        "<g id=\"gnuplot_canvas\"><defs><circle id='gpDot'/></defs>"
        "<g font-family=\"DejaVu Sans:Bold\" fill='url(#gpPat1)'><title>x</title>"
        "<use xlink:href='#gpDot' id='two'/><text>id='three' url(#four)</text></g></g>\n</svg>\n";
    assert_int_equal(finish(svg, &out), PN_OK);
    assert_memory_equal(out.data, "<svg ", 5);
    assert_non_null(strstr(out.data, "aria-label=\"a&lt;b &amp; &quot;c&quot;\""));
    assert_non_null(strstr(out.data, "viewBox=\"0 0 40 30\""));
    assert_non_null(strstr(out.data, "<g id=\"f7-gnuplot_canvas\">"));
    assert_non_null(strstr(out.data, "<circle id='f7-gpDot'/>"));
    assert_non_null(strstr(out.data, "xlink:href='#f7-gpDot' id='f7-two'"));
    assert_non_null(strstr(out.data, "url(#f7-gpPat1)"));
    assert_non_null(strstr(out.data, "font-weight=\"bold\""));
    assert_non_null(strstr(out.data, "<text>id='three' url(#four)</text>"));
    assert_null(strstr(out.data, "<title>"));
    assert_null(strstr(out.data, "<?xml"));
    pn_text_free(&out);
}

static void unused_shapes_are_dropped(void **state) {
    (void)state;
    pn_text out = {0};
    assert_int_equal(finish("<svg><g id=\"gnuplot_canvas\"><defs><circle id='gpDot'/></defs>"
                            "<path d='M0'/></g></svg>",
                            &out),
                     PN_OK);
    assert_null(strstr(out.data, "gpDot"));
    assert_non_null(strstr(out.data, "<path d='M0'/>"));
    pn_text_free(&out);
    assert_int_equal(finish("<svg><g id=\"gnuplot_canvas\"><path", &out), PN_E_FORMAT);
    assert_int_equal(finish("", &out), PN_E_FORMAT);
    pn_text_free(&out);
}

/* ---- bins ---- */

static void bins_follow_numpy(void **state) {
    (void)state;
    double edges[5];
    int64_t counts[4] = {0};
    pn_bins_edges(1, 3, 4, edges);
    assert_true(edges[0] == 1 && edges[1] == 1.5 && edges[4] == 3);
    /* numpy.histogram([1, 1.5, 2, 3, 3, 0.9, 3.1, nan], 4, (1, 3))[0] is [1, 1, 1, 2] */
    double values[] = {1, 1.5, 2, 3, 3, 0.9, 3.1, NAN};
    pn_numbers numbers = {.type = PN_NUMBERS_F64, .data = values, .count = 8};
    pn_bins_count(&numbers, edges, 4, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    assert_int_equal(counts[3], 2);
    pn_bins_edges(5, 5, 2, edges);
    assert_true(edges[0] == 4.5 && edges[1] == 5 && edges[2] == 5.5);
}

/* Every value on an edge of 0, 0.1, ... 1 belongs to the bin that the edge opens. */
static void edges_decide_about_values_on_them(void **state) {
    (void)state;
    double edges[11];
    int64_t counts[10] = {0};
    pn_bins_edges(0, 1, 10, edges);
    pn_numbers numbers = {.type = PN_NUMBERS_F64, .data = edges, .count = 11};
    pn_bins_count(&numbers, edges, 10, counts);
    for (int i = 0; i < 10; i++) assert_int_equal(counts[i], i == 9 ? 2 : 1);
}

static void unequal_bins_work(void **state) {
    (void)state;
    double edges[] = {0, 1, 10, 100};
    uint8_t values[] = {0, 1, 9, 10, 100, 101};
    int64_t counts[3] = {0};
    pn_numbers numbers = {.type = PN_NUMBERS_U8, .data = values, .count = 6};
    pn_bins_count(&numbers, edges, 3, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 2);
    assert_int_equal(counts[2], 2);
}

static void summary_skips_what_is_not_finite(void **state) {
    (void)state;
    float values[] = {1, NAN, 3, INFINITY, 5};
    pn_summary s;
    pn_numbers numbers = {.type = PN_NUMBERS_F32, .data = values, .count = 5};
    pn_numbers_summary(&numbers, &s);
    assert_int_equal(s.finite, 3);
    assert_int_equal(s.others, 2);
    assert_true(s.minimum == 1 && s.maximum == 5 && s.mean == 3);
    assert_true(fabs(s.deviation - sqrt(8.0 / 3)) < 1e-12);
}

/* ---- rasters ---- */

static void raster_is_the_mean_of_what_it_covers(void **state) {
    (void)state;
    uint8_t pixel[] = {0, 10, 20, 30, 40, 50, 60, 70, 80};
    pn_array image = {.dtype = PN_U8, .rank = 2, .shape = {3, 3}, .data = pixel};
    float out[81];
    pn_raster_fit(&image, PN_RASTER_MEAN, 1, 1, out);
    assert_true(fabsf(out[0] - 40) < 1e-4f);
    pn_raster_fit(&image, PN_RASTER_MEAN, 3, 3, out);
    for (int i = 0; i < 9; i++) assert_true(out[i] == pixel[i]);
    pn_raster_fit(&image, PN_RASTER_MEAN, 9, 9, out); /* each pixel 3 by 3 times */
    for (int i = 0; i < 81; i++) assert_true(fabsf(out[i] - pixel[i / 27 * 3 + i % 9 / 3]) < 1e-4f);
    pn_raster_fit(&image, PN_RASTER_MEAN, 2, 2,
                  out); /* 1.5 pixels wide: (0 + 10/2 + 30/2 + 40/4) / 2.25 */
    assert_true(fabsf(out[0] - 30 / 2.25f) < 1e-4f);
}

static void lines_stay_in_sight(void **state) {
    (void)state;
    uint8_t pixel[64] = {0};
    for (int y = 0; y < 8; y++) pixel[8 * y + 3] = 255;
    pn_array image = {.dtype = PN_U8, .rank = 2, .shape = {8, 8}, .data = pixel};
    float out[4];
    pn_raster_fit(&image, PN_RASTER_MAX, 2, 2, out);
    assert_true(out[0] == 255 && out[1] == 0 && out[2] == 255 && out[3] == 0);
    assert_true(pn_raster_is_binary(&image));
    pixel[0] = 7;
    assert_false(pn_raster_is_binary(&image));
}

/* As a Grad-CAM map of 2 by 2 is shown: each pixel becomes 160 of the page. */
static void much_enlarged_masks_keep_their_values(void **state) {
    (void)state;
    static float out[320 * 320];
    float pixel[] = {0, 1, 1, 0};
    pn_array image = {.dtype = PN_F32, .rank = 2, .shape = {2, 2}, .data = pixel};
    pn_raster_fit(&image, PN_RASTER_MAX, 320, 320, out);
    for (int i = 0; i < 320 * 320; i++)
        assert_true(out[i] == pixel[i / 320 / 160 * 2 + i % 320 / 160]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_cannot_leave_their_quotes),
        cmocka_unit_test(numbers_are_gnuplots),
        cmocka_unit_test(draws_and_reads_pixels),
        cmocka_unit_test(a_failure_says_why),
        cmocka_unit_test(warnings_stay_out_of_the_picture),
        cmocka_unit_test(a_slow_gnuplot_is_stopped),
        cmocka_unit_test(a_missing_gnuplot_is_named),
        cmocka_unit_test(a_killed_gnuplot_is_told),
        cmocka_unit_test(several_run_at_once),
        cmocka_unit_test(svg_fits_into_a_page),
        cmocka_unit_test(unused_shapes_are_dropped),
        cmocka_unit_test(bins_follow_numpy),
        cmocka_unit_test(edges_decide_about_values_on_them),
        cmocka_unit_test(unequal_bins_work),
        cmocka_unit_test(summary_skips_what_is_not_finite),
        cmocka_unit_test(raster_is_the_mean_of_what_it_covers),
        cmocka_unit_test(lines_stay_in_sight),
        cmocka_unit_test(much_enlarged_masks_keep_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
