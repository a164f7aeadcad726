/* Sources of batches over image files and tensors. */
#define _GNU_SOURCE
#include "source_fixture.h"

#include <stdatomic.h>

static pn_error error;

/* ---- files ---- */

static pn_source *must_open(void **state, const char *config) {
    pn_source *s = NULL;
    if (new_picture_source(*state, config, NULL, &s, &error) != PN_OK)
        fail_msg("%s", error.message);
    return s;
}

#define PLAIN                                                                                      \
    "{\"kind\":\"files\",\"target_size\":[8,10],\"classes\":[\"A\",\"B\"],\"batch_size\":4,"

static void batches_hold_what_was_asked_for(void **state) {
    pn_source *s = must_open(state, PLAIN "\"class_mode\":\"binary\"}");
    assert_int_equal(s->x.rank, 3);
    assert_int_equal(s->x.size[0], 8);
    assert_int_equal(s->x.size[1], 10);
    assert_int_equal(s->x.size[2], 3);
    assert_int_equal(s->y_size, 1);
    assert_int_equal(s->samples, FILES);
    assert_int_equal(s->batch_size, 4);
    assert_int_equal(s->batches, 3);
    pn_batch b = new_batch(s);
    assert_int_equal(s->fill(s, 0, 2, &b, &error), PN_OK);
    assert_int_equal(b.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b.index[i], 8 + i);
        assert_int_equal(b.label[i], i % 2);
        assert_true(b.y[i] == (float)(i % 2));
    }
    for (int i = 0; i < 80; i++) /* a grey file has three equal channels */
        assert_true(b.x[3 * i] == b.x[3 * i + 1] && b.x[3 * i] == b.x[3 * i + 2]);
    pn_tensor *image = NULL, *small = NULL;
    assert_int_equal(pn_image_read(((pictures *)*state)->path[9], 3, &image, &error), PN_OK);
    assert_int_equal(pn_image_resize(image, 8, 10, PN_NEAREST, &small, &error), PN_OK);
    for (int i = 0; i < 240; i++)
        assert_true(b.x[240 + i] == (float)((const uint8_t *)small->data)[i]);
    pn_tensor_release(image);
    pn_tensor_release(small);
    assert_int_equal(s->fill(s, 0, 3, &b, &error), PN_E_ARGUMENT);
    assert_says(&error, "there is no batch 3: an epoch has 3");
    assert_int_equal(s->fill(s, -1, 0, &b, &error), PN_E_ARGUMENT);
    free_batch(&b);
    s->release(s);
}

static void targets_follow_the_class_mode(void **state) {
    pn_source *s = must_open(state, PLAIN "\"class_mode\":\"categorical\"}");
    pn_batch b = new_batch(s);
    assert_int_equal(s->y_size, 2);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    for (int i = 0; i < 4; i++) assert_true(b.y[2 * i] == (i % 2 == 0) && b.y[2 * i + 1] == i % 2);
    free_batch(&b);
    s->release(s);
    s = must_open(state, PLAIN "\"class_mode\":\"input\",\"color_mode\":\"grayscale\"}");
    b = new_batch(s);
    assert_int_equal(s->y_size, 80);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    assert_memory_equal(b.x, b.y, 4 * 80 * sizeof(float));
    free_batch(&b);
    s->release(s);
    s = must_open(state, PLAIN "\"class_mode\":\"none\"}");
    assert_int_equal(s->y_size, 0);
    s->release(s);
}

static void an_epoch_has_every_sample_once_in_an_order_of_its_own(void **state) {
    pn_source *s = must_open(state, AUGMENTED);
    pn_batch b = new_batch(s);
    int64_t first[FILES];
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        int seen[FILES] = {0}, at = 0, moved = 0;
        for (int64_t k = 0; k < s->batches; k++) {
            assert_int_equal(s->fill(s, epoch, k, &b, &error), PN_OK);
            for (int64_t i = 0; i < b.count; i++, at++) {
                seen[b.index[i]]++;
                assert_int_equal(b.label[i], b.index[i] % 2);
                if (epoch) moved += first[at] != b.index[i];
                first[at] = b.index[i];
            }
        }
        for (int i = 0; i < FILES; i++) assert_int_equal(seen[i], 1);
        if (epoch) assert_true(moved > 3);
    }
    free_batch(&b);
    s->release(s);
}

