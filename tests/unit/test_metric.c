/* Metrics: Keras's numbers (AUC: scikit-learn's exact one), names, refusals. */
#include "golden_tensors.h"

#include "nn/train/metric.h"

static pn_metric make(const char *text, int64_t width, int64_t y_size, int64_t samples) {
    pn_metric m;
    pn_error error = {0};
    const pn_dims out = {1, {width}};
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    pn_status status = pn_metric_parse(json, &m, &error);
    if (status == PN_OK) status = pn_metric_build(&m, &out, y_size, samples, &error);
    if (status != PN_OK) fail_msg("%s", error.message);
    json_decref(json);
    return m;
}

/* The value over all samples, given in batches of 7; twice, with a reset between. */
static double measure(const char *text, const pn_tensor *scores, const pn_tensor *labels) {
    int64_t n = scores->shape[0], width = scores->rank > 1 ? scores->shape[1] : 1;
    pn_metric m = make(text, width, 1, n);
    double value = 0;
    for (int turn = 0; turn < 2; turn++) {
        pn_metric_reset(&m);
        for (int64_t i = 0; i < n; i += 7)
            pn_metric_update(&m, n - i < 7 ? n - i : 7, width, numbers(scores) + i * width,
                             numbers(labels) + i);
        value = pn_metric_value(&m);
    }
    pn_metric_free(&m);
    return value;
}

static void check(pn_safetensors *file, const char *name, const char *field, const char *text) {
    if (!tensors_have(file, name, field)) return;
    pn_tensor *scores = tensors_take(file, name, "scores");
    pn_tensor *labels = tensors_take(file, name, "labels");
    pn_tensor *wanted = tensors_take(file, name, field);
    assert_near(name, field, 0, measure(text, scores, labels), numbers(wanted)[0], 1e-6);
    pn_tensor_release(scores);
    pn_tensor_release(labels);
    pn_tensor_release(wanted);
}

static void equals_keras(void **state) {
    (void)state;
    pn_safetensors *file = tensors_open("metrics.safetensors");
    const char *name, *text;
    size_t i = 0;
    for (; pn_safetensors_pair_at(file, i, &name, &text); i++) {
        check(file, name, "accuracy", "\"accuracy\"");
        check(file, name, "precision", "\"Precision\"");
        check(file, name, "recall", "\"Recall\"");
        check(file, name, "exact_auc", "\"AUC\"");
    }
    assert_true(i >= 8);
    pn_safetensors_release(file);
    assert_int_equal(pn_live_bytes(), 0);
}

static void counts_categories(void **state) {
    (void)state;
    const float out[] = {0.2F, 0.5F, 0.3F, 0.6F, 0.3F, 0.1F}, y[] = {0, 1, 0, 0, 1, 0};
    pn_metric m = make("\"accuracy\"", 3, 3, 2);
    assert_int_equal(m.kind, PN_METRIC_CATEGORICAL_ACCURACY);
    pn_metric_update(&m, 2, 3, out, y);
    assert_near("categorical", "accuracy", 0, pn_metric_value(&m), 0.5, 0);
    pn_metric_free(&m);
    /* Three scores of one problem: 0.2 0.5 0.3 against 0 1 0. */
    m = make("\"AUC\"", 3, 3, 2);
    pn_metric_update(&m, 1, 3, out, y);
    assert_near("categorical", "auc", 0, pn_metric_value(&m), 1, 0);
    pn_metric_free(&m);
    m = make("\"mse\"", 3, 3, 2);
    pn_metric_update(&m, 1, 3, out, y);
    assert_near("categorical", "mse", 0, pn_metric_value(&m), (0.04 + 0.25 + 0.09) / 3, 1e-7);
    pn_metric_free(&m);
    assert_int_equal(pn_live_bytes(), 0);
}

static void names_are_keras_ones(void **state) {
    (void)state;
    static const char *const named[][2] = {
        {"\"accuracy\"", "accuracy"},
        {"\"acc\"", "acc"},
        {"\"AUC\"", "auc"},
        {"\"Precision\"", "precision"},
        {"\"mse\"", "mse"},
        {"{\"class_name\": \"MeanSquaredError\", \"config\": {}}", "mean_squared_error"},
        {"{\"class_name\": \"BinaryAccuracy\", \"config\": {\"threshold\": 0.3}}",
         "binary_accuracy"},
        {"{\"class_name\": \"AUC\", \"config\": {\"name\": \"area\"}}", "area"},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        pn_metric m = make(named[i][0], 1, 1, 1);
        assert_string_equal(m.name, named[i][1]);
        pn_metric_free(&m);
    }
}

static void nothing_seen_is_zero(void **state) {
    (void)state;
    static const char *const all[] = {"\"accuracy\"", "\"AUC\"", "\"Precision\"", "\"Recall\"",
                                      "\"mse\""};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        pn_metric m = make(all[i], 1, 1, 1);
        assert_near(all[i], "value", 0, pn_metric_value(&m), 0, 0);
        pn_metric_free(&m);
    }
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    pn_metric m;
    pn_error error = {0};
    const pn_dims four = {1, {4}};
    json_t *json = json_string("acuracy");
    assert_int_equal(pn_metric_parse(json, &m, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "did you mean 'accuracy'?"));
    json_decref(json);
    json = json_string("precision");
    assert_int_equal(pn_metric_parse(json, &m, &error), PN_OK);
    assert_int_equal(pn_metric_build(&m, &four, 1, 10, &error), PN_E_SHAPE);
    assert_non_null(strstr(error.message, "'precision' does not fit an output (None, 4)"));
    json_decref(json);
    json = json_loads("{\"class_name\": \"AUC\", \"config\": {\"curve\": \"PR\"}}", 0, NULL);
    assert_int_equal(pn_metric_parse(json, &m, &error), PN_E_UNSUPPORTED);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_keras),          cmocka_unit_test(counts_categories),
        cmocka_unit_test(names_are_keras_ones),  cmocka_unit_test(nothing_seen_is_zero),
        cmocka_unit_test(refuses_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
