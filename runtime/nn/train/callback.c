#include "nn/train/callback.h"

#include "base/memory.h"
#include "nn/named.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const pn_name names[] = {
    {"EarlyStopping", PN_EARLY_STOPPING},
    {"ReduceLROnPlateau", PN_REDUCE_RATE},
    {"ModelCheckpoint", PN_MODEL_CHECKPOINT},
    {"LearningRateScheduler", PN_RATE_SCHEDULER},
    {"CSVLogger", PN_CSV_LOGGER},
    {"TerminateOnNaN", PN_TERMINATE_ON_NAN},
};

/* ---- options ---- */

/* Keras's "auto" takes losses for everything but accuracy (and sometimes auc); precision and
 * recall are better when greater, too. */
static bool is_greater_better(const char *monitor) {
    static const char *const words[] = {"acc", "auc", "precision", "recall", "fmeasure"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(monitor, words[i])) return true;
    return false;
}

static void read_monitor(pn_callback *c, pn_config *config) {
    static const char *const modes[] = {"auto", "min", "max", NULL};
    snprintf(c->monitor, sizeof c->monitor, "%s", pn_config_word(config, "monitor", "val_loss"));
    int mode = pn_config_choice(config, "mode", modes, 0);
    c->greater = mode == 2 || (mode == 0 && is_greater_better(c->monitor));
}

static void read_early_stopping(pn_callback *c, pn_config *config) {
    read_monitor(c, config);
    c->min_delta = fabs(pn_config_number(config, "min_delta", 0, -DBL_MAX, DBL_MAX));
    c->patience = pn_config_int(config, "patience", 0, 0, INT64_MAX);
    c->restore_best_weights = pn_config_bool(config, "restore_best_weights", false);
    c->start_from_epoch = pn_config_int(config, "start_from_epoch", 0, 0, INT64_MAX);
    c->has_baseline = pn_config_item(config, "baseline") != NULL;
    if (c->has_baseline) c->baseline = pn_config_number(config, "baseline", 0, -DBL_MAX, DBL_MAX);
}

static void read_reduce_rate(pn_callback *c, pn_config *config) {
    read_monitor(c, config);
    c->factor = pn_config_number(config, "factor", 0.1, 0, DBL_MAX);
    if (c->factor >= 1) pn_config_wrong(config, "factor", "below 1");
    c->patience = pn_config_int(config, "patience", 10, 0, INT64_MAX);
    c->min_delta = pn_config_number(config, "min_delta", 1e-4, 0, DBL_MAX);
    c->cooldown = pn_config_int(config, "cooldown", 0, 0, INT64_MAX);
    c->min_lr = pn_config_number(config, "min_lr", 0, 0, DBL_MAX);
}

static pn_status read_checkpoint(pn_callback *c, pn_config *config, pn_error *error) {
    const char *path = pn_config_word(config, "filepath", NULL);
    read_monitor(c, config);
    c->save_best_only = pn_config_bool(config, "save_best_only", false);
    pn_config_bool(config, "save_weights_only", false);
    pn_config_only_word(config, "save_freq", "epoch");
    c->has_baseline = pn_config_item(config, "initial_value_threshold") != NULL;
    if (c->has_baseline)
        c->baseline = pn_config_number(config, "initial_value_threshold", 0, -DBL_MAX, DBL_MAX);
    if (!path) {
        pn_config_wrong(config, "filepath", "a path");
        return PN_OK;
    }
    c->filepath = pn_alloc(strlen(path) + 1);
    if (!c->filepath) return pn_fail_memory(error, strlen(path));
    strcpy(c->filepath, path);
    return PN_OK;
}

static pn_status read_values(pn_callback *c, const json_t *list, pn_error *error) {
    size_t i, count = json_array_size(list);
    const json_t *item;
    c->values = pn_alloc((count + 1) * sizeof *c->values);
    if (!c->values) return pn_fail_memory(error, count * sizeof *c->values);
    json_array_foreach(list, i, item) {
        c->values[i] = json_number_value(item);
        if (!json_is_number(item) || !(c->values[i] >= 0)) count = 0;
    }
    c->value_count = (int64_t)count;
    if (count) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT,
                   "LearningRateScheduler: values must be a list of numbers from 0, one an epoch");
}

