/* Random graphs of layers: what a plan computes in shared memory must be what a plain evaluation
 * gives, in which every result and every gradient has memory of its own; and a model that goes
 * through its JSON, or is taken apart, must be the same model. */
#include "test.h"

#include "base/memory.h"
#include "nn/activation.h"
#include "nn/file/model_json.h"
#include "nn/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MODELS = 250, BATCH = 3, MOST_NODES = 64 };

static pn_error error;
static uint64_t seed;

static int chance(int below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)below);
}

static float *random_floats(int64_t count) {
    float *x = pn_alloc((size_t)count * sizeof *x);
    for (int64_t i = 0; i < count; i++) x[i] = (float)chance(2001) / 1000 - 1;
    return x;
}

/* ---- a random model ---- */

static pn_layer *new_layer(const char *class_name, const char *config) {
    const pn_layer_type *type;
    pn_layer *l;
    json_t *json = json_loads(config, 0, NULL);
    assert_non_null(json);
    assert_int_equal(pn_layer_type_find(class_name, &type, &error), PN_OK);
    if (pn_layer_new(type, json, "", &l, &error) != PN_OK) fail_msg("%s", error.message);
    json_decref(json);
    return l;
}

static void add_input(pn_model *m, const pn_dims *dims) {
    char config[200];
    int node, used = snprintf(config, sizeof config, "{\"batch_input_shape\": [null");
    for (int i = 0; i < dims->rank; i++)
        used += snprintf(config + used, sizeof config - (size_t)used, ", %d", (int)dims->size[i]);
    snprintf(config + used, sizeof config - (size_t)used, "]}");
    pn_layer *l = new_layer("InputLayer", config);
    if (pn_model_add(m, l, NULL, 0, &node, &error) != PN_OK) fail_msg("%s", error.message);
    pn_layer_release(l);
}

