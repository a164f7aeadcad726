/* What layers refuse, and in which words; allocations that fail. */
#include "layer_cases.h"

/* ---- options ---- */

static const struct {
    const char *class_name, *config, *message;
} wrong[] = {
    {"Conv2D", "{\"filters\": 4}", "Conv2D 'tested': kernel_size is missing"},
    {"Conv2D", "{\"kernel_size\": 3}", "Conv2D 'tested': filters is missing"},
    {"Conv2D", "{\"filters\": 0, \"kernel_size\": 3}",
     "Conv2D 'tested': filters must be a whole number from 1, not 0"},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": [3, 3, 3]}",
     "Conv2D 'tested': kernel_size must be a whole number from 1 or two of them, not [3,3,3]"},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3, \"stride\": 2}",
     "Conv2D 'tested' has no option 'stride'; did you mean 'strides'?"},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3, \"activation\": \"rely\"}",
     "Conv2D 'tested': there is no activation 'rely'; did you mean 'relu'?"},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3, \"data_format\": \"channels_first\"}",
     "Conv2D 'tested': data_format is \"channels_first\"; only channels_last is supported"},
    {"Dense", "{\"units\": \"many\"}",
     "Dense 'tested': units must be a whole number from 1, not \"many\""},
    {"Dense", "{\"units\": 3, \"use_bias\": 1}",
     "Dense 'tested': use_bias must be true or false, not 1"},
    {"BatchNormalization", "{\"momentum\": 1.5}",
     "BatchNormalization 'tested': momentum must be a number from 0 to 1, not 1.5"},
    {"BatchNormalization", "{\"epsilon\": -1}",
     "BatchNormalization 'tested': epsilon must be a number from 0, not -1"},
    {"BatchNormalization", "{\"momentun\": 0.9}",
     "BatchNormalization 'tested' has no option 'momentun'; did you mean 'momentum'?"},
    {"BatchNormalization", "{\"renorm\": true}",
     "BatchNormalization 'tested': renorm must be false, not true"},
    {"BatchNormalization", "{\"axis\": [1, 2]}",
     "BatchNormalization 'tested': axis must be a whole number from -8 to 7, not [1,2]"},
    {"MaxPooling2D", "{\"pool_size\": 0}",
     "MaxPooling2D 'tested': pool_size must be a whole number from 1 or two of them, not 0"},
    {"MaxPooling2D", "{\"padding\": \"full\"}",
     "MaxPooling2D 'tested': padding must be \"valid\" or \"same\", not \"full\""},
    {"AveragePooling2D", "{\"poolsize\": 2}",
     "AveragePooling2D 'tested' has no option 'poolsize'; did you mean 'pool_size'?"},
    {"GlobalAveragePooling2D", "{\"keepdims\": \"yes\"}",
     "GlobalAveragePooling2D 'tested': keepdims must be true or false, not \"yes\""},
    {"GlobalMaxPooling2D", "{\"keep_dims\": true}",
     "GlobalMaxPooling2D 'tested' has no option 'keep_dims'; did you mean 'keepdims'?"},
    {"Reshape", "{}",
     "Reshape 'tested': target_shape must be a list of whole numbers from 1, one of which may be "
     "-1, not that"},
    {"Reshape", "{\"target_shape\": [-1, -1]}",
     "Reshape 'tested': target_shape must be a list of whole numbers from 1, one of which may be "
     "-1, not [-1,-1]"},
    {"Reshape", "{\"target_shape\": [0]}",
     "Reshape 'tested': target_shape must be a list of whole numbers from 1, one of which may be "
     "-1, not [0]"},
    {"Dropout", "{}", "Dropout 'tested': rate is missing"},
    {"Dropout", "{\"rate\": 50}", "Dropout 'tested': rate must be a number from 0 to 1, not 50"},
    {"Dropout", "{\"rate\": 0.5, \"noise_shape\": [1]}",
     "Dropout 'tested': noise_shape must be null, not [1]"},
    {"ZeroPadding2D", "{\"padding\": [[1, 2], [3]]}",
     "ZeroPadding2D 'tested': padding must be a whole number from 0, [rows, columns] or "
     "[[top, bottom], [left, right]], not [[1,2],[3]]"},
    {"ZeroPadding2D", "{\"padding\": -1}",
     "ZeroPadding2D 'tested': padding must be a whole number from 0, [rows, columns] or "
     "[[top, bottom], [left, right]], not -1"},
    {"Add", "{\"axis\": 1}", "Add 'tested' has no option 'axis'; it has: trainable"},
    {"Concatenate", "{\"axis\": \"last\"}",
     "Concatenate 'tested': axis must be a whole number from -8 to 7, not \"last\""},
    {"Rescaling", "{\"offset\": 1}", "Rescaling 'tested': scale is missing"},
    {"Rescaling", "{\"scale\": [1, 2]}", "Rescaling 'tested': scale must be a number, not [1,2]"},
    {"Activation", "{}",
     "Activation 'tested': activation must be the name of a function such as \"relu\", not that"},
    {"Activation", "{\"activation\": \"softmx\"}",
     "Activation 'tested': there is no activation 'softmx'; did you mean 'softmax'?"},
    {"ReLU", "{\"max_value\": 0}", "ReLU 'tested': max_value must be a number above 0, not 0"},
    {"ReLU", "{\"threshold\": 1}", "ReLU 'tested': threshold must be 0, not 1"},
    {"ReLU", "{\"negative_slope\": -1}",
     "ReLU 'tested': negative_slope must be a number from 0, not -1"},
    {"LeakyReLU", "{\"alpha\": null, \"beta\": 1}",
     "LeakyReLU 'tested' has no option 'beta'; it has: trainable, alpha"},
    {"Softmax", "{\"axes\": 1}", "Softmax 'tested' has no option 'axes'; did you mean 'axis'?"},
    {"InputLayer", "{\"batch_input_shape\": [null, 0]}",
     "InputLayer 'tested': batch_input_shape must be null and then whole numbers from 1, not "
     "[null,0]"},
};

