/* The faces stage: persons, single images, and the whole stage under a small host. */
#define _GNU_SOURCE
#include "test.h"

#include "base/memory.h"
#include "base/pool.h"
#include "faces/faces.h"
#include "pneuma/stage.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- persons and shots ------------------------------------------------------------------------
 */

static pn_face_person person(uint64_t stream) {
    pn_face_person p;
    pn_random random;
    pn_random_seed(&random, 5, stream);
    pn_face_person_draw(&p, &random);
    return p;
}

static void features_fit_the_head(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        pn_face_person p = person(i);
        assert_true(p.eye.gap - p.eye.half > 0.075f); /* room for the nose */
        assert_true(p.eye.gap + 0.5f * p.eye.half < p.head.width);
        assert_true(p.mouth.y - p.mouth.upper > p.nose.base + 0.08f);
        assert_true(p.mouth.y + p.mouth.lower < 0.8f);
        assert_true(p.mouth.half < 0.6f * p.head.width);
        assert_true(p.hair.line < p.eye.y - p.brow.rise);
        assert_true(p.glasses.half < p.eye.gap);
        for (int k = 0; k < 3; k++) {
            assert_true(p.skin.c[k] > 0.1f && p.skin.c[k] <= 1);
            assert_true(p.hair.color.c[k] >= 0 && p.hair.color.c[k] <= 1);
        }
    }
}

static void every_style_occurs(void **state) {
    (void)state;
    int hair[PN_HAIRDOS] = {0}, beard[5] = {0}, frames[3] = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        pn_face_person p = person(i);
        hair[p.hair.style]++;
        beard[p.beard.style]++;
        frames[p.glasses.shape]++;
    }
    for (int i = 0; i < PN_HAIRDOS; i++) assert_in_range(hair[i], 20, 500);
    for (int i = 0; i < 5; i++) assert_in_range(beard[i], 50, 1600);
    for (int i = 0; i < 3; i++) assert_in_range(frames[i], 150, 1700);
}

static void the_pose_is_undone(void **state) {
    (void)state;
    pn_error error;
    pn_face_canvas canvas;
    assert_int_equal(pn_face_canvas_new(&canvas, 256, &error), PN_OK);
    for (uint64_t i = 0; i < 20; i++) {
        pn_face_shot shot;
        pn_random random;
        pn_random_seed(&random, 1, i);
        pn_face_shot_draw(&shot, &random, 256);
        pn_face_canvas_begin(&canvas, &shot.pose);
        /* A dot painted at a place of the face is where the coordinates say that place is. */
        pn_face_oval dot = {.x = 0.4f, .y = 0.3f, .rx = 0.15f, .ry = 0.15f};
        pn_face_oval_on(&canvas, dot, (pn_face_color){{1, 1, 1}}, 1, 0);
        int inside = 0;
        for (int k = 0; k < 256 * 256; k++) {
            float d = hypotf(canvas.x[k] - dot.x, canvas.y[k] - dot.y);
            if (d < 0.138f) assert_true(canvas.color[0][k] == 1);
            if (d > 0.162f) assert_true(canvas.color[0][k] == 0);
            inside += d < 0.138f;
            assert_true(fabsf(canvas.radius[k] - hypotf(canvas.x[k], canvas.y[k])) < 1e-4f);
            assert_true(canvas.turn[k] >= 0 && canvas.turn[k] <= PN_FACE_TURNS);
        }
        assert_true(inside > 200);
    }
    pn_face_canvas_free(&canvas);
}

/* ---- images -----------------------------------------------------------------------------------
 */

static const pn_face_poll never = {NULL, NULL};

static uint8_t *draw_at(pn_face_request request, float *lit) {
    pn_face_scene scene = {0};
    pn_error error;
    size_t area = (size_t)request.size * (size_t)request.size;
    uint8_t *pixels = malloc(3 * area);
    assert_non_null(pixels);
    assert_int_equal(pn_face_canvas_new(&scene.canvas, request.size, &error), PN_OK);
    assert_int_equal(pn_face_image_draw(&request, never, &scene, pixels, &error), PN_OK);
    if (lit) {
        *lit = 0;
        for (size_t i = 0; i < area; i++) *lit += scene.canvas.lit[i] / (float)area;
    }
    pn_face_canvas_free(&scene.canvas);
    return pixels;
}

