/* Runs of layers that are computed in one, against the layers themselves: what comes out, the
 * gradients of all weights and of the input, and the moving averages. */
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "nn/file/model_json.h"
#include "nn/fuse/fixed_norm.h"
#include "nn/plan.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 3, NODES = 12 };

static pn_error error;
static pn_random random_state;

#define LAYER(class, more) "{\"class_name\":\"" class "\",\"config\":{" more "}}"
#define CONV(filters, size, more)                                                                  \
    LAYER("Conv2D", "\"filters\":" #filters ",\"kernel_size\":[" #size "," #size "]" more)
#define RELU LAYER("Activation", "\"activation\":\"relu\"")
#define NORM LAYER("BatchNormalization", "\"momentum\":0.9")
#define POOL LAYER("MaxPooling2D", "\"pool_size\":[2,2]")
#define END LAYER("Flatten", "") "," LAYER("Dense", "\"units\":3")

typedef struct fused_case {
    const char *title, *input, *layers;
    int runs;         /* that a plan with gradients finds, those of Dense layers aside */
    const char *kept; /* node whose output is read, or NULL */
} fused_case;

static const fused_case cases[] = {
    {"convolution", "17,15,9", CONV(20, 3, ""), 1, NULL},
    {"same, without bias", "17,15,9", CONV(20, 3, ",\"padding\":\"same\",\"use_bias\":false"), 1,
     NULL},
    {"activation within", "12,13,16", CONV(8, 3, ",\"activation\":\"relu\"") "," END, 1, NULL},
    {"activation behind", "12,13,16", CONV(8, 3, "") "," RELU "," END, 1, NULL},
    {"relu, pooling", "13,14,16", CONV(24, 3, ",\"activation\":\"relu\"") "," POOL "," END, 1,
     NULL},
    {"pooling", "13,14,16", CONV(24, 3, "") "," POOL "," END, 1, NULL},
    {"as the study", "17,18,8", CONV(19, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," END,
     1, NULL},
    {"relu, norm", "12,11,8", CONV(19, 3, ",\"activation\":\"relu\"") "," NORM "," END, 1, NULL},
    {"norm, relu, pooling", "16,16,10",
     CONV(33, 3, ",\"padding\":\"same\",\"use_bias\":false") "," NORM "," RELU "," POOL "," END, 1,
     NULL},
    {"norm, relu", "11,16,10", CONV(17, 3, "") "," NORM "," RELU "," END, 1, NULL},
    {"norm, pooling", "11,16,10", CONV(17, 3, "") "," NORM "," POOL "," END, 1, NULL},
    {"norm without gamma and beta", "11,10,10",
     CONV(17, 3, "") "," LAYER("BatchNormalization", "\"scale\":false,\"center\":false") "," RELU
                                                                                         "," END,
     1, NULL},
    {"frozen norm", "11,16,10",
     CONV(17, 3, ",\"activation\":\"relu\"") "," LAYER("BatchNormalization",
                                                       "\"trainable\":false") "," POOL "," END,
     1, NULL},
    {"frozen convolution", "11,16,10",
     CONV(17, 3, ",\"activation\":\"relu\",\"trainable\":false") "," NORM "," POOL "," END, 1,
     NULL},
    {"one behind the other", "22,20,8",
     CONV(16, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," CONV(
         24, 3, ",\"activation\":\"relu\"") "," CONV(12, 3, "") "," NORM "," RELU "," END,
     3, NULL},
    {"someone reads the convolution", "12,12,8",
     CONV(16, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," END, 1, "conv2d"},
    {"someone reads the norm", "12,12,8",
     CONV(16, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," END, 1, "batch_normalization"},
    {"zeros around", "12,11,8",
     LAYER("ZeroPadding2D", "\"padding\":[1,1]") "," CONV(
         16, 3,
         ",\"activation\":\"relu\"") "," LAYER("ZeroPadding2D",
                                               "\"padding\":[[0,2],[2,0]]") "," CONV(9, 3,
                                                                                     "") "," POOL
                                                                                         "," END,
     2, NULL},
    {"pooling of another size", "12,12,8",
     CONV(16, 3, ",\"activation\":\"relu\"") "," LAYER("MaxPooling2D",
                                                       "\"pool_size\":[3,3]") "," END,
     1, NULL},
    {"few channels", "19,18,3", CONV(12, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," END,
     1, NULL},
    {"few channels, pooling, odd", "19,21,3",
     CONV(12, 3, ",\"activation\":\"relu\"") "," POOL "," END, 1, NULL},
    {"one channel", "19,18,1",
     CONV(16, 3, ",\"padding\":\"same\",\"use_bias\":false") "," NORM "," RELU "," POOL "," END, 1,
     NULL},
    {"a large kernel with strides", "23,20,3",
     CONV(12, 7, ",\"strides\":[2,2],\"padding\":\"same\",\"activation\":\"relu\"") "," POOL
                                                                                    "," END,
     1, NULL},
    {"the whole image", "5,5,24", CONV(40, 5, ",\"activation\":\"relu\"") "," END, 1, NULL},
    {"the whole image, norm", "5,5,24", CONV(40, 5, "") "," NORM "," RELU "," END, 1, NULL},
    {"one pixel", "1,1,30", CONV(40, 1, "") "," END, 1, NULL},
    {"norm behind the dense layer's relu", "7,5,3",
     LAYER("Flatten", "") "," LAYER("Dense", "\"units\":37,\"activation\":\"relu\"") "," NORM
                                                                                     "," END,
     1, NULL},
    {"norms and dense layers on maps", "6,5,7",
     LAYER("Dense", "\"units\":9,\"activation\":\"relu\"") "," NORM "," LAYER(
         "Dense", "\"units\":5") "," NORM "," END,
     2, NULL},
    {"as the study, for several lanes", "26,26,8",
     CONV(19, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," LAYER("Flatten", "") "," LAYER(
         "Dense", "\"units\":128"),
     1, NULL},
    {"another activation", "12,12,8", CONV(16, 3, ",\"activation\":\"tanh\"") "," END, 0, NULL},
};

/* ---- models ---- */

static void randomize(pn_model *m) {
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        float *v = w->value->data;
        const bool positive = strcmp(w->name, "moving_variance") == 0;
        for (int64_t k = 0; k < pn_dims_count(&w->shape); k++)
            v[k] = (float)(pn_random_uniform(&random_state) - (positive ? -0.2 : 0.5));
    }
}

static pn_model *model_of(const fused_case *c) {
    char text[4096];
    json_error_t why;
    pn_model *m;
    snprintf(
        text, sizeof text,
        "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"m\",\"layers\":[{\"class_name\":"
        "\"InputLayer\",\"config\":{\"batch_input_shape\":[null,%s],\"name\":\"in\"}},%s]}}",
        c->input, c->layers);
    json_t *json = json_loads(text, 0, &why);
    if (!json) fail_msg("%s: %s", c->title, why.text);
    if (pn_model_from_json(json, &m, &error) != PN_OK) fail_msg("%s: %s", c->title, error.message);
    json_decref(json);
    assert_int_equal(pn_model_initialize(m, 3, &error), PN_OK);
    randomize(m);
    return m;
}

static float *draw(int64_t count) {
    float *v = pn_alloc((size_t)count * sizeof *v);
    for (int64_t i = 0; i < count; i++) v[i] = (float)(pn_random_uniform(&random_state) * 2 - 1);
    return v;
}

/* ---- both ways ---- */

typedef struct result {
    pn_plan *plan;
    float *average[NODES * 4]; /* copies of what moves */
} result;

static result compute(const fused_case *c, pn_model *m, bool reference, bool training,
                      const float *x, const float *d, int64_t batch) {
    int keep = -1, last = m->group[0].output[0];
    if (c->kept && pn_model_find(m, c->kept, &keep, &error) != PN_OK) fail_msg("%s", error.message);
    const pn_plan_options options = {.batch = BATCH,
                                     .training = training,
                                     .output = last,
                                     .keep = &keep,
                                     .keeps = keep >= 0,
                                     .gradient_of = d ? 0 : -1,
                                     .reference = reference};
    const pn_mode mode = {.training = training, .seed = 1, .step = 1};
    result r = {0};
    if (pn_plan_new(m, &options, &r.plan, &error) != PN_OK) fail_msg("%s", error.message);
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        const size_t bytes = (size_t)pn_dims_count(&w->shape) * sizeof(float);
        r.average[i] = memcpy(pn_alloc(bytes), w->value->data, bytes);
        pn_plan_set_weight(r.plan, i, r.average[i]);
    }
    pn_fail_allocation(1); /* a step takes no memory of its own */
    /* Twice, with fewer samples first: what is there from before must not matter. */
    if (!training && pn_plan_forward(r.plan, &x, 1, &mode, &error) != PN_OK)
        fail_msg("%s", error.message);
    if (pn_plan_forward(r.plan, &x, batch, &mode, &error) != PN_OK) fail_msg("%s", error.message);
    if (d && pn_plan_backward(r.plan, d, false, &error) != PN_OK) fail_msg("%s", error.message);
    pn_fail_allocation(0);
    return r;
}

static void release(result *r) {
    for (int i = 0; i < NODES * 4; i++) pn_free(r->average[i]);
    pn_plan_free(r->plan);
}

static double largest(const float *v, int64_t count) {
    double most = 0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(v[i]));
    return most;
}

/* `least`: numbers below it are rounding. */
static void expect_near(const fused_case *c, const char *what, const float *got,
                        const float *expected, int64_t count, double least) {
    const double most = fmax(largest(expected, count), least);
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        const double off = fabs((double)got[i] - expected[i]);
        worst = off <= worst ? worst : off;
    }
    if (!(worst <= 1e-4 * most))
        fail_msg("%s, %s: off by %g of the largest", c->title, what, worst / most);
}

static void compare(const fused_case *c, const pn_model *m, result *a, result *b, bool gradients,
                    int64_t batch) {
    const int last = m->group[0].output[0];
    double least = 0; /* the gradient of a bias before a normalization is nothing but rounding */
    for (int i = 0; gradients && i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        const float *e = pn_plan_weight_gradient(b->plan, i);
        if (e) least = fmax(least, 0.01 * largest(e, pn_dims_count(&w->shape)));
    }
    expect_near(c, "output", pn_plan_output(a->plan, last), pn_plan_output(b->plan, last),
                batch * pn_dims_count(&m->node[last].out), 1e-6);
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        const float *d = pn_plan_weight_gradient(a->plan, i);
        const float *e = pn_plan_weight_gradient(b->plan, i);
        if (w->moving)
            expect_near(c, w->name, a->average[i], b->average[i], pn_dims_count(&w->shape), 1e-6);
        assert_true(!d == !e);
        if (gradients && d) expect_near(c, w->name, d, e, pn_dims_count(&w->shape), least);
    }
    if (gradients)
        expect_near(c, "gradient of the input", pn_plan_gradient(a->plan),
                    pn_plan_gradient(b->plan), batch * pn_dims_count(&m->node[0].out), 1e-6);
}

static void check(const fused_case *c, bool training, bool gradients, int64_t batch) {
    pn_model *m = model_of(c);
    const int last = m->group[0].output[0];
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    float *d = gradients ? draw(BATCH * pn_dims_count(&m->node[last].out)) : NULL;
    result a = compute(c, m, false, training, x, d, batch);
    result b = compute(c, m, true, training, x, d, batch);
    const int runs = c->runs + (strstr(c->layers, "Dense") != NULL);
    if (gradients && pn_plan_runs(a.plan) != runs)
        fail_msg("%s: %d runs, expected %d", c->title, pn_plan_runs(a.plan), runs);
    assert_int_equal(pn_plan_runs(b.plan), 0);
    compare(c, m, &a, &b, gradients, batch);
    release(&a);
    release(&b);
    pn_free(x);
    pn_free(d);
    pn_model_release(m);
}

/* Of one model and one input, without gradients. */
static void compare_on(const fused_case *c, pn_model *m, bool training, const float *x,
                       int64_t batch) {
    result a = compute(c, m, false, training, x, NULL, batch);
    result b = compute(c, m, true, training, x, NULL, batch);
    if (pn_plan_runs(a.plan) < c->runs) fail_msg("%s: %d runs", c->title, pn_plan_runs(a.plan));
    compare(c, m, &a, &b, false, batch);
    release(&a);
    release(&b);
}

static void test_cases(void **state) {
    (void)state;
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
        if ((int)pn_cpu_cap((pn_cpu_level)level) != level) continue;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            pn_random_seed(&random_state, 17, i);
            check(&cases[i], true, true, BATCH);     /* a training step */
            check(&cases[i], true, true, BATCH - 1); /* the last of an epoch */
            check(&cases[i], false, true, BATCH);    /* Grad-CAM */
            check(&cases[i], false, false, BATCH);   /* prediction */
            check(&cases[i], false, false, BATCH - 1);
            check(&cases[i], false, false, 1);
        }
    }
    pn_cpu_cap(PN_CPU_AVX512);
}

