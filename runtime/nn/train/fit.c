#include "nn/train/fit.h"

#include "nn/train/fit_parts.h"

#include <math.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the loop ---- */

static pn_status tell_begin(const pn_fit *fit, pn_error *error) {
    json_t *names = json_array();
    for (int i = 0; i < fit->logs.count; i++)
        json_array_append_new(names, json_string(fit->logs.name[i]));
    json_t *event = json_pack("{ss sI sI sI sI so}", "event", "begin", "epochs",
                              (json_int_t)fit->options.epochs, "steps", (json_int_t)fit->steps,
                              "samples", (json_int_t)fit->train->samples, "validation_steps",
                              (json_int_t)fit->validation_steps, "names", names);
    if (!event) return pn_fail_memory(error, sizeof(json_t));
    pn_fit_tell(fit, event);
    json_decref(event);
    size_t i; /* of the epochs before a checkpoint */
    json_array_foreach(fit->events, i, event) pn_fit_tell(fit, event);
    return PN_OK;
}

static pn_status run_epoch(pn_fit *fit, pn_error *error) {
    int64_t epoch = fit->options.initial_epoch + fit->done;
    double start = now();
    pn_status status = pn_fit_begin_epoch(fit, epoch, error);
    if (status != PN_OK) return status;
    double rate = pn_optimizer_rate(&fit->optimizer);
    status = pn_fit_epoch(fit, epoch, error);
    if (status == PN_OK) status = pn_fit_end_epoch(fit, epoch, rate, now() - start, error);
    return status == PN_OK ? pn_fit_store(fit, error) : status;
}

static void note_logits(const pn_fit *fit) {
    if (fit->judge.loss.from_logits && fit->judge.logits && fit->listener.note)
        fit->listener.note(fit->listener.context,
                           "from_logits is given although the model ends in an activation; the "
                           "loss is computed from what stands before it either way");
}

pn_status pn_fit_run(pn_fit *fit, pn_error *error) {
    note_logits(fit);
    pn_status status = tell_begin(fit, error);
    int64_t epochs = fit->options.epochs - fit->options.initial_epoch;
    while (status == PN_OK && fit->done < epochs && !fit->stopped) status = run_epoch(fit, error);
    return status;
}

/* ---- results ---- */

const float *pn_fit_weight(const pn_fit *fit, int slot) {
    const pn_slot *s = &fit->model->slot[slot];
    return fit->slot[slot] ? fit->slot[slot] : s->layer->weight[s->weight].value->data;
}

bool pn_fit_moves(const pn_fit *fit, int slot) {
    return fit->slot[slot] != NULL;
}

const pn_logs *pn_fit_logs(const pn_fit *fit) {
    return &fit->logs;
}

int64_t pn_fit_epochs(const pn_fit *fit) {
    return fit->done;
}

double pn_fit_history(const pn_fit *fit, int64_t i, int name) {
    return fit->history[i * PN_LOGS_MOST + name];
}

json_t *pn_fit_state(const pn_fit *fit) {
    json_t *state =
        json_pack("{sI sb sI sf sO}", "epochs_done", (json_int_t)fit->done, "stopped", fit->stopped,
                  "iterations", (json_int_t)fit->optimizer.iterations, "learning_rate",
                  pn_optimizer_rate(&fit->optimizer), "saved", fit->saved);
    for (int i = 0; state && i < fit->callbacks; i++)
        if (fit->callback[i].kind == PN_EARLY_STOPPING && fit->callback[i].has_best)
            json_object_set_new(state, "best_epoch", json_integer(fit->callback[i].best_epoch + 1));
    return state;
}
