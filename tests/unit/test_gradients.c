/* Every gradient of every layer against a numeric one, in double precision: (L(x + h) - L(x - h)) /
 * 2h for each number that goes in and each weight, where L weighs the outputs with fixed numbers.
 */
#include "layer_cases.h"

#define STEP 1e-4
#define TOLERANCE 1e-6

static double loss(rig *r) {
    double sum = 0;
    rig_forward(r);
    for (int64_t i = 0; i < r->out_count; i++) sum += r->out[i] * r->d_out[i];
    return sum;
}

static void compare(const rig_case *c, const char *what, int64_t i, double analytic,
                    double numeric) {
    double size = fmax(fmax(fabs(analytic), fabs(numeric)), 0.01);
    if (!(fabs(analytic - numeric) <= TOLERANCE * size))
        fail_msg("%s %s: the gradient of %s %lld is %.10g, numerically %.10g", c->class_name,
                 c->config, what, (long long)i, analytic, numeric);
}

/* `analytic` is copied: the forward passes below may overwrite what it depends on. */
static void check_numbers(rig *r, const rig_case *c, const char *what, double *value,
                          const double *analytic, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const double before = value[i];
        value[i] = before + STEP;
        double up = loss(r);
        value[i] = before - STEP;
        double down = loss(r);
        value[i] = before;
        compare(c, what, i, analytic[i], (up - down) / (2 * STEP));
    }
}

static void fill(pn_real *to, double value, int64_t count) {
    for (int64_t i = 0; to && i < count; i++) to[i] = value;
}

/* What backward_input writes replaces what was there; what accumulate gives is added, each time.
 * Gradients that are not wanted are NULL. */
static void backward_twice(rig *r, const rig_case *c) {
    for (int k = 0; k < r->inputs; k++) fill(r->d_in[k], NAN, r->in_count[k]);
    for (int w = 0; w < r->layer->weights; w++) fill(r->d_weight[w], 3, r->weight_count[w]);
    rig_forward(r);
    rig_backward(r);
    rig_backward(r);
    for (int w = 0; w < r->layer->weights; w++)
        for (int64_t i = 0; r->d_weight[w] && i < r->weight_count[w]; i++)
            r->d_weight[w][i] = (r->d_weight[w][i] - 3) / 2;
    for (int k = 0; k < r->inputs; k++)
        for (int64_t i = 0; r->d_in[k] && i < r->in_count[k]; i++)
            if (isnan(r->d_in[k][i]))
                fail_msg("%s %s: gradient %lld was not written", c->class_name, c->config,
                         (long long)i);
}

static void check_case(const rig_case *c) {
    rig r;
    rig_begin(&r, c);
    backward_twice(&r, c);
    for (int k = 0; k < r.inputs; k++)
        check_numbers(&r, c, "input", r.in[k], r.d_in[k], r.in_count[k]);
    for (int w = 0; w < r.layer->weights; w++)
        if (!r.layer->weight[w].moving)
            check_numbers(&r, c, r.layer->weight[w].name, r.weight[w], r.d_weight[w],
                          r.weight_count[w]);
        else
            for (int64_t i = 0; i < r.weight_count[w]; i++) assert_true(r.d_weight[w][i] == 0);
    rig_end(&r);
}

static void gradients_are_numeric_ones(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        pn_set_threads(threads);
        for (int i = 0; i < LAYER_CASES; i++) check_case(&layer_cases[i]);
    }
    assert_int_equal(pn_live_bytes(), 0);
}

static void no_class_is_left_out(void **state) {
    (void)state;
    for (const pn_layer_type *const *t = pn_layer_types; *t; t++) {
        bool found = false;
        for (int i = 0; i < LAYER_CASES; i++)
            found |= strcmp(layer_cases[i].class_name, (*t)->class_name) == 0;
        if (!found) fail_msg("no case for %s", (*t)->class_name);
    }
}

/* One gradient of a layer is not wanted: the others are as they were with it. */
static void check_without(const rig_case *c, int skip) {
    rig all, some;
    rig_begin(&all, c);
    rig_begin(&some, c);
    pn_real **none = skip < RIG_INPUTS ? &some.d_in[skip] : &some.d_weight[skip - RIG_INPUTS];
    pn_free(*none);
    *none = NULL;
    backward_twice(&all, c);
    backward_twice(&some, c);
    for (int k = 0; k < all.inputs; k++)
        if (some.d_in[k])
            assert_memory_equal(some.d_in[k], all.d_in[k],
                                (size_t)all.in_count[k] * sizeof(pn_real));
    for (int w = 0; w < all.layer->weights; w++)
        if (some.d_weight[w])
            assert_memory_equal(some.d_weight[w], all.d_weight[w],
                                (size_t)all.weight_count[w] * sizeof(pn_real));
    rig_end(&all);
    rig_end(&some);
}

static void unwanted_gradients_are_left_out(void **state) {
    (void)state;
    for (int n = 0; n < LAYER_CASES; n++)
        for (int skip = 0; skip < RIG_INPUTS + PN_LAYER_WEIGHTS; skip++)
            if (!(rig_type(layer_cases[n].class_name)->flags & PN_LAYER_ALIAS))
                check_without(&layer_cases[n], skip);
    assert_int_equal(pn_live_bytes(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_numeric_ones),
        cmocka_unit_test(no_class_is_left_out),
        cmocka_unit_test(unwanted_gradients_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