static const struct {
    const char *class_name, *config;
} kinds[] = {
    {"Dense", "{\"units\": 3, \"activation\": \"tanh\"}"},
    {"Dense", "{\"units\": 3, \"use_bias\": false}"},
    {"Dense", "{\"units\": 2, \"activation\": \"softmax\"}"},
    {"Conv2D", "{\"filters\": 3, \"kernel_size\": 1, \"activation\": \"sigmoid\"}"},
    {"Conv2D", "{\"filters\": 2, \"kernel_size\": 3, \"padding\": \"same\"}"},
    {"BatchNormalization", "{}"},
    {"Activation", "{\"activation\": \"tanh\"}"},
    {"Softmax", "{}"},
    {"Softmax", "{\"axis\": 1}"},
    {"ReLU", "{}"},
    {"Dropout", "{\"rate\": 0.3}"},
    {"Rescaling", "{\"scale\": 0.5}"},
    {"MaxPooling2D", "{\"pool_size\": 2, \"strides\": 1}"},
    {"AveragePooling2D", "{}"},
    {"ZeroPadding2D", "{}"},
    {"GlobalAveragePooling2D", "{}"},
    {"Flatten", "{}"},
    {"Flatten", "{}"},
    {"Reshape", "{\"target_shape\": [-1]}"},
    {"Reshape", "{\"target_shape\": [1, 1, -1]}"},
    {"Reshape", "{\"target_shape\": [1, -1]}"},
    {"Add", "{}"},
    {"Add", "{}"},
    {"Add", "{}"},
    {"Concatenate", "{}"},
    {"Concatenate", "{}"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* JSON can name what is inside nested models only where it is an output of theirs. */
static bool named_only;

static bool is_named(const pn_model *m, int node) {
    if (m->node[node].group == 0) return true;
    for (int g = 1; g < m->groups; g++)
        for (int i = 0; m->group[g].parent == 0 && i < m->group[g].outputs; i++)
            if (m->group[g].output[i] == node) return true;
    return false;
}

/* Late nodes are taken more often. */
static int some_node(const pn_model *m) {
    int node;
    do node = chance(2) ? chance(m->nodes) : m->nodes - 1 - chance(m->nodes < 4 ? m->nodes : 4);
    while (named_only && !is_named(m, node));
    return node;
}

/* A node of the same shape as `like`, for layers that join. */
static int twin_of(const pn_model *m, int like) {
    for (int tries = 0; tries < 8; tries++) {
        int node = some_node(m);
        if (pn_dims_equal(&m->node[node].out, &m->node[like].out)) return node;
    }
    return like;
}

/* Adds one layer, new or used before, where it fits; what does not fit is left out. */
static void try_layer(pn_model *m) {
    int kind = chance(KINDS), input[3] = {some_node(m)}, inputs = 1, node;
    if (strcmp(kinds[kind].class_name, "Add") == 0 ||
        strcmp(kinds[kind].class_name, "Concatenate") == 0)
        for (inputs = 2 + chance(2), node = 1; node < inputs; node++)
            input[node] = twin_of(m, input[0]);
    const pn_node *other = &m->node[some_node(m)];
    pn_layer *used = other->layer;
    bool again = chance(5) == 0 && used->type->min_inputs == 1 && other->group == 0;
    pn_layer *l =
        again ? pn_layer_retain(used) : new_layer(kinds[kind].class_name, kinds[kind].config);
    if (chance(4) == 0) l->trainable = false;
    (void)pn_model_add(m, l, input, again ? 1 : inputs, &node, &error);
    pn_layer_release(l);
}

static pn_model *random_model(int layers, const pn_dims *in, int depth);

static void try_nesting(pn_model *m, int depth) {
    int input[2] = {some_node(m), some_node(m)}, group;
    pn_model *inner = random_model(1 + chance(6), &m->node[input[0]].out, depth + 1);
    char name[40];
    snprintf(name, sizeof name, "inner_%d_%d", depth, m->nodes);
    pn_free(inner->group[0].name);
    inner->group[0].name = strcpy(pn_alloc(sizeof name), name);
    if (inner->group[0].inputs == 2) input[1] = twin_of(m, input[0]);
    if (m->nodes + inner->nodes < MOST_NODES - 8 &&
        pn_model_nest(m, inner, input, inner->group[0].inputs, &group, &error) != PN_OK)
        fail_msg("%s", error.message);
    pn_model_release(inner);
}

static pn_model *random_model(int layers, const pn_dims *in, int depth) {
    pn_model *m;
    assert_int_equal(pn_model_new("model", false, &m, &error), PN_OK);
    add_input(m, in);
    if (chance(4) == 0) add_input(m, in);
    for (int i = 0; i < layers && m->nodes < MOST_NODES - 8; i++)
        if (depth < 2 && chance(8) == 0)
            try_nesting(m, depth);
        else
            try_layer(m);
    int output[3], outputs = 0, wanted = 1 + (chance(3) == 0) + (chance(4) == 0);
    while (outputs < wanted) output[outputs++] = some_node(m);
    assert_int_equal(pn_model_set_outputs(m, output, outputs, &error), PN_OK);
    return m;
}

/* ---- the plain evaluation ---- */

typedef struct plain {
    const pn_model *m;
    pn_mode mode;
    int64_t batch;
    float *linear[MOST_NODES], *out[MOST_NODES], *saved[MOST_NODES], *d[MOST_NODES];
    float *weight[4 * MOST_NODES], *d_weight[4 * MOST_NODES];
    bool reached[MOST_NODES];
} plain;

static float *zeros(int64_t count) {
    return pn_calloc((size_t)count + 1, sizeof(float));
}

static int64_t size_of(const plain *p, int i) {
    return p->batch * pn_dims_count(&p->m->node[i].out);
}

typedef struct io {
    const float *in[PN_LAYER_INPUTS];
    float *d_in[PN_LAYER_INPUTS], *weight[PN_LAYER_WEIGHTS], *d_weight[PN_LAYER_WEIGHTS];
    float *scratch;
} io;

static pn_pass make_pass(plain *p, int i, io *io) {
    const pn_node *n = &p->m->node[i];
    const pn_layer *l = n->layer;
    pn_need need = {0};
    if (l->type->need) need = l->type->need(l, n->in, &n->out, p->batch, 2);
    if (!p->saved[i]) p->saved[i] = zeros(need.saved);
    io->scratch = zeros(need.scratch);
    for (int k = 0; k < n->inputs; k++) io->in[k] = p->out[n->input[k]];
    for (int k = 0; k < l->weights; k++) {
        io->weight[k] = p->weight[n->slot + k];
        io->d_weight[k] = p->d_weight[n->slot + k];
    }
    bool training =
        p->mode.training &&
        (l->trainable || ((l->type->flags & PN_LAYER_RANDOM) && p->mode.frozen_dropout));
    return (pn_pass){.batch = p->batch,
                     .inputs = n->inputs,
                     .in_dims = n->in,
                     .out_dims = &n->out,
                     .in = io->in,
                     .out = p->linear[i],
                     .d_in = io->d_in,
                     .weight = io->weight,
                     .d_weight = io->d_weight,
                     .saved = p->saved[i],
                     .scratch = io->scratch,
                     .threads = 2,
                     .training = training,
                     .seed = p->mode.seed,
                     .stream = p->mode.step * (uint64_t)p->m->nodes + (uint64_t)i};
}

static int64_t columns_of(const plain *p, int i) {
    const pn_dims *d = &p->m->node[i].out;
    return d->rank ? d->size[d->rank - 1] : 1;
}

static void plain_forward(plain *p, const float *const *x) {
    for (int i = 0; i < p->m->nodes; i++) {
        const pn_node *n = &p->m->node[i];
        p->linear[i] = zeros(size_of(p, i));
        p->out[i] = zeros(size_of(p, i));
        p->d[i] = zeros(size_of(p, i));
        const float *from = n->inputs ? p->out[n->input[0]] : NULL;
        for (int k = 0; k < p->m->group[0].inputs; k++)
            if (p->m->group[0].input[k] == i) from = x[k];
        if (!n->layer->type->forward) {
            memcpy(p->out[i], from, (size_t)size_of(p, i) * sizeof(float));
            continue;
        }
        io io = {0};
        pn_pass pass = make_pass(p, i, &io);
        assert_int_equal(n->layer->type->forward(n->layer, &pass, &error), PN_OK);
        pn_free(io.scratch);
        int64_t columns = columns_of(p, i);
        memcpy(p->out[i], p->linear[i], (size_t)size_of(p, i) * sizeof(float));
        if (n->layer->activation.kind != PN_LINEAR)
            pn_activate(&n->layer->activation, p->linear[i], p->out[i], size_of(p, i) / columns,
                        columns);
    }
}

static void add_to(plain *p, int node, const float *d) {
    for (int64_t k = 0; k < size_of(p, node); k++) p->d[node][k] += d[k];
    p->reached[node] = true;
}

static void plain_backward_node(plain *p, int i, bool logits) {
    const pn_node *n = &p->m->node[i];
    if (!n->layer->type->forward) {
        if (n->inputs) add_to(p, n->input[0], p->d[i]);
        return;
    }
    io io = {0};
    pn_pass pass = make_pass(p, i, &io);
    float *d = zeros(size_of(p, i));
    int64_t columns = columns_of(p, i);
    memcpy(d, p->d[i], (size_t)size_of(p, i) * sizeof *d);
    if (n->layer->activation.kind != PN_LINEAR && !logits)
        pn_activate_backward(&n->layer->activation, p->out[i], p->d[i], d, size_of(p, i) / columns,
                             columns);
    pass.d_out = d;
    for (int k = 0; k < n->inputs; k++) io.d_in[k] = zeros(size_of(p, n->input[k]));
    if (n->layer->type->accumulate)
        assert_int_equal(n->layer->type->accumulate(n->layer, &pass, &error), PN_OK);
    assert_int_equal(n->layer->type->backward_input(n->layer, &pass, &error), PN_OK);
    for (int k = 0; k < n->inputs; k++) {
        add_to(p, n->input[k], io.d_in[k]);
        pn_free(io.d_in[k]);
    }
    pn_free(d);
    pn_free(io.scratch);
}

static void plain_backward(plain *p, int output, const float *d, bool logits) {
    add_to(p, output, d);
    for (int i = output; i >= 0; i--)
        if (p->reached[i]) plain_backward_node(p, i, logits && i == output);
}

static void plain_new(plain *p, const pn_model *m, const pn_mode *mode, int64_t batch) {
    *p = (plain){.m = m, .mode = *mode, .batch = batch};
    for (int i = 0; i < m->slots; i++) {
        const pn_weight *w = &m->slot[i].layer->weight[m->slot[i].weight];
        size_t count = (size_t)pn_dims_count(&w->shape);
        p->weight[i] = memcpy(zeros((int64_t)count), w->value->data, count * sizeof(float));
        p->d_weight[i] =
            pn_layer_trains(m->slot[i].layer, m->slot[i].weight) ? zeros((int64_t)count) : NULL;
    }
}

static void plain_free(plain *p) {
    for (int i = 0; i < p->m->nodes; i++) {
        pn_free(p->linear[i]);
        pn_free(p->out[i]);
        pn_free(p->saved[i]);
        pn_free(p->d[i]);
    }
    for (int i = 0; i < p->m->slots; i++) {
        pn_free(p->weight[i]);
        pn_free(p->d_weight[i]);
    }
}

/* ---- comparing ---- */

static int model_number;

static void expect_near(const char *what, int which, const float *got, const float *wanted,
                        int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - wanted[i]) <= 2e-5F * fmaxf(1, fabsf(wanted[i]))))
            fail_msg("model %d: %s %d, item %d is %g, not %g", model_number, what, which, (int)i,
                     (double)got[i], (double)wanted[i]);
}

