/* Callbacks: tables of what a run of epochs makes them say, as Keras 2.15's rules give it. */
#include "test.h"

#include "base/memory.h"
#include "nn/train/callback.h"

#include <math.h>
#include <string.h>

static pn_callback make(const char *text) {
    pn_callback c;
    pn_error error = {0};
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    if (pn_callback_parse(json, &c, &error) != PN_OK) fail_msg("%s: %s", text, error.message);
    json_decref(json);
    return c;
}

static pn_logs logs_of(const char *name, double value) {
    pn_logs logs = {0};
    assert_int_equal(pn_logs_set(&logs, "loss", 1, NULL), PN_OK);
    assert_int_equal(pn_logs_set(&logs, name, value, NULL), PN_OK);
    return logs;
}

enum { EPOCHS = 8 };

/* What a callback says after each epoch, one letter each: s stop, r restore, k keep the best,
 * f file, l learning rate, '.' nothing. */
static void say(const char *text, const char *monitor, const double *values, const char *expected,
                double rate, double *last_rate) {
    pn_callback c = make(text);
    char said[100] = "";
    for (int epoch = 0; epoch < EPOCHS && !isnan(values[epoch]); epoch++) {
        pn_logs logs = logs_of(monitor, values[epoch]);
        pn_verdict v;
        /* The state survives a checkpoint at any epoch. */
        json_t *state = pn_callback_state(&c);
        pn_callback again = make(text);
        pn_callback_set_state(&again, state);
        json_decref(state);
        pn_callback_free(&c);
        c = again;
        pn_callback_end(&c, epoch, &logs, rate, &v);
        if (v.rate >= 0) rate = v.rate;
        snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s%s%s%s%s ",
                 v.keep_best ? "k" : "", v.save ? "f" : "", v.rate >= 0 ? "l" : "",
                 v.stop ? "s" : "", v.restore ? "r" : "",
                 v.keep_best || v.save || v.stop || v.restore || v.rate >= 0 ? "" : ".");
        if (v.stop) break;
    }
    if (last_rate) *last_rate = rate;
    if (strcmp(said, expected) != 0) fail_msg("%s said '%s', not '%s'", text, said, expected);
    pn_callback_free(&c);
}

#define STOPPING(options) "{\"class_name\": \"EarlyStopping\", \"config\": {" options "}}"
#define PLATEAU(options) "{\"class_name\": \"ReduceLROnPlateau\", \"config\": {" options "}}"
#define CHECKPOINT(options)                                                                        \
    "{\"class_name\": \"ModelCheckpoint\", \"config\": {\"filepath\": \"m.h5\"" options "}}"

static void early_stopping(void **state) {
    (void)state;
    const double down[EPOCHS] = {5, 4, 3, 3, 3, 2, 1, NAN}, late[EPOCHS] = {5, 6, 7, 8, 9, NAN};
    const double up[EPOCHS] = {0.5, 0.6, 0.6, 0.7, NAN}, slow[EPOCHS] = {5, 4.95, 4.9, 4.85, NAN};
    say(STOPPING(""), "val_loss", down, ". . . s ", 1, NULL);
    say(STOPPING("\"patience\": 3"), "val_loss", down, ". . . . . . . ", 1, NULL);
    say(STOPPING("\"patience\": 2"), "val_loss", down, ". . . . s ", 1, NULL);
    say(STOPPING("\"patience\": 2, \"restore_best_weights\": true"), "val_loss", late, "k . sr ", 1,
        NULL);
    say(STOPPING("\"monitor\": \"val_accuracy\""), "val_accuracy", up, ". . s ", 1, NULL);
    say(STOPPING("\"monitor\": \"val_accuracy\", \"mode\": \"min\""), "val_accuracy", up, ". s ", 1,
        NULL);
    /* An improvement of less than min_delta over the best is none; over the best, not the last. */
    say(STOPPING("\"min_delta\": 0.08, \"patience\": 1"), "val_loss", slow, ". s ", 1, NULL);
    say(STOPPING("\"min_delta\": 0.08, \"patience\": 2"), "val_loss", slow, ". . . . ", 1, NULL);
    /* Worse than the baseline the waiting goes on, but nothing stops while it gets better. */
    say(STOPPING("\"baseline\": 1, \"patience\": 2"), "val_loss", down, ". . . s ", 1, NULL);
    say(STOPPING("\"start_from_epoch\": 3"), "val_loss", late, ". . . . s ", 1, NULL);
}

static void reduce_rate(void **state) {
    (void)state;
    const double flat[EPOCHS] = {1, 1, 1, 1, 1, 1, 1, NAN};
    double rate;
    say(PLATEAU("\"patience\": 2, \"factor\": 0.5"), "val_loss", flat, ". . l . l . l ", 1, &rate);
    assert_true(rate == 0.125);
    /* While it cools down nothing is counted. */
    say(PLATEAU("\"patience\": 1, \"cooldown\": 2"), "val_loss", flat, ". l . l . l . ", 1, &rate);
    say(PLATEAU("\"patience\": 1, \"min_lr\": 0.5, \"factor\": 0.3"), "val_loss", flat,
        ". l . . . . . ", 1, &rate);
    assert_true(rate == 0.5);
    /* Presets: patience 10. */
    say(PLATEAU(""), "val_loss", flat, ". . . . . . . ", 1, &rate);
}