/* A plan that hands gradients on: those that are not in its memory come by parts. */
typedef struct collected {
    const pn_model *model;
    float *gradient[NODES * 4];
    _Atomic int64_t items[NODES * 4];
} collected;

static void collect(void *context, int slot, int64_t offset, int64_t count, const float *gradient) {
    collected *c = context;
    memcpy(c->gradient[slot] + offset, gradient, (size_t)count * sizeof *gradient);
    c->items[slot] += count;
}

static void test_updates(void **state) {
    (void)state;
    const fused_case c = {
        "updates", "9,7,5",
        "" LAYER("Flatten", "") "," LAYER("Dense", "\"units\":37,\"activation\":\"relu\"") "," END,
        0, NULL};
    pn_model *m = model_of(&c);
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out)), d[BATCH * 3] = {1, -2, 3, -1, 0.5F};
    result b = compute(&c, m, true, true, x, d, BATCH);
    collected to = {.model = m};
    const pn_plan_update update = {collect, &to};
    const pn_plan_options options = {
        .batch = BATCH, .training = true, .output = -1, .gradient_of = -1, .update = &update};
    const pn_mode mode = {.training = true, .seed = 1, .step = 1};
    const float *const in[] = {x};
    pn_plan *plan;
    int updated = 0;
    assert_int_equal(pn_plan_new(m, &options, &plan, &error), PN_OK);
    for (int i = 0; i < m->slots; i++)
        to.gradient[i] = draw(pn_dims_count(&m->slot[i].layer->weight[m->slot[i].weight].shape));
    assert_int_equal(pn_plan_forward(plan, in, BATCH, &mode, &error), PN_OK);
    assert_int_equal(pn_plan_backward(plan, d, false, &error), PN_OK);
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        const int64_t count = pn_dims_count(&w->shape);
        const float *got = pn_plan_weight_gradient(plan, i);
        assert_true(!got == pn_plan_updates(plan, i));
        assert_int_equal(to.items[i], got ? 0 : count);
        updated += !got;
        expect_near(&c, w->name, got ? got : to.gradient[i], pn_plan_weight_gradient(b.plan, i),
                    count, 1e-6);
        pn_free(to.gradient[i]);
    }
    assert_int_equal(updated, 2); /* the kernels */
    release(&b);
    pn_plan_free(plan);
    pn_free(x);
    pn_model_release(m);
}