static void wrong_options_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pn_layer *layer;
        pn_error error = {.message = ""};
        pn_status status = rig_layer(wrong[i].class_name, wrong[i].config, &layer, &error);
        assert_true(status == PN_E_ARGUMENT || status == PN_E_UNSUPPORTED);
        assert_null(layer);
        assert_string_equal(error.message, wrong[i].message);
    }
    assert_int_equal(pn_live_bytes(), 0);
}

static void unknown_classes_are_named(void **state) {
    (void)state;
    const pn_layer_type *type;
    pn_error error;
    assert_int_equal(pn_layer_type_find("MaxPool2D", &type, &error), PN_E_NOT_FOUND);
    assert_string_equal(error.message,
                        "there is no layer class 'MaxPool2D'; did you mean 'MaxPooling2D'?");
    assert_int_equal(pn_layer_type_find("LSTM", &type, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "there is no layer class 'LSTM'; there are: "));
    assert_non_null(strstr(error.message, "Conv2D, "));
}

/* ---- shapes ---- */

static const struct {
    rig_case c;
    const char *message;
} unfit[] = {
    {{"Conv2D", "{\"filters\": 2, \"kernel_size\": 3}", false, 1, 1, ROW(5)},
     "Conv2D 'tested': expected an image (None, height, width, channels), got (None, 5)"},
    {{"Conv2D", "{\"filters\": 2, \"kernel_size\": 7}", false, 1, 1, IMAGE(5, 9, 3)},
     "Conv2D 'tested': its window of (7, 7) does not fit into the input (None, 5, 9, 3)"},
    {{"MaxPooling2D", "{\"pool_size\": [2, 4]}", false, 1, 1, IMAGE(5, 3, 3)},
     "MaxPooling2D 'tested': its window of (2, 4) does not fit into the input (None, 5, 3, 3)"},
    {{"MaxPooling2D", "{\"pool_size\": 5000, \"padding\": \"same\"}", false, 1, 1, IMAGE(5, 3, 3)},
     "MaxPooling2D 'tested': its window has more than 2^24 pixels"},
    {{"AveragePooling2D", "{}", false, 1, 1, {{2, {5, 3}}}},
     "AveragePooling2D 'tested': expected an image (None, height, width, channels), got "
     "(None, 5, 3)"},
    {{"GlobalAveragePooling2D", "{}", false, 1, 1, ROW(5)},
     "GlobalAveragePooling2D 'tested': expected an image (None, height, width, channels), got "
     "(None, 5)"},
    {{"GlobalMaxPooling2D", "{}", false, 1, 1, ROW(5)},
     "GlobalMaxPooling2D 'tested': expected an image (None, height, width, channels), got "
     "(None, 5)"},
    {{"ZeroPadding2D", "{}", false, 1, 1, ROW(5)},
     "ZeroPadding2D 'tested': expected an image (None, height, width, channels), got (None, 5)"},
    {{"Reshape", "{\"target_shape\": [3, -1]}", false, 1, 1, ROW(10)},
     "Reshape 'tested': an input (None, 10) cannot become (None, 3, -1)"},
    {{"Reshape", "{\"target_shape\": [3, 3]}", false, 1, 1, ROW(18)},
     "Reshape 'tested': an input (None, 18) cannot become (None, 3, 3)"},
    {{"BatchNormalization", "{\"axis\": 1}", false, 1, 1, IMAGE(5, 9, 3)},
     "BatchNormalization 'tested': axis 1 is not the last of its input (None, 5, 9, 3); only the "
     "last is supported"},
    {{"BatchNormalization", "{\"axis\": 0}", false, 1, 1, ROW(3)},
     "BatchNormalization 'tested': axis 0 of (None, 3) is the batch"},
    {{"BatchNormalization", "{\"axis\": -2}", false, 1, 1, ROW(3)},
     "BatchNormalization 'tested': axis -2 of (None, 3) is the batch"},
    {{"Softmax", "{\"axis\": 3}", false, 1, 1, ROW(3)},
     "Softmax 'tested': its input (None, 3) has no axis 3"},
    {{"Add", "{}", false, 1, 2, {{1, {5}}, {1, {6}}}},
     "Add 'tested': its inputs must have one shape; the first is (None, 5), number 2 is (None, 6)"},
    {{"Add", "{}", false, 1, 1, ROW(5)}, "Add 'tested': takes 2 to 32 inputs, not 1"},
    {{"Dropout", "{\"rate\": 0.5}", false, 1, 2, {{1, {5}}, {1, {5}}}},
     "Dropout 'tested': takes 1 input, not 2"},
    {{"Concatenate", "{}", false, 1, 2, {{2, {5, 2}}, {2, {6, 2}}}},
     "Concatenate 'tested': its inputs may differ in axis -1 alone; the first is (None, 5, 2), "
     "number 2 is (None, 6, 2)"},
    {{"Concatenate", "{\"axis\": 4}", false, 1, 2, {{1, {5}}, {1, {5}}}},
     "Concatenate 'tested': its input (None, 5) has no axis 4"},
    {{"InputLayer", "{\"batch_input_shape\": [null, 4]}", false, 1, 1, ROW(5)},
     "InputLayer 'tested': expected an input of (None, 4), got (None, 5)"},
    {{"Dense", "{\"units\": 2147483647}", false, 1, 1, ROW(2147483647)},
     "Dense 'tested': its kernel would be too large: (2147483647, 2147483647)"},
    {{"Conv2D", "{\"filters\": 4, \"kernel_size\": 2147483647, \"padding\": \"same\"}", false, 1, 1,
      IMAGE(5, 9, 3)},
     "Conv2D 'tested': its kernel would be too large: (2147483647, 2147483647, 3, 4)"},
};

