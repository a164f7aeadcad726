/* The layers against Keras 2.15, against themselves in double precision, and with any number of
 * threads. */
#include "golden_tensors.h"
#include "layer_cases.h"
#include "layer_double.h"

#define FORWARD_TOLERANCE 1e-5
#define GRADIENT_TOLERANCE 1e-4

/* ---- Keras ---- */

/* What Keras can and these layers cannot: they say so. */
static const char *const refused[] = {"relu_slope_threshold"};

static bool is_refused(const char *name) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(name, refused[i]) == 0) return true;
    return false;
}

static void load(pn_safetensors *file, const char *name, const char *field, float *to,
                 int64_t count) {
    pn_tensor *x = tensors_take(file, name, field);
    assert_int_equal(pn_tensor_count(x), count);
    memcpy(to, numbers(x), (size_t)count * sizeof *to);
    pn_tensor_release(x);
}

static void compare(pn_safetensors *file, const char *name, const char *field, const float *got,
                    int64_t count, double tolerance) {
    pn_tensor *wanted = tensors_take(file, name, field);
    assert_int_equal(pn_tensor_count(wanted), count);
    for (int64_t i = 0; i < count; i++)
        assert_near(name, field, i, got[i], numbers(wanted)[i], tolerance);
    pn_tensor_release(wanted);
}

static rig_case case_of(pn_safetensors *file, const char *name, const json_t *json,
                        const char *config) {
    rig_case c = {.class_name = json_string_value(json_object_get(json, "class_name")),
                  .config = config,
                  .training = json_is_true(json_object_get(json, "training")),
                  .inputs = (int)json_array_size(json_object_get(json, "inputs"))};
    for (int k = 0; k < c.inputs; k++) {
        char field[16];
        snprintf(field, sizeof field, "x%d", k);
        pn_tensor *x = tensors_take(file, name, field);
        c.batch = x->shape[0];
        c.in[k].rank = x->rank - 1;
        for (int i = 1; i < x->rank; i++) c.in[k].size[i - 1] = x->shape[i];
        pn_tensor_release(x);
    }
    return c;
}

static void load_rig(pn_safetensors *file, const char *name, const json_t *json, rig *r) {
    char field[60];
    const json_t *names = json_object_get(json, "weights");
    assert_int_equal(json_array_size(names), r->layer->weights);
    for (int k = 0; k < r->inputs; k++) {
        snprintf(field, sizeof field, "x%d", k);
        load(file, name, field, r->in[k], r->in_count[k]);
    }
    for (int i = 0; i < r->layer->weights; i++) {
        const char *weight = json_string_value(json_array_get(names, (size_t)i));
        assert_string_equal(r->layer->weight[i].name, weight);
        snprintf(field, sizeof field, "w/%s", weight);
        load(file, name, field, r->weight[i], r->weight_count[i]);
    }
    load(file, name, "dy", r->d_out, r->out_count);
}

static void compare_weights(pn_safetensors *file, const char *name, const json_t *json,
                            const rig *r) {
    char field[60];
    size_t trained = 0;
    for (int i = 0; i < r->layer->weights; i++) {
        const pn_weight *w = &r->layer->weight[i];
        snprintf(field, sizeof field, "dw/%s", w->name);
        if (tensors_have(file, name, field)) {
            compare(file, name, field, r->d_weight[i], r->weight_count[i], GRADIENT_TOLERANCE);
            assert_true(pn_layer_trains(r->layer, i));
            trained++;
        }
        snprintf(field, sizeof field, "after/%s", w->name);
        if (!tensors_have(file, name, field)) snprintf(field, sizeof field, "w/%s", w->name);
        compare(file, name, field, r->weight[i], r->weight_count[i], FORWARD_TOLERANCE);
    }
    assert_int_equal(trained, json_array_size(json_object_get(json, "trainable")));
}

static void check_golden(pn_safetensors *file, const char *name, const json_t *json,
                         const char *config) {
    const rig_case c = case_of(file, name, json, config);
    char field[16];
    rig r;
    rig_begin(&r, &c);
    load_rig(file, name, json, &r);
    rig_forward(&r);
    compare(file, name, "y", r.out, r.out_count, FORWARD_TOLERANCE);
    rig_backward(&r);
    for (int k = 0; k < r.inputs; k++) {
        snprintf(field, sizeof field, "dx%d", k);
        compare(file, name, field, r.d_in[k], r.in_count[k], GRADIENT_TOLERANCE);
    }
    compare_weights(file, name, json, &r);
    rig_end(&r);
}