/* One channel that is nowhere a number must not go unseen. */
static void test_nan(void **state) {
    (void)state;
    const fused_case *c = &cases[6];
    pn_model *m = model_of(c);
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    x[5] = NAN;
    result a = compute(c, m, false, true, x, NULL, BATCH);
    assert_true(isnan(pn_plan_output(a.plan, m->group[0].output[0])[0]));
    release(&a);
    pn_free(x);
    pn_model_release(m);
}

/* Nobody wants a gradient here, and the normalization takes the batch's statistics all the same. */
static void test_frozen(void **state) {
    (void)state;
    const fused_case c = {"frozen convolution, norm without gamma and beta", "11,16,10",
                          CONV(17, 3, ",\"trainable\":false") "," LAYER(
                              "BatchNormalization", "\"scale\":false,\"center\":false") "," END,
                          1, NULL};
    check(&c, true, false, BATCH);
    check(&c, true, true, BATCH);
}

/* All numbers of a window are beta then, and the first of equal ones is taken. */
static void test_zero_gamma(void **state) {
    (void)state;
    const fused_case c = {"zero gamma", "9,8,3", CONV(5, 3, "") "," NORM "," POOL "," END, 1, NULL};
    pn_model *m = model_of(&c);
    const int last = m->group[0].output[0];
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        if (strcmp(w->name, "gamma") == 0)
            memset(w->value->data, 0, (size_t)pn_dims_count(&w->shape) * sizeof(float));
    }
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    float *d = draw(BATCH * pn_dims_count(&m->node[last].out));
    result a = compute(&c, m, false, true, x, d, BATCH);
    result b = compute(&c, m, true, true, x, d, BATCH);
    compare(&c, m, &a, &b, true, BATCH);
    release(&a);
    release(&b);
    pn_free(x);
    pn_free(d);
    pn_model_release(m);
}

