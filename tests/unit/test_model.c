/* Models and plans: names, shapes, nesting, JSON, the frozen part; results do not depend on how
 * memory is shared, gradients agree with differences. */
#include "test.h"

#include "base/memory.h"
#include "nn/file/model_json.h"
#include "nn/plan.h"
#include "nn/summary.h"

#include <math.h>
#include <string.h>

static pn_error error;

static pn_layer *layer(const char *class_name, const char *config) {
    const pn_layer_type *type;
    pn_layer *l;
    json_t *json = json_loads(config, 0, NULL);
    assert_non_null(json);
    assert_int_equal(pn_layer_type_find(class_name, &type, &error), PN_OK);
    if (pn_layer_new(type, json, "", &l, &error) != PN_OK) fail_msg("%s", error.message);
    json_decref(json);
    return l;
}

static int add(pn_model *m, const char *class_name, const char *config, int input) {
    pn_layer *l = layer(class_name, config);
    int node;
    if (pn_model_add(m, l, &input, input >= 0, &node, &error) != PN_OK)
        fail_msg("%s", error.message);
    pn_layer_release(l);
    return node;
}

/* Two convolutions and a dense head. */
static pn_model *small_cnn(const char *name) {
    pn_model *m;
    assert_int_equal(pn_model_new(name, true, &m, &error), PN_OK);
    int n = add(m, "InputLayer", "{\"batch_input_shape\": [null, 9, 8, 2]}", -1);
    n = add(m, "Conv2D", "{\"filters\": 3, \"kernel_size\": 3, \"activation\": \"tanh\"}", n);
    n = add(m, "Conv2D", "{\"filters\": 4, \"kernel_size\": [3, 2], \"activation\": \"tanh\"}", n);
    n = add(m, "Flatten", "{}", n);
    n = add(m, "Dense", "{\"units\": 5, \"activation\": \"tanh\"}", n);
    n = add(m, "Dense", "{\"units\": 1, \"activation\": \"sigmoid\"}", n);
    assert_int_equal(pn_model_set_outputs(m, &n, 1, &error), PN_OK);
    return m;
}

static void fill(float *x, int64_t count, unsigned seed) {
    for (int64_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (1 << 23) - 1;
    }
}

static void names_count_as_in_keras(void **state) {
    (void)state;
    pn_model *m = small_cnn("sequential");
    const char *expected[] = {"input_1", "conv2d", "conv2d_1", "flatten", "dense", "dense_1"};
    for (int i = 0; i < m->nodes; i++) assert_string_equal(m->node[i].layer->name, expected[i]);
    int node;
    assert_int_equal(pn_model_find(m, "conv2d_1", &node, &error), PN_OK);
    assert_int_equal(node, 2);
    assert_int_equal(pn_model_find(m, "conv2d_2", &node, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "did you mean 'conv2d"));
    assert_int_equal(pn_model_last_convolution(m, &node, &error), PN_OK);
    assert_int_equal(node, 2);
    pn_layer *twin = layer("Dense", "{\"units\": 2, \"name\": \"conv2d\"}");
    int input = 4;
    assert_int_equal(pn_model_add(m, twin, &input, 1, &node, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "called 'conv2d'"));
    pn_layer_release(twin);
    pn_model_release(m);
}

