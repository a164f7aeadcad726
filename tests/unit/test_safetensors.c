/* safetensors files: what is written is read again, official files are read, and damaged or
 * hostile ones get an error that says what is wrong. */
#define _GNU_SOURCE
#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "nn/file/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/pneuma-test-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/pneuma-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return pn_tree_remove(folder, NULL) == PN_OK ? 0 : -1;
}

static const char *in_folder(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- something to write ---- */

static float kernel[6] = {1, -2, 3.5f, 0, INFINITY, -0.25f};
static int32_t steps[1] = {-7};
static uint8_t mask[3] = {0, 1, 255};

static const pn_safetensors_item items[] = {
    {"conv2d/kernel", {PN_F32, 2, {2, 3}, kernel}},
    {"step", {PN_I32, 0, {0}, steps}},
    {"leer/\xc3\xa4", {PN_F32, 2, {0, 4}, kernel}},
    {"mask \"1\"", {PN_U8, 1, {3}, mask}},
    {"late", {PN_F32, 1, {2}, kernel}}, /* stands 3 bytes off its alignment */
};
static const pn_safetensors_pair pairs[] = {{"kind", "full"}, {"model_config", "{\"a\": \"\n\"}"}};
static const pn_safetensors_content content = {items, 5, pairs, 2};

static pn_text written(void) {
    pn_text text = {0};
    pn_error error;
    if (pn_safetensors_text(&content, &text, &error) != PN_OK) fail_msg("%s", error.message);
    return text;
}

static void check_items(pn_safetensors *file) {
    assert_int_equal(pn_safetensors_count(file), 5);
    for (size_t i = 0; i < 5; i++) {
        const pn_array *want = &items[i].array;
        pn_tensor *t = NULL;
        pn_error error;
        assert_string_equal(pn_safetensors_at(file, i)->name, items[i].name);
        assert_int_equal(pn_safetensors_find(file, items[i].name), i);
        if (pn_safetensors_tensor(file, i, &t, &error) != PN_OK) fail_msg("%s", error.message);
        assert_int_equal(t->dtype, want->dtype);
        assert_int_equal(t->rank, want->rank);
        for (int d = 0; d < t->rank; d++) assert_int_equal(t->shape[d], want->shape[d]);
        assert_int_equal((uintptr_t)t->data % pn_dtype_size(t->dtype), 0);
        assert_memory_equal(t->data, want->data, pn_tensor_bytes(t));
        pn_tensor_release(t);
    }
    assert_int_equal(pn_safetensors_find(file, "kernel"), -1);
    assert_string_equal(pn_safetensors_metadata(file, "kind"), "full");
    assert_string_equal(pn_safetensors_metadata(file, "model_config"), pairs[1].value);
    assert_null(pn_safetensors_metadata(file, "backend"));
    const char *key, *value;
    assert_int_equal(pn_safetensors_pair_at(file, 1, &key, &value), 1);
    assert_string_equal(key, "model_config");
    assert_string_equal(value, pairs[1].value);
    assert_int_equal(pn_safetensors_pair_at(file, 2, &key, &value), 0);
}

/* ---- both ways ---- */

static void bytes_are_read_as_they_were_written(void **state) {
    (void)state;
    pn_text text = written();
    pn_safetensors *file = NULL;
    /* The header ends at a multiple of 8, and so the data begin at one. */
    assert_int_equal((unsigned char)text.data[0] % 8, 0);
    assert_int_equal(pn_safetensors_parse(text.data, text.size, "x", NULL, NULL, &file, NULL),
                     PN_OK);
    check_items(file);
    pn_safetensors_release(file);
    pn_text_free(&text);
}

static void files_are_read_as_they_were_written(void **state) {
    (void)state;
    pn_safetensors *file = NULL;
    char path[200];
    snprintf(path, sizeof path, "%s", in_folder("a.safetensors"));
    assert_int_equal(pn_safetensors_save(path, &content, NULL), PN_OK);
    assert_int_equal(pn_safetensors_open(path, &file, NULL), PN_OK);
    check_items(file);
    pn_safetensors_release(file);
    pn_names names;
    assert_int_equal(pn_folder_list(folder, &names, NULL), PN_OK);
    assert_int_equal(names.count, 1); /* nothing unfinished is left */
    pn_names_free(&names);
}

static void nothing_at_all_is_a_file_too(void **state) {
    (void)state;
    pn_text text = {0};
    pn_safetensors *file = NULL;
    const pn_safetensors_content none = {0};
    assert_int_equal(pn_safetensors_text(&none, &text, NULL), PN_OK);
    assert_int_equal(text.size, 16);
    assert_int_equal(pn_safetensors_parse(text.data, text.size, "x", NULL, NULL, &file, NULL),
                     PN_OK);
    assert_int_equal(pn_safetensors_count(file), 0);
    pn_safetensors_release(file);
    pn_text_free(&text);
}

static void a_tensor_keeps_the_file_and_writes_to_memory_alone(void **state) {
    (void)state;
    pn_safetensors *file = NULL;
    pn_tensor *t = NULL;
    char path[200];
    size_t before = pn_live_bytes();
    snprintf(path, sizeof path, "%s", in_folder("a.safetensors"));
    assert_int_equal(pn_safetensors_save(path, &content, NULL), PN_OK);
    assert_int_equal(pn_safetensors_open(path, &file, NULL), PN_OK);
    assert_int_equal(pn_safetensors_tensor(file, 0, &t, NULL), PN_OK);
    assert_ptr_equal(t->data, pn_safetensors_at(file, 0)->data); /* no copy */
    pn_safetensors_release(file);
    assert_true(pn_live_bytes() > before); /* the mapping counts */
    assert_memory_equal(t->data, kernel, sizeof kernel);
    ((float *)t->data)[0] = 99;
    assert_int_equal(pn_safetensors_open(path, &file, NULL), PN_OK);
    assert_true(*(float *)pn_safetensors_at(file, 0)->data == 1);
    pn_safetensors_release(file);
    pn_tensor_release(t);
    assert_int_equal(pn_live_bytes(), before);
}

/* Written by the format's own library (tests/peers/goldens_keras_files.py). */
static void an_official_file_is_read(void **state) {
    (void)state;
    static const struct {
        const char *name;
        pn_dtype dtype;
        double value[4];
    } want[] = {
        {"f64", PN_F32, {1.5, -1e300, 0.1, 0}},
        {"i64", PN_I32, {2147483647, -2147483648.0, 0, -1}},
        {"u32", PN_I32, {7, 0, 1, 2147483647}},
        {"f32", PN_F32, {1.25, -2, 1e-30, 0}},
        {"f16", PN_F32, {1.5, -65504, 0x1p-24, 0x1.ff8p-15}},
        {"bf16", PN_F32, {1.5, -2, 0x1p100, 0x1p-130}},
        {"i16", PN_I32, {-32768, 32767, 0, 5}},
        {"i8", PN_I32, {-128, 127, 0, 5}},
        {"u8", PN_U8, {255, 1, 2, 0}},
        {"bool", PN_U8, {1, 0, 0, 1}},
    };
    pn_safetensors *file = NULL;
    pn_error error;
    if (pn_safetensors_open(TEST_DATA "/official.safetensors", &file, &error) != PN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(pn_safetensors_count(file), sizeof want / sizeof *want);
    assert_string_equal(pn_safetensors_metadata(file, "made by"), "the official library");
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        pn_tensor *t = NULL, *f = NULL;
        int64_t at = pn_safetensors_find(file, want[i].name);
        assert_true(at >= 0);
        if (pn_safetensors_tensor(file, (size_t)at, &t, &error) != PN_OK)
            fail_msg("%s", error.message);
        assert_int_equal(t->dtype, want[i].dtype);
        assert_int_equal(pn_tensor_count(t), 4);
        for (int j = 0; j < 4; j++) {
            double got = t->dtype == PN_F32   ? (double)((float *)t->data)[j]
                         : t->dtype == PN_I32 ? ((int32_t *)t->data)[j]
                                              : ((uint8_t *)t->data)[j];
            double wanted = t->dtype == PN_F32 ? (double)(float)want[i].value[j] : want[i].value[j];
            if (got != wanted) fail_msg("%s[%d] is %g, not %g", want[i].name, j, got, wanted);
        }
        pn_tensor_release(t);
        pn_tensor_release(f);
    }
    pn_safetensors_release(file);
}

/* ---- what is refused ---- */

static pn_text with_header(const char *header, size_t data) {
    pn_text text = {0};
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) pn_text_addc(&text, (char)((uint64_t)length >> 8 * i & 255));
    pn_text_adds(&text, header);
    for (size_t i = 0; i < data; i++) pn_text_addc(&text, (char)0xff);
    return text;
}