static int root_of(const pn_model *m, int node) {
    while ((m->node[node].layer->type->flags & PN_LAYER_ALIAS) && m->node[node].inputs)
        node = m->node[node].input[0];
    return node;
}

static void compare_outputs(const pn_plan *plan, const plain *p, const int *keep, int keeps) {
    const pn_group *g = &p->m->group[0];
    for (int i = 0; i < g->outputs; i++)
        expect_near("output", g->output[i], pn_plan_output(plan, g->output[i]),
                    p->out[g->output[i]], size_of(p, g->output[i]));
    for (int i = 0; i < keeps; i++)
        expect_near("kept node", keep[i], pn_plan_output(plan, keep[i]), p->out[keep[i]],
                    size_of(p, keep[i]));
}

static void compare_gradients(pn_plan *plan, const plain *p, int gradient_of) {
    for (int i = 0; i < p->m->slots; i++) {
        const pn_slot *s = &p->m->slot[i];
        const float *d = pn_plan_weight_gradient(plan, i);
        if (!d) continue;
        expect_near("gradient of weight", i, d, p->d_weight[i],
                    pn_dims_count(&s->layer->weight[s->weight].shape));
    }
    if (gradient_of < 0 || !p->reached[root_of(p->m, gradient_of)]) return;
    assert_non_null(pn_plan_gradient(plan));
    expect_near("gradient of node", gradient_of, pn_plan_gradient(plan),
                p->d[root_of(p->m, gradient_of)], size_of(p, gradient_of));
}

