/* Keras's .h5 files made for the purpose: what does not fit gets an error that names it. */
#include "keras_fixture.h"

#include "write.h"

/* ---- files made for the purpose ---- */

static hid_t file_id;

static void texts(hid_t at, const char *name, const char *first, const char *second) {
    const char *list[] = {first, second};
    pn_h5 h5 = {.path = "made"};
    if (H5Aexists(at, name) > 0) H5Adelete(at, name);
    assert_int_equal(pn_h5_put_texts(&h5, at, name, list, second ? 2 : 1), PN_OK);
}

/* A data set of 4 x 3 in place of the one there is; `with` may change how it is stored. */
static void dataset(hid_t type, int rank, void (*with)(hid_t creation), int filled) {
    static const float zeros[4 * 3];
    static const char name[] = "d/d/kernel:0";
    hsize_t size[] = {4, 3, 1, 1, 1, 1, 1, 1, 1};
    hid_t space = rank < 0 ? H5Screate(H5S_NULL) : H5Screate_simple(rank, size, NULL);
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (with) with(creation);
    if (H5Lexists(file_id, name, H5P_DEFAULT) > 0) H5Ldelete(file_id, name, H5P_DEFAULT);
    hid_t made = H5Dcreate2(file_id, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    assert_true(made >= 0);
    if (filled) H5Dwrite(made, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros);
    H5Dclose(made);
    H5Sclose(space);
    H5Pclose(creation);
}

/* Weights alone: one layer "d" with one weight. */
static void make_good(void) {
    H5Gclose(H5Gcreate2(file_id, "d", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file_id, "d/d", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    texts(file_id, "layer_names", "d", NULL);
    hid_t group = H5Gopen2(file_id, "d", H5P_DEFAULT);
    texts(group, "weight_names", "d/kernel:0", NULL);
    H5Gclose(group);
    dataset(H5T_IEEE_F32LE, 2, NULL, 1);
}

static void weight_names(const char *first, const char *second) {
    hid_t group = H5Gopen2(file_id, "d", H5P_DEFAULT);
    texts(group, "weight_names", first, second);
    H5Gclose(group);
}

static void good(void) {}
static void no_weight_names(void) {
    H5Adelete_by_name(file_id, "d", "weight_names", H5P_DEFAULT);
}
static void no_layer(void) {
    H5Ldelete(file_id, "d", H5P_DEFAULT);
}
static void no_dataset(void) {
    H5Ldelete(file_id, "d/d/kernel:0", H5P_DEFAULT);
}
static void numbers_as_names(void) {
    hsize_t two = 2;
    hid_t space = H5Screate_simple(1, &two, NULL);
    H5Adelete(file_id, "layer_names");
    H5Aclose(H5Acreate2(file_id, "layer_names", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
}
static void layer_is_dataset(void) {
    texts(file_id, "layer_names", "d/d/kernel:0", NULL);
}
static void dataset_is_group(void) {
    weight_names("d", NULL);
}
static void empty_name(void) {
    weight_names("d//kernel:0", NULL);
}
static void dots(void) {
    weight_names("./d/kernel:0", NULL);
}
static void twice(void) {
    weight_names("d/kernel:0", "d/kernel:0");
}
static void no_utf8(void) {
    H5Lmove(file_id, "d", file_id, "d\xff", H5P_DEFAULT, H5P_DEFAULT);
    texts(file_id, "layer_names", "d\xff", NULL);
}
static void soft_link(void) {
    no_layer();
    H5Lcreate_soft("/d", file_id, "d", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_link(void) {
    no_layer();
    H5Lcreate_external("/etc/passwd", "/", file_id, "d", H5P_DEFAULT, H5P_DEFAULT);
}
static void integers(void) {
    dataset(H5T_STD_I64LE, 2, NULL, 1);
}
static void long_doubles(void) {
    dataset(H5T_NATIVE_LDOUBLE, 2, NULL, 1);
}
static void nine_axes(void) {
    dataset(H5T_IEEE_F32LE, 9, NULL, 1);
}
static void no_shape(void) {
    dataset(H5T_IEEE_F32LE, -1, NULL, 0);
}
static void never_written(void) {
    dataset(H5T_IEEE_F32LE, 2, NULL, 0);
}
static void in_small_chunks(hid_t creation) {
    const hsize_t chunk[] = {2, 2};
    H5Pset_chunk(creation, 2, chunk);
}
static void in_huge_chunks(hid_t creation) {
    const hsize_t chunk[] = {1 << 15, 1 << 14};
    H5Pset_chunk(creation, 2, chunk);
}
static void with_nbit(hid_t creation) {
    in_small_chunks(creation);
    H5Pset_nbit(creation);
}
static void elsewhere(hid_t creation) {
    H5Pset_external(creation, "/etc/passwd", 0, 48);
}
static void of_others(hid_t creation) {
    const hsize_t size[] = {4, 3};
    hid_t space = H5Screate_simple(2, size, NULL);
    H5Pset_virtual(creation, space, "/etc/passwd", "x", space);
    H5Sclose(space);
}
static void chunks_never_written(void) {
    dataset(H5T_IEEE_F32LE, 2, in_small_chunks, 0);
}
static void huge_chunks(void) {
    hsize_t size[] = {1 << 20, 1 << 20};
    hid_t space = H5Screate_simple(2, size, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
    in_huge_chunks(creation);
    no_dataset();
    H5Dclose(H5Dcreate2(file_id, "d/d/kernel:0", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
                        H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(creation);
}
/* One data set under two names: files could promise any amount that way. */
static void one_for_two(void) {
    static const float numbers[4000 * 3];
    const hsize_t size[] = {4000, 3};
    hid_t space = H5Screate_simple(2, size, NULL);
    hid_t made =
        H5Dcreate2(file_id, "d/d/a", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(made, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    H5Dclose(made);
    H5Sclose(space);
    H5Lcreate_hard(file_id, "d/d/a", file_id, "d/d/b", H5P_DEFAULT, H5P_DEFAULT);
    weight_names("d/a", "d/b");
}
static void odd_filter(void) {
    dataset(H5T_IEEE_F32LE, 2, with_nbit, 1);
}
static void other_file(void) {
    dataset(H5T_IEEE_F32LE, 2, elsewhere, 0);
}
static void virtual_dataset(void) {
    dataset(H5T_IEEE_F32LE, 2, of_others, 0);
}
static void keras_1(void) {
    texts(file_id, "keras_version", "1.2.2", NULL);
}
static void two_versions(void) {
    texts(file_id, "keras_version", "2.1", "2.2");
}
static void weights_of_the_model(void) {
    hid_t group =
        H5Gcreate2(file_id, "top_level_model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    texts(group, "weight_names", "token:0", NULL);
    H5Gclose(group);
}
static void no_config(void) {
    H5Gclose(H5Gcreate2(file_id, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}
static void config_no_json(void) {
    no_config();
    texts(file_id, "model_config", "{\"class_name\":", NULL);
}
static void config_no_model(void) {
    no_config();
    texts(file_id, "model_config", "{\"class_name\":\"Dense\",\"config\":{}}", NULL);
}
static void no_layer_names(void) {
    no_config();
    texts(file_id, "model_config",
          "{\"class_name\":\"Sequential\",\"config\":{\"layers\":[{\"class_name\":\"InputLayer\"},"
          "{\"class_name\":\"Dense\",\"config\":{\"name\":\"d\"}}]}}",
          NULL);
}
static void too_few_layers(void) {
    no_layer_names();
    hid_t group = H5Gopen2(file_id, "model_weights", H5P_DEFAULT);
    pn_h5 h5 = {.path = "made"};
    assert_int_equal(pn_h5_put_texts(&h5, group, "layer_names", NULL, 0), PN_OK);
    H5Gclose(group);
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    static const struct {
        void (*change)(void);
        pn_status status;
        const char *message;
    } cases[] = {
        {good, PN_OK, NULL},
        {no_weight_names, PN_E_FORMAT, "the layer 'd' has no attribute weight_names"},
        {no_layer, PN_E_FORMAT, "'d' is missing"},
        {no_dataset, PN_E_FORMAT, "'d/kernel:0' is missing"},
        {numbers_as_names, PN_E_FORMAT, "the attribute layer_names of the file holds no text"},
        {layer_is_dataset, PN_E_FORMAT, "'d/d/kernel:0' is no group"},
        {dataset_is_group, PN_E_FORMAT, "'d' is no data set"},
        {empty_name, PN_E_FORMAT, "'d//kernel:0' is no usable name"},
        {dots, PN_E_FORMAT, "is no usable name"},
        {twice, PN_E_FORMAT, "two weights would be called 'd/kernel'"},
        {no_utf8, PN_E_FORMAT, "no UTF-8"},
        {soft_link, PN_E_UNSUPPORTED, "'d' is a link that leads elsewhere"},
        {external_link, PN_E_UNSUPPORTED, "'d' is a link that leads elsewhere"},
        {integers, PN_E_UNSUPPORTED, "'d/kernel:0' of the layer 'd' holds integers of 8 bytes"},
        {long_doubles, PN_E_UNSUPPORTED, "holds floats of 16 bytes"},
        {nine_axes, PN_E_UNSUPPORTED, "more than 8 axes"},
        {no_shape, PN_E_FORMAT, "has no shape"},
        {never_written, PN_E_FORMAT, "is incomplete"},
        {chunks_never_written, PN_E_FORMAT, "is incomplete"},
        {huge_chunks, PN_E_UNSUPPORTED, "more than 1 GiB"},
        {one_for_two, PN_E_FORMAT, "'d/b' of the layer 'd' would occupy more bytes than the file"},
        {odd_filter, PN_E_UNSUPPORTED, "is packed with filter 5 (nbit); read are"},
        {other_file, PN_E_UNSUPPORTED, "stands in another file"},
        {virtual_dataset, PN_E_UNSUPPORTED, "is put together from other data sets"},
        {keras_1, PN_E_UNSUPPORTED, "written by Keras 1.2.2"},
        {two_versions, PN_E_FORMAT, "keras_version holds 2 texts"},
        {weights_of_the_model, PN_E_UNSUPPORTED, "outside of layers (token:0)"},
        {no_config, PN_E_FORMAT, "no attribute model_config"},
        {config_no_json, PN_E_FORMAT, "model_config is no JSON: line 1"},
        {config_no_model, PN_E_FORMAT, "describes no model of layers"},
        {no_layer_names, PN_E_FORMAT, "/model_weights has no attribute layer_names"},
        {too_few_layers, PN_E_FORMAT, "weights for 0 layers (layer_names), but describes 1"},
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = in_folder("made.h5");
        char kept[200];
        snprintf(kept, sizeof kept, "%s", path);
        file_id = H5Fcreate(kept, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        make_good();
        cases[i].change();
        assert_true(H5Fclose(file_id) >= 0);
        if (cases[i].message)
            must_refuse(kept, cases[i].status, cases[i].message);
        else {
            pn_safetensors_release(must_read(kept));
            assert_int_equal(unlink(in_folder("model.safetensors")), 0);
        }
    }
}

/* 4 million numbers in a shape that no block fits, chunked across: every block's place counts. */
static void large_weights_come_in_blocks(void **state) {
    (void)state;
    enum { A = 3, B = 7, C = 400, D = 463 };
    const hsize_t size[] = {A, B, C, D}, chunk[] = {2, 3, 100, 50};
    float *numbers = pn_alloc(sizeof(float) * A * B * C * D);
    for (int i = 0; i < A * B * C * D; i++) numbers[i] = (float)i;
    for (int chunked = 0; chunked < 2; chunked++) {
        char path[200];
        snprintf(path, sizeof path, "%s", in_folder("made.h5"));
        file_id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        make_good();
        no_dataset();
        hid_t space = H5Screate_simple(4, size, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
        if (chunked) H5Pset_chunk(creation, 4, chunk);
        hid_t made = H5Dcreate2(file_id, "d/d/kernel:0", H5T_IEEE_F32BE, space, H5P_DEFAULT,
                                creation, H5P_DEFAULT);
        H5Dwrite(made, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
        H5Dclose(made);
        H5Sclose(space);
        H5Pclose(creation);
        H5Fclose(file_id);
        pn_safetensors *read = must_read(path);
        const pn_safetensors_entry *e = pn_safetensors_at(read, 0);
        assert_int_equal(e->size, sizeof(float) * A * B * C * D);
        assert_memory_equal(e->data, numbers, e->size);
        pn_safetensors_release(read);
    }
    pn_free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_does_not_fit_is_named),
        IN_FOLDER(large_weights_come_in_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
