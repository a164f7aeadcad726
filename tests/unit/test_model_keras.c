/* Architectures and summaries against Keras's own, and class activation maps against
 * tf.GradientTape (tests/peers/goldens_models.py, goldens_gradcam.py). */
#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "nn/explain/gradcam.h"
#include "nn/file/model_file.h"
#include "nn/file/model_json.h"
#include "nn/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pn_error error;

static char *read_text(const char *name, size_t *size) {
    char path[PN_PATH], *text = NULL;
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    if (pn_file_read(path, 0, &text, size, &error) != PN_OK) fail_msg("%s", error.message);
    return text;
}

static pn_model *read_model(const char *name) {
    size_t size;
    char *text = read_text(name, &size);
    pn_model *model = NULL;
    if (pn_model_from_text(text, size, &model, &error) != PN_OK)
        fail_msg("%s: %s", name, error.message);
    pn_free(text);
    return model;
}

static const char *const names[] = {"scratch", "transfer",           "transfer_flat", "functional",
                                    "wrapped", "wrapped_sequential", "tiny"};
enum { NAMES = sizeof names / sizeof *names };

static void summaries_are_those_of_keras(void **state) {
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        char file[64];
        size_t size;
        pn_text ours = {0};
        snprintf(file, sizeof file, "model_%s.json", names[i]);
        pn_model *model = read_model(file);
        snprintf(file, sizeof file, "summary_%s.txt", names[i]);
        char *expected = read_text(file, &size);
        assert_int_equal(pn_model_summary(model, &ours, &error), PN_OK);
        if (strcmp(expected, ours.data) != 0)
            fail_msg("%s: expected\n%s\ngot\n%s", file, expected, ours.data);
        pn_text_free(&ours);
        pn_free(expected);
        pn_model_release(model);
    }
}

/* What Keras wrote, read and written again, describes the same model. */
static void architectures_come_back(void **state) {
    (void)state;
    static const char *const files[] = {"model3_scratch.json", "model3_functional.json",
                                        "model3_tiny.json"};
    for (int i = 0; i < NAMES + 3; i++) {
        char file[64];
        snprintf(file, sizeof file, "model_%s.json", names[i % NAMES]);
        pn_model *one = read_model(i < NAMES ? file : files[i - NAMES]), *two;
        pn_text first = {0}, second = {0};
        assert_int_equal(pn_model_to_text(one, &first, &error), PN_OK);
        if (pn_model_from_text(first.data, first.size, &two, &error) != PN_OK)
            fail_msg("%s: %s", file, error.message);
        assert_int_equal(pn_model_to_text(two, &second, &error), PN_OK);
        assert_string_equal(first.data, second.data);
        pn_text_free(&first);
        pn_text_free(&second);
        pn_model_release(one);
        pn_model_release(two);
    }
}

/* Keras 2 and Keras 3 describe the same network in other words. */
static void both_versions_give_the_same_network(void **state) {
    (void)state;
    pn_model *two = read_model("model_functional.json"),
             *three = read_model("model3_functional.json");
    assert_int_equal(two->nodes, three->nodes);
    assert_int_equal(two->group[0].inputs, three->group[0].inputs);
    assert_int_equal(pn_model_count(two), pn_model_count(three));
    for (int i = 0; i < two->slots; i++) {
        const pn_weight *a = &two->slot[i].layer->weight[two->slot[i].weight];
        const pn_weight *b = &three->slot[i].layer->weight[three->slot[i].weight];
        assert_string_equal(a->name, b->name);
        assert_true(pn_dims_equal(&a->shape, &b->shape));
    }
    pn_model_release(two);
    pn_model_release(three);
}

/* ---- maps ---- */

static pn_safetensors *goldens;

static pn_tensor *golden(const char *name) {
    pn_tensor *tensor = NULL;
    int64_t index = pn_safetensors_find(goldens, name);
    if (index < 0) fail_msg("there is no %s", name);
    assert_int_equal(pn_safetensors_tensor(goldens, (size_t)index, &tensor, &error), PN_OK);
    return tensor;
}

static json_t *golden_case(const char *name) {
    const char *text = pn_safetensors_metadata(goldens, name);
    assert_non_null(text);
    return json_loads(text, 0, NULL);
}

static pn_model *golden_model(void) {
    json_t *json = golden_case("model");
    const json_t *item = json_object_get(json, "model");
    pn_model *model = NULL;
    pn_status status =
        json_is_string(item)
            ? pn_model_from_text(json_string_value(item), json_string_length(item), &model, &error)
            : pn_model_from_json(item, &model, &error);
    if (status != PN_OK) fail_msg("%s", error.message);
    json_decref(json);
    for (int i = 0; i < model->slots; i++) {
        char name[200];
        pn_slot *s = &model->slot[i];
        snprintf(name, sizeof name, "model/w/%s/%s", s->layer->name,
                 s->layer->weight[s->weight].name);
        pn_tensor *value = golden(name);
        if (pn_layer_set_weight(s->layer, s->weight, value, &error) != PN_OK)
            fail_msg("%s", error.message);
        pn_tensor_release(value);
    }
    return model;
}