static pn_status read_scheduler(pn_callback *c, pn_config *config, pn_error *error) {
    const json_t *values = pn_config_item(config, "values");
    const json_t *schedule = pn_config_item(config, "schedule");
    if (values) return read_values(c, values, error);
    if (schedule) return pn_schedule_parse(schedule, &c->schedule, error);
    return pn_fail(error, PN_E_ARGUMENT,
                   "LearningRateScheduler needs values, one an epoch, or a "
                   "schedule");
}

static pn_status read_options(pn_callback *c, pn_config *config, pn_error *error) {
    pn_config_ignore(config, "verbose");
    switch (c->kind) {
    case PN_EARLY_STOPPING:
        read_early_stopping(c, config);
        break;
    case PN_REDUCE_RATE:
        read_reduce_rate(c, config);
        break;
    case PN_MODEL_CHECKPOINT:
        return read_checkpoint(c, config, error);
    case PN_RATE_SCHEDULER:
        return read_scheduler(c, config, error);
    case PN_CSV_LOGGER:
        pn_config_word(config, "filename", NULL);
        pn_config_word(config, "separator", ",");
        pn_config_bool(config, "append", false);
        break;
    case PN_TERMINATE_ON_NAN:
        break;
    }
    return PN_OK;
}

pn_status pn_callback_parse(const json_t *json, pn_callback *callback, pn_error *error) {
    pn_named named;
    *callback = (pn_callback){0};
    pn_status status =
        pn_named_begin(&named, json, "callback", names, sizeof names / sizeof *names, error);
    if (status == PN_OK) {
        callback->kind = (pn_callback_kind)named.kind;
        callback->class_name = named.class_name;
        status = read_options(callback, &named.config, error);
    }
    pn_status finished = pn_named_finish(&named);
    if (status == PN_OK) status = finished;
    if (status != PN_OK) pn_callback_free(callback);
    return status;
}

void pn_callback_free(pn_callback *callback) {
    pn_free(callback->filepath);
    pn_free(callback->values);
    callback->filepath = NULL;
    callback->values = NULL;
}

static bool watches(const pn_callback *c) {
    return c->kind == PN_EARLY_STOPPING || c->kind == PN_REDUCE_RATE ||
           (c->kind == PN_MODEL_CHECKPOINT && c->save_best_only);
}