/* Each place of a window, by itself, and none of them hides another. */
static void test_pooled_nan(void **state) {
    (void)state;
    const fused_case c = {"pooled NaN", "2,2,1", CONV(5, 1, "") "," POOL, 1, NULL};
    pn_model *m = model_of(&c);
    for (int place = 0; place < 4; place++) {
        float x[4] = {1, 2, 3, 4};
        x[place] = NAN;
        result a = compute(&c, m, false, false, x, NULL, 1);
        for (int i = 0; i < 5; i++)
            assert_true(isnan(pn_plan_output(a.plan, m->group[0].output[0])[i]));
        release(&a);
    }
    pn_model_release(m);
}

/* The statistics of numbers that are far from 0 and close to each other. */
static void test_far_from_zero(void **state) {
    (void)state;
    const fused_case c = {"far from 0", "9,8,1", CONV(5, 1, ",\"use_bias\":false") "," NORM, 1,
                          NULL};
    pn_model *m = model_of(&c);
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    for (int64_t i = 0; i < BATCH * pn_dims_count(&m->node[0].out); i++) x[i] += 1000;
    compare_on(&c, m, true, x, BATCH);
    pn_free(x);
    pn_model_release(m);
}

/* ---- a dense layer behind a ReLU and a normalization ---- */