/* The same bits whatever the number of threads, from files or from memory, in any order. */
static void the_same_batch_has_the_same_bits(void **state) {
    pn_source *s = must_open(state, AUGMENTED);
    pn_hash expected = hash_epochs(s, 0, 3), last = hash_epochs(s, 2, 3);
    s->release(s);
    for (int threads = 1; threads <= 3; threads++) {
        pn_set_threads(threads);
        s = must_open(state, AUGMENTED);
        assert_true(pn_hash_equal(hash_epochs(s, 2, 3), last));
        assert_true(pn_hash_equal(hash_epochs(s, 0, 3), expected));
        s->release(s);
    }
    s = must_open(state, PLAIN "\"class_mode\":\"binary\",\"shuffle\":true,\"seed\":5}");
    assert_false(pn_hash_equal(hash_epochs(s, 0, 3), expected));
    s->release(s);
}

typedef struct counting {
    atomic_int reads, frees;
} counting;

static pn_status read_counted(void *context, const char *path, void **data, size_t *size,
                              pn_error *e) {
    atomic_fetch_add(&((counting *)context)->reads, 1);
    return pn_file_read(path, 0, (char **)data, size, e);
}

static void free_counted(void *context, void *data) {
    atomic_fetch_add(&((counting *)context)->frees, 1);
    pn_free(data);
}

static void files_are_read_once_while_there_is_room(void **state) {
    static const struct {
        const char *cache;
        int reads;
    } cases[] = {{"2000000", FILES}, {"0", 2 * FILES}, {"400", 2 * FILES - 3}};
    pn_set_threads(1); /* which images fit depends on who comes first */
    pn_hash hash[3];
    for (int i = 0; i < 3; i++) {
        counting c = {0};
        pn_file_reader reader = {read_counted, free_counted, &c};
        pn_source *s = NULL;
        char config[256];
        snprintf(config, sizeof config, PLAIN "\"cache_bytes\":%s}", cases[i].cache);
        assert_int_equal(new_picture_source(*state, config, &reader, &s, &error), PN_OK);
        hash[i] = hash_epochs(s, 0, 2);
        assert_int_equal(c.reads, cases[i].reads);
        assert_int_equal(c.frees, c.reads);
        s->release(s);
        assert_true(pn_hash_equal(hash[i], hash[0]));
    }
}

/* ---- files that cannot be read ---- */

static void damage(const char *path) {
    char *data;
    size_t size;
    assert_int_equal(pn_file_read(path, 0, &data, &size, &error), PN_OK);
    assert_int_equal(pn_file_write(path, data, size / 2, &error), PN_OK);
    pn_free(data);
}

static void bad_files_are_skipped_and_told(void **state) {
    pictures *p = *state;
    damage(p->path[5]);
    assert_int_equal(remove(p->path[9]), 0);
    pn_source *s = must_open(state, PLAIN "\"class_mode\":\"binary\"}");
    pn_batch b = new_batch(s);
    pn_source_failure failure[4];
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        assert_int_equal(s->fill(s, epoch, 1, &b, &error), PN_OK);
        assert_int_equal(b.count, 3);
        assert_int_equal(b.index[0], 4);
        assert_int_equal(b.index[1], 6);
        assert_int_equal(b.index[2], 7);
        assert_true(b.label[1] == 0 && b.y[2] == 1);
        assert_int_equal(s->fill(s, epoch, 2, &b, &error), PN_OK);
        assert_int_equal(b.count, 2);
    }
    assert_int_equal(pn_source_failures(s, 0, failure, 4), 2);
    assert_int_equal(failure[0].index, 5);
    assert_string_equal(failure[0].path, p->path[5]);
    assert_non_null(strstr(failure[0].reason, "truncated"));
    assert_int_equal(failure[1].index, 9);
    assert_non_null(strstr(failure[1].reason, "no file"));
    assert_int_equal(pn_source_failures(s, 1, failure, 1), 2);
    assert_int_equal(failure[0].index, 9);
    free_batch(&b);
    s->release(s);
    write_picture(p->path[5], 5);
    write_picture(p->path[9], 9);
}

static void nothing_to_read_is_an_error(void **state) {
    pictures *p = *state;
    for (int i = 0; i < FILES; i++) damage(p->path[i]);
    pn_source *s = must_open(state, PLAIN "\"class_mode\":\"none\"}");
    pn_batch b = new_batch(s);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    assert_int_equal(b.count, 0);
    assert_int_equal(s->fill(s, 0, 1, &b, &error), PN_OK);
    assert_int_equal(s->fill(s, 0, 2, &b, &error), PN_E_FORMAT);
    assert_says(&error, "none of the 11 images can be read; the first: ");
    assert_string_equal(error.path, p->path[0]);
    assert_int_equal(s->fill(s, 1, 0, &b, &error), PN_E_FORMAT);
    free_batch(&b);
    s->release(s);
    for (int i = 0; i < FILES; i++) write_picture(p->path[i], i);
}