static void checkpoints(void **state) {
    (void)state;
    const double some[EPOCHS] = {3, 4, 2, 2, 1, NAN};
    say(CHECKPOINT(""), "val_loss", some, "f f f f f ", 1, NULL);
    say(CHECKPOINT(", \"save_best_only\": true"), "val_loss", some, "f . f . f ", 1, NULL);
    say(CHECKPOINT(", \"save_best_only\": true, \"mode\": \"max\""), "val_loss", some, "f f . . . ",
        1, NULL);
    say(CHECKPOINT(", \"save_best_only\": true, \"initial_value_threshold\": 2"), "val_loss", some,
        ". . . . f ", 1, NULL);
}

static void scheduled_rates(void **state) {
    (void)state;
    pn_callback c = make("{\"class_name\": \"LearningRateScheduler\", \"config\": "
                         "{\"values\": [0.1, 0.01]}}");
    assert_true(pn_callback_begin(&c, 0) == 0.1);
    assert_true(pn_callback_begin(&c, 1) == 0.01);
    assert_true(pn_callback_begin(&c, 5) == 0.01);
    pn_callback_free(&c);
    c = make("{\"class_name\": \"LearningRateScheduler\", \"config\": {\"schedule\": "
             "{\"class_name\": \"ExponentialDecay\", \"config\": {\"initial_learning_rate\": 1, "
             "\"decay_steps\": 1, \"decay_rate\": 0.5}}}}");
    assert_true(pn_callback_begin(&c, 3) == 0.125);
    pn_callback_free(&c);
    c = make("\"TerminateOnNaN\"");
    assert_true(pn_callback_begin(&c, 3) < 0);
    pn_callback_free(&c);
}

/* ---- paths ---- */

static void path(const char *filepath, const char *expected) {
    pn_logs logs = logs_of("val_loss", 0.123456);
    pn_text text = {0};
    pn_error error = {0};
    pn_status status = pn_callback_path(filepath, 6, &logs, &text, &error);
    if (status != PN_OK) fail_msg("%s: %s", filepath, error.message);
    assert_string_equal(pn_text_string(&text), expected);
    pn_text_free(&text);
}

static void no_path(const char *filepath, const char *why) {
    pn_logs logs = logs_of("val_loss", 0.123456);
    pn_text text = {0};
    pn_error error = {0};
    assert_int_equal(pn_callback_path(filepath, 6, &logs, &text, &error), PN_E_ARGUMENT);
    if (!strstr(error.message, why)) fail_msg("%s gave: %s", filepath, error.message);
    pn_text_free(&text);
}

static void paths_are_pythons(void **state) {
    (void)state;
    path("best.h5", "best.h5");
    path("m-{epoch:02d}-{val_loss:.4f}.h5", "m-07-0.1235.h5");
    path("{epoch}", "7");
    path("{epoch:4d}|{val_loss:8.2f}|{val_loss:.1e}", "   7|    0.12|1.2e-01");
    path("{val_loss}", "0.123456");
    path("{{{loss:.0f}}}", "{1}");
    no_path("{val_los:.4f}", "did you mean {val_loss}?");
    no_path("{epoch:02d", "is not closed");
    no_path("{epoch:.2f}", "only formats like");
    no_path("{val_loss:n}", "only formats like");
    no_path("{val_loss:999f}", "only formats like");
    no_path("{epoch:4294967301d}", "only formats like");
    no_path("{val_loss:.4294967301f}", "only formats like");
    no_path("{val_loss:%s}", "only formats like");
}

/* ---- refusals ---- */

static void refuse(const char *text, const char *why) {
    pn_callback c;
    pn_error error = {0};
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    assert_int_not_equal(pn_callback_parse(json, &c, &error), PN_OK);
    if (!strstr(error.message, why)) fail_msg("%s gave: %s", text, error.message);
    json_decref(json);
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    refuse("\"EarlyStoping\"", "did you mean 'EarlyStopping'?");
    refuse(STOPPING("\"patience\": -1"), "patience must be a whole number from 0, not -1");
    refuse(STOPPING("\"patients\": 1"), "did you mean 'patience'?");
    refuse(PLATEAU("\"factor\": 1.5"), "factor must be below 1, not 1.5");
    refuse(CHECKPOINT(", \"save_freq\": 100"), "save_freq");
    refuse("\"ModelCheckpoint\"", "filepath");
    refuse("\"LearningRateScheduler\"", "needs values");
    refuse("{\"class_name\": \"LearningRateScheduler\", \"config\": {\"values\": [1, \"x\"]}}",
           "values must be a list of numbers");
    assert_int_equal(pn_live_bytes(), 0);
}

static void watches_what_is_logged(void **state) {
    (void)state;
    pn_logs logs = logs_of("val_loss", 0);
    pn_error error;
    pn_callback c = make(STOPPING("\"monitor\": \"val_los\""));
    assert_int_equal(pn_callback_check(&c, &logs, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "there are loss, val_loss; did you mean 'val_loss'?"));
    pn_callback_free(&c);
    c = make("{\"class_name\": \"ModelCheckpoint\", \"config\": {\"filepath\": \"{val_acc}\"}}");
    assert_int_equal(pn_callback_check(&c, &logs, &error), PN_E_ARGUMENT);
    pn_callback_free(&c);
    assert_int_equal(pn_live_bytes(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_stopping),
        cmocka_unit_test(reduce_rate),
        cmocka_unit_test(checkpoints),
        cmocka_unit_test(scheduled_rates),
        cmocka_unit_test(paths_are_pythons),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(watches_what_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