static void must_refuse(const void *bytes, size_t size, pn_status status, const char *message) {
    /* In a block of its own, so that a sanitizer sees every byte read too many. */
    pn_safetensors *file = NULL;
    pn_error error = {0};
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    pn_status got = pn_safetensors_parse(copy, size, "m.safetensors", free, copy, &file, &error);
    if (got != status || !strstr(error.message, message) ||
        !strstr(error.message, "'m.safetensors'"))
        fail_msg("wanted '%s', got %d: %s", message, got, error.message);
}

static void hostile_headers_are_refused(void **state) {
    (void)state;
#define ENTRY(dtype, shape, offsets)                                                               \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define ONE(dtype, shape, offsets) "{\"w\":" ENTRY(dtype, shape, offsets) "}"
#define TWO(a, b) "{\"a\":" ENTRY("U8", "[4]", a) ",\"b\":" ENTRY("U8", "[4]", b) "}"
    static const struct {
        const char *header;
        size_t data;
        pn_status status;
        const char *message;
    } cases[] = {
        {"", 0, PN_E_FORMAT, "no JSON object"},
        {"[]", 0, PN_E_FORMAT, "no JSON object"},
        {" {}", 0, PN_E_FORMAT, "no JSON object"},
        {"{\"w\":", 0, PN_E_FORMAT, "no JSON ("},
        {"{}x", 0, PN_E_FORMAT, "no JSON ("},
        {"{\"\xff\":1}", 0, PN_E_FORMAT, "no JSON ("},
        {"{\"a\\u0000b\":1}", 0, PN_E_FORMAT, "no JSON ("},
        {"{}", 3, PN_E_FORMAT, "belong to no tensor"},
        {"{\"w\":1}", 0, PN_E_FORMAT, "'w' has no dtype"},
        {"{\"w\":{\"dtype\":7}}", 0, PN_E_FORMAT, "'w' has no dtype"},
        {ONE("Q4", "[1]", "[0,4]"), 4, PN_E_UNSUPPORTED, "unknown dtype 'Q4'"},
        {ONE("F32", "7", "[0,4]"), 4, PN_E_FORMAT, "no list as its shape"},
        {ONE("F32", "[-1]", "[0,4]"), 4, PN_E_FORMAT, "not of whole numbers"},
        {ONE("F32", "[1.0]", "[0,4]"), 4, PN_E_FORMAT, "not of whole numbers"},
        {ONE("F32", "[\"1\"]", "[0,4]"), 4, PN_E_FORMAT, "not of whole numbers"},
        {ONE("F32", "[99999999999999999999]", "[0,4]"), 4, PN_E_FORMAT, "no JSON ("},
        {ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, PN_E_UNSUPPORTED, "9 axes; up to 8"},
        {ONE("F32", "[4294967296,4294967296]", "[0,4]"), 4, PN_E_FORMAT, "do not fit its shape"},
        {ONE("F32", "[4611686018427387905]", "[0,4]"), 4, PN_E_FORMAT, "do not fit its shape"},
        {ONE("F32", "[2]", "[0,4]"), 4, PN_E_FORMAT,
         "has 4 bytes, which do not fit its shape (2,) of F32"},
        {ONE("F32", "[1]", "[0]"), 4, PN_E_FORMAT, "no two data_offsets"},
        {ONE("F32", "[1]", "[0,4,8]"), 4, PN_E_FORMAT, "no two data_offsets"},
        {ONE("F32", "[1]", "[0,4.0]"), 4, PN_E_FORMAT, "no two data_offsets"},
        {ONE("F32", "[1]", "{}"), 4, PN_E_FORMAT, "no two data_offsets"},
        {ONE("F32", "[1]", "[4,0]"), 4, PN_E_FORMAT, "run backwards"},
        {ONE("F32", "[1]", "[-4,0]"), 4, PN_E_FORMAT, "run backwards"},
        {ONE("F32", "[1]", "[0,4]"), 3, PN_E_FORMAT, "ends at byte 4 of the data, of which"},
        {ONE("F32", "[1]", "[0,9223372036854775807]"), 4, PN_E_FORMAT, "ends at byte 922337203"},
        {ONE("F32", "[0]", "[8,8]"), 4, PN_E_FORMAT, "ends at byte 8"},
        {ONE("F32", "[1]", "[4,8]"), 8, PN_E_FORMAT, "behind a gap"},
        {ONE("F32", "[1]", "[0,4]"), 8, PN_E_FORMAT, "belong to no tensor"},
        {TWO("[0,4]", "[0,4]"), 4, PN_E_FORMAT, "'b' overlaps"},
        {TWO("[0,4]", "[2,6]"), 6, PN_E_FORMAT, "'b' overlaps"},
        {TWO("[5,9]", "[0,4]"), 9, PN_E_FORMAT, "'a' stands behind a gap"},
        {"{\"a\":" ENTRY("U8", "[1]", "[0,1]") ",\"a\":" ENTRY("U8", "[1]", "[1,2]") "}", 2,
         PN_E_FORMAT, "duplicate"},
        {"{\"__metadata__\":[]}", 0, PN_E_FORMAT, "no map of texts"},
        {"{\"__metadata__\":{\"a\":1}}", 0, PN_E_FORMAT, "other than text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_text text = with_header(cases[i].header, cases[i].data);
        must_refuse(text.data, text.size, cases[i].status, cases[i].message);
        pn_text_free(&text);
    }
}

static void hostile_lengths_are_refused(void **state) {
    (void)state;
    must_refuse("", 0, PN_E_FORMAT, "shorter than 8");
    must_refuse("\2\0\0\0\0\0\0", 7, PN_E_FORMAT, "shorter than 8");
    must_refuse("\3\0\0\0\0\0\0\0{}", 10, PN_E_FORMAT, "header of 3 bytes and has 2");
    must_refuse("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, PN_E_FORMAT, "18446744073709551615");
    must_refuse("\0\0\0\0\0\0\0\x80{}", 10, PN_E_FORMAT, "9223372036854775808");
    /* 3,000 lists in each other */
    pn_text deep = {0};
    pn_text_adds(&deep, "{\"a\":");
    for (int i = 0; i < 3000; i++) pn_text_addc(&deep, '[');
    pn_text text = with_header(deep.data, 0);
    must_refuse(text.data, text.size, PN_E_FORMAT, "no JSON (");
    pn_text_free(&text);
    pn_text_free(&deep);
}

static void integers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char *const dtypes[] = {"I64", "U64", "C64"};
    static const char *const messages[] = {"does not fit int32", "does not fit int32",
                                           "dtype C64, which is not read"};
    for (int i = 0; i < 3; i++) {
        char header[100];
        snprintf(header, sizeof header,
                 "{\"w\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,8]}}", dtypes[i]);
        pn_text text = with_header(header, 8);
        text.data[text.size - 1] = i == 0 ? 0x7f : (char)0xff;
        pn_safetensors *file = NULL;
        pn_tensor *t = NULL;
        pn_error error;
        assert_int_equal(pn_safetensors_parse(text.data, text.size, "x", NULL, NULL, &file, NULL),
                         PN_OK);
        assert_int_not_equal(pn_safetensors_tensor(file, 0, &t, &error), PN_OK);
        assert_non_null(strstr(error.message, messages[i]));
        pn_safetensors_release(file);
        pn_text_free(&text);
    }
}

static void every_cut_and_every_flip_is_an_error_or_a_file(void **state) {
    (void)state;
    pn_text text = written();
    for (size_t size = 0; size < text.size; size++) must_refuse(text.data, size, PN_E_FORMAT, "");
    for (size_t i = 0; i < text.size; i++) {
        pn_safetensors *file = NULL;
        text.data[i] ^= (char)(1 << i % 8);
        pn_status status = pn_safetensors_parse(text.data, text.size, "x", NULL, NULL, &file, NULL);
        for (size_t t = 0; status == PN_OK && t < pn_safetensors_count(file); t++) {
            pn_tensor *tensor = NULL;
            if (pn_safetensors_tensor(file, t, &tensor, NULL) == PN_OK) pn_tensor_release(tensor);
        }
        pn_safetensors_release(file);
        text.data[i] ^= (char)(1 << i % 8);
    }
    pn_text_free(&text);
}

static void unusable_names_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *message;
    } cases[] = {
        {"a", "a", "'a' comes twice"},
        {"a", "__metadata__", "called __metadata__"},
        {"a", "\xff", "must be UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pn_safetensors_item two[] = {
            {cases[i].first, {PN_U8, 1, {1}, mask}},
            {cases[i].second, {PN_U8, 1, {1}, mask}},
        };
        const pn_safetensors_content both = {two, 2, NULL, 0};
        pn_text text = {0};
        pn_error error;
        assert_int_equal(pn_safetensors_header(&both, &text, &error), PN_E_ARGUMENT);
        assert_non_null(strstr(error.message, cases[i].message));
        pn_text_free(&text);
    }
}