static void unfit_shapes_are_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        const rig_case *c = &unfit[i].c;
        pn_layer *layer;
        pn_dims out;
        pn_error error = {.message = ""};
        assert_int_equal(rig_layer(c->class_name, c->config, &layer, &error), PN_OK);
        pn_status status = pn_layer_connect(layer, c->in, c->inputs, &out, &error);
        assert_true(status == PN_E_SHAPE || status == PN_E_UNSUPPORTED);
        assert_string_equal(error.message, unfit[i].message);
        assert_int_equal(layer->weights, 0); /* it can be used elsewhere */
        pn_layer_release(layer);
    }
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- configs that are completed ---- */

static const struct {
    const char *class_name, *config, *option, *complete;
} completed[] = {
    {"LeakyReLU", "{\"negative_slope\": 0.5}", "alpha", "0.5"},
    {"LeakyReLU", "{\"negative_slope\": 0.5}", "negative_slope", NULL},
    {"LeakyReLU", "{}", "alpha", "0.29999999999999999"},
    {"ZeroPadding2D", "{\"padding\": [1, 2]}", "padding", "[[1,1],[2,2]]"},
    {"ZeroPadding2D", "{}", "padding", "[[1,1],[1,1]]"},
    {"MaxPooling2D", "{\"pool_size\": 3}", "strides", "[3,3]"},
    {"MaxPooling2D", "{\"strides\": null}", "strides", "[2,2]"},
    {"BatchNormalization", "{\"axis\": [3]}", "axis", "3"},
    {"BatchNormalization", "{}", "momentum", "0.98999999999999999"},
    {"Concatenate", "{}", "axis", "-1"},
    {"Rescaling", "{\"scale\": 2}", "offset", "0.0"},
};