static void the_last_convolution_comes_with_its_activation(void **state) {
    (void)state;
    static const struct {
        const char *convolution, *behind[2];
        int last; /* place behind the input; 0 is the convolution */
    } cases[] = {
        {"{\"filters\": 2, \"kernel_size\": 3, \"activation\": \"relu\"}",
         {"BatchNormalization"},
         0},
        {"{\"filters\": 2, \"kernel_size\": 3}", {"BatchNormalization", "ReLU"}, 2},
        {"{\"filters\": 2, \"kernel_size\": 3}", {"ReLU"}, 1},
        {"{\"filters\": 2, \"kernel_size\": 3}", {"BatchNormalization"}, 0},
        {"{\"filters\": 2, \"kernel_size\": 3}", {"MaxPooling2D", "ReLU"}, 0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        pn_model *m;
        int found;
        assert_int_equal(pn_model_new("m", true, &m, &error), PN_OK);
        int input = add(m, "InputLayer", "{\"batch_input_shape\": [null, 9, 8, 2]}", -1);
        int n = add(m, "Conv2D", cases[c].convolution, input);
        for (int i = 0; i < 2 && cases[c].behind[i]; i++) n = add(m, cases[c].behind[i], "{}", n);
        n = add(m, "GlobalAveragePooling2D", "{}", n);
        assert_int_equal(pn_model_last_convolution(m, &found, &error), PN_OK);
        assert_int_equal(found, input + 1 + cases[c].last);
        pn_model_release(m);
    }
}

static void shapes_that_do_not_fit_are_told(void **state) {
    (void)state;
    pn_model *m = small_cnn("sequential");
    pn_layer *l = layer("Conv2D", "{\"filters\": 3, \"kernel_size\": 3, \"name\": \"late\"}");
    int input = 4, node;
    assert_int_equal(pn_model_add(m, l, &input, 1, &node, &error), PN_E_SHAPE);
    assert_string_equal(error.message, "Conv2D 'late': expected an image (None, height, width, "
                                       "channels), got (None, 5)");
    pn_layer_release(l);
    l = layer("Conv2D", "{\"filters\": 3, \"kernel_size\": 30}");
    input = 0;
    assert_int_equal(pn_model_add(m, l, &input, 1, &node, &error), PN_E_SHAPE);
    assert_non_null(strstr(error.message, "(30, 30) does not fit into the input (None, 9, 8, 2)"));
    pn_layer_release(l);
    pn_model_release(m);
}

static void wrong_options_are_told(void **state) {
    (void)state;
    static const struct {
        const char *config, *message;
    } cases[] = {
        {"{}", "Conv2D: filters is missing"},
        {"{\"filters\": 0, \"kernel_size\": 3}", "filters must be a whole number from 1, not 0"},
        {"{\"filters\": 2, \"kernel_size\": [3, 3, 3]}", "kernel_size must be"},
        {"{\"filters\": 2, \"kernel_size\": 3, \"padding\": \"half\"}", "\"valid\" or \"same\""},
        {"{\"filters\": 2, \"kernel_size\": 3, \"paddin\": 1}", "did you mean 'padding'?"},
        {"{\"filters\": 2, \"kernel_size\": 3, \"groups\": 2}", "only 1 is supported"},
        {"{\"filters\": 2, \"kernel_size\": 3, \"activation\": \"rely\"}", "did you mean 'relu'?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const pn_layer_type *type;
        pn_layer *l;
        json_t *json = json_loads(cases[i].config, 0, NULL);
        assert_int_equal(pn_layer_type_find("Conv2D", &type, &error), PN_OK);
        assert_int_not_equal(pn_layer_new(type, json, "", &l, &error), PN_OK);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s", error.message);
        assert_null(l);
        json_decref(json);
    }
    const pn_layer_type *type;
    assert_int_equal(pn_layer_type_find("Conv2d", &type, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "did you mean 'Conv2D'?"));
}

/* ---- plans ---- */

static float *run(pn_model *m, pn_plan **plan, const pn_plan_options *options, const float *x,
                  int64_t batch) {
    const pn_mode mode = {.training = options->training};
    if (pn_plan_new(m, options, plan, &error) != PN_OK) fail_msg("%s", error.message);
    if (pn_plan_forward(*plan, &x, batch, &mode, &error) != PN_OK) fail_msg("%s", error.message);
    return (float *)pn_plan_output(*plan, m->group[0].output[0]);
}

static void shared_memory_changes_no_result(void **state) {
    (void)state;
    enum { BATCH = 3 };
    pn_model *m = small_cnn("sequential");
    float x[BATCH * 9 * 8 * 2];
    fill(x, BATCH * 9 * 8 * 2, 1);
    assert_int_equal(pn_model_initialize(m, 5, &error), PN_OK);
    int all[6] = {0, 1, 2, 3, 4, 5};
    pn_plan *shared, *kept;
    float *a = run(m, &shared, &(pn_plan_options){.batch = BATCH, .output = -1, .gradient_of = -1},
                   x, BATCH);
    float *b = run(m, &kept,
                   &(pn_plan_options){.batch = BATCH + 2,
                                      .training = true,
                                      .output = -1,
                                      .keep = all,
                                      .keeps = 6,
                                      .gradient_of = -1},
                   x, BATCH);
    assert_memory_equal(a, b, BATCH * sizeof(float));
    assert_true(pn_plan_bytes(shared) < pn_plan_bytes(kept));
    const float *logits = pn_plan_logits(shared, 5);
    assert_non_null(logits);
    for (int i = 0; i < BATCH; i++) assert_float_equal(a[i], 1 / (1 + exp(-logits[i])), 1e-6);
    assert_null(pn_plan_logits(shared, 1));
    pn_plan_free(shared);
    pn_plan_free(kept);
    pn_model_release(m);
}

static void batches_beyond_all_memory_are_told(void **state) {
    (void)state;
    pn_model *m;
    pn_plan *plan;
    assert_int_equal(pn_model_new("vast", true, &m, &error), PN_OK);
    int n = add(m, "InputLayer", "{\"batch_input_shape\": [null, 1, 1, 1]}", -1);
    n = add(m, "ZeroPadding2D", "{\"padding\": 500000, \"name\": \"frame\"}", n);
    assert_int_equal(pn_model_set_outputs(m, &n, 1, &error), PN_OK);
    const pn_plan_options options = {.batch = 1000000000, .output = -1, .gradient_of = -1};
    assert_int_equal(pn_plan_new(m, &options, &plan, &error), PN_E_MEMORY);
    assert_null(plan);
    assert_non_null(strstr(error.message, "'frame' would give 1e+21 numbers"));
    pn_model_release(m);
}

/* Sum of the outputs, as a loss whose gradient is 1. */
static double total(pn_model *m, pn_plan *plan, const float *x, int64_t batch) {
    const pn_mode mode = {.training = true};
    double sum = 0;
    assert_int_equal(pn_plan_forward(plan, &x, batch, &mode, &error), PN_OK);
    const float *out = pn_plan_output(plan, m->group[0].output[0]);
    for (int64_t i = 0; i < batch; i++) sum += out[i];
    return sum;
}

static void gradients_agree_with_differences(void **state) {
    (void)state;
    enum { BATCH = 2 };
    pn_model *m = small_cnn("sequential");
    float x[BATCH * 9 * 8 * 2];
    const float ones[BATCH] = {1, 1};
    fill(x, BATCH * 9 * 8 * 2, 2);
    assert_int_equal(pn_model_initialize(m, 6, &error), PN_OK);
    pn_plan *plan;
    run(m, &plan,
        &(pn_plan_options){.batch = BATCH, .training = true, .output = -1, .gradient_of = -1}, x,
        BATCH);
    assert_int_equal(pn_plan_backward(plan, ones, false, &error), PN_OK);
    for (int slot = 0; slot < m->slots; slot++) {
        pn_weight *w = &m->slot[slot].layer->weight[m->slot[slot].weight];
        float *value = w->value->data, *gradient = pn_plan_weight_gradient(plan, slot);
        assert_non_null(gradient);
        for (int64_t i = 0; i < pn_dims_count(&w->shape); i += 7) {
            const float step = 1e-2f, before = value[i], told = gradient[i];
            value[i] = before + step;
            double high = total(m, plan, x, BATCH);
            value[i] = before - step;
            double low = total(m, plan, x, BATCH);
            value[i] = before;
            double slope = (high - low) / (2 * step);
            if (fabs(slope - told) > 2e-3 * fmax(1, fabs(slope)))
                fail_msg("slot %d item %d: %g instead of %g", slot, (int)i, told, slope);
        }
    }
    pn_plan_free(plan);
    pn_model_release(m);
}

/* ---- nesting and JSON ---- */

static pn_model *nested_model(void) {
    pn_model *inner = small_cnn("trunk"), *m;
    int input, group, node;
    assert_int_equal(pn_model_new("outer", false, &m, &error), PN_OK);
    input = add(m, "InputLayer", "{\"batch_input_shape\": [null, 9, 8, 2]}", -1);
    assert_int_equal(pn_model_nest(m, inner, &input, 1, &group, &error), PN_OK);
    node = add(m, "Dense", "{\"units\": 3}", m->group[group].output[0]);
    node = add(m, "Dense", "{\"units\": 2, \"activation\": \"softmax\"}", node);
    assert_int_equal(pn_model_set_outputs(m, &node, 1, &error), PN_OK);
    pn_model_release(inner);
    return m;
}

static void nested_models_are_reachable(void **state) {
    (void)state;
    pn_model *m = nested_model();
    int node;
    assert_int_equal(pn_model_find(m, "conv2d_1", &node, &error), PN_OK);
    assert_int_equal(m->node[node].group, 1);
    assert_int_equal(pn_model_find(m, "dense", &node, &error), PN_OK);
    assert_int_equal(m->node[node].group, 0); /* the outer one */
    assert_int_equal(pn_model_find(m, "trunk/dense", &node, &error), PN_OK);
    assert_int_equal(m->node[node].group, 1);
    assert_int_equal(pn_model_frozen_cut(m, true), -1);
    pn_model_set_trainable(m, 1, false);
    assert_int_equal(pn_model_frozen_cut(m, true), m->group[1].output[0]);
    assert_int_equal(pn_model_count_trainable(m), 1 * 3 + 3 + 3 * 2 + 2);
    pn_model_release(m);
}

static void the_frozen_part_can_be_cut_off(void **state) {
    (void)state;
    enum { BATCH = 2 };
    pn_model *m = nested_model(), *front, *rest;
    float x[BATCH * 9 * 8 * 2];
    fill(x, BATCH * 9 * 8 * 2, 3);
    assert_int_equal(pn_model_initialize(m, 7, &error), PN_OK);
    pn_model_set_trainable(m, 1, false);
    int cut = pn_model_frozen_cut(m, true);
    assert_int_equal(pn_model_split(m, cut, &front, &rest, &error), PN_OK);
    pn_plan *whole, *first, *second;
    const pn_plan_options options = {.batch = BATCH, .output = -1, .gradient_of = -1};
    float *a = run(m, &whole, &options, x, BATCH);
    float *features = run(front, &first, &options, x, BATCH);
    float *b = run(rest, &second, &options, features, BATCH);
    assert_memory_equal(a, b, BATCH * 2 * sizeof(float));
    pn_plan_free(whole);
    pn_plan_free(first);
    pn_plan_free(second);
    pn_model_release(front);
    pn_model_release(rest);
    pn_model_release(m);
}

/* A nested model and the one around it may both have a layer 'dense'; what is cut off has no nested
 * models, but goes to the stages as JSON, where names must differ. */
static void names_stay_apart_behind_a_cut(void **state) {
    (void)state;
    pn_model *m = nested_model(), *rest, *again;
    pn_text text = {0};
    int cut, node;
    assert_int_equal(pn_model_find(m, "conv2d_1", &cut, &error), PN_OK);
    assert_int_equal(pn_model_split(m, cut, NULL, &rest, &error), PN_OK);
    assert_int_equal(pn_model_to_text(rest, &text, &error), PN_OK);
    if (pn_model_from_text(text.data, text.size, &again, &error) != PN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(pn_model_count(again), pn_model_count(rest));
    assert_int_equal(pn_model_find(again, "trunk/dense", &node, &error), PN_OK);
    assert_int_equal(pn_model_find(again, "dense", &node, &error), PN_OK);
    assert_int_equal(again->node[node].out.size[0], 3); /* the outer one */
    assert_int_equal(pn_model_find(rest, "trunk/dense", &node, &error), PN_OK);
    assert_string_equal(rest->node[node].layer->name, "dense"); /* shared: it keeps its name */
    pn_text_free(&text);
    pn_model_release(again);
    pn_model_release(rest);
    pn_model_release(m);
}

static void json_goes_there_and_back(void **state) {
    (void)state;
    pn_model *models[] = {small_cnn("sequential"), nested_model()}, *again;
    for (int i = 0; i < 2; i++) {
        pn_text one = {0}, two = {0};
        assert_int_equal(pn_model_to_text(models[i], &one, &error), PN_OK);
        if (pn_model_from_text(one.data, one.size, &again, &error) != PN_OK)
            fail_msg("%s", error.message);
        assert_int_equal(pn_model_to_text(again, &two, &error), PN_OK);
        assert_string_equal(one.data, two.data);
        assert_int_equal(pn_model_count(again), pn_model_count(models[i]));
        pn_text_free(&one);
        pn_text_free(&two);
        pn_model_release(again);
        pn_model_release(models[i]);
    }
}

static void malformed_architectures_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{",
        "[]",
        "{\"class_name\": \"Other\"}",
        "{\"class_name\": \"Sequential\"}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{}]}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", "
        "\"config\": {\"units\": 2}}]}}",
        "{\"class_name\": \"Functional\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", "
        "\"name\": \"a\", \"config\": {\"units\": 2}, \"inbound_nodes\": [[[\"b\", 0, 0, {}]]]}], "
        "\"input_layers\": [], \"output_layers\": [[\"a\", 0, 0]]}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pn_model *m;
        assert_int_equal(pn_model_from_text(texts[i], strlen(texts[i]), &m, &error), PN_E_FORMAT);
        assert_null(m);
    }
}

/* A layer that is called `calls` times in a row. */
static pn_status read_calls(int calls, pn_model **m) {
    pn_text text = {0};
    pn_text_adds(&text, "{\"class_name\": \"Functional\", \"config\": {\"layers\": ["
                        "{\"class_name\": \"InputLayer\", \"name\": \"i\", \"config\": "
                        "{\"batch_input_shape\": [null, 4]}, \"inbound_nodes\": []}, "
                        "{\"class_name\": \"ReLU\", \"name\": \"r\", \"config\": {}, "
                        "\"inbound_nodes\": [[[\"i\", 0, 0, {}]]");
    for (int i = 1; i < calls; i++) pn_text_addf(&text, ", [[\"r\", %d, 0, {}]]", i - 1);
    pn_text_adds(&text, "]}], \"input_layers\": [[\"i\", 0, 0]], "
                        "\"output_layers\": [[\"r\", 0, 0]]}}");
    pn_status status = pn_model_from_text(text.data, text.size, m, &error);
    pn_text_free(&text);
    return status;
}

static pn_status read_nameless(int layers, pn_model **m) {
    pn_text text = {0};
    pn_text_adds(&text, "{\"class_name\": \"Sequential\", \"config\": {\"layers\": ["
                        "{\"class_name\": \"InputLayer\", \"config\": "
                        "{\"batch_input_shape\": [null, 4]}}");
    for (int i = 0; i < layers; i++) pn_text_adds(&text, ", {\"class_name\": \"ReLU\"}");
    pn_text_adds(&text, "]}}");
    pn_status status = pn_model_from_text(text.data, text.size, m, &error);
    pn_text_free(&text);
    return status;
}

/* What is read at all is read in a moment. */
static void endless_architectures_are_refused(void **state) {
    (void)state;
    pn_model *m;
    assert_int_equal(read_calls(1000, &m), PN_OK);
    pn_model_release(m);
    assert_int_equal(read_calls(100000, &m), PN_E_FORMAT);
    assert_non_null(strstr(error.message, "called too often"));
    assert_int_equal(read_nameless(2000, &m), PN_OK);
    assert_string_equal(m->node[2000].layer->name, "re_lu_1999");
    pn_model_release(m);
    assert_int_equal(read_nameless(100000, &m), PN_E_FORMAT);
    assert_non_null(strstr(error.message, "more than 5000 layers"));
}

static void running_out_of_memory_is_told(void **state) {
    (void)state;
    pn_model *m = nested_model();
    pn_text text = {0};
    size_t live = pn_live_bytes();
    assert_int_equal(pn_model_to_text(m, &text, &error), PN_OK);
    for (unsigned long n = 1;; n++) {
        pn_model *again = NULL;
        pn_plan *plan = NULL;
        pn_fail_allocation(n);
        pn_status status = pn_model_from_text(text.data, text.size, &again, &error);
        if (status == PN_OK) status = pn_model_initialize(again, 1, &error);
        if (status == PN_OK)
            status = pn_plan_new(
                again,
                &(pn_plan_options){.batch = 2, .training = true, .output = -1, .gradient_of = -1},
                &plan, &error);
        pn_fail_allocation(0);
        pn_plan_free(plan);
        pn_model_release(again);
        if (status == PN_OK) break;
        assert_int_equal(status, PN_E_MEMORY);
    }
    pn_text_free(&text);
    assert_int_equal(pn_live_bytes(), live);
    pn_model_release(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_count_as_in_keras),
        cmocka_unit_test(the_last_convolution_comes_with_its_activation),
        cmocka_unit_test(shapes_that_do_not_fit_are_told),
        cmocka_unit_test(wrong_options_are_told),
        cmocka_unit_test(shared_memory_changes_no_result),
        cmocka_unit_test(batches_beyond_all_memory_are_told),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(nested_models_are_reachable),
        cmocka_unit_test(the_frozen_part_can_be_cut_off),
        cmocka_unit_test(names_stay_apart_behind_a_cut),
        cmocka_unit_test(json_goes_there_and_back),
        cmocka_unit_test(malformed_architectures_are_refused),
        cmocka_unit_test(endless_architectures_are_refused),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