static void reset_averages(pn_plan *plan, const plain *p, float **copy) {
    for (int i = 0; i < p->m->slots; i++) {
        const pn_weight *w = &p->m->slot[i].layer->weight[p->m->slot[i].weight];
        size_t count = (size_t)pn_dims_count(&w->shape);
        copy[i] = memcpy(zeros((int64_t)count), w->value->data, count * sizeof(float));
        pn_plan_set_weight(plan, i, copy[i]);
    }
}

/* One plan with random options against the plain evaluation, twice: what the first step left must
 * not matter. */
static void check_plan(const pn_model *m, const float *const *x) {
    int keep[3], keeps = chance(3);
    for (int i = 0; i < keeps; i++) keep[i] = chance(m->nodes);
    pn_plan_options options = {.batch = BATCH,
                               .training = chance(3) > 0,
                               .output = chance(2) ? -1 : chance(m->nodes),
                               .keep = keep,
                               .keeps = keeps,
                               .gradient_of = chance(2) ? -1 : chance(m->nodes)};
    const pn_mode mode = {.training = options.training,
                          .frozen_dropout = chance(2),
                          .seed = seed,
                          .step = (uint64_t)chance(100)};
    int output = options.output < 0 ? m->group[0].output[0] : options.output;
    float *copy[4 * MOST_NODES] = {0};
    pn_plan *plan;
    if (pn_plan_new(m, &options, &plan, &error) != PN_OK) fail_msg("%s", error.message);
    for (int64_t batch = BATCH; batch >= BATCH - 1; batch--) {
        plain p;
        plain_new(&p, m, &mode, batch);
        float *d = random_floats(size_of(&p, output));
        reset_averages(plan, &p, copy);
        assert_int_equal(pn_plan_forward(plan, x, batch, &mode, &error), PN_OK);
        plain_forward(&p, x);
        compare_outputs(plan, &p, keep, keeps);
        const float *linear = pn_plan_logits(plan, output);
        if (linear) expect_near("logits", output, linear, p.linear[output], size_of(&p, output));
        bool logits = linear && chance(2);
        assert_int_equal(pn_plan_backward(plan, d, logits, &error), PN_OK);
        plain_backward(&p, output, d, logits);
        compare_gradients(plan, &p, options.gradient_of);
        compare_outputs(plan, &p, keep, keeps);
        for (int i = 0; i < m->slots; i++) {
            expect_near("moving weight", i, copy[i], p.weight[i],
                        pn_dims_count(&m->slot[i].layer->weight[m->slot[i].weight].shape));
            pn_free(copy[i]);
        }
        pn_free(d);
        plain_free(&p);
    }
    pn_plan_free(plan);
}

/* ---- through JSON ---- */

static void copy_weights(const pn_model *from, pn_model *to) {
    assert_int_equal(from->slots, to->slots);
    for (int i = 0; i < from->slots; i++) {
        const pn_slot *a = &from->slot[i], *b = &to->slot[i];
        assert_string_equal(a->layer->name, b->layer->name);
        if (pn_layer_set_weight(b->layer, b->weight, a->layer->weight[a->weight].value, &error) !=
            PN_OK)
            fail_msg("model %d: %s", model_number, error.message);
    }
}