static void check_refused(pn_safetensors *file, const char *name, const json_t *json,
                          const char *config) {
    const rig_case c = case_of(file, name, json, config);
    pn_layer *layer = NULL;
    pn_dims out;
    pn_status status = rig_layer(c.class_name, config, &layer, NULL);
    if (status == PN_OK) status = pn_layer_connect(layer, c.in, c.inputs, &out, NULL);
    assert_int_not_equal(status, PN_OK);
    pn_layer_release(layer);
}

static void layers_are_keras_s(void **state) {
    (void)state;
    pn_safetensors *file = tensors_open("layers.safetensors");
    const char *name, *text;
    size_t cases = 0, left_out = 0;
    for (; pn_safetensors_pair_at(file, cases, &name, &text); cases++) {
        json_t *json = tensors_case(file, name);
        char *config = json_dumps(json_object_get(json, "config"), 0);
        if (is_refused(name))
            check_refused(file, name, json, config);
        else
            check_golden(file, name, json, config);
        left_out += is_refused(name);
        free(config);
        json_decref(json);
    }
    pn_safetensors_release(file);
    assert_true(cases > 100);
    assert_int_equal(left_out, sizeof refused / sizeof *refused);
}

/* ---- double precision, random shapes ---- */

static void near_double(const rig_case *c, const char *what, const float *got, const double *wanted,
                        int64_t count) {
    double most = 1; /* gradients may sum up to 0 */
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(wanted[i]));
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(got[i] - wanted[i]) <= 1e-5 * most))
            fail_msg("%s %s: %s %lld is %.9g, in double precision %.9g", c->class_name, c->config,
                     what, (long long)i, got[i], wanted[i]);
}

static void compare_with_double(const rig_case *c) {
    double *part[DOUBLE_PARTS];
    rig r;
    double_run(c, part);
    rig_begin(&r, c);
    rig_forward(&r);
    rig_backward(&r);
    near_double(c, "output", r.out, part[DOUBLE_OUT], r.out_count);
    for (int k = 0; k < r.inputs; k++)
        near_double(c, "input gradient", r.d_in[k], part[DOUBLE_INPUT + k], r.in_count[k]);
    for (int i = 0; i < r.layer->weights; i++) {
        near_double(c, "weight gradient", r.d_weight[i], part[DOUBLE_WEIGHT + i],
                    r.weight_count[i]);
        near_double(c, "weight", r.weight[i], part[DOUBLE_MOVED + i], r.weight_count[i]);
    }
    rig_end(&r);
    for (int i = 0; i < DOUBLE_PARTS; i++) pn_free(part[i]);
}

static int64_t below(pn_random *random, int64_t n) {
    return (int64_t)pn_random_below(random, (uint64_t)n);
}

/* A window of 1 to 4, strides, padding; `first` is the option before it. */
static void random_window(pn_random *random, const char *first, const char *size, char *config,
                          size_t bytes) {
    snprintf(config, bytes, "{%s \"%s\": [%d, %d], \"strides\": [%d, %d], \"padding\": \"%s\"}",
             first, size, (int)(1 + below(random, 4)), (int)(1 + below(random, 4)),
             (int)(1 + below(random, 3)), (int)(1 + below(random, 3)),
             below(random, 2) ? "same" : "valid");
}

static void float_is_double(void **state) {
    (void)state;
    static const char *const classes[] = {"Conv2D", "MaxPooling2D", "AveragePooling2D",
                                          "BatchNormalization", "GlobalAveragePooling2D"};
    pn_random random;
    pn_random_seed(&random, 21, 0);
    for (int i = 0; i < LAYER_CASES; i++) compare_with_double(&layer_cases[i]);
    for (int n = 0; n < 50; n++) {
        char config[200] = "{}", filters[40] = "";
        const char *name = classes[n % 5];
        rig_case c = {name, config, n % 3 > 0, 1 + below(&random, 5), 1, IMAGE(0, 0, 0)};
        c.in[0].size[0] = 4 + below(&random, 40);
        c.in[0].size[1] = 4 + below(&random, 40);
        c.in[0].size[2] = 1 + below(&random, 12);
        if (n % 5 == 0)
            snprintf(filters, sizeof filters, "\"filters\": %d,", (int)(1 + below(&random, 9)));
        if (n % 5 < 3)
            random_window(&random, filters, n % 5 ? "pool_size" : "kernel_size", config,
                          sizeof config);
        compare_with_double(&c);
    }
    assert_int_equal(pn_live_bytes(), 0);
}