static const pn_face_request usual = {
    .seed = 3, .identity = 4, .image = 5, .size = 48, .color = true};
enum { BYTES = 48 * 48 * 3 };

static void same_request_same_bytes(void **state) {
    (void)state;
    pn_face_request seed = usual, identity = usual, image = usual;
    seed.seed++, identity.identity++, image.image++;
    uint8_t *a = draw_at(usual, NULL), *b = draw_at(usual, NULL);
    assert_memory_equal(a, b, BYTES);
    pn_face_request others[] = {seed, identity, image};
    for (int i = 0; i < 3; i++) {
        uint8_t *c = draw_at(others[i], NULL);
        assert_true(memcmp(a, c, BYTES) != 0);
        free(c);
    }
    free(a);
    free(b);
}

/* A scene is working memory: what it drew before does not shine through. */
static void a_used_scene_draws_the_same(void **state) {
    (void)state;
    pn_face_scene scene = {0};
    pn_error error;
    uint8_t pixels[BYTES];
    assert_int_equal(pn_face_canvas_new(&scene.canvas, 48, &error), PN_OK);
    for (uint64_t i = 0; i < 20; i++) {
        pn_face_request r = usual;
        r.identity = i;
        assert_int_equal(pn_face_image_draw(&r, never, &scene, pixels, &error), PN_OK);
        uint8_t *fresh = draw_at(r, NULL);
        assert_memory_equal(pixels, fresh, BYTES);
        free(fresh);
    }
    pn_face_canvas_free(&scene.canvas);
}

static void grey_has_equal_channels(void **state) {
    (void)state;
    pn_face_request r = usual;
    r.color = false;
    uint8_t *grey = draw_at(r, NULL), *color = draw_at(usual, NULL);
    int differing = 0;
    for (int i = 0; i < BYTES; i += 3) {
        assert_true(grey[i] == grey[i + 1] && grey[i] == grey[i + 2]);
        differing += color[i] != color[i + 1];
    }
    assert_true(differing > BYTES / 6);
    free(grey);
    free(color);
}

static void faces_fill_images_of_any_size(void **state) {
    (void)state;
    static const int sizes[] = {32, 33, 97, 512};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint64_t i = 0; i < (sizes[s] > 100 ? 3 : 60); i++) {
            float lit;
            pn_face_request r = usual;
            r.size = sizes[s];
            r.identity = i;
            free(draw_at(r, &lit));
            assert_true(lit > 0.2f && lit < 0.95f);
        }
}

/* The same at another size, but for the grain: the mean colours of the images' quarters agree. */
static void size_only_changes_the_detail(void **state) {
    (void)state;
    double off = 0;
    for (uint64_t i = 0; i < 12; i++) {
        double mean[2][12] = {{0}};
        for (int k = 0; k < 2; k++) {
            pn_face_request r = usual;
            r.identity = i;
            r.size = k ? 128 : 64;
            uint8_t *pixels = draw_at(r, NULL);
            for (int p = 0; p < r.size * r.size; p++) {
                int quarter = (p / r.size >= r.size / 2) * 2 + (p % r.size >= r.size / 2);
                for (int c = 0; c < 3; c++)
                    mean[k][quarter * 3 + c] += pixels[3 * p + c] * 4.0 / (r.size * r.size);
            }
            free(pixels);
        }
        for (int m = 0; m < 12; m++) off = fmax(off, fabs(mean[0][m] - mean[1][m]));
    }
    assert_true(off < 8);
}

/* How much of the images' variance lies between groups of `each`, against what is left within. */
static double between_to_within(const float *images, const int *order, int groups, int each,
                                int length) {
    double between = 0, within = 0;
    for (int x = 0; x < length; x++) {
        double all = 0, squares = 0;
        for (int g = 0; g < groups; g++) {
            double sum = 0;
            for (int i = 0; i < each; i++) {
                double v = images[(size_t)order[g * each + i] * (size_t)length + (size_t)x];
                sum += v;
                squares += v * v;
            }
            all += sum;
            between += sum * sum / each;
            within -= sum * sum / each;
        }
        between -= all * all / (groups * each);
        within += squares;
    }
    return between / (groups - 1) / (within / (groups * (each - 1)));
}

/* Persons differ by more than their images do, beyond what chance gives: an F statistic over the
 * grey pixels, beside the same with persons shuffled. */