static pn_run dense_run(const pn_model *m) {
    pn_run run = {.model = m, .count = 1, .batch = BATCH, .threads = 1, .fixed = true};
    for (int i = 0; i < m->nodes; i++)
        if (strcmp(m->node[i].layer->type->class_name, "Dense") == 0) run.node = &m->node[i];
    return run;
}

static float *weight_of(const pn_model *m, const char *name) {
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        if (strcmp(w->name, name) == 0) return w->value->data;
    }
    fail_msg("no %s", name);
    return NULL;
}

static void find_rest(const pn_model *m, int64_t count, float *rest) {
    const pn_run run = dense_run(m);
    float *weight[NODES * 4], factor[64];
    for (int i = 0; i < m->slots; i++)
        weight[i] = m->slot[i].layer->weight[m->slot[i].weight].value->data;
    assert_non_null(pn_norm_behind_relu(&run));
    pn_norm_rest(&run, weight + run.node->slot, count, factor, rest);
}

/* Where the ReLU gave 0 the dense layer finds its channel's rest, to the last bit, be the layers
 * before it one run, or each by itself as where the convolution is read. */
static void test_rest(void **state) {
    (void)state;
    const fused_case c = {"rest", "12,13,8",
                          CONV(19, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," LAYER(
                              "Dropout", "\"rate\":0.5") "," END,
                          1, NULL};
    static const char *const kept[] = {"max_pooling2d", "conv2d"};
    pn_model *m = model_of(&c);
    float rest[5 * 5 * 19], *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    float *mean = weight_of(m, "moving_mean"), *bias = weight_of(m, "bias");
    for (int i = 0; i < 19; i++) mean[i] *= 0.5F;
    for (int i = 0; i < 19; i += 2) bias[i] = -1000;
    find_rest(m, 5 * 5 * 19, rest);
    for (int k = 0; k < 2; k++) {
        fused_case read = c;
        read.kept = kept[k];
        result a = compute(&read, m, false, false, x, NULL, 1);
        int pool;
        assert_int_equal(pn_model_find(m, "max_pooling2d", &pool, &error), PN_OK);
        const float *y = pn_plan_output(a.plan, pool);
        for (int i = 0; i < 5 * 5 * 19; i++)
            if (i % 19 % 2 == 0 && y[i] != rest[i])
                fail_msg("%s, number %d: %a, rest %a", kept[k], i, y[i], rest[i]);
        release(&a);
    }
    pn_free(x);
    pn_model_release(m);
}

/* Channels that are seldom at rest stay where they are: with an offset far away the digits of what
 * they say would be lost. So do those whose offset is no number. */
