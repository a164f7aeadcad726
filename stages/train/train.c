/* The stage `train`. See table.c for what it takes and gives. */
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/pool.h"
#include "data/call_model.h"
#include "labels.h"
#include "nn/train/fit.h"

#include <string.h>

typedef struct train {
    pn_work_place place;
    pn_model *model;
    pn_source *source, *validation;
    json_t *optimizer, *loss, *metrics, *callbacks;
    pn_labels labels;
    double *class_weight;
    char training[PN_HASH_HEX];
    pn_fit *fit;
} train;

/* ---- what is given ---- */

static pn_status read_data(train *t, pn_error *error) {
    pn_status status = pn_work_source(&t->place, false, &t->source, error);
    if (status == PN_OK && !t->source)
        status = pn_fail(error, PN_E_ARGUMENT, "there is no training data: source is empty");
    if (status == PN_OK) status = pn_work_source(&t->place, true, &t->validation, error);
    if (status == PN_OK) status = pn_labels_count(&t->place, &t->labels, error);
    if (status == PN_OK && !t->place.host->param_bool(t->place.call, "one_class"))
        status = pn_labels_check(&t->labels, error);
    if (status == PN_OK) status = pn_labels_weights(&t->place, &t->labels, &t->class_weight, error);
    return status;
}

static pn_status read_texts(train *t, pn_error *error) {
    pn_status status = pn_work_json(&t->place, "optimizer", &t->optimizer, error);
    if (status == PN_OK) status = pn_work_json(&t->place, "loss", &t->loss, error);
    if (status == PN_OK) status = pn_work_json(&t->place, "metrics", &t->metrics, error);
    if (status == PN_OK) status = pn_work_json(&t->place, "callbacks", &t->callbacks, error);
    return status;
}

/* ---- which training it is ---- */

/* Everything else is in the name of the call's folder; but files may change behind it. */
static void add_stamps(const train *t, const char *input, pn_hasher *hasher) {
    int64_t count = t->place.host->input_count(t->place.call, input);
    for (int64_t i = 0; i < count; i++) {
        pn_stamp stamp = {0};
        const char *path = t->place.host->input_string(t->place.call, input, i, NULL);
        pn_file_stamp(path, &stamp, NULL);
        pn_hasher_add_text(hasher, path);
        pn_hasher_add_int(hasher, stamp.size);
        pn_hasher_add_int(hasher, stamp.mtime_ns);
    }
}

static pn_status name_training(train *t, pn_error *error) {
    const pn_host *host = t->place.host;
    pn_call *call = t->place.call;
    pn_hasher *hasher = pn_hasher_new();
    if (!hasher) return pn_fail_memory(error, sizeof(void *));
    pn_hasher_add_text(hasher, host->input_string(call, "architecture", 0, NULL));
    pn_hasher_add_text(hasher, host->param_string(call, "optimizer"));
    pn_hasher_add_text(hasher, host->param_string(call, "loss"));
    pn_hasher_add_int(hasher, (int64_t)host->seed(call));
    pn_hasher_add_int(hasher, pn_threads());
    add_stamps(t, "paths", hasher);
    add_stamps(t, "validation_paths", hasher);
    pn_hash_hex(pn_hasher_finish(hasher), t->training);
    return PN_OK;
}

/* ---- who listens ---- */

static void tell_progress(void *context, int64_t done, int64_t total) {
    const train *t = context;
    t->place.host->progress(t->place.call, done, total);
}

static const char *tell_event(void *context, const char *text) {
    const train *t = context;
    return t->place.host->event(t->place.call, text);
}

static void tell_note(void *context, const char *text) {
    const train *t = context;
    t->place.host->note(t->place.call, "%s", text);
}

static int ask_cancelled(void *context) {
    const train *t = context;
    return t->place.host->cancelled(t->place.call);
}

/* ---- training ---- */

static pn_fit_options options_of(train *t, const char *folder) {
    const pn_host *host = t->place.host;
    pn_call *call = t->place.call;
    return (pn_fit_options){
        .optimizer = t->optimizer,
        .loss = t->loss,
        .metrics = t->metrics,
        .callbacks = t->callbacks,
        .epochs = host->param_int(call, "epochs"),
        .initial_epoch = host->param_int(call, "initial_epoch"),
        .steps_per_epoch = host->param_int(call, "steps_per_epoch"),
        .validation_steps = host->param_int(call, "validation_steps"),
        .class_weight = t->class_weight,
        .classes = t->labels.classes,
        .frozen_dropout = host->param_bool(call, "frozen_dropout") != 0,
        .seed = host->seed(call),
        .folder = folder,
        .training = t->training,
    };
}