static void persons_differ_more_than_their_images(void **state) {
    (void)state;
    enum { PERSONS = 16, EACH = 24, COUNT = PERSONS * EACH, SIDE = 32, AREA = SIDE * SIDE };
    static float images[COUNT * AREA];
    int order[COUNT], shuffled[COUNT];
    int64_t permutation[COUNT];
    for (int i = 0; i < COUNT; i++) {
        pn_face_request r = {.seed = 2, .size = SIDE};
        r.identity = (uint64_t)i / EACH, r.image = (uint64_t)i % EACH;
        uint8_t *pixels = draw_at(r, NULL);
        for (int k = 0; k < AREA; k++) images[i * AREA + k] = pixels[3 * k];
        free(pixels);
        order[i] = i;
    }
    pn_random random;
    pn_random_seed(&random, 1, 1);
    pn_random_permutation(&random, permutation, COUNT);
    for (int i = 0; i < COUNT; i++) shuffled[i] = (int)permutation[i];
    double real = between_to_within(images, order, PERSONS, EACH, AREA);
    double chance = between_to_within(images, shuffled, PERSONS, EACH, AREA);
    assert_true(chance > 0.6 && chance < 1.5);
    assert_true(real > 2 * chance);
}

static int count_down(void *left) {
    return --*(int *)left < 0;
}

static void drawing_can_be_stopped(void **state) {
    (void)state;
    pn_face_scene scene = {0};
    pn_error error;
    uint8_t pixels[BYTES];
    assert_int_equal(pn_face_canvas_new(&scene.canvas, 48, &error), PN_OK);
    for (int polls = 0; polls < 14; polls++) {
        int left = polls;
        pn_face_poll poll = {count_down, &left};
        assert_int_equal(pn_face_image_draw(&usual, poll, &scene, pixels, &error), PN_E_CANCELLED);
    }
    pn_face_canvas_free(&scene.canvas);
}

/* ---- the stage, under a host that does the least --------------------------------------------- */

extern const pn_plugin pneuma_plugin;

struct pn_call {
    int64_t identities, per_identity, size, first, first_image;
    int color;
    int stop_after; /* progress reports; 0: never */
    atomic_int reports;
    pn_array images, identity;
    char message[512];
};

static int64_t host_int(pn_call *call, const char *name) {
    if (strcmp(name, "identities") == 0) return call->identities;
    if (strcmp(name, "per_identity") == 0) return call->per_identity;
    if (strcmp(name, "size") == 0) return call->size;
    if (strcmp(name, "first_image") == 0) return call->first_image;
    assert_string_equal(name, "first_identity");
    return call->first;
}

static int host_bool(pn_call *call, const char *name) {
    assert_string_equal(name, "color");
    return call->color;
}

static int host_array(pn_call *call, const char *name, pn_array *array) {
    size_t size = array->dtype == PN_U8 ? 1 : 4;
    for (int i = 0; i < array->rank; i++) size *= (size_t)array->shape[i];
    array->data = calloc(1, size);
    *(strcmp(name, "images") == 0 ? &call->images : &call->identity) = *array;
    return 0;
}

static void host_parallel(pn_call *call, int64_t count, pn_work work, void *context) {
    (void)call;
    pn_parallel_for_each(count, work, context);
}

static uint64_t host_seed(pn_call *call) {
    (void)call;
    return 11;
}

static void host_progress(pn_call *call, int64_t done, int64_t total) {
    assert_true(done >= 0 && done <= total);
    atomic_fetch_add(&call->reports, 1);
}

static int host_cancelled(pn_call *call) {
    return call->stop_after > 0 && atomic_load(&call->reports) >= call->stop_after;
}

static int host_fail(pn_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->message, sizeof call->message, format, arguments);
    va_end(arguments);
    return -1;
}

static int run_stage(pn_call *call) {
    static const pn_host host = {.abi = PN_STAGE_ABI,
                                 .size = sizeof host,
                                 .param_int = host_int,
                                 .param_bool = host_bool,
                                 .add_array = host_array,
                                 .parallel_for = host_parallel,
                                 .seed = host_seed,
                                 .progress = host_progress,
                                 .cancelled = host_cancelled,
                                 .fail = host_fail};
    return pneuma_plugin.stages[0].run(&host, call);
}