static void check_map(const pn_model *model, const char *name, const json_t *about, int method) {
    static const char *const keys[] = {"gradcam", "gradcam_pp", "hirescam", "layercam", "xgradcam"};
    char key[200];
    pn_gradcam_options options = {.method = (pn_cam_method)method, .normalize = true, .batch = 1};
    const char *layer = json_string_value(json_object_get(about, "layer"));
    options.logits = strcmp(json_string_value(json_object_get(about, "start")), "logit") == 0;
    options.target = json_number_value(json_object_get(about, "sign")) > 0;
    assert_int_equal(pn_model_find(model, layer, &options.node, &error), PN_OK);
    snprintf(key, sizeof key, "%s/%s", name, keys[method]);
    pn_tensor *x = golden("model/x"), *expected = golden(key), *y = golden("model/y");
    float *map = pn_alloc(pn_tensor_bytes(expected)), output[2];
    if (pn_gradcam(model, x->data, 2, &options, map, output, &error) != PN_OK)
        fail_msg("%s: %s", key, error.message);
    for (int64_t i = 0; i < pn_tensor_count(expected); i++)
        if (!(fabsf(map[i] - ((float *)expected->data)[i]) <= 1e-4f))
            fail_msg("%s item %d: %g instead of %g", key, (int)i, map[i],
                     ((float *)expected->data)[i]);
    for (int i = 0; i < 2; i++) assert_float_equal(output[i], ((float *)y->data)[i], 1e-5);
    pn_free(map);
    pn_tensor_release(x);
    pn_tensor_release(y);
    pn_tensor_release(expected);
}

static void maps_are_those_of_gradient_tape(void **state) {
    (void)state;
    pn_model *model = golden_model();
    const char *key, *value;
    int cases = 0;
    for (size_t i = 0; pn_safetensors_pair_at(goldens, i, &key, &value); i++) {
        json_t *about = json_loads(value, 0, NULL);
        if (json_object_get(about, "layer") && json_object_get(about, "start")) {
            for (int method = 0; method < 5; method++) check_map(model, key, about, method);
            cases++;
        }
        json_decref(about);
    }
    assert_true(cases >= 8);
    pn_model_release(model);
}

/* One explainer for many questions gives what a new one gives for each. */
static void an_explainer_serves_many(void **state) {
    (void)state;
    pn_model *model = golden_model();
    pn_tensor *x = golden("model/x");
    float map[400], again[400];
    pn_gradcam_options options = {.target = 0, .batch = 2};
    pn_explainer *explainer;
    assert_int_equal(pn_model_last_convolution(model, &options.node, &error), PN_OK);
    const int64_t places =
        model->node[options.node].out.size[0] * model->node[options.node].out.size[1];
    assert_int_equal(pn_explainer_new(model, &options, &explainer, &error), PN_OK);
    for (int round = 0; round < 4; round++) {
        options.method = (pn_cam_method)round;
        options.target = round % 2;
        assert_int_equal(pn_explainer_ask(explainer, options.method, options.target, &error),
                         PN_OK);
        assert_int_equal(pn_explainer_run(explainer, x->data, 2, map, NULL, &error), PN_OK);
        assert_int_equal(pn_gradcam(model, x->data, 2, &options, again, NULL, &error), PN_OK);
        assert_memory_equal(map, again, (size_t)(2 * places) * sizeof *map);
    }
    assert_int_equal(pn_explainer_ask(explainer, PN_CAM_GRAD, 2, &error), PN_E_ARGUMENT);
    pn_explainer_free(explainer);
    pn_tensor_release(x);
    pn_model_release(model);
}

static void what_makes_no_map_is_refused(void **state) {
    (void)state;
    pn_model *model = golden_model();
    pn_tensor *x = golden("model/x");
    float map[200];
    pn_gradcam_options options = {.target = 1, .batch = 2};
    options.node = model->group[0].output[0];
    assert_int_equal(pn_gradcam(model, x->data, 1, &options, map, NULL, &error), PN_E_SHAPE);
    assert_non_null(strstr(error.message, "no image"));
    assert_int_equal(pn_model_last_convolution(model, &options.node, &error), PN_OK);
    options.target = 2;
    assert_int_equal(pn_gradcam(model, x->data, 1, &options, map, NULL, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "there is no class 3"));
    pn_tensor_release(x);
    pn_model_release(model);
}

/* Maps are numbers whatever the activations are. */
static void maps_are_never_nan(void **state) {
    (void)state;
    static const float values[] = {0, 1, -1, 1e-30f, -1e-30f, 1e18f, -1e18f};
    enum { VALUES = sizeof values / sizeof *values, H = 3, W = 2, C = 4 };
    float a[H * W * C], g[H * W * C], map[H * W];
    double scratch[C];
    unsigned seed = 1;
    for (int round = 0; round < 5000; round++)
        for (int method = 0; method < 5; method++) {
            for (int i = 0; i < H * W * C; i++) {
                seed = seed * 1664525u + 1013904223u;
                a[i] = values[(seed >> 10) % VALUES];
                g[i] = values[(seed >> 20) % VALUES] * (round % 2 ? 1 : 1e-12f);
            }
            pn_cam_map((pn_cam_method)method, a, g, H, W, C, true, scratch, map);
            for (int i = 0; i < H * W; i++)
                if (!(map[i] >= 0 && map[i] <= 1))
                    fail_msg("%s gives %g", pn_cam_methods[method], map[i]);
        }
}

static int open_goldens(void **state) {
    (void)state;
    char path[PN_PATH];
    snprintf(path, sizeof path, "%s/gradcam.safetensors", TEST_DATA);
    return pn_safetensors_open(path, &goldens, &error) == PN_OK ? 0 : -1;
}

static int close_goldens(void **state) {
    (void)state;
    pn_safetensors_release(goldens);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summaries_are_those_of_keras),
        cmocka_unit_test(architectures_come_back),
        cmocka_unit_test(both_versions_give_the_same_network),
        cmocka_unit_test(maps_are_those_of_gradient_tape),
        cmocka_unit_test(an_explainer_serves_many),
        cmocka_unit_test(what_makes_no_map_is_refused),
        cmocka_unit_test(maps_are_never_nan),
    };
    return cmocka_run_group_tests(tests, open_goldens, close_goldens);
}
