/* Keras's .h5 files that are written: read again, and laid out as Keras does. */
#include "keras_fixture.h"

#include "write.h"

/* ---- writing ---- */

static const char *const net_layers[] = {"x", "inner", "wide", "add", "flat", "out"};

/* The model of a file, as the stage would get it; `read` keeps the data. */
typedef struct loaded {
    pn_safetensors *read;
    const char *names[18];
    pn_array arrays[18];
    pn_keras_model model;
} loaded;

static void load_net(loaded *l) {
    l->read = must_read(TEST_DATA "/keras2_nested.h5");
    for (size_t i = 0; i < 18; i++) {
        const pn_safetensors_entry *e = pn_safetensors_at(l->read, i);
        l->names[i] = e->name;
        l->arrays[i] = (pn_array){.dtype = PN_F32, .rank = e->rank, .data = e->data};
        memcpy(l->arrays[i].shape, e->shape, sizeof e->shape);
    }
    l->model = (pn_keras_model){.layers = net_layers,
                                .layer_count = 6,
                                .names = l->names,
                                .arrays = l->arrays,
                                .count = 18,
                                .architecture = pn_safetensors_metadata(l->read, "model_config"),
                                .training = pn_safetensors_metadata(l->read, "training_config")};
}

static void must_write(const char *path, const pn_keras_model *model) {
    pn_error error;
    ssize_t before = open_things();
    if (pn_keras_write(path, model, &nobody, &error) != PN_OK) fail_msg("%s", error.message);
    assert_int_equal(open_things(), before);
}

static void what_is_written_is_read_again(void **state) {
    (void)state;
    loaded l;
    char path[200];
    load_net(&l);
    snprintf(path, sizeof path, "%s", in_folder("written.h5"));
    must_write(path, &l.model);
    pn_safetensors *again = must_read(path);
    assert_int_equal(pn_safetensors_count(again), 18);
    for (size_t k = 0; k < 18; k++) check_weight(again, k, &net[k]);
    assert_string_equal(pn_safetensors_metadata(again, "layers"), NET_LAYERS);
    assert_string_equal(pn_safetensors_metadata(again, "model_config"), l.model.architecture);
    assert_string_equal(pn_safetensors_metadata(again, "training_config"), l.model.training);
    pn_safetensors_release(again);
    pn_safetensors_release(l.read);
}

/* "b2/gamma:0" of "deep/b2/gamma:0". */
static const char *last_two(const char *name) {
    const char *at = strrchr(name, '/');
    while (at > name && at[-1] != '/') at--;
    return at;
}

/* The lists of weights as Keras itself wrote them, frozen ones and statistics last. */
static void names_are_those_keras_wrote(void **state) {
    (void)state;
    loaded l;
    char path[200];
    load_net(&l);
    snprintf(path, sizeof path, "%s", in_folder("written.h5"));
    must_write(path, &l.model);
    for (int i = 0; i < 6; i++) {
        pn_error error;
        pn_arena arena = {0};
        pn_h5_names names[2];
        for (int ours = 0; ours < 2; ours++) {
            pn_h5 h5;
            hid_t group;
            char where[100];
            snprintf(where, sizeof where, "model_weights/%s", net_layers[i]);
            pn_h5_begin(&h5, ours ? path : TEST_DATA "/keras2_nested.h5", &error);
            assert_int_equal(pn_h5_open(&h5), PN_OK);
            assert_int_equal(pn_h5_find(&h5, h5.file, where, H5I_GROUP, &group), PN_OK);
            assert_int_equal(pn_h5_texts(&h5, group, "", "weight_names", &arena, &names[ours]),
                             PN_OK);
            H5Oclose(group);
            pn_h5_end(&h5);
        }
        assert_int_equal(names[0].count, names[1].count);
        for (size_t k = 0; k < names[0].count; k++)
            assert_string_equal(names[0].name[k], last_two(names[1].name[k]));
        pn_arena_free(&arena);
    }
    pn_safetensors_release(l.read);
}

static void the_same_model_gives_the_same_bytes(void **state) {
    (void)state;
    loaded l;
    char *a, *b;
    size_t size_a, size_b;
    load_net(&l);
    must_write(in_folder("a.h5"), &l.model);
    sleep(1); /* HDF5 would write the time */
    must_write(in_folder("b.h5"), &l.model);
    assert_int_equal(pn_file_read(in_folder("a.h5"), 0, &a, &size_a, NULL), PN_OK);
    assert_int_equal(pn_file_read(in_folder("b.h5"), 0, &b, &size_b, NULL), PN_OK);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(a, b, size_a);
    pn_free(a), pn_free(b);
    pn_safetensors_release(l.read);
}

