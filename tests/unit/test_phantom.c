/* The phantom stage: its plan, its images, and the whole stage under a small host. */
#define _GNU_SOURCE
#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "image/image.h"
#include "phantom/phantom.h"
#include "phantom/plan.h"
#include "pneuma/stage.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the plan ------------------------------------------------------------------------------ */

static const pn_phantom_wish usual = {.seed = 7,
                                      .count = 240,
                                      .val_share = 0.1,
                                      .test_share = 0.2,
                                      .pneumonia_share = 0.5,
                                      .min_width = 400,
                                      .max_width = 2900,
                                      .per_patient = 3};

static pn_phantom_plan make_plan(const pn_phantom_wish *wish) {
    pn_phantom_plan plan;
    pn_error error;
    assert_int_equal(pn_phantom_plan_make(wish, &plan, &error), PN_OK);
    return plan;
}

static void splits_have_their_shares(void **state) {
    (void)state;
    static const struct {
        int64_t total;
        double val, test;
        int64_t counts[3];
    } cases[] = {
        {120, 0.1, 0.2, {84, 12, 24}}, {3, 0.1, 0.2, {1, 1, 1}}, {2, 0.1, 0.2, {1, 0, 1}},
        {1, 0.1, 0.2, {1, 0, 0}},      {0, 0.1, 0.2, {0, 0, 0}}, {10, 0, 0, {10, 0, 0}},
        {10, 0.5, 0.5, {0, 5, 5}},     {4, 0.8, 0.1, {1, 2, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t counts[3];
        pn_phantom_split(cases[i].total, cases[i].val, cases[i].test, counts);
        for (int k = 0; k < 3; k++) assert_int_equal(counts[k], cases[i].counts[k]);
    }
}

static void plan_keeps_patients_together(void **state) {
    (void)state;
    pn_phantom_plan plan = make_plan(&usual);
    assert_int_equal(plan.count, 240);
    int counts[3][2] = {{0}};
    for (int64_t i = 0; i < plan.count; i++) {
        const pn_phantom_entry *a = &plan.entry[i];
        counts[a->split][a->pneumonia]++;
        assert_in_range(a->width, 400, 2900);
        for (int64_t k = 0; k < i; k++) {
            const pn_phantom_entry *b = &plan.entry[k];
            assert_string_not_equal(a->name, b->name);
            bool same = a->patient == b->patient;
            assert_true(same == (strcmp(a->who, b->who) == 0));
            if (same) assert_true(a->split == b->split && a->pneumonia == b->pneumonia);
        }
    }
    for (int sick = 0; sick < 2; sick++) {
        assert_int_equal(counts[0][sick], 84);
        assert_int_equal(counts[1][sick], 12);
        assert_int_equal(counts[2][sick], 24);
    }
    pn_phantom_plan_free(&plan);
}

static void names_follow_the_real_set(void **state) {
    (void)state;
    pn_phantom_plan plan = make_plan(&usual);
    for (int64_t i = 0; i < plan.count; i++) {
        const pn_phantom_entry *e = &plan.entry[i];
        int a, b, end = 0;
        if (e->pneumonia)
            sscanf(e->name, e->virus ? "person%d_virus_%d%n" : "person%d_bacteria_%d%n", &a, &b,
                   &end);
        else
            sscanf(e->name, e->name[0] == 'N' ? "NORMAL2-IM-%4d-%4d%n" : "IM-%4d-%4d%n", &a, &b,
                   &end);
        assert_int_equal(end, strlen(e->name));
        assert_memory_equal(e->name, e->who, strlen(e->who));
    }
    pn_phantom_plan_free(&plan);
}

/* The same place in the plan has the same size whatever its class. */
static void sizes_do_not_know_the_class(void **state) {
    (void)state;
    pn_phantom_wish few = usual, many = usual;
    few.pneumonia_share = 0.1;
    many.pneumonia_share = 0.9;
    pn_phantom_plan a = make_plan(&few), b = make_plan(&many);
    int other_class = 0;
    double low = 1e9, high = 0;
    for (int64_t i = 0; i < a.count; i++) {
        other_class += a.entry[i].pneumonia != b.entry[i].pneumonia;
        assert_int_equal(a.entry[i].width, b.entry[i].width);
        assert_int_equal(a.entry[i].height, b.entry[i].height);
        double aspect = (double)a.entry[i].width / a.entry[i].height;
        low = fmin(low, aspect);
        high = fmax(high, aspect);
    }
    assert_true(other_class > 150);
    assert_true(low >= 0.96 && low < 1.15 && high <= 2.01 && high > 1.7);
    pn_phantom_plan_free(&a);
    pn_phantom_plan_free(&b);
}

static void plan_obeys_size_and_small_counts(void **state) {
    (void)state;
    pn_phantom_wish wish = usual;
    wish.size = 224;
    for (wish.count = 1; wish.count < 9; wish.count++) {
        pn_phantom_plan plan = make_plan(&wish);
        assert_int_equal(plan.count, wish.count);
        int sick = 0;
        for (int64_t i = 0; i < plan.count; i++) {
            assert_int_equal(plan.entry[i].width, 224);
            sick += plan.entry[i].pneumonia;
        }
        if (wish.count > 1) assert_true(sick > 0 && sick < wish.count);
        pn_phantom_plan_free(&plan);
    }
}

static void plan_refuses_nonsense(void **state) {
    (void)state;
    pn_phantom_wish wish = usual;
    pn_phantom_plan plan;
    pn_error error;
    wish.min_width = 3000;
    assert_int_equal(pn_phantom_plan_make(&wish, &plan, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "min_width (3000)"));
    wish = usual;
    wish.size = 63;
    assert_int_equal(pn_phantom_plan_make(&wish, &plan, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "not 63"));
    wish = usual;
    wish.val_share = 0.9;
    assert_int_equal(pn_phantom_plan_make(&wish, &plan, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "val_share (0.9)"));
}

/* ---- images ---------------------------------------------------------------------------------- */

static const pn_phantom_poll never = {NULL, NULL};
enum { WIDTH = 420, HEIGHT = 300, AREA = WIDTH * HEIGHT };

static pn_phantom_request request(uint64_t image, bool pneumonia, bool virus, bool opacities) {
    return (pn_phantom_request){.seed = 3,
                                .patient = image,
                                .image = image,
                                .width = WIDTH,
                                .height = HEIGHT,
                                .pneumonia = pneumonia,
                                .virus = virus,
                                .opacities = opacities};
}

static pn_phantom_image draw(pn_phantom_request r, pn_phantom_map *lung) {
    pn_phantom_image image;
    pn_error error;
    assert_int_equal(pn_phantom_image_draw(&r, never, &image, lung, &error), PN_OK);
    return image;
}

static void same_request_same_bytes(void **state) {
    (void)state;
    pn_phantom_request r = request(1, true, false, true), other = r;
    other.seed++;
    pn_phantom_image a = draw(r, NULL), b = draw(r, NULL), c = draw(other, NULL);
    assert_memory_equal(a.pixels, b.pixels, AREA);
    assert_memory_equal(a.mask, b.mask, AREA);
    assert_true(memcmp(a.pixels, c.pixels, AREA) != 0);
    pn_phantom_image_free(&a);
    pn_phantom_image_free(&b);
    pn_phantom_image_free(&c);
}

static void mask_is_inside_the_lungs(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 24; i++) {
        pn_phantom_map lung;
        pn_phantom_image image = draw(request(i, true, i % 2, true), &lung);
        /* At this size the working resolution is the image's own. */
        assert_int_equal(lung.width, WIDTH);
        int64_t area = 0;
        for (int k = 0; k < AREA; k++) {
            assert_true(image.mask[k] == 0 || image.mask[k] == 255);
            if (image.mask[k]) assert_true(lung.v[k] > 0.1f);
            area += image.mask[k] == 255;
        }
        assert_int_equal(area, image.mask_area);
        assert_true(area > AREA / 100 && area < AREA / 2);
        assert_true(image.opacities >= 1);
        pn_phantom_map_free(&lung);
        pn_phantom_image_free(&image);
    }
}

static void moments(const uint8_t *pixels, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (int i = 0; i < AREA; i++) sum += pixels[i], squares += (double)pixels[i] * pixels[i];
    *mean = sum / AREA;
    *deviation = sqrt(squares / AREA - *mean * *mean);
}

/* Without its opacities an image with pneumonia is the normal image of the same chest, bit for bit;
 * with them, it is brighter inside the mask, and mean and deviation stay. */
static void only_opacities_tell_the_classes_apart(void **state) {
    (void)state;
    double visible = 0;
    enum { IMAGES = 16 };
    for (uint64_t i = 0; i < IMAGES; i++) {
        pn_phantom_image normal = draw(request(i, false, false, true), NULL);
        pn_phantom_image control = draw(request(i, true, i % 2, false), NULL);
        pn_phantom_image sick = draw(request(i, true, i % 2, true), NULL);
        assert_null(normal.mask);
        assert_int_equal(normal.opacities, 0);
        assert_memory_equal(normal.pixels, control.pixels, AREA);
        assert_memory_equal(sick.mask, control.mask, AREA);
        assert_int_equal(sick.opacities, control.opacities);
        double mean[2], deviation[2], inside = 0, outside = 0;
        moments(normal.pixels, &mean[0], &deviation[0]);
        moments(sick.pixels, &mean[1], &deviation[1]);
        assert_true(fabs(mean[0] - mean[1]) < 0.7);
        assert_true(fabs(deviation[0] - deviation[1]) < 0.7);
        for (int k = 0; k < AREA; k++) {
            int d = sick.pixels[k] - normal.pixels[k];
            if (sick.mask[k])
                inside += d;
            else
                outside += d;
        }
        inside /= (double)sick.mask_area;
        outside /= (double)(AREA - sick.mask_area);
        assert_true(inside - outside > 3);
        visible += (inside - outside) / IMAGES;
        pn_phantom_image_free(&normal);
        pn_phantom_image_free(&control);
        pn_phantom_image_free(&sick);
    }
    assert_true(visible > 12);
}

static void patient_and_image_both_count(void **state) {
    (void)state;
    pn_phantom_request a = request(1, false, false, true), b = a, c = a;
    b.image = 2;
    c.patient = 2;
    pn_phantom_image x = draw(a, NULL), y = draw(b, NULL), z = draw(c, NULL);
    assert_true(memcmp(x.pixels, y.pixels, AREA) != 0);
    assert_true(memcmp(x.pixels, z.pixels, AREA) != 0);
    pn_phantom_image_free(&x);
    pn_phantom_image_free(&y);
    pn_phantom_image_free(&z);
}

static void jpeg_is_grey_and_says_synthetic(void **state) {
    (void)state;
    pn_phantom_request r = request(5, false, false, true);
    for (int width = 401; width <= 408; width += 7) {
        r.width = width;
        pn_phantom_image image = draw(r, NULL);
        pn_text file = {0};
        pn_error error;
        pn_tensor *back;
        assert_int_equal(
            pn_phantom_jpeg(image.pixels, HEIGHT, width, 90, "SYNTHETIC", never, &file, &error),
            PN_OK);
        assert_memory_equal(file.data + 24, "SYNTHETIC", 9);
        assert_int_equal(pn_image_decode(file.data, file.size, NULL, 0, &back, &error), PN_OK);
        assert_int_equal(back->rank, 2);
        assert_int_equal(back->shape[0], HEIGHT);
        assert_int_equal(back->shape[1], width);
        const uint8_t *pixels = back->data;
        double off = 0;
        for (int i = 0; i < width * HEIGHT; i++) off += abs(pixels[i] - image.pixels[i]);
        assert_true(off / (width * HEIGHT) < 2);
        pn_tensor_release(back);
        pn_text_free(&file);
        pn_phantom_image_free(&image);
    }
}

static int count_down(void *left) {
    return --*(int *)left < 0;
}

static void drawing_can_be_stopped(void **state) {
    (void)state;
    size_t before = pn_live_bytes();
    static const int polls[] = {0, 1, 3, 10, 200};
    for (size_t i = 0; i < sizeof polls / sizeof *polls; i++) {
        pn_phantom_request r = request(1, true, false, true);
        pn_phantom_image image;
        pn_error error;
        int left = polls[i];
        pn_phantom_poll poll = {count_down, &left};
        assert_int_equal(pn_phantom_image_draw(&r, poll, &image, NULL, &error), PN_E_CANCELLED);
    }
    assert_int_equal(pn_live_bytes(), before);
}

static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    size_t before = pn_live_bytes();
    unsigned long n = 1;
    for (;; n++) {
        pn_phantom_request r = request(1, true, n % 2, true);
        pn_phantom_image image;
        pn_error error = {0};
        r.width = 64, r.height = 48;
        pn_fail_allocation(n);
        pn_status status = pn_phantom_image_draw(&r, never, &image, NULL, &error);
        pn_fail_allocation(0);
        if (status == PN_OK) {
            pn_phantom_image_free(&image);
            break;
        }
        assert_int_equal(status, PN_E_MEMORY);
        assert_int_equal(pn_live_bytes(), before);
    }
    assert_true(n > 20);
    assert_int_equal(pn_live_bytes(), before);
}