/* Channels far from 0 have variances, too. */
static void normalization_far_from_0(void **state) {
    (void)state;
    const rig_case c = {"BatchNormalization", "{\"scale\": false, \"center\": false}", true, 4, 1,
                        IMAGE(30, 30, 3)};
    rig r;
    rig_begin(&r, &c);
    for (int64_t i = 0; i < r.in_count[0]; i++) r.in[0][i] += 4096;
    rig_forward(&r);
    for (int64_t k = 0; k < 3; k++) {
        double sum = 0, square = 0, rows = (double)r.out_count / 3;
        for (int64_t i = k; i < r.out_count; i += 3) {
            sum += r.out[i];
            square += (double)r.out[i] * r.out[i];
        }
        assert_near("far", "mean", k, sum / rows, 0, 1e-3);
        /* 0.75 is the variance of what the rig fills in; epsilon is beside it. */
        assert_near("far", "variance", k, square / rows, 0.75 / 0.751, 1e-2);
    }
    rig_end(&r);
}

/* ---- threads ---- */

/* Large enough to be cut into several tiles and blocks. */
static const rig_case large[] = {
    {"Conv2D", "{\"filters\": 8, \"kernel_size\": 3}", true, 5, 1, IMAGE(60, 50, 8)},
    {"Conv2D", "{\"filters\": 8, \"kernel_size\": 3, \"padding\": \"same\"}", true, 1, 1,
     IMAGE(70, 70, 8)},
    {"Conv2D", "{\"filters\": 300, \"kernel_size\": 3}", true, 70, 1, IMAGE(4, 4, 100)},
    {"Dense", "{\"units\": 300}", true, 9, 1, ROW(500)},
    {"BatchNormalization", "{}", true, 4, 1, IMAGE(40, 40, 24)},
    {"MaxPooling2D", "{\"pool_size\": 3, \"strides\": 2}", true, 4, 1, IMAGE(41, 41, 24)},
    {"GlobalAveragePooling2D", "{}", true, 5, 1, IMAGE(40, 40, 24)},
    {"Dropout", "{\"rate\": 0.3}", true, 4, 1, IMAGE(40, 40, 24)},
    {"Softmax", "{}", true, 4, 1, IMAGE(40, 40, 24)},
};
enum { LARGE = sizeof large / sizeof *large };

static void run_with(rig *r, const rig_case *c, int threads) {
    pn_set_threads(threads);
    rig_begin(r, c);
    rig_forward(r);
    rig_backward(r);
}

static void assert_same(const rig_case *c, const char *what, const float *a, const float *b,
                        int64_t count) {
    if (memcmp(a, b, (size_t)count * sizeof *a) != 0)
        fail_msg("%s %s: %s is not the same", c->class_name, c->config, what);
}

/* The gradient of a convolution's kernel is summed thread by thread: with another number of them
 * its last bits may differ, nothing else. */
static void assert_same_bits(const rig_case *c, const rig *a, const rig *b, bool same_threads) {
    assert_same(c, "output", a->out, b->out, a->out_count);
    for (int k = 0; k < a->inputs; k++)
        assert_same(c, "input gradient", a->d_in[k], b->d_in[k], a->in_count[k]);
    for (int i = 0; i < a->layer->weights; i++) {
        assert_same(c, "weight", a->weight[i], b->weight[i], a->weight_count[i]);
        if (same_threads || strcmp(c->class_name, "Conv2D") != 0)
            assert_same(c, "weight gradient", a->d_weight[i], b->d_weight[i], a->weight_count[i]);
    }
}