static void a_wish_to_stop_is_heard(void **state) {
    pn_source *s = must_open(state, AUGMENTED);
    pn_batch b = new_batch(s);
    pn_cancel(PN_CANCEL_INTERRUPT);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_E_CANCELLED);
    pn_cancel_reset();
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    assert_int_equal(b.count, 4); /* stopping did not mark files as bad */
    assert_int_equal(pn_source_failures(s, 0, NULL, 0), 0);
    free_batch(&b);
    s->release(s);
}

static void memory_that_runs_out_is_told(void **state) {
    size_t before = pn_live_bytes();
    pn_set_threads(1);
    for (unsigned long n = 1;; n++) {
        pn_source *s = NULL;
        pn_fail_allocation(n);
        pn_status status = new_picture_source(*state, AUGMENTED, NULL, &s, &error);
        if (status == PN_OK) status = pn_prefetch_new(s, &s, &error);
        pn_fail_allocation(0);
        if (status == PN_OK) {
            s->release(s);
            assert_true(n > 8);
            break;
        }
        assert_int_equal(status, PN_E_MEMORY);
        assert_int_equal(pn_live_bytes(), before);
    }
    pn_source *s = must_open(state, AUGMENTED);
    pn_batch b = new_batch(s);
    int failed = 0;
    for (unsigned long n = 1;; n++) {
        pn_fail_allocation(n);
        pn_status status = s->fill(s, 0, 0, &b, &error);
        pn_fail_allocation(0);
        if (status == PN_OK) break;
        assert_int_equal(status, PN_E_MEMORY);
        failed++;
    }
    assert_true(failed > 4);
    assert_int_equal(b.count, 4);
    assert_int_equal(pn_source_failures(s, 0, NULL, 0), 0);
    free_batch(&b);
    s->release(s);
    assert_int_equal(pn_live_bytes(), before);
}

/* ---- tensors ---- */

static pn_array array_of(pn_dtype dtype, void *data, int rank, int64_t a, int64_t b, int64_t c,
                         int64_t d) {
    return (pn_array){.dtype = dtype, .rank = rank, .shape = {a, b, c, d}, .data = data};
}

static pn_status open_tensors(const pn_array *x, const pn_array *y, const char *config,
                              pn_source **s) {
    return pn_data_source_new(&(pn_source_spec){.config = config, .x = x, .y = y}, s, &error);
}

static void tensors_come_in_batches(void **state) {
    (void)state;
    float x[5 * 2] = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41};
    float y[5] = {0, 1, 2.5f, -1, 3};
    pn_array xs = array_of(PN_F32, x, 2, 5, 2, 0, 0), ys = array_of(PN_F32, y, 1, 5, 0, 0, 0);
    pn_source *s = NULL;
    assert_int_equal(open_tensors(&xs, &ys, "{\"kind\":\"tensors\",\"batch_size\":3}", &s), PN_OK);
    assert_int_equal(s->batches, 2);
    pn_batch b = new_batch(s);
    assert_int_equal(s->fill(s, 7, 0, &b, &error), PN_OK);
    assert_memory_equal(b.x, x, sizeof(float[6]));
    assert_true(b.label[0] == 0 && b.label[1] == 1 && b.label[2] == -1);
    assert_int_equal(s->fill(s, 7, 1, &b, &error), PN_OK);
    assert_int_equal(b.count, 2);
    assert_true(b.x[0] == 30 && b.y[0] == -1 && b.label[0] == -1 && b.label[1] == 3);
    free_batch(&b);
    s->release(s);
}

static void labels_are_found_in_rows_of_zeros_and_a_one(void **state) {
    (void)state;
    uint8_t x[4] = {1, 2, 3, 255}, y[4 * 3] = {0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0};
    pn_array xs = array_of(PN_U8, x, 1, 4, 0, 0, 0), ys = array_of(PN_U8, y, 2, 4, 3, 0, 0);
    pn_source *s = NULL;
    assert_int_equal(open_tensors(&xs, &ys, "{\"kind\":\"tensors\"}", &s), PN_OK);
    assert_int_equal(s->y_size, 3);
    assert_int_equal(s->batch_size, 4);
    pn_batch b = new_batch(s);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    assert_true(b.x[3] == 255 && b.y[2] == 1);
    assert_true(b.label[0] == 2 && b.label[1] == 0 && b.label[2] == -1 && b.label[3] == -1);
    free_batch(&b);
    s->release(s);
}

