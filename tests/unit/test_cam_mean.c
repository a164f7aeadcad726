/* Grad-CAM's weights without the gradient, against those made of the whole gradient. */
#include "test.h"

#include "base/memory.h"
#include "nn/explain/cam_mean.h"
#include "nn/explain/gradcam.h"
#include "nn/file/model_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 3, MOST = 4000 };

static pn_error error;
static uint64_t seed;

#define LAYER(class, more) "{\"class_name\":\"" class "\",\"config\":{" more "}}"
#define CONV(filters, size, more)                                                                  \
    LAYER("Conv2D", "\"filters\":" #filters ",\"kernel_size\":[" #size "," #size "]" more)
#define SEEN CONV(6, 3, ",\"activation\":\"relu\",\"name\":\"seen\"")
#define NORM LAYER("BatchNormalization", "")
#define POOL(more) LAYER("MaxPooling2D", "\"pool_size\":[2,2]" more)
#define FLAT LAYER("Flatten", "")
#define DENSE(units, kind) LAYER("Dense", "\"units\":" #units ",\"activation\":\"" kind "\"")

/* layer: the dense layer's name, or NULL where the whole gradient is wanted. */
static const struct cam_case {
    const char *layers, *layer;
} cases[] = {
    {SEEN "," NORM "," POOL("") "," FLAT "," DENSE(7, "relu") "," LAYER(
         "Dropout", "\"rate\":0.5") "," DENSE(1, "sigmoid"),
     "dense"},
    {SEEN "," FLAT "," DENSE(7, "tanh") "," DENSE(2, "softmax"), "dense"},
    {SEEN "," POOL("") "," LAYER("Dropout", "\"rate\":0.5") "," NORM "," POOL(
         ",\"padding\":\"same\"") "," FLAT "," DENSE(9, "linear") "," DENSE(2, "softmax"),
     "dense"},
    /* Windows that overlap, and a convolution over the whole picture. */
    {SEEN "," LAYER("MaxPooling2D", "\"pool_size\":[3,3],\"strides\":[1,1]") "," CONV(
         5, 7, ",\"activation\":\"relu\",\"name\":\"whole\"") "," FLAT "," DENSE(2, "softmax"),
     "whole"},
    {SEEN "," LAYER("AveragePooling2D", "\"pool_size\":[4,4],\"strides\":[2,2],\"padding\":"
                                        "\"same\"") "," FLAT
                                                    "," DENSE(3, "relu") "," DENSE(2, "linear"),
     "dense"},
    /* Where it cannot be done: sums are not kept, or places count. */
    {SEEN "," LAYER("Activation", "\"activation\":\"relu\"") "," FLAT "," DENSE(
         4, "relu") "," DENSE(1, "sigmoid"),
     NULL},
    {SEEN "," CONV(5, 3, "") "," FLAT "," DENSE(1, "sigmoid"), NULL},
    {SEEN "," NORM "," LAYER("GlobalAveragePooling2D", "") "," DENSE(1, "sigmoid"), NULL},
    /* The score itself is the dense layer's: there is nothing to save. */
    {SEEN "," POOL("") "," FLAT "," DENSE(2, "softmax"), NULL},
    {SEEN "," FLAT "," NORM "," DENSE(3, "relu") "," DENSE(1, "sigmoid"), NULL},
};
enum { CASES = sizeof cases / sizeof *cases };

static float draw(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(seed >> 40) / (1 << 23) - 1;
}

/* Weights of either sign, but variances. */
static void fill_weights(pn_model *model) {
    for (int i = 0; i < model->slots; i++) {
        pn_weight *w = &model->slot[i].layer->weight[model->slot[i].weight];
        float *value = w->value->data;
        for (int64_t k = 0; k < pn_dims_count(&w->shape); k++)
            value[k] = strstr(w->name, "variance") ? 1.5f + draw() : draw();
    }
}

static pn_model *make_model(const char *layers) {
    char text[MOST];
    pn_model *model = NULL;
    snprintf(
        text, sizeof text,
        "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"m\",\"layers\":[{\"class_name\":"
        "\"InputLayer\",\"config\":{\"batch_input_shape\":[null,11,11,2],\"name\":\"in\"}},%s]"
        "}}",
        layers);
    if (pn_model_from_text(text, strlen(text), &model, &error) != PN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(pn_model_initialize(model, 1, &error), PN_OK);
    fill_weights(model);
    return model;
}

/* The map from the gradient by the layer's whole output. */
static void map_of_gradient(const pn_model *model, int node, const float *x, float *map) {
    const pn_plan_options options = {
        .batch = BATCH, .output = -1, .keep = &node, .keeps = 1, .gradient_of = node};
    const pn_mode mode = {0};
    const int last = model->group[0].output[0];
    const pn_dims *out = &model->node[node].out;
    const int64_t items = pn_dims_count(out), places = items / out->size[2];
    const int64_t outputs = pn_dims_count(&model->node[last].out);
    pn_plan *plan;
    float d[BATCH * 2] = {0};
    double scratch[64];
    for (int i = 0; i < BATCH; i++) d[i * outputs + outputs - 1] = 1;
    assert_int_equal(pn_plan_new(model, &options, &plan, &error), PN_OK);
    assert_int_equal(pn_plan_forward(plan, &x, BATCH, &mode, &error), PN_OK);
    assert_int_equal(pn_plan_backward(plan, d, false, &error), PN_OK);
    for (int i = 0; i < BATCH; i++)
        pn_cam_map(PN_CAM_GRAD, pn_plan_output(plan, node) + i * items,
                   pn_plan_gradient(plan) + i * items, out->size[0], out->size[1], out->size[2],
                   true, scratch, map + i * places);
    pn_plan_free(plan);
}

/* Whether the maps are more than zeros. */
static bool check_case(const struct cam_case *c) {
    pn_model *model = make_model(c->layers);
    pn_gradcam_options options = {.method = PN_CAM_GRAD, .normalize = true, .batch = BATCH};
    float x[BATCH * 11 * 11 * 2], map[BATCH * 81], expected[BATCH * 81];
    double largest = 0;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = draw();
    assert_int_equal(pn_model_find(model, "seen", &options.node, &error), PN_OK);
    options.target = 1;
    const int layer = pn_cam_mean_layer(model, options.node, model->group[0].output[0]);
    assert_string_equal(layer < 0 ? "none" : model->node[layer].layer->name,
                        c->layer ? c->layer : "none");
    map_of_gradient(model, options.node, x, expected);
    if (pn_gradcam(model, x, BATCH, &options, map, NULL, &error) != PN_OK)
        fail_msg("%s", error.message);
    for (int i = 0; i < BATCH * 81; i++) {
        largest = fmax(largest, expected[i]);
        if (!(fabsf(map[i] - expected[i]) < 2e-5f))
            fail_msg("%s: item %d is %g instead of %g", c->layers, i, map[i], expected[i]);
    }
    pn_model_release(model);
    return largest > 0;
}

static void weights_are_those_of_the_gradient(void **state) {
    (void)state;
    int filled = 0;
    seed = 1;
    for (int round = 0; round < 8; round++)
        for (int i = 0; i < CASES; i++) filled += check_case(&cases[i]);
    assert_true(filled > 4 * CASES);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights_are_those_of_the_gradient)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