static void same_seed_same_bits(void **state) {
    (void)state;
    for (int n = 0; n < LAYER_CASES + LARGE; n++) {
        const rig_case *c = n < LAYER_CASES ? &layer_cases[n] : &large[n - LAYER_CASES];
        rig first;
        run_with(&first, c, 1);
        for (int threads = 1; threads <= 3; threads++) {
            rig once, again;
            run_with(&once, c, threads);
            run_with(&again, c, threads);
            assert_same_bits(c, &once, &again, true);
            assert_same_bits(c, &once, &first, threads == 1);
            rig_end(&once);
            rig_end(&again);
        }
        rig_end(&first);
    }
    for (int n = 0; n < LARGE; n++)
        if (strcmp(large[n].class_name, "Conv2D") == 0) {
            pn_set_threads(3);
            compare_with_double(&large[n]);
        }
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- one by one ---- */

static void dropout_drops_its_share(void **state) {
    (void)state;
    const rig_case c = {"Dropout", "{\"rate\": 0.3}", true, 4, 1, ROW(25000)};
    rig a, b;
    rig_begin(&a, &c);
    rig_begin(&b, &c);
    b.pass.stream++;
    rig_forward(&a);
    rig_forward(&b);
    int64_t dropped = 0, both = 0;
    for (int64_t i = 0; i < a.out_count; i++) {
        dropped += a.out[i] == 0;
        both += a.out[i] == 0 && b.out[i] == 0;
        if (a.out[i] != 0) assert_near("dropout", "kept", i, a.out[i], a.in[0][i] / 0.7, 1e-6);
    }
    /* 100,000 draws: four deviations are 0.006. */
    assert_near("dropout", "share", 0, (double)dropped / 1e5, 0.3, 0.006);
    assert_near("dropout", "share of two streams", 0, (double)both / 1e5, 0.09, 0.006);
    rig_end(&a);
    rig_end(&b);
}

static void nan_is_not_lost(void **state) {
    (void)state;
    static const char *const classes[] = {"MaxPooling2D", "GlobalMaxPooling2D", "AveragePooling2D",
                                          "ReLU", "BatchNormalization"};
    for (int at = 0; at < 4; at++)
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
            const rig_case c = {classes[i], "{}", true, 1, 1, IMAGE(2, 2, 1)};
            rig r;
            rig_begin(&r, &c);
            r.in[0][at] = NAN;
            rig_forward(&r);
            assert_true(isnan(r.out[r.out_count == 1 ? 0 : at]));
            rig_end(&r);
        }
}

static void equal_maxima_share(void **state) {
    (void)state;
    const rig_case c = {"GlobalMaxPooling2D", "{}", true, 1, 1, IMAGE(2, 2, 1)};
    static const float x[4] = {1, 5, 5, 2}, wanted[4] = {0, 3, 3, 0};
    rig r;
    rig_begin(&r, &c);
    memcpy(r.in[0], x, sizeof x);
    r.d_out[0] = 6;
    rig_forward(&r);
    rig_backward(&r);
    assert_memory_equal(r.d_in[0], wanted, sizeof wanted);
    rig_end(&r);
}

static void activations_work_in_place(void **state) {
    (void)state;
    static const char *const names[] = {"linear", "relu",    "leaky_relu", "relu6",
                                        "tanh",   "sigmoid", "softmax"};
    float x[60], y[60], in_place[60], d[60], d_x[60];
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        pn_activation f;
        assert_int_equal(pn_activation_parse(names[n], &f, NULL), PN_OK);
        rig_fill(x, 60, 1);
        rig_fill(d, 60, 2);
        for (int i = 0; i < 60; i++) x[i] *= 6;
        memcpy(in_place, x, sizeof x);
        pn_activate(&f, x, y, 6, 10);
        pn_activate(&f, in_place, in_place, 6, 10);
        assert_memory_equal(y, in_place, sizeof y);
        pn_activate_backward(&f, y, d, d_x, 6, 10);
        pn_activate_backward(&f, y, d, d, 6, 10);
        assert_memory_equal(d, d_x, sizeof d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_keras_s),       cmocka_unit_test(float_is_double),
        cmocka_unit_test(normalization_far_from_0), cmocka_unit_test(same_seed_same_bits),
        cmocka_unit_test(dropout_drops_its_share),  cmocka_unit_test(nan_is_not_lost),
        cmocka_unit_test(equal_maxima_share),       cmocka_unit_test(activations_work_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