static void end_stage(pn_call *call) {
    free(call->images.data);
    free(call->identity.data);
}

static void stage_draws_the_same_on_any_threads(void **state) {
    (void)state;
    static pn_call one, three;
    one = (pn_call){.identities = 5, .per_identity = 7, .size = 40, .color = 1};
    three = one;
    pn_set_threads(1);
    assert_int_equal(run_stage(&one), 0);
    pn_set_threads(3);
    assert_int_equal(run_stage(&three), 0);
    static const int64_t shape[] = {35, 40, 40, 3};
    assert_memory_equal(one.images.shape, shape, sizeof shape);
    assert_memory_equal(one.images.data, three.images.data, 35 * 40 * 40 * 3);
    for (int i = 0; i < 35; i++) assert_int_equal(((int32_t *)one.identity.data)[i], i / 7);
    assert_int_equal(atomic_load(&one.reports), 36);
    end_stage(&one);
    end_stage(&three);
}

static void a_later_part_is_the_same_persons_and_images(void **state) {
    (void)state;
    static pn_call all, part;
    all = (pn_call){.identities = 6, .per_identity = 4, .size = 40, .color = 1};
    part = (pn_call){
        .identities = 2, .per_identity = 3, .size = 40, .first = 3, .first_image = 1, .color = 1};
    assert_int_equal(run_stage(&all), 0);
    assert_int_equal(run_stage(&part), 0);
    enum { IMAGE = 40 * 40 * 3 };
    const uint8_t *a = all.images.data, *b = part.images.data;
    for (int i = 0; i < 2; i++) {
        assert_memory_equal(a + ((3 + i) * 4 + 1) * IMAGE, b + i * 3 * IMAGE, 3 * IMAGE);
        assert_int_equal(((int32_t *)part.identity.data)[i * 3], 3 + i);
    }
    end_stage(&all);
    end_stage(&part);
}

static void stage_stops_when_asked(void **state) {
    (void)state;
    static pn_call call;
    size_t before = pn_live_bytes();
    call = (pn_call){.identities = 40, .per_identity = 20, .size = 32, .stop_after = 5};
    assert_int_not_equal(run_stage(&call), 0);
    assert_true(atomic_load(&call.reports) < 12);
    assert_string_equal(call.message, "");
    assert_int_equal(pn_live_bytes(), before);
    end_stage(&call);
}

static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    static pn_call call;
    size_t before = pn_live_bytes();
    pn_set_threads(2);
    unsigned long n = 1;
    for (;; n++) {
        call = (pn_call){.identities = 3, .per_identity = 2, .size = 32, .color = 1};
        pn_fail_allocation(n);
        int result = run_stage(&call);
        pn_fail_allocation(0);
        end_stage(&call);
        if (result == 0) break;
        assert_non_null(strstr(call.message, "memory"));
        assert_int_equal(pn_live_bytes(), before);
    }
    assert_true(n > 1);
    assert_int_equal(pn_live_bytes(), before);
}

static void stage_refuses_more_than_it_can_hold(void **state) {
    (void)state;
    static pn_call call;
    call = (pn_call){.identities = 1000000, .per_identity = 1000000, .size = 512};
    assert_int_not_equal(run_stage(&call), 0);
    assert_non_null(strstr(call.message, "identities (1000000)"));
    assert_non_null(strstr(call.message, "at size 512"));
    assert_null(call.images.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_fit_the_head),
        cmocka_unit_test(every_style_occurs),
        cmocka_unit_test(the_pose_is_undone),
        cmocka_unit_test(same_request_same_bytes),
        cmocka_unit_test(a_used_scene_draws_the_same),
        cmocka_unit_test(grey_has_equal_channels),
        cmocka_unit_test(faces_fill_images_of_any_size),
        cmocka_unit_test(size_only_changes_the_detail),
        cmocka_unit_test(persons_differ_more_than_their_images),
        cmocka_unit_test(drawing_can_be_stopped),
        cmocka_unit_test(stage_draws_the_same_on_any_threads),
        cmocka_unit_test(a_later_part_is_the_same_persons_and_images),
        cmocka_unit_test(stage_stops_when_asked),
        cmocka_unit_test(running_out_of_memory_is_an_error),
        cmocka_unit_test(stage_refuses_more_than_it_can_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