static void long_lists_are_split(void **state) {
    (void)state;
    enum { LAYERS = 300 };
    static char names[LAYERS][240];
    static const char *layers[LAYERS];
    pn_text json = {0};
    pn_text_adds(&json, "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[");
    for (int i = 0; i < LAYERS; i++) {
        snprintf(names[i], sizeof names[i], "%0230d", i);
        layers[i] = names[i];
        pn_text_addf(&json, "%s{\"class_name\":\"ReLU\",\"config\":{\"name\":\"%s\"}}",
                     i ? "," : "", names[i]);
    }
    pn_text_adds(&json, "]}}");
    const pn_keras_model model = {
        .layers = layers, .layer_count = LAYERS, .architecture = json.data};
    char path[200];
    snprintf(path, sizeof path, "%s", in_folder("long.h5"));
    must_write(path, &model);
    pn_error error;
    pn_keras_file file;
    assert_int_equal(pn_keras_open(&file, path, &error), PN_OK);
    assert_true(pn_h5_has_attribute(file.root, "layer_names1"));
    assert_int_equal(file.layers.count, LAYERS);
    for (int i = 0; i < LAYERS; i++) assert_string_equal(file.layers.name[i], names[i]);
    pn_keras_close(&file);
    pn_text_free(&json);
}

static void models_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char *const swapped[] = {"x", "wide", "inner", "add", "flat", "out"};
    static const char *const unknown[] = {"x", "inner", "wide", "plus", "flat", "out"};
    loaded l;
    load_net(&l);
    const struct {
        const char *const *layers;
        size_t layer_count;
        const char *architecture, *message;
    } cases[] = {
        {swapped, 6, l.model.architecture, "'wide/kernel' belongs to no layer, or stands out of"},
        {unknown, 6, l.model.architecture, "the architecture has no layer 'plus'"},
        {net_layers, 5, l.model.architecture, "has 5 layers, 4 are named"},
        {net_layers, 6, "{", "the architecture is no JSON: line 1"},
        {net_layers, 6, "{}", "describes no model of layers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pn_keras_model model = l.model;
        pn_error error = {0};
        model.layers = cases[i].layers;
        model.layer_count = cases[i].layer_count;
        model.architecture = cases[i].architecture;
        assert_int_equal(pn_keras_write(in_folder("x.h5"), &model, &nobody, &error), PN_E_ARGUMENT);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s", error.message);
    }
    pn_error error = {0};
    assert_int_equal(pn_keras_write(in_folder("none/x.h5"), &l.model, &nobody, &error), PN_E_IO);
    assert_non_null(strstr(error.message, "none/x.h5"));
    assert_int_not_equal(access(in_folder("x.h5"), F_OK), 0);
    pn_safetensors_release(l.read);
}

static int stop(void *context) {
    return ++*(int *)context > 2;
}

static void a_stopped_write_leaves_the_old_file(void **state) {
    (void)state;
    loaded l;
    int polls = 0;
    char *data;
    size_t size;
    pn_error error;
    pn_names names;
    const pn_keras_listener stopping = {NULL, stop, &polls};
    load_net(&l);
    put_bytes(in_folder("old.h5"), "old", 3);
    assert_int_equal(pn_keras_write(in_folder("old.h5"), &l.model, &stopping, &error),
                     PN_E_CANCELLED);
    assert_int_equal(pn_file_read(in_folder("old.h5"), 0, &data, &size, NULL), PN_OK);
    assert_string_equal(data, "old");
    assert_int_equal(pn_folder_list(folder, &names, NULL), PN_OK);
    assert_int_equal(names.count, 2); /* and model.safetensors */
    pn_names_free(&names);
    pn_free(data);
    pn_safetensors_release(l.read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_written_is_read_again),
        IN_FOLDER(names_are_those_keras_wrote),
        IN_FOLDER(the_same_model_gives_the_same_bytes),
        IN_FOLDER(long_lists_are_split),
        IN_FOLDER(models_that_do_not_fit_are_refused),
        IN_FOLDER(a_stopped_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