pn_status pn_callback_check(const pn_callback *callback, const pn_logs *logs, pn_error *error) {
    const pn_callback *c = callback;
    if (watches(c) && pn_logs_find(logs, c->monitor) < 0) {
        const char *list[PN_LOGS_MOST];
        pn_text all = {0};
        for (int i = 0; i < logs->count; i++) {
            list[i] = logs->name[i];
            pn_text_addf(&all, "%s%s", i ? ", " : "", list[i]);
        }
        const char *near = pn_suggest(c->monitor, list, (size_t)logs->count);
        pn_status status = pn_fail(
            error, PN_E_ARGUMENT, "%s watches '%s', which is not logged; there are %s%s%s%s",
            c->class_name, c->monitor, pn_text_string(&all), near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
        pn_text_free(&all);
        return status;
    }
    if (c->kind != PN_MODEL_CHECKPOINT) return PN_OK;
    pn_text path = {0};
    pn_status status = pn_callback_path(c->filepath, 0, logs, &path, error);
    pn_text_free(&path);
    return status;
}

/* ---- rules ---- */

double pn_callback_begin(const pn_callback *callback, int64_t epoch) {
    const pn_callback *c = callback;
    if (c->kind != PN_RATE_SCHEDULER) return -1;
    if (!c->value_count) return pn_schedule_at(&c->schedule, epoch);
    return c->values[epoch < c->value_count ? epoch : c->value_count - 1];
}

static bool beats(const pn_callback *c, double value, double other) {
    return c->greater ? value - c->min_delta > other : value + c->min_delta < other;
}

static bool beats_best(const pn_callback *c, double value) {
    return isfinite(value) && (!c->has_best || beats(c, value, c->best));
}

static void take_best(pn_callback *c, double value, int64_t epoch) {
    c->has_best = true;
    c->best = value;
    c->best_epoch = epoch;
}

static void early_stopping(pn_callback *c, int64_t epoch, double value, pn_verdict *verdict) {
    if (epoch < c->start_from_epoch) return;
    /* Without one that is best there is still the first to go back to. */
    verdict->keep_best = c->restore_best_weights && !c->has_best;
    c->wait++;
    if (beats_best(c, value)) {
        take_best(c, value, epoch);
        verdict->keep_best = c->restore_best_weights;
        if (!c->has_baseline || beats(c, value, c->baseline)) c->wait = 0;
        return;
    }
    if (c->wait < c->patience || epoch == 0) return;
    verdict->stop = c->stopped = true;
    verdict->restore = c->restore_best_weights;
    snprintf(verdict->note, sizeof verdict->note,
             c->restore_best_weights
                 ? "Epoch %" PRId64 ": early stopping; the weights are those of epoch %" PRId64
                 : "Epoch %" PRId64 ": early stopping; the best epoch was %" PRId64,
             epoch + 1, c->best_epoch + 1);
}

static void reduce_rate(pn_callback *c, int64_t epoch, double value, double rate,
                        pn_verdict *verdict) {
    if (c->cooling > 0) {
        c->cooling--;
        c->wait = 0;
    }
    if (beats_best(c, value)) {
        take_best(c, value, epoch);
        c->wait = 0;
        return;
    }
    if (c->cooling > 0 || ++c->wait < c->patience || rate <= c->min_lr) return;
    verdict->rate = fmax(rate * c->factor, c->min_lr);
    c->cooling = c->cooldown;
    c->wait = 0;
    snprintf(verdict->note, sizeof verdict->note,
             "Epoch %" PRId64 ": ReduceLROnPlateau reducing learning rate to %.6g", epoch + 1,
             verdict->rate);
}

static void checkpoint(pn_callback *c, int64_t epoch, double value, pn_verdict *verdict) {
    if (c->save_best_only) {
        bool better = beats_best(c, value);
        if (c->has_baseline && !c->has_best) better = better && beats(c, value, c->baseline);
        if (!better) return;
        take_best(c, value, epoch);
    }
    verdict->save = true;
}

void pn_callback_end(pn_callback *callback, int64_t epoch, const pn_logs *logs, double rate,
                     pn_verdict *verdict) {
    int at = pn_logs_find(logs, callback->monitor);
    double value = at < 0 ? NAN : logs->value[at];
    *verdict = (pn_verdict){.rate = -1};
    if (callback->kind == PN_EARLY_STOPPING)
        early_stopping(callback, epoch, value, verdict);
    else if (callback->kind == PN_REDUCE_RATE)
        reduce_rate(callback, epoch, value, rate, verdict);
    else if (callback->kind == PN_MODEL_CHECKPOINT)
        checkpoint(callback, epoch, value, verdict);
}

/* ---- state ---- */

json_t *pn_callback_state(const pn_callback *callback) {
    const pn_callback *c = callback;
    return json_pack("{sb sb sf sI sI sI}", "has_best", c->has_best, "stopped", c->stopped, "best",
                     c->best, "best_epoch", (json_int_t)c->best_epoch, "wait", (json_int_t)c->wait,
                     "cooling", (json_int_t)c->cooling);
}

void pn_callback_set_state(pn_callback *callback, const json_t *state) {
    callback->has_best = json_is_true(json_object_get(state, "has_best"));
    callback->stopped = json_is_true(json_object_get(state, "stopped"));
    callback->best = json_number_value(json_object_get(state, "best"));
    callback->best_epoch = json_integer_value(json_object_get(state, "best_epoch"));
    callback->wait = json_integer_value(json_object_get(state, "wait"));
    callback->cooling = json_integer_value(json_object_get(state, "cooling"));
}
