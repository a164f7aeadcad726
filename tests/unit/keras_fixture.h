/* What the tests of Keras files share: a folder, reading, the models of the golden files. */
#ifndef PN_TESTS_UNIT_KERAS_FIXTURE_H
#define PN_TESTS_UNIT_KERAS_FIXTURE_H

#define _GNU_SOURCE
#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "file.h"
#include "nn/file/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not every test uses everything. */
#define MAYBE __attribute__((unused)) static

MAYBE char folder[64];
MAYBE const pn_keras_listener nobody = {0};

MAYBE int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/pneuma-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

MAYBE int remove_folder(void **state) {
    (void)state;
    return pn_tree_remove(folder, NULL) == PN_OK ? 0 : -1;
}

MAYBE const char *in_folder(const char *name) {
    static char path[4][200];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

/* Files, groups, data sets and attributes of HDF5's that are open. */
MAYBE ssize_t open_things(void) {
    return H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
}

/* Opens and converts to model.safetensors; nothing may stay open. */
MAYBE pn_status read_file(const char *path, pn_error *error) {
    ssize_t before = open_things();
    pn_keras_file file;
    pn_status status = pn_keras_open(&file, path, error);
    if (status == PN_OK) status = pn_keras_convert(&file, in_folder("model.safetensors"), &nobody);
    pn_keras_close(&file);
    assert_int_equal(open_things(), before);
    return status;
}

MAYBE pn_safetensors *must_read(const char *path) {
    pn_error error;
    pn_safetensors *made = NULL;
    if (read_file(path, &error) != PN_OK ||
        pn_safetensors_open(in_folder("model.safetensors"), &made, &error) != PN_OK)
        fail_msg("%s", error.message);
    return made;
}

MAYBE void must_refuse(const char *path, pn_status status, const char *message) {
    pn_error error = {0};
    pn_status got = read_file(path, &error);
    if (got != status || !strstr(error.message, message) || !strstr(error.message, path))
        fail_msg("wanted '%s', got %d: %s", message, got, error.message);
    assert_string_equal(error.path, path);
    assert_int_not_equal(access(in_folder("model.safetensors"), F_OK), 0);
}

MAYBE void put_bytes(const char *path, const void *bytes, size_t size) {
    assert_int_equal(pn_file_write(path, bytes, size, NULL), PN_OK);
}

/* ---- the models of the golden files ---- */

typedef struct weight {
    const char *name;
    const char *shape;
} weight;

MAYBE const weight small[] = {
    {"conv2d/kernel", "(3, 3, 1, 2)"},
    {"conv2d/bias", "(2,)"},
    {"batch_normalization/gamma", "(2,)"},
    {"batch_normalization/beta", "(2,)"},
    {"batch_normalization/moving_mean", "(2,)"},
    {"batch_normalization/moving_variance", "(2,)"},
    {"dense/kernel", "(8, 1)"},
    {"dense/bias", "(1,)"},
};

/* c1 is frozen, c2 and b2 stand in a model in the model. */
MAYBE const weight net[] = {
    {"inner/c1/kernel", "(3, 3, 1, 2)"},
    {"inner/c1/bias", "(2,)"},
    {"inner/b1/gamma", "(2,)"},
    {"inner/b1/beta", "(2,)"},
    {"inner/b1/moving_mean", "(2,)"},
    {"inner/b1/moving_variance", "(2,)"},
    {"inner/deep/b2/gamma", "(2,)"},
    {"inner/deep/b2/beta", "(2,)"},
    {"inner/deep/b2/moving_mean", "(2,)"},
    {"inner/deep/b2/moving_variance", "(2,)"},
    {"inner/deep/c2/kernel", "(3, 3, 2, 2)"},
    {"inner/deep/c2/bias", "(2,)"},
    {"inner/c3/kernel", "(1, 1, 2, 2)"},
    {"inner/c3/bias", "(2,)"},
    {"wide/kernel", "(5, 5, 1, 2)"},
    {"wide/bias", "(2,)"},
    {"out/kernel", "(8, 1)"},
    {"out/bias", "(1,)"},
};

#define SMALL_LAYERS                                                                               \
    "[\"conv2d\",\"batch_normalization\",\"max_pooling2d\",\"flatten\",\"dropout\",\"dense\"]"
#define NET_LAYERS "[\"x\",\"inner\",\"wide\",\"add\",\"flat\",\"out\"]"

MAYBE void check_weight(pn_safetensors *made, size_t i, const weight *want) {
    char shape[PN_SHAPE_TEXT];
    pn_tensor *t = NULL;
    const pn_safetensors_entry *e = pn_safetensors_at(made, i);
    assert_string_equal(e->name, want->name);
    assert_string_equal(e->dtype, "F32");
    assert_string_equal(pn_shape_text(e->rank, e->shape, shape, sizeof shape), want->shape);
    assert_int_equal(pn_safetensors_tensor(made, i, &t, NULL), PN_OK);
    for (int64_t k = 0; k < pn_tensor_count(t); k++) {
        float wanted = (float)((37 * (int64_t)i + k) % 1000) / 64;
        if (((float *)t->data)[k] != wanted)
            fail_msg("%s[%d] is %g, not %g", e->name, (int)k, (double)((float *)t->data)[k],
                     (double)wanted);
    }
    pn_tensor_release(t);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
