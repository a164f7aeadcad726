/* Training: what is learned, what is told, what is refused. */
#include "fit_fixture.h"

#include "base/pool.h"

static void must_run(job *j) {
    pn_error error;
    if (job_run(j, &error) != PN_OK) fail_msg("%s", error.message);
}

static void must_refuse(job *j, pn_status status, const char *why) {
    pn_error error = {0};
    pn_status got = job_run(j, &error);
    if (got != status || !strstr(error.message, why)) fail_msg("got: %s", error.message);
    job_end(j);
}

/* ---- learning ---- */

static void learns(void **state) {
    (void)state;
    job j = usual_job();
    j.epochs = 30;
    must_run(&j);
    assert_int_equal(pn_fit_epochs(j.fit), 30);
    assert_true(logged(&j, 29, "loss") < 0.7 * logged(&j, 0, "loss"));
    assert_true(logged(&j, 29, "val_auc") > 0.8);
    /* The model's own weights stay as they were. */
    pn_model *again = model_of(usual);
    for (int i = 0; i < again->slots; i++) {
        const pn_slot *s = &again->slot[i], *t = &j.made->slot[i];
        const pn_tensor *a = s->layer->weight[s->weight].value;
        assert_memory_equal(a->data, t->layer->weight[t->weight].value->data, pn_tensor_bytes(a));
    }
    pn_model_release(again);
    job_end(&j);
    assert_int_equal(pn_live_bytes(), 0);
}

static float *train(job *j, size_t *bytes) {
    must_run(j);
    float *weights = job_weights(j, bytes);
    job_end(j);
    return weights;
}

static bool same_weights(job a, job b) {
    size_t size, other;
    float *x = train(&a, &size), *y = train(&b, &other);
    assert_int_equal(size, other);
    bool same = memcmp(x, y, size) == 0;
    pn_free(x);
    pn_free(y);
    return same;
}

static void same_seed_same_bits(void **state) {
    (void)state;
    job a = usual_job(), b = usual_job();
    assert_true(same_weights(a, b));
    b.seed = 4; /* of the dropout */
    assert_false(same_weights(a, b));
    b = a;
    b.validates = false; /* looking changes nothing */
    assert_true(same_weights(a, b));
}

/* Winograd's form, the direct one, a normalization and pooling: what the threads add up comes
 * together in one order, however they are scheduled. */
static void convolutions_give_the_same_bits(void **state) {
    (void)state;
    static const char convolutions[] = MODEL(DENSE(
        "first", 1152,
        ",\"activation\":\"relu\"") ","
                                    "{\"class_name\":\"Reshape\",\"config\":{\"target_shape\":[12,"
                                    "12,8]}},"
                                    "{\"class_name\":\"Conv2D\",\"config\":{\"filters\":16,"
                                    "\"kernel_size\":[3,3],"
                                    "\"padding\":\"same\",\"activation\":\"relu\"}}," BATCH_NORM(
                                        "") ","
                                            "{\"class_name\":\"MaxPooling2D\",\"config\":{}},"
                                            "{\"class_name\":\"Conv2D\",\"config\":{\"filters\":9,"
                                            "\"kernel_size\":[2,2],"
                                            "\"strides\":[2,2],\"activation\":\"relu\"}},"
                                            "{\"class_name\":\"Flatten\",\"config\":{}}," DROPOUT(
                                                "") "," LAST);
    const int threads = pn_threads();
    for (int count = 1; count <= 3; count++) {
        pn_set_threads(count);
        job a = usual_job(), b;
        a.model = convolutions;
        a.epochs = 2;
        b = a;
        assert_true(same_weights(a, b));
        b.seed = 4;
        assert_false(same_weights(a, b));
    }
    pn_set_threads(threads);
}

/* More steps than batches go on where the data go on: 3 epochs of 12 steps are 6 of 6. */
static void steps_may_cross_epochs(void **state) {
    (void)state;
    job a = usual_job(), b = usual_job();
    a.epochs = 6;
    b.epochs = 3;
    b.steps = 12;
    assert_true(same_weights(a, b));
}