static void test_no_rest(void **state) {
    (void)state;
    const fused_case c = {"no rest", "6,5,4",
                          CONV(8, 3, ",\"activation\":\"relu\"") "," NORM "," END, 1, NULL};
    pn_model *m = model_of(&c);
    float rest[8], *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    weight_of(m, "moving_mean")[3] = 3000;
    weight_of(m, "bias")[3] = 3000;
    compare_on(&c, m, false, x, 1);
    weight_of(m, "beta")[5] = INFINITY;
    weight_of(m, "moving_variance")[6] = -1;
    find_rest(m, 8, rest);
    for (int i = 0; i < 8; i++) assert_int_equal(rest[i] != 0, i != 3 && i != 5 && i != 6);
    pn_free(x);
    pn_model_release(m);
}

/* New weights, and the old ones' products with what is at rest are not of use any more. */
static void test_new_weights(void **state) {
    (void)state;
    const fused_case c = {"new weights", "12,13,8",
                          CONV(19, 3, ",\"activation\":\"relu\"") "," NORM "," POOL "," END, 1,
                          NULL};
    pn_model *m = model_of(&c), *other = model_of(&c);
    const int last = m->group[0].output[0];
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    const pn_mode mode = {0};
    const float *const in[] = {x};
    result a = compute(&c, m, false, false, x, NULL, 1);
    result b = compute(&c, other, true, false, x, NULL, 1);
    for (int i = 0; i < m->slots; i++)
        pn_plan_set_weight(a.plan, i,
                           other->slot[i].layer->weight[other->slot[i].weight].value->data);
    assert_int_equal(pn_plan_forward(a.plan, in, 1, &mode, &error), PN_OK);
    expect_near(&c, "output", pn_plan_output(a.plan, last), pn_plan_output(b.plan, last), 3, 1e-6);
    release(&a);
    release(&b);
    pn_free(x);
    pn_model_release(m);
    pn_model_release(other);
}

/* An infinite weight meets what its input says, not the difference from its rest. */
static void test_infinite_weight(void **state) {
    (void)state;
    const fused_case c = {"infinite weight", "6,5,4",
                          CONV(8, 3, ",\"activation\":\"relu\"") "," NORM "," END, 1, NULL};
    pn_model *m = model_of(&c);
    const int last = m->group[0].output[0];
    const pn_run dense = dense_run(m);
    float *kernel = dense.node->layer->weight[0].value->data;
    float *x = draw(BATCH * pn_dims_count(&m->node[0].out));
    for (int i = 0; i < 8; i++) kernel[3 * i + i % 3] = INFINITY;
    result a = compute(&c, m, false, false, x, NULL, BATCH);
    result b = compute(&c, m, true, false, x, NULL, BATCH);
    const float *y = pn_plan_output(a.plan, last), *z = pn_plan_output(b.plan, last);
    for (int i = 0; i < 3 * BATCH; i++)
        if (y[i] != z[i] && !(isnan(y[i]) && isnan(z[i])))
            fail_msg("%d: %g, not %g", i, y[i], z[i]);
    release(&a);
    release(&b);
    pn_free(x);
    pn_model_release(m);
}

static void test_not_behind_relu(void **state) {
    (void)state;
    static const char *const layers[] = {
        CONV(8, 3, "") "," NORM "," END,
        CONV(8, 3, ",\"activation\":\"tanh\"") "," NORM "," END,
        CONV(8, 3, "") "," LAYER("LeakyReLU", "") "," NORM "," END,
        CONV(8, 3, "") "," NORM "," RELU "," END,
        CONV(8, 3, ",\"activation\":\"relu\"") "," END,
        CONV(8, 3, ",\"activation\":\"relu\"") "," NORM "," LAYER("AveragePooling2D", "") "," END,
        END};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const fused_case c = {"not behind a relu", "6,5,4", layers[i], 1, NULL};
        pn_model *m = model_of(&c);
        const pn_run run = dense_run(m);
        if (pn_norm_behind_relu(&run)) fail_msg("%s", layers[i]);
        pn_model_release(m);
    }
}

int main(void) {
    pn_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),       cmocka_unit_test(test_updates),
        cmocka_unit_test(test_nan),         cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_pooled_nan),  cmocka_unit_test(test_far_from_zero),
        cmocka_unit_test(test_zero_gamma),  cmocka_unit_test(test_rest),
        cmocka_unit_test(test_no_rest),     cmocka_unit_test(test_not_behind_relu),
        cmocka_unit_test(test_new_weights), cmocka_unit_test(test_infinite_weight)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