static void configs_are_completed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof completed / sizeof *completed; i++) {
        pn_layer *layer;
        assert_int_equal(rig_layer(completed[i].class_name, completed[i].config, &layer, NULL),
                         PN_OK);
        const json_t *option = json_object_get(layer->config, completed[i].option);
        char *text = option ? json_dumps(option, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        if (completed[i].complete)
            assert_string_equal(text, completed[i].complete);
        else
            assert_null(text);
        free(text);
        pn_layer_release(layer);
    }
}

/* ---- memory ---- */

static pn_status make(const rig_case *c, pn_error *error) {
    pn_layer *layer;
    pn_dims out;
    pn_status status = rig_layer(c->class_name, c->config, &layer, error);
    if (status == PN_OK) status = pn_layer_connect(layer, c->in, c->inputs, &out, error);
    if (status == PN_OK) status = pn_layer_initialize(layer, 1, 0, error);
    pn_layer_release(layer);
    return status;
}

static void failing_allocations(void **state) {
    (void)state;
    for (int i = 0; i < LAYER_CASES; i++) {
        pn_status status = PN_E_MEMORY;
        for (unsigned long n = 1; status != PN_OK; n++) {
            pn_error error = {.message = ""};
            pn_fail_allocation(n);
            status = make(&layer_cases[i], &error);
            pn_fail_allocation(0);
            assert_int_equal(pn_live_bytes(), 0);
            if (status != PN_OK) assert_int_equal(status, PN_E_MEMORY);
            assert_true(n < 100);
        }
    }
}

/* What computes takes its memory from the plan. */
static void computing_allocates_nothing(void **state) {
    (void)state;
    for (int i = 0; i < LAYER_CASES; i++) {
        rig r;
        rig_begin(&r, &layer_cases[i]);
        size_t before = pn_live_bytes();
        pn_fail_allocation(1);
        rig_forward(&r);
        rig_backward(&r);
        assert_int_equal(pn_live_bytes(), before);
        pn_fail_allocation(0);
        rig_end(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_named), cmocka_unit_test(unknown_classes_are_named),
        cmocka_unit_test(unfit_shapes_are_named),  cmocka_unit_test(configs_are_completed),
        cmocka_unit_test(failing_allocations),     cmocka_unit_test(computing_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