/* ---- the stage, under a host that does the least ----------------------------------------------
 */

extern const pn_plugin pneuma_plugin;

struct pn_call {
    char folder[PN_PATH];
    const char *count, *opacities;
    int stop_after; /* progress reports; 0: never */
    atomic_int reports;
    void *memory[16];
    int used;
    int64_t strings[7];
    pn_array width;
    char message[256], note[256];
};

static const char *text_of(pn_call *call, const char *name) {
    if (strcmp(name, "count") == 0) return call->count;
    if (strcmp(name, "opacities") == 0) return call->opacities;
    if (strcmp(name, "size") == 0) return "96";
    const pn_stage *stage = &pneuma_plugin.stages[0];
    for (size_t i = 0; i < stage->param_count; i++)
        if (strcmp(stage->params[i].name, name) == 0) return stage->params[i].preset;
    fail_msg("the stage reads a parameter that it does not declare: %s", name);
    return NULL;
}

static int64_t host_int(pn_call *call, const char *name) {
    return strtoll(text_of(call, name), NULL, 10);
}

static double host_float(pn_call *call, const char *name) {
    return strtod(text_of(call, name), NULL);
}

static int host_bool(pn_call *call, const char *name) {
    return strcmp(text_of(call, name), "true") == 0;
}

static void *host_alloc(pn_call *call, size_t size) {
    return call->memory[call->used++] = calloc(1, size);
}

