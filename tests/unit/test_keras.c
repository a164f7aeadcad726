/* Keras's .h5 files: what real Keras wrote is read (tests/peers/goldens_keras_files.py), and other
 * files are told apart. */
#include "keras_fixture.h"

/* ---- what Keras wrote ---- */

static void files_from_keras_are_read(void **state) {
    (void)state;
    static const struct {
        const char *name, *kind, *version, *layers;
        const weight *weights;
        size_t count;
    } files[] = {
        {"keras2_full.h5", "full", "2.15.0", SMALL_LAYERS, small, 8},
        {"keras2_weights.h5", "weights", "2.15.0", SMALL_LAYERS, small, 8},
        {"keras2_packed.h5", "full", "2.15.0", SMALL_LAYERS, small, 8},
        {"keras2_split.h5", "full", "2.15.0", SMALL_LAYERS, small, 8},
        {"keras2_nested.h5", "full", "2.15.0", NET_LAYERS, net, 18},
        {"keras3_full.h5", "full", "3.", SMALL_LAYERS, small, 8},
        {"keras3_nested.h5", "full", "3.", NET_LAYERS, net, 18},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PN_PATH];
        snprintf(path, sizeof path, TEST_DATA "/%s", files[i].name);
        print_message("%s\n", files[i].name);
        pn_safetensors *made = must_read(path);
        int full = strcmp(files[i].kind, "full") == 0;
        assert_string_equal(pn_safetensors_metadata(made, "kind"), files[i].kind);
        assert_string_equal(pn_safetensors_metadata(made, "layers"), files[i].layers);
        assert_string_equal(pn_safetensors_metadata(made, "backend"), "tensorflow");
        assert_int_equal(strncmp(pn_safetensors_metadata(made, "keras_version"), files[i].version,
                                 strlen(files[i].version)),
                         0);
        assert_int_equal(pn_safetensors_metadata(made, "model_config") != NULL, full);
        assert_int_equal(pn_safetensors_metadata(made, "training_config") != NULL, full);
        assert_int_equal(pn_safetensors_count(made), files[i].count);
        for (size_t k = 0; k < files[i].count; k++) check_weight(made, k, &files[i].weights[k]);
        pn_safetensors_release(made);
    }
}

/* ---- what other files are ---- */

static void other_files_are_told_apart(void **state) {
    (void)state;
    put_bytes(in_folder("a.keras"), "PK\3\4rest", 8);
    must_refuse(in_folder("a.keras"), PN_E_FORMAT, ".keras format perhaps");
    put_bytes(in_folder("a.h5"), "version https://git-lfs", 23);
    must_refuse(in_folder("a.h5"), PN_E_FORMAT, "this is no HDF5 file");
    put_bytes(in_folder("empty.h5"), "", 0);
    must_refuse(in_folder("empty.h5"), PN_E_FORMAT, "this is no HDF5 file");
    must_refuse(in_folder("none.h5"), PN_E_NOT_FOUND, "no file");
    must_refuse(folder, PN_E_IO, "is a folder");
    must_refuse(TEST_DATA "/keras3_new.weights.h5", PN_E_UNSUPPORTED,
                "a .weights.h5 file as Keras 3 lays it out");
}

static void a_file_cut_off_is_refused(void **state) {
    (void)state;
    char *data = NULL;
    size_t size;
    assert_int_equal(pn_file_read(TEST_DATA "/keras2_full.h5", 0, &data, &size, NULL), PN_OK);
    for (int i = 1; i <= 20; i++) {
        put_bytes(in_folder("cut.h5"), data, size * (size_t)i / 21);
        must_refuse(in_folder("cut.h5"), PN_E_FORMAT, "HDF5 says: truncated file");
    }
    pn_free(data);
}

/* ---- memory, time ---- */

static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    size_t before = pn_live_bytes();
    unsigned long n = 1;
    for (;; n++) {
        pn_error error;
        pn_fail_allocation(n);
        pn_status status = read_file(TEST_DATA "/keras2_nested.h5", &error);
        pn_fail_allocation(0);
        assert_int_equal(pn_live_bytes(), before);
        if (status == PN_OK) break;
        assert_int_equal(status, PN_E_MEMORY);
    }
    assert_true(n > 8);
}

static int64_t last_done, last_total;

static void hear(void *context, int64_t done, int64_t total) {
    (void)context;
    assert_true(done > last_done && done <= total);
    last_done = done, last_total = total;
}

static int stop(void *context) {
    return ++*(int *)context > 2;
}

static void a_conversion_tells_and_stops(void **state) {
    (void)state;
    pn_keras_file file;
    pn_error error;
    int polls = 0;
    const pn_keras_listener listener = {hear, NULL, NULL}, stopping = {NULL, stop, &polls};
    assert_int_equal(pn_keras_open(&file, TEST_DATA "/keras2_full.h5", &error), PN_OK);
    assert_int_equal(pn_keras_convert(&file, in_folder("a"), &listener), PN_OK);
    assert_int_equal(last_done, last_total);
    assert_int_equal(last_total, 4 * (18 + 2 + 8 + 8 + 1));
    assert_int_equal(pn_keras_convert(&file, in_folder("b"), &stopping), PN_E_CANCELLED);
    assert_int_equal(polls, 3);
    pn_keras_close(&file);
    assert_int_not_equal(access(in_folder("b"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(files_from_keras_are_read),    IN_FOLDER(other_files_are_told_apart),
        IN_FOLDER(a_file_cut_off_is_refused),    IN_FOLDER(running_out_of_memory_is_an_error),
        IN_FOLDER(a_conversion_tells_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
