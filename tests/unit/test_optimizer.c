/* Optimizers and schedules: Keras's steps, any number of threads, refusals. */
#include "golden_tensors.h"

#include "base/cpu.h"
#include "base/pool.h"
#include "base/random.h"
#include "nn/train/optimizer.h"

static pn_optimizer parse(const json_t *json) {
    pn_optimizer optimizer;
    pn_error error;
    if (pn_optimizer_parse(json, &optimizer, &error) != PN_OK) fail_msg("%s", error.message);
    return optimizer;
}

/* ---- Keras's ---- */

static const char *const parameters[] = {"a", "b"};
enum { PARAMETERS = 2 };

static void check_step(const char *name, const pn_tensor *value, const pn_tensor *after, int step) {
    int64_t count = pn_tensor_count(value);
    for (int64_t i = 0; i < count; i++)
        assert_near(name, "value", i, numbers(value)[i], numbers(after)[step * count + i], 1e-6);
}

static void check_optimizer(pn_safetensors *file, const char *name, const json_t *json) {
    pn_tensor *value[PARAMETERS], *gradient[PARAMETERS], *after[PARAMETERS];
    pn_optimizer o = parse(json);
    pn_parameter p[PARAMETERS];
    pn_error error;
    int64_t total = 0, steps = json_integer_value(json_object_get(json, "steps"));
    for (int k = 0; k < PARAMETERS; k++) {
        char field[40];
        snprintf(field, sizeof field, "start/%s", parameters[k]);
        value[k] = tensors_take(file, name, field);
        snprintf(field, sizeof field, "gradient/%s", parameters[k]);
        gradient[k] = tensors_take(file, name, field);
        snprintf(field, sizeof field, "after/%s", parameters[k]);
        after[k] = tensors_take(file, name, field);
        total += pn_tensor_count(value[k]);
    }
    assert_int_equal(pn_optimizer_build(&o, total, &error), PN_OK);
    for (int step = 0; step < steps; step++) {
        for (int k = 0; k < PARAMETERS; k++) {
            int64_t count = pn_tensor_count(value[k]);
            p[k] = (pn_parameter){numbers(value[k]), numbers(gradient[k]) + step * count, count};
        }
        pn_optimizer_step(&o, p, PARAMETERS);
        for (int k = 0; k < PARAMETERS; k++) check_step(name, value[k], after[k], step);
    }
    assert_int_equal(o.iterations, steps);
    for (int k = 0; k < PARAMETERS; k++) {
        pn_tensor_release(value[k]);
        pn_tensor_release(gradient[k]);
        pn_tensor_release(after[k]);
    }
    pn_optimizer_free(&o);
}

static void check_schedule(pn_safetensors *file, const char *name, const json_t *json) {
    pn_schedule schedule;
    pn_error error;
    pn_tensor *rate = tensors_take(file, name, "rate");
    if (pn_schedule_parse(json, &schedule, &error) != PN_OK) fail_msg("%s", error.message);
    for (int64_t i = 0; i < pn_tensor_count(rate); i++)
        assert_near(name, "rate", i, pn_schedule_at(&schedule, i), numbers(rate)[i], 1e-7);
    pn_tensor_release(rate);
}

static void equals_keras(void **state) {
    (void)state;
    pn_safetensors *file = tensors_open("optimizers.safetensors");
    const char *name, *text;
    int optimizers = 0, schedules = 0;
    for (size_t i = 0; pn_safetensors_pair_at(file, i, &name, &text); i++) {
        json_t *json = tensors_case(file, name);
        if (tensors_have(file, name, "rate"))
            check_schedule(file, name, json), schedules++;
        else
            check_optimizer(file, name, json), optimizers++;
        json_decref(json);
    }
    assert_int_equal(optimizers, 18);
    assert_int_equal(schedules, 8);
    pn_safetensors_release(file);
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- threads ---- */

enum { MANY = 100003 };

static void run_many(const char *config, int threads, float *value) {
    json_t *json = json_loads(config, 0, NULL);
    pn_optimizer o = parse(json);
    float *gradient = pn_alloc(MANY * sizeof *gradient);
    pn_random random;
    pn_set_threads(threads);
    pn_random_seed(&random, 3, 0);
    for (int i = 0; i < MANY; i++) value[i] = (float)pn_random_normal(&random);
    assert_int_equal(pn_optimizer_build(&o, MANY, NULL), PN_OK);
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < MANY; i++) gradient[i] = (float)pn_random_normal(&random);
        const pn_parameter p[] = {{value, gradient, MANY / 3},
                                  {value + MANY / 3, gradient + MANY / 3, MANY - MANY / 3}};
        pn_optimizer_step(&o, p, 2);
    }
    pn_free(gradient);
    pn_optimizer_free(&o);
    json_decref(json);
}

static void threads_change_nothing(void **state) {
    (void)state;
    const char *const configs[] = {
        "{\"class_name\": \"SGD\", \"config\": {\"momentum\": 0.9, \"clipnorm\": 1.0}}",
        "{\"class_name\": \"AdamW\", \"config\": {\"amsgrad\": true, \"global_clipnorm\": 1.0}}",
        "{\"class_name\": \"RMSprop\", \"config\": {\"centered\": true, \"momentum\": 0.5}}"};
    float *one = pn_alloc(MANY * sizeof *one), *four = pn_alloc(MANY * sizeof *four);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        run_many(configs[i], 1, one);
        run_many(configs[i], 4, four);
        assert_memory_equal(one, four, MANY * sizeof *one);
    }
    pn_free(one);
    pn_free(four);
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- parts ---- */

enum { SOME = 2500 };