static pn_status prepare(train *t, const char *folder, pn_error *error) {
    const pn_fit_listener listener = {t, tell_progress, tell_event, tell_note, ask_cancelled};
    pn_status status = pn_call_model_new(t->place.host, t->place.call, &t->model, error);
    if (status == PN_OK) status = read_data(t, error);
    if (status == PN_OK) status = read_texts(t, error);
    if (status == PN_OK) status = name_training(t, error);
    if (status != PN_OK) return status;
    const pn_fit_options options = options_of(t, folder);
    return pn_fit_new(t->model, t->source, t->validation, &options, &listener, &t->fit, error);
}

/* The files were others when the checkpoint was written: it is of no use any more. */
static pn_status resume(train *t, pn_error *error) {
    pn_status status = pn_fit_resume(t->fit, error);
    if (status != PN_E_ARGUMENT) return status;
    t->place.host->note(t->place.call,
                        "the images have changed since this training was interrupted; it starts "
                        "anew");
    return PN_OK;
}

/* What stands in front of the first layer that trains gives the same for an image each time. Who
 * calls may have it computed once (extract) and train what is behind it. */
static void note_frozen(const train *t) {
    int cut = pn_model_frozen_cut(t->model,
                                  t->place.host->param_bool(t->place.call, "frozen_dropout") != 0);
    bool weights = false;
    for (int i = 0; i <= cut; i++) weights |= t->model->node[i].layer->weights > 0;
    if (weights)
        t->place.host->note(t->place.call,
                            "the frozen layers up to '%s' are computed anew in every epoch",
                            t->model->node[cut].layer->name);
}

/* ---- results ---- */

static int give_weights(const train *t) {
    const pn_host *host = t->place.host;
    int count = 0;
    for (int i = 0; i < t->model->slots; i++) count += pn_fit_moves(t->fit, i);
    pn_array slots = {.dtype = PN_I32, .rank = 1, .shape = {count}};
    if (host->add_array(t->place.call, "slots", &slots) != 0) return -1;
    for (int i = 0, next = 0; i < t->model->slots; i++) {
        const pn_slot *s = &t->model->slot[i];
        const pn_dims *shape = &s->layer->weight[s->weight].shape;
        pn_array array = {.dtype = PN_F32, .rank = shape->rank};
        if (!pn_fit_moves(t->fit, i)) continue;
        memcpy(array.shape, shape->size, sizeof array.shape);
        if (host->add_array(t->place.call, "weights", &array) != 0) return -1;
        memcpy(array.data, pn_fit_weight(t->fit, i), (size_t)pn_dims_count(shape) * sizeof(float));
        ((int32_t *)slots.data)[next++] = i;
    }
    return 0;
}

static json_t *history_json(const train *t) {
    const pn_logs *logs = pn_fit_logs(t->fit);
    json_t *names = json_array(), *values = json_object();
    for (int i = 0; i < logs->count; i++) {
        json_t *column = json_array();
        for (int64_t j = 0; j < pn_fit_epochs(t->fit); j++) {
            json_t *number = json_real(pn_fit_history(t->fit, j, i)); /* NULL when it is none */
            json_array_append_new(column, number ? number : json_null());
        }
        json_array_append_new(names, json_string(logs->name[i]));
        json_object_set_new(values, logs->name[i], column);
    }
    return json_pack("{so so}", "names", names, "values", values);
}

static int give(const train *t) {
    if (give_weights(t) != 0 || pn_work_give_json(&t->place, "history", history_json(t)) != 0)
        return -1;
    pn_work_note_failures(&t->place, t->source, "training");
    pn_work_note_failures(&t->place, t->validation, "validation");
    return pn_work_give_json(&t->place, "state", pn_fit_state(t->fit));
}

static void finish(train *t) {
    pn_fit_free(t->fit);
    if (t->source) t->source->release(t->source);
    if (t->validation) t->validation->release(t->validation);
    pn_model_release(t->model);
    json_decref(t->optimizer);
    json_decref(t->loss);
    json_decref(t->metrics);
    json_decref(t->callbacks);
    pn_labels_free(&t->labels);
    pn_free(t->class_weight);
}

int pn_run_train(const pn_host *host, pn_call *call) {
    train t = {.place = {host, call}};
    pn_error error;
    const char *folder = host->output_folder(call);
    if (!folder) return -1;
    pn_status status = prepare(&t, folder, &error);
    if (status == PN_OK) note_frozen(&t);
    if (status == PN_OK) status = resume(&t, &error);
    if (status == PN_OK) status = pn_fit_run(t.fit, &error);
    int bad = status == PN_OK ? give(&t) : pn_work_fail(&t.place, status, &error);
    /* It is large, and the results are the cache's from here on. */
    if (!bad) pn_fit_forget(t.fit);
    finish(&t);
    return bad;
}
