/* Losses: Keras's values and gradients, options, refusals. */
#include "golden_tensors.h"

#include "nn/loss.h"

static pn_loss parse(const json_t *json) {
    pn_loss loss;
    pn_error error;
    if (pn_loss_parse(json, &loss, &error) != PN_OK) fail_msg("%s", error.message);
    return loss;
}

/* The gradient may not be as exact as the value where the loss goes through clipped numbers. */
static void check_case(pn_safetensors *file, const char *name) {
    json_t *json = tensors_case(file, name);
    pn_loss loss = parse(json);
    bool logits = json_is_string(json_object_get(json, "through"));
    pn_tensor *x = tensors_take(file, name, "y_pred"), *y = tensors_take(file, name, "y_true");
    pn_tensor *value = tensors_take(file, name, "value"), *d = tensors_take(file, name, "dy_pred");
    pn_tensor *each = tensors_take(file, name, "per_sample"), *weight = NULL;
    if (tensors_have(file, name, "sample_weight"))
        weight = tensors_take(file, name, "sample_weight");
    int64_t batch = x->shape[0], width = x->shape[1];
    double got[64], sum = 0;
    float d_got[64];
    pn_error error;
    assert_true(batch * width <= 64);
    assert_int_equal(pn_loss_compute(&loss, logits, batch, width, numbers(x), numbers(y),
                                     weight ? numbers(weight) : NULL, got, d_got, &error),
                     PN_OK);
    for (int64_t i = 0; i < batch; i++) {
        assert_near(name, "loss", i, got[i], numbers(each)[i], 1e-6);
        sum += got[i] * (weight ? numbers(weight)[i] : 1);
    }
    assert_near(name, "mean", 0, sum / (double)batch, numbers(value)[0], 1e-6);
    for (int64_t i = 0; i < batch * width; i++)
        assert_near(name, "gradient", i, d_got[i], numbers(d)[i], 1e-6);
    pn_tensor *all[] = {x, y, value, d, each, weight};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) pn_tensor_release(all[i]);
    json_decref(json);
}

static void equals_keras(void **state) {
    (void)state;
    pn_safetensors *file = tensors_open("losses.safetensors");
    const char *name, *text;
    size_t cases = 0;
    while (pn_safetensors_pair_at(file, cases, &name, &text)) {
        check_case(file, name);
        cases++;
    }
    assert_true(cases >= 20);
    pn_safetensors_release(file);
    assert_int_equal(pn_live_bytes(), 0);
}

static double one(const char *config, float x, float y) {
    json_t *json = json_loads(config, 0, NULL);
    pn_loss loss = parse(json);
    double value;
    pn_error error;
    assert_int_equal(pn_loss_compute(&loss, false, 1, 1, &x, &y, NULL, &value, NULL, &error),
                     PN_OK);
    json_decref(json);
    return value;
}

/* Smoothed targets: 1 becomes 0.95, 0 becomes 0.05 (two classes share the rest). */
static void smooths_labels(void **state) {
    (void)state;
    const char *binary = "{\"class_name\": \"BinaryCrossentropy\", \"config\": "
                         "{\"label_smoothing\": 0.1}}";
    assert_near("binary", "smoothed", 0, one(binary, 0.8F, 1), -(0.95 * log(0.8) + 0.05 * log(0.2)),
                1e-6);
    json_t *json = json_loads("{\"class_name\": \"CategoricalCrossentropy\", \"config\": "
                              "{\"label_smoothing\": 0.1}}",
                              0, NULL);
    pn_loss loss = parse(json);
    const float x[2] = {0.7F, 0.3F}, y[2] = {1, 0};
    double value;
    assert_int_equal(pn_loss_compute(&loss, false, 1, 2, x, y, NULL, &value, NULL, NULL), PN_OK);
    assert_near("categorical", "smoothed", 0, value, -(0.95 * log(0.7) + 0.05 * log(0.3)), 1e-6);
    json_decref(json);
}

static void refuse(const char *text, pn_status status, const char *why) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    pn_loss loss;
    pn_error error = {0};
    assert_non_null(json);
    assert_int_equal(pn_loss_parse(json, &loss, &error), status);
    if (!strstr(error.message, why)) fail_msg("got: %s", error.message);
    json_decref(json);
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    refuse("\"binary_crosentropy\"", PN_E_NOT_FOUND, "did you mean 'binary_crossentropy'?");
    refuse("3", PN_E_ARGUMENT, "the loss must be a name");
    refuse("{\"class_name\": \"BinaryCrossentropy\", \"config\": {\"label_smoothing\": 2}}",
           PN_E_ARGUMENT, "label_smoothing must be a number from 0 to 1, not 2");
    refuse("{\"class_name\": \"BinaryCrossentropy\", \"config\": {\"from_logit\": true}}",
           PN_E_ARGUMENT, "did you mean 'from_logits'?");
    refuse("{\"class_name\": \"MeanSquaredError\", \"config\": {\"reduction\": \"none\"}}",
           PN_E_ARGUMENT, "reduction");
}

static void refuses_shapes_and_classes(void **state) {
    (void)state;
    pn_error error = {0};
    const pn_dims one_output = {1, {1}}, four = {1, {4}}, map = {3, {2, 2, 4}};
    pn_loss categorical = {.kind = PN_LOSS_CATEGORICAL}, sparse = {.kind = PN_LOSS_SPARSE};
    pn_loss binary = {.kind = PN_LOSS_BINARY};
    assert_int_equal(pn_loss_check(&categorical, &one_output, 1, &error), PN_E_SHAPE);
    assert_int_equal(pn_loss_check(&sparse, &map, 1, &error), PN_E_SHAPE);
    assert_int_equal(pn_loss_check(&binary, &one_output, 2, &error), PN_E_SHAPE);
    assert_non_null(strstr(error.message, "(None, 1)"));
    assert_int_equal(pn_loss_check(&categorical, &four, 4, &error), PN_OK);
    assert_int_equal(pn_loss_check(&sparse, &four, 1, &error), PN_OK);
    const float x[4] = {0.25F, 0.25F, 0.25F, 0.25F};
    const float bad[] = {4, -1, 1.5F, NAN};
    for (int i = 0; i < 4; i++) {
        double value;
        assert_int_equal(
            pn_loss_compute(&sparse, false, 1, 4, x, &bad[i], NULL, &value, NULL, &error),
            PN_E_ARGUMENT);
        assert_non_null(strstr(error.message, "sample 1"));
    }
    const float targets[] = {1, 2, -1, NAN, 0.5F};
    for (int i = 0; i < 5; i++) {
        double value;
        pn_status status =
            pn_loss_compute(&binary, i % 2, 1, 1, x, &targets[i], NULL, &value, NULL, &error);
        assert_int_equal(status, i == 0 || i == 4 ? PN_OK : PN_E_ARGUMENT);
    }
    assert_non_null(strstr(error.message, "binary_crossentropy takes numbers from 0 to 1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_keras),
        cmocka_unit_test(smooths_labels),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(refuses_shapes_and_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