static void files_that_cannot_be_used_are_named(void **state) {
    (void)state;
    pn_safetensors *file = NULL;
    pn_error error;
    assert_int_equal(pn_safetensors_open(in_folder("none"), &file, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, in_folder("none")));
    assert_int_equal(pn_safetensors_open(folder, &file, &error), PN_E_IO);
    assert_int_equal(pn_file_write(in_folder("empty"), "", 0, NULL), PN_OK);
    assert_int_equal(pn_safetensors_open(in_folder("empty"), &file, &error), PN_E_FORMAT);
    assert_string_equal(error.path, in_folder("empty"));
    assert_int_equal(pn_safetensors_save(in_folder("none/x"), &content, &error), PN_E_IO);
    assert_non_null(strstr(error.message, in_folder("none/x")));
}

static pn_status open_and_take(const char *path) {
    pn_safetensors *file = NULL;
    pn_tensor *view = NULL, *copy = NULL;
    pn_status status = pn_safetensors_open(path, &file, NULL);
    if (status == PN_OK) status = pn_safetensors_tensor(file, 0, &view, NULL);
    if (status == PN_OK) status = pn_safetensors_tensor(file, 4, &copy, NULL);
    pn_safetensors_release(file);
    pn_tensor_release(view);
    pn_tensor_release(copy);
    return status;
}

static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s", in_folder("a.safetensors"));
    assert_int_equal(pn_safetensors_save(path, &content, NULL), PN_OK);
    size_t before = pn_live_bytes();
    unsigned long n = 1;
    for (;; n++) {
        pn_fail_allocation(n);
        pn_status status = open_and_take(path);
        pn_fail_allocation(0);
        assert_int_equal(pn_live_bytes(), before);
        if (status == PN_OK) break;
        assert_int_equal(status, PN_E_MEMORY);
    }
    assert_true(n > 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read_as_they_were_written),
        cmocka_unit_test_setup_teardown(files_are_read_as_they_were_written, make_folder,
                                        remove_folder),
        cmocka_unit_test(nothing_at_all_is_a_file_too),
        cmocka_unit_test_setup_teardown(a_tensor_keeps_the_file_and_writes_to_memory_alone,
                                        make_folder, remove_folder),
        cmocka_unit_test(an_official_file_is_read),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(integers_that_do_not_fit_are_refused),
        cmocka_unit_test(every_cut_and_every_flip_is_an_error_or_a_file),
        cmocka_unit_test(unusable_names_are_refused),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_used_are_named, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(running_out_of_memory_is_an_error, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