static void class_weights_weigh(void **state) {
    (void)state;
    const double weight[] = {0.25, 0.75}, ones[] = {1, 1};
    job a = usual_job(), b = usual_job();
    a.class_weight = weight;
    assert_false(same_weights(a, b));
    a.class_weight = ones;
    assert_true(same_weights(a, b));
    /* With one epoch of one batch the logged loss is the weighted mean of the samples'. */
    a = usual_job();
    a.batch = POINTS;
    a.epochs = 1;
    a.class_weight = weight;
    b = a;
    b.class_weight = (const double[]){0.25, 0};
    job c = a;
    c.class_weight = (const double[]){0, 0.75};
    must_run(&a), must_run(&b), must_run(&c);
    double sum = logged(&b, 0, "loss") + logged(&c, 0, "loss");
    assert_true(fabs(logged(&a, 0, "loss") - sum) < 1e-6);
    assert_true(logged(&a, 0, "unweighted_loss") == logged(&b, 0, "unweighted_loss"));
    assert_true(pn_logs_find(pn_fit_logs(a.fit), "val_unweighted_loss") < 0);
    job_end(&a), job_end(&b), job_end(&c);
}

/* ---- frozen layers ---- */

static const char frozen[] =
    MODEL(DENSE("first", 16, ",\"activation\":\"relu\",\"trainable\":false") "," BATCH_NORM(
        ",\"trainable\":false") "," DROPOUT(",\"trainable\":false") "," LAST);

static void frozen_layers_stay(void **state) {
    (void)state;
    job j = usual_job();
    j.model = frozen;
    must_run(&j);
    for (int i = 0; i < j.made->slots; i++) {
        const pn_slot *s = &j.made->slot[i];
        bool last = strcmp(s->layer->name, "last") == 0;
        assert_int_equal(pn_fit_moves(j.fit, i), last);
        const pn_tensor *before = s->layer->weight[s->weight].value;
        bool same = memcmp(before->data, pn_fit_weight(j.fit, i), pn_tensor_bytes(before)) == 0;
        assert_int_equal(same, !last);
    }
    job_end(&j);
    job a = usual_job(), b = usual_job();
    a.model = b.model = frozen;
    b.drops_frozen = false;
    assert_false(same_weights(a, b));
    a.drops_frozen = false;
    assert_true(same_weights(a, b));
}

static void averages_move(void **state) {
    (void)state;
    job j = usual_job();
    must_run(&j);
    int moved = 0;
    for (int i = 0; i < j.made->slots; i++) {
        const pn_slot *s = &j.made->slot[i];
        const pn_weight *w = &s->layer->weight[s->weight];
        if (w->moving) moved += memcmp(w->value->data, pn_fit_weight(j.fit, i), 4) != 0;
    }
    assert_int_equal(moved, 2);
    job_end(&j);
}

/* ---- callbacks ---- */

static void stopping_goes_back_to_the_best(void **state) {
    (void)state;
    /* At this rate it soon gets worse. */
    job j = usual_job();
    j.optimizer = "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":3.0}}";
    j.epochs = 40;
    j.callbacks = "[{\"class_name\":\"EarlyStopping\",\"config\":{\"patience\":2,"
                  "\"restore_best_weights\":true}}]";
    must_run(&j);
    json_t *how = pn_fit_state(j.fit);
    int64_t best = json_integer_value(json_object_get(how, "best_epoch"));
    assert_true(json_is_true(json_object_get(how, "stopped")));
    assert_int_equal(pn_fit_epochs(j.fit), best + 2);
    json_decref(how);
    for (int64_t i = 0; i < pn_fit_epochs(j.fit); i++)
        assert_true(logged(&j, i, "val_loss") >= logged(&j, best - 1, "val_loss"));
    /* The weights are those that a training of so many epochs ends with. */
    size_t bytes, other;
    float *got = job_weights(&j, &bytes);
    job_end(&j);
    job shorter = usual_job();
    shorter.optimizer = j.optimizer;
    shorter.epochs = best;
    float *wanted = train(&shorter, &other);
    assert_memory_equal(got, wanted, bytes);
    pn_free(got);
    pn_free(wanted);
}