static int result_index(const char *name) {
    const pn_stage *stage = &pneuma_plugin.stages[0];
    for (size_t i = 0; i < stage->result_count; i++)
        if (strcmp(stage->results[i].name, name) == 0) return (int)i;
    fail_msg("the stage gives a result that it does not declare: %s", name);
    return -1;
}

static int host_array(pn_call *call, const char *name, pn_array *array) {
    result_index(name);
    array->data = host_alloc(call, (size_t)array->shape[0] * sizeof(int32_t));
    if (strcmp(name, "width") == 0) call->width = *array;
    return 0;
}

static int host_string(pn_call *call, const char *name, const char *bytes, size_t size) {
    (void)bytes;
    (void)size;
    call->strings[result_index(name)]++;
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

static const char *host_folder(pn_call *call) {
    return call->folder;
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

static void host_note(pn_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->note, sizeof call->note, format, arguments);
    va_end(arguments);
}

static int run_again(pn_call *call) {
    static const pn_host host = {.abi = PN_STAGE_ABI,
                                 .size = sizeof host,
                                 .param_int = host_int,
                                 .param_float = host_float,
                                 .param_bool = host_bool,
                                 .add_array = host_array,
                                 .add_string = host_string,
                                 .alloc = host_alloc,
                                 .parallel_for = host_parallel,
                                 .seed = host_seed,
                                 .output_folder = host_folder,
                                 .progress = host_progress,
                                 .cancelled = host_cancelled,
                                 .fail = host_fail,
                                 .note = host_note};
    return pneuma_plugin.stages[0].run(&host, call);
}

static int run_stage(pn_call *call) {
    const char *base = getenv("TMPDIR");
    snprintf(call->folder, sizeof call->folder, "%s/phantom-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(call->folder));
    return run_again(call);
}

static void end_stage(pn_call *call) {
    for (int i = 0; i < call->used; i++) free(call->memory[i]);
    pn_error error;
    assert_int_equal(pn_tree_remove(call->folder, &error), PN_OK);
}

static pn_text read_in(const pn_call *call, const char *name) {
    char path[PN_PATH], *data;
    pn_text text = {0};
    pn_error error;
    size_t size;
    assert_int_equal(pn_path_join(path, call->folder, name, &error), PN_OK);
    if (pn_file_read(path, 0, &data, &size, &error) != PN_OK) fail_msg("%s", error.message);
    pn_text_add(&text, data, size);
    pn_free(data);
    return text;
}

/* The files named in the first and eleventh column of labels.csv are those of the other run. */
static void compare_files(const pn_call *a, const pn_call *b, bool images) {
    pn_text labels = read_in(a, "labels.csv"), other = read_in(b, "labels.csv");
    assert_string_equal(pn_text_string(&labels), pn_text_string(&other));
    int rows = 0, masks = 0;
    for (char *line = strchr(labels.data, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char path[PN_PATH], mask[PN_PATH] = "";
        int column = 0;
        assert_int_equal(sscanf(line, "%4095[^,]", path), 1);
        const char *at = line;
        for (; column < 10; column++) at = strchr(at, ',') + 1;
        sscanf(at, "%4095[^,]", mask);
        bool sick = strstr(path, "/PNEUMONIA/") != NULL;
        assert_true(sick == (mask[0] != 0));
        const char *names[2] = {path, mask};
        for (int i = images ? 0 : 1; i < (sick ? 2 : 1); i++) {
            pn_text x = read_in(a, names[i]), y = read_in(b, names[i]);
            assert_int_equal(x.size, y.size);
            assert_memory_equal(x.data, y.data, x.size);
            pn_text_free(&x);
            pn_text_free(&y);
        }
        assert_memory_equal(strchr(line, '\n') - 9, "SYNTHETIC", 9);
        rows++;
        masks += sick;
    }
    assert_int_equal(rows, 12);
    assert_int_equal(masks, 6);
    pn_text_free(&labels);
    pn_text_free(&other);
}

static void stage_writes_the_same_set_on_any_threads(void **state) {
    (void)state;
    static pn_call one, three, control;
    one = (pn_call){.count = "12", .opacities = "true"};
    three = (pn_call){.count = "12", .opacities = "true"};
    control = (pn_call){.count = "12", .opacities = "false"};
    pn_set_threads(1);
    assert_int_equal(run_stage(&one), 0);
    pn_set_threads(3);
    assert_int_equal(run_stage(&three), 0);
    assert_int_equal(run_stage(&control), 0);
    compare_files(&one, &three, true);
    compare_files(&one, &control, false);
    for (int i = 1; i < 5; i++) assert_int_equal(one.strings[i], 12);
    assert_int_equal(one.strings[0], 1);
    assert_int_equal(one.width.shape[0], 12);
    for (int i = 0; i < 12; i++) assert_int_equal(((int32_t *)one.width.data)[i], 96);
    assert_non_null(strstr(one.note, "SYNTHETIC"));
    assert_null(strstr(one.note, "left out"));
    assert_non_null(strstr(control.note, "left out"));
    pn_text readme = read_in(&one, "README.txt");
    assert_non_null(strstr(readme.data, "synthetic"));
    assert_non_null(strstr(readme.data, "No patient"));
    pn_text_free(&readme);
    assert_int_equal(atomic_load(&one.reports), 13);
    end_stage(&one);
    end_stage(&three);
    end_stage(&control);
}

static void stage_stops_when_asked(void **state) {
    (void)state;
    static pn_call call;
    call = (pn_call){.count = "40", .opacities = "true", .stop_after = 3};
    assert_int_not_equal(run_stage(&call), 0);
    assert_true(atomic_load(&call.reports) < 10);
    assert_string_equal(call.message, "");
    end_stage(&call);
}

static void stage_reports_a_folder_it_cannot_write(void **state) {
    (void)state;
    static pn_call call;
    char path[PN_PATH];
    pn_error error;
    call = (pn_call){.count = "2", .opacities = "true"};
    assert_int_equal(run_stage(&call), 0);
    /* A file where a folder has to be. */
    assert_int_equal(pn_path_join(path, call.folder, "masks", &error), PN_OK);
    assert_int_equal(pn_tree_remove(path, &error), PN_OK);
    assert_int_equal(pn_file_write(path, "x", 1, &error), PN_OK);
    assert_int_not_equal(run_again(&call), 0);
    assert_non_null(strstr(call.message, call.folder));
    end_stage(&call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_have_their_shares),
        cmocka_unit_test(plan_keeps_patients_together),
        cmocka_unit_test(names_follow_the_real_set),
        cmocka_unit_test(sizes_do_not_know_the_class),
        cmocka_unit_test(plan_obeys_size_and_small_counts),
        cmocka_unit_test(plan_refuses_nonsense),
        cmocka_unit_test(same_request_same_bytes),
        cmocka_unit_test(mask_is_inside_the_lungs),
        cmocka_unit_test(only_opacities_tell_the_classes_apart),
        cmocka_unit_test(patient_and_image_both_count),
        cmocka_unit_test(jpeg_is_grey_and_says_synthetic),
        cmocka_unit_test(drawing_can_be_stopped),
        cmocka_unit_test(running_out_of_memory_is_an_error),
        cmocka_unit_test(stage_writes_the_same_set_on_any_threads),
        cmocka_unit_test(stage_stops_when_asked),
        cmocka_unit_test(stage_reports_a_folder_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