static void check_json(const pn_model *m, const float *const *x) {
    json_t *json;
    pn_model *again;
    const pn_mode mode = {0};
    const pn_plan_options options = {.batch = BATCH, .output = -1, .gradient_of = -1};
    pn_plan *plan;
    plain p;
    assert_int_equal(pn_model_to_json(m, &json, &error), PN_OK);
    if (pn_model_from_json(json, &again, &error) != PN_OK)
        fail_msg("model %d: %s", model_number, error.message);
    json_decref(json);
    assert_int_equal(again->nodes, m->nodes);
    copy_weights(m, again);
    if (pn_plan_new(again, &options, &plan, &error) != PN_OK) fail_msg("%s", error.message);
    assert_int_equal(pn_plan_forward(plan, x, BATCH, &mode, &error), PN_OK);
    plain_new(&p, m, &mode, BATCH);
    plain_forward(&p, x);
    for (int i = 0; i < m->group[0].outputs; i++)
        expect_near("output read from JSON", i, pn_plan_output(plan, again->group[0].output[i]),
                    p.out[m->group[0].output[i]], size_of(&p, m->group[0].output[i]));
    plain_free(&p);
    pn_plan_free(plan);
    pn_model_release(again);
}

/* ---- in two parts ---- */

static int splits;

/* What the model gives for inputs x: memory of the plan. */
static const float *compute(const pn_model *m, const float *const *x, pn_plan **plan) {
    const pn_mode mode = {0};
    const pn_plan_options options = {.batch = BATCH, .output = -1, .gradient_of = -1};
    if (pn_plan_new(m, &options, plan, &error) != PN_OK) fail_msg("%s", error.message);
    assert_int_equal(pn_plan_forward(*plan, x, BATCH, &mode, &error), PN_OK);
    return pn_plan_output(*plan, m->group[0].output[0]);
}

static void check_split(const pn_model *m, const float *const *x) {
    pn_model *front, *rest;
    pn_plan *first, *second;
    const pn_mode mode = {0};
    plain p;
    for (int i = 0, frozen = chance(m->nodes); i <= frozen; i++)
        m->node[i].layer->trainable = false;
    int cut = pn_model_frozen_cut(m, chance(2));
    if (cut < 0) return;
    if (pn_model_split(m, cut, &front, &rest, &error) != PN_OK) fail_msg("%s", error.message);
    const float *features = compute(front, x, &first);
    compute(rest, &features, &second);
    plain_new(&p, m, &mode, BATCH);
    plain_forward(&p, x);
    for (int i = 0; i < m->group[0].outputs; i++)
        expect_near("output behind the cut", i, pn_plan_output(second, rest->group[0].output[i]),
                    p.out[m->group[0].output[i]], size_of(&p, m->group[0].output[i]));
    plain_free(&p);
    pn_plan_free(first);
    pn_plan_free(second);
    pn_model_release(front);
    pn_model_release(rest);
    splits++;
}

/* ---- the tests ---- */

static void each_model(void (*check)(const pn_model *m, const float *const *x)) {
    static const pn_dims shapes[] = {{3, {3, 4, 2}}, {1, {4}}, {2, {2, 3}}, {3, {2, 2, 3}}};
    for (model_number = 0; model_number < MODELS; model_number++) {
        seed = (uint64_t)model_number + 1;
        const pn_dims *in = &shapes[chance(4)];
        pn_model *m = random_model(1 + chance(16), in, 0);
        float *x[2] = {random_floats(BATCH * pn_dims_count(in)),
                       random_floats(BATCH * pn_dims_count(in))};
        if (pn_model_initialize(m, seed, &error) != PN_OK) fail_msg("%s", error.message);
        check(m, (const float *const *)x);
        pn_free(x[0]);
        pn_free(x[1]);
        pn_model_release(m);
    }
}

static void plans_compute_what_the_graph_says(void **state) {
    (void)state;
    each_model(check_plan);
}

static void json_keeps_the_graph(void **state) {
    (void)state;
    named_only = true;
    each_model(check_json);
}

static void the_frozen_part_and_the_rest_are_the_whole(void **state) {
    (void)state;
    named_only = false;
    each_model(check_split);
    assert_true(splits > MODELS / 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_compute_what_the_graph_says),
        cmocka_unit_test(json_keeps_the_graph),
        cmocka_unit_test(the_frozen_part_and_the_rest_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