static void rates_follow_callbacks(void **state) {
    (void)state;
    job j = usual_job();
    j.callbacks = "[{\"class_name\":\"LearningRateScheduler\",\"config\":{\"values\":[0.1,0.2]}},"
                  "{\"class_name\":\"ReduceLROnPlateau\",\"config\":{\"patience\":0,"
                  "\"min_delta\":100,\"factor\":0.5}}]";
    j.epochs = 3;
    must_run(&j);
    const double wanted[] = {0.1, 0.2, 0.2};
    for (int i = 0; i < 3; i++) assert_true(logged(&j, i, "lr") == wanted[i]);
    json_t *how = pn_fit_state(j.fit);
    assert_true(json_number_value(json_object_get(how, "learning_rate")) == 0.1);
    json_decref(how);
    job_end(&j);
}

/* ---- what is told ---- */

static char told[4000];
static const char *answer;
static int64_t progress_done, progress_total;

static const char *hear(void *context, const char *text) {
    (void)context;
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    const char *what = json_string_value(json_object_get(json, "event"));
    int64_t epoch = json_integer_value(json_object_get(json, "epoch"));
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s%lld ", what, (long long)epoch);
    bool is_epoch = strcmp(what, "epoch") == 0;
    if (is_epoch) assert_true(json_object_size(json_object_get(json, "logs")) >= 3);
    json_decref(json);
    return is_epoch && epoch == 2 ? answer : NULL;
}

static void follow(void *context, int64_t done, int64_t total) {
    (void)context;
    assert_int_equal(done, progress_done + 1);
    progress_done = done;
    progress_total = total;
}

static void listen(job *j) {
    *told = '\0';
    answer = NULL;
    progress_done = 0;
    j->listener.event = hear;
    j->listener.progress = follow;
}

static void tells_its_epochs(void **state) {
    (void)state;
    job j = usual_job();
    j.epochs = 5;
    j.initial_epoch = 2;
    listen(&j);
    must_run(&j);
    assert_string_equal(told, "begin0 epoch3 epoch4 epoch5 ");
    assert_int_equal(progress_total, 3 * 6);
    assert_int_equal(progress_done, 3 * 6);
    job_end(&j);
}

static void takes_answers(void **state) {
    (void)state;
    job j = usual_job();
    listen(&j);
    answer = "{\"stop\": true}";
    must_run(&j);
    assert_string_equal(told, "begin0 epoch1 epoch2 ");
    job_end(&j);
    job a = usual_job(), b = usual_job();
    listen(&a);
    answer = "{\"learning_rate\": 0.5}";
    must_run(&a);
    json_t *how = pn_fit_state(a.fit);
    assert_true(json_number_value(json_object_get(how, "learning_rate")) == 0.5);
    json_decref(how);
    must_run(&b);
    assert_true(logged(&a, 1, "loss") == logged(&b, 1, "loss"));
    assert_true(logged(&a, 2, "loss") != logged(&b, 2, "loss"));
    job_end(&a), job_end(&b);
    j = usual_job();
    listen(&j);
    answer = "faster";
    must_refuse(&j, PN_E_ARGUMENT, "must be a JSON object");
}

static int countdown;

static int out_of_time(void *context) {
    (void)context;
    return --countdown < 0;
}