static void tensors_are_augmented_like_files(void **state) {
    (void)state;
    int32_t x[3 * 6 * 6];
    for (int i = 0; i < 3 * 36; i++) x[i] = i * 7 % 256;
    pn_array xs = array_of(PN_I32, x, 4, 3, 6, 6, 1);
    pn_source *s = NULL;
    static const char config[] = "{\"kind\":\"tensors\",\"batch_size\":2,\"shuffle\":true,"
                                 "\"generator\":{\"rotation_range\":20,\"rescale\":0.5}}";
    assert_int_equal(open_tensors(&xs, NULL, config, &s), PN_OK);
    assert_int_equal(s->y_size, 0);
    pn_hash expected = hash_epochs(s, 0, 4);
    pn_set_threads(3);
    assert_true(pn_hash_equal(hash_epochs(s, 0, 4), expected));
    assert_false(pn_hash_equal(hash_epochs(s, 1, 5), expected));
    s->release(s);
}

/* ---- what does not fit ---- */

static void refuse_files(void **state, const char *config, const char *says) {
    pn_source *s = NULL;
    assert_int_equal(new_picture_source(*state, config, NULL, &s, &error), PN_E_ARGUMENT);
    assert_says(&error, says);
}

static void bad_descriptions_are_named(void **state) {
    refuse_files(state, "{", "the description of a source is no JSON");
    refuse_files(state, "[]", "not a JSON object");
    refuse_files(state, "{}", "kind must be \"files\" or \"tensors\", not missing");
    refuse_files(state, "{\"kind\":\"files\"}", "target_size must be two whole numbers");
    refuse_files(state, PLAIN "\"shufle\":true}", "no option 'shufle'; did you mean 'shuffle'?");
    refuse_files(state, PLAIN "\"color_mode\":\"rgba\"}", "\"rgb\" or \"grayscale\", not \"rgba\"");
    refuse_files(state, PLAIN "\"class_mode\":\"raw\"}", "class_mode must be");
    refuse_files(state, PLAIN "\"generator\":{\"zoom_range\":3}}", "zoom_range");
    refuse_files(state, "{\"kind\":\"files\",\"target_size\":[0,8]}", "target_size is from 1 x 1");
    refuse_files(state, "{\"kind\":\"files\",\"target_size\":[8,8],\"batch_size\":0}",
                 "batch_size must be a whole number of 1 or more, not 0");
    refuse_files(state,
                 "{\"kind\":\"files\",\"target_size\":[8,8],\"class_mode\":\"binary\","
                 "\"classes\":[\"a\",\"b\",\"c\"]}",
                 "for two classes, there are 3");
    refuse_files(state,
                 "{\"kind\":\"files\",\"target_size\":[8,8],\"class_mode\":\"sparse\","
                 "\"classes\":[\"a\"]}",
                 "is 1, but there are 1 classes from 0");
}

static void bad_tensors_are_named(void **state) {
    (void)state;
    float x[8] = {0};
    pn_array flat = array_of(PN_F32, x, 2, 2, 4, 0, 0), cube = array_of(PN_F32, x, 3, 2, 2, 2, 0);
    pn_array y = array_of(PN_F32, x, 1, 3, 0, 0, 0), none = array_of(PN_F32, x, 2, 0, 4, 0, 0);
    pn_source *s = NULL;
    static const char plain[] = "{\"kind\":\"tensors\"}";
    static const char images[] = "{\"kind\":\"tensors\",\"generator\":{}}";
    assert_int_equal(open_tensors(&flat, &y, plain, &s), PN_E_SHAPE);
    assert_says(&error, "x is (2, 4) and y is (3,)");
    assert_int_equal(open_tensors(&none, NULL, plain, &s), PN_E_SHAPE);
    assert_int_equal(open_tensors(NULL, NULL, plain, &s), PN_E_ARGUMENT);
    assert_int_equal(open_tensors(&flat, NULL, images, &s), PN_E_SHAPE);
    assert_says(&error, "takes images (N, H, W, C), not x of shape (2, 4)");
    assert_int_equal(open_tensors(&cube, NULL, images, &s), PN_E_SHAPE);
    assert_says(&error, "give it a last axis of 1 channel");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_hold_what_was_asked_for),
        cmocka_unit_test(targets_follow_the_class_mode),
        cmocka_unit_test(an_epoch_has_every_sample_once_in_an_order_of_its_own),
        cmocka_unit_test(the_same_batch_has_the_same_bits),
        cmocka_unit_test(files_are_read_once_while_there_is_room),
        cmocka_unit_test(bad_files_are_skipped_and_told),
        cmocka_unit_test(nothing_to_read_is_an_error),
        cmocka_unit_test(a_wish_to_stop_is_heard),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(tensors_come_in_batches),
        cmocka_unit_test(labels_are_found_in_rows_of_zeros_and_a_one),
        cmocka_unit_test(tensors_are_augmented_like_files),
        cmocka_unit_test(bad_descriptions_are_named),
        cmocka_unit_test(bad_tensors_are_named),
    };
    return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