/* A step by parts, from the last number to the first. */
static void update_by_parts(pn_optimizer *o, float *value, const float *gradient) {
    int64_t end = SOME;
    pn_optimizer_begin(o);
    for (int64_t size = 1; end > 0; size = size * 3 % 61 + 1) {
        const int64_t first = end > size ? end - size : 0;
        pn_optimizer_update(o, first, end - first, value + first, gradient + first);
        end = first;
    }
}

static void check_parts(const char *config, pn_cpu_level level) {
    json_t *json = json_loads(config, 0, NULL);
    pn_optimizer whole = parse(json), parts = parse(json);
    float value[2][SOME], gradient[SOME];
    pn_random random;
    pn_random_seed(&random, 4, 0);
    for (int i = 0; i < SOME; i++) value[0][i] = value[1][i] = (float)pn_random_normal(&random);
    assert_int_equal(pn_optimizer_build(&whole, SOME, NULL), PN_OK);
    assert_int_equal(pn_optimizer_build(&parts, SOME, NULL), PN_OK);
    assert_false(pn_optimizer_clips(&parts));
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < SOME; i++) gradient[i] = (float)pn_random_normal(&random);
        const pn_parameter p[] = {{value[0], gradient, 7}, {value[0] + 7, gradient + 7, SOME - 7}};
        pn_cpu_cap(PN_CPU_PORTABLE);
        pn_optimizer_step(&whole, p, 2);
        pn_cpu_cap(level);
        update_by_parts(&parts, value[1], gradient);
    }
    assert_int_equal(parts.iterations, 3);
    assert_memory_equal(value[0], value[1], sizeof value[0]);
    assert_memory_equal(whole.state, parts.state, (size_t)whole.slots * SOME * sizeof(float));
    pn_optimizer_free(&whole);
    pn_optimizer_free(&parts);
    json_decref(json);
}

/* Nor does the instruction set. */
static void parts_change_nothing(void **state) {
    (void)state;
    static const char *const configs[] = {
        "{\"class_name\": \"SGD\"}",
        "{\"class_name\": \"SGD\", \"config\": {\"momentum\": 0.9, \"weight_decay\": 0.01}}",
        "{\"class_name\": \"SGD\", \"config\": {\"momentum\": 0.9, \"nesterov\": true}}",
        "{\"class_name\": \"Adam\"}",
        "{\"class_name\": \"AdamW\", \"config\": {\"amsgrad\": true}}",
        "{\"class_name\": \"RMSprop\"}",
        "{\"class_name\": \"RMSprop\", \"config\": {\"momentum\": 0.5}}",
        "{\"class_name\": \"RMSprop\", \"config\": {\"centered\": true, \"momentum\": 0.5}}"};
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++)
        for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
            check_parts(configs[i], (pn_cpu_level)level);
    pn_cpu_cap(PN_CPU_AVX512);
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- the learning rate, refusals ---- */

static void rate_can_be_set(void **state) {
    (void)state;
    pn_error error;
    json_t *plain = json_string("adam");
    json_t *scheduled = json_loads(
        "{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": {\"class_name\": "
        "\"ExponentialDecay\", \"config\": {\"initial_learning_rate\": 0.5, \"decay_steps\": 1, "
        "\"decay_rate\": 0.5}}}}",
        0, NULL);
    pn_optimizer o = parse(plain);
    assert_near("adam", "rate", 0, pn_optimizer_rate(&o), 0.001, 1e-12);
    assert_int_equal(pn_optimizer_set_rate(&o, 0.25, &error), PN_OK);
    assert_near("adam", "rate", 0, pn_optimizer_rate(&o), 0.25, 0);
    assert_int_equal(pn_optimizer_set_rate(&o, NAN, &error), PN_E_ARGUMENT);
    o = parse(scheduled);
    o.iterations = 2;
    assert_near("adam", "rate", 0, pn_optimizer_rate(&o), 0.125, 1e-12);
    assert_int_equal(pn_optimizer_set_rate(&o, 0.25, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "schedule"));
    json_decref(plain);
    json_decref(scheduled);
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"\"addam\"", "did you mean 'Adam'?"},
        {"{\"class_name\": \"SGD\", \"config\": {\"momentum\": 2}}", "from 0 to 1, not 2"},
        {"{\"class_name\": \"SGD\", \"config\": {\"learning_rate\": -1}}", "from 0, not -1"},
        {"{\"class_name\": \"SGD\", \"config\": {\"nestrov\": true}}", "did you mean 'nesterov'?"},
        {"{\"class_name\": \"Adam\", \"config\": {\"use_ema\": true}}", "use_ema"},
        {"{\"class_name\": \"Adam\", \"config\": {\"clipnorm\": 1, \"global_clipnorm\": 1}}",
         "clipnorm"},
        {"{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": {\"class_name\": "
         "\"CosineDecay\", \"config\": {}}}}",
         "initial_learning_rate is missing"},
        {"{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": {\"class_name\": "
         "\"PiecewiseConstantDecay\", \"config\": {\"boundaries\": [1, 2], \"values\": [1]}}}}",
         "one number more"},
        {"{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": \"fast\"}}",
         "there is no learning rate schedule 'fast'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pn_optimizer o;
        pn_error error = {0};
        json_t *json = json_loads(bad[i][0], JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_int_not_equal(pn_optimizer_parse(json, &o, &error), PN_OK);
        if (!strstr(error.message, bad[i][1])) fail_msg("%s gave: %s", bad[i][0], error.message);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_keras),          cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(parts_change_nothing),  cmocka_unit_test(rate_can_be_set),
        cmocka_unit_test(refuses_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