static void stops_when_told(void **state) {
    (void)state;
    for (int polls = 0; polls < 30; polls += 7) {
        job j = usual_job();
        j.listener.cancelled = out_of_time;
        countdown = polls;
        must_refuse(&j, PN_E_CANCELLED, "stopped");
    }
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- bad input ---- */

static void bad_losses_stop(void **state) {
    (void)state;
    job j = usual_job();
    j.optimizer = "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":1e30}}";
    must_refuse(&j, PN_E_ARGUMENT, "in epoch 1, step 2 of 6, at a learning rate of 1e+30");
    j = usual_job();
    j.optimizer = "{\"class_name\":\"SGD\",\"config\":{\"learning_rate\":1e30}}";
    j.callbacks = "[{\"class_name\":\"TerminateOnNaN\",\"config\":{}}]";
    must_run(&j);
    assert_int_equal(pn_fit_epochs(j.fit), 1);
    assert_false(isfinite(logged(&j, 0, "loss")));
    job_end(&j);
}

static void refuses_what_does_not_fit(void **state) {
    (void)state;
    job j = usual_job();
    j.loss = "\"categorical_crossentropy\"";
    must_refuse(&j, PN_E_SHAPE, "the model's is (None, 1)");
    j = usual_job();
    j.model = MODEL(DENSE("last", 3, ",\"activation\":\"softmax\""));
    must_refuse(&j, PN_E_SHAPE, "needs targets of 3 numbers, the data's have 1");
    j = usual_job();
    j.model = "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"other\",\"layers\":["
              "{\"class_name\":\"InputLayer\",\"config\":{\"batch_input_shape\":[null,7],"
              "\"name\":\"in\"}}," LAST "]}}";
    must_refuse(&j, PN_E_SHAPE,
                "'other' takes inputs of (None, 7), the training data's are (None, 6)");
    j = usual_job();
    j.model = MODEL(DENSE("last", 1, ",\"activation\":\"sigmoid\",\"trainable\":false"));
    must_refuse(&j, PN_E_ARGUMENT, "nothing of 'small' trains");
    j = usual_job();
    j.initial_epoch = 5;
    must_refuse(&j, PN_E_ARGUMENT, "epochs must be more than initial_epoch, 5, not 5");
    j = usual_job();
    j.validates = false;
    j.callbacks = "[{\"class_name\":\"EarlyStopping\",\"config\":{}}]";
    must_refuse(&j, PN_E_ARGUMENT, "EarlyStopping watches 'val_loss', which is not logged");
    j = usual_job();
    j.callbacks = "[{\"class_name\":\"ModelCheckpoint\",\"config\":{\"filepath\":\"x\"}}]";
    must_refuse(&j, PN_E_ARGUMENT, "needs a folder");
    j = usual_job();
    j.optimizer = "{\"class_name\":\"Adam\",\"config\":{\"learning_rate\":{\"class_name\":"
                  "\"ExponentialDecay\",\"config\":{\"initial_learning_rate\":1,\"decay_steps\":1,"
                  "\"decay_rate\":1}}}}";
    j.callbacks = "[{\"class_name\":\"ReduceLROnPlateau\",\"config\":{}}]";
    must_refuse(&j, PN_E_ARGUMENT, "a schedule of the optimizer's decides it");
    assert_int_equal(pn_live_bytes(), 0);
}

static void refuses_class_weights(void **state) {
    (void)state;
    static const char *const names[] = {"NORMAL", "PNEUMONIA"};
    static const char *const bad[][2] = {
        {"{\"NORMAL\": 1, \"PNEUMONA\": 2}", "did you mean 'PNEUMONIA'?"},
        {"{\"NORMAL\": 1}", "leaves out the class 'PNEUMONIA'"},
        {"{\"NORMAL\": 1, \"PNEUMONIA\": -1}", "must be a number from 0"},
        {"[1, 2, 3]", "3 numbers, but there are 2 classes"},
        {"7", "a number for each class"},
    };
    double weight[2];
    pn_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *json = json_of(bad[i][0]);
        assert_int_equal(pn_class_weights(json, names, 2, weight, &error), PN_E_ARGUMENT);
        if (!strstr(error.message, bad[i][1])) fail_msg("got: %s", error.message);
        json_decref(json);
    }
    json_t *json = json_of("{\"PNEUMONIA\": 0.26, \"0\": 0.74}");
    assert_int_equal(pn_class_weights(json, names, 2, weight, &error), PN_OK);
    assert_true(weight[0] == 0.74 && weight[1] == 0.26);
    json_decref(json);
}

/* ---- samples that cannot be read ---- */

typedef struct gappy {
    pn_source source;
    pn_source *inner;
} gappy;

/* Without its second sample; every third batch is empty. */
static pn_status fill_gappy(pn_source *self, int64_t epoch, int64_t batch, pn_batch *into,
                            pn_error *error) {
    pn_source *inner = ((gappy *)self)->inner;
    pn_status status = inner->fill(inner, epoch, batch, into, error);
    into->count = batch % 3 == 2 ? 0 : into->count - 1;
    return status;
}

static void trains_on_what_there_is(void **state) {
    (void)state;
    job j = usual_job();
    pn_error error;
    assert_int_equal(job_begin(&j, &error), PN_OK);
    pn_fit_free(j.fit);
    gappy g = {.source = *j.source, .inner = j.source};
    g.source.fill = fill_gappy;
    const pn_fit_options options = {.optimizer = j.json[0], .loss = j.json[1], .epochs = 2};
    assert_int_equal(pn_fit_new(j.made, &g.source, NULL, &options, NULL, &j.fit, &error), PN_OK);
    assert_int_equal(pn_fit_run(j.fit, &error), PN_OK);
    assert_true(isfinite(logged(&j, 1, "loss")));
    job_end(&j);
}

/* ---- memory ---- */

static size_t live;

static void watch_memory(void *context, int64_t done, int64_t total) {
    (void)context, (void)total;
    if (done == 1) live = pn_live_bytes();
    assert_int_equal(pn_live_bytes(), live);
}

static void steps_allocate_nothing(void **state) {
    (void)state;
    job j = usual_job();
    j.listener.progress = watch_memory;
    must_run(&j);
    job_end(&j);
}

static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    pn_set_threads(1);
    bool failed = true;
    unsigned long n = 1;
    for (; failed; n++) {
        job j = usual_job();
        j.epochs = 2;
        j.callbacks = "[{\"class_name\":\"EarlyStopping\",\"config\":{"
                      "\"restore_best_weights\":true,\"patience\":5}}]";
        pn_error error;
        assert_int_equal(job_begin(&j, &error), PN_OK);
        pn_fit_free(j.fit);
        j.fit = NULL;
        const pn_fit_options options = {.optimizer = j.json[0],
                                        .loss = j.json[1],
                                        .metrics = j.json[2],
                                        .callbacks = j.json[3],
                                        .epochs = 2};
        pn_fail_allocation(n);
        pn_status status =
            pn_fit_new(j.made, j.source, j.validation, &options, NULL, &j.fit, &error);
        if (status == PN_OK) status = pn_fit_run(j.fit, &error);
        pn_fail_allocation(0);
        failed = status != PN_OK;
        if (failed) assert_int_equal(status, PN_E_MEMORY);
        job_end(&j);
        assert_int_equal(pn_live_bytes(), 0);
    }
    assert_true(n > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns),
        cmocka_unit_test(same_seed_same_bits),
        cmocka_unit_test(convolutions_give_the_same_bits),
        cmocka_unit_test(steps_may_cross_epochs),
        cmocka_unit_test(class_weights_weigh),
        cmocka_unit_test(frozen_layers_stay),
        cmocka_unit_test(averages_move),
        cmocka_unit_test(stopping_goes_back_to_the_best),
        cmocka_unit_test(rates_follow_callbacks),
        cmocka_unit_test(tells_its_epochs),
        cmocka_unit_test(takes_answers),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(bad_losses_stop),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(refuses_class_weights),
        cmocka_unit_test(trains_on_what_there_is),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
