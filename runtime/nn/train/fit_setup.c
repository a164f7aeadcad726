/* Making a training ready: everything is checked and allocated here. */
#include "base/memory.h"
#include "nn/train/fit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- weights ---- */

/* A frozen layer keeps all its weights; of the others averages move, too. */
static bool moves(const pn_slot *slot) {
    return slot->layer->trainable;
}

static int64_t count_of(const pn_slot *slot) {
    return pn_dims_count(&slot->layer->weight[slot->weight].shape);
}

static pn_status check_values(const pn_model *model, pn_error *error) {
    for (int i = 0; i < model->slots; i++) {
        const pn_layer *layer = model->slot[i].layer;
        if (!layer->weight[model->slot[i].weight].value)
            return pn_fail(error, PN_E_ARGUMENT, "the %s of '%.100s' has no value yet",
                           layer->weight[model->slot[i].weight].name, layer->name);
    }
    return PN_OK;
}

void pn_fit_start_weights(pn_fit *fit) {
    for (int i = 0; i < fit->model->slots; i++) {
        const pn_slot *s = &fit->model->slot[i];
        if (fit->slot[i])
            memcpy(fit->slot[i], s->layer->weight[s->weight].value->data,
                   (size_t)count_of(s) * sizeof(float));
    }
    size_t bytes = (size_t)fit->learned_count * sizeof *fit->learned;
    if (fit->best) memcpy(fit->best, fit->learned, bytes);
}

static pn_status copy_weights(pn_fit *fit, pn_error *error) {
    const pn_model *model = fit->model;
    size_t slots = (size_t)model->slots + 1;
    pn_status status = check_values(model, error);
    if (status != PN_OK) return status;
    for (int i = 0; i < model->slots; i++)
        if (moves(&model->slot[i])) fit->learned_count += count_of(&model->slot[i]);
    size_t bytes = (size_t)fit->learned_count * sizeof *fit->learned;
    fit->learned = pn_alloc(bytes);
    fit->best = fit->keeps_best ? pn_alloc(bytes) : NULL;
    fit->slot = pn_calloc(slots, sizeof *fit->slot);
    fit->item = pn_calloc(slots, sizeof *fit->item);
    fit->item_name = pn_calloc(slots, sizeof *fit->item_name);
    if (!fit->learned || (fit->keeps_best && !fit->best) || !fit->slot || !fit->item ||
        !fit->item_name)
        return pn_fail_memory(error, bytes);
    float *next = fit->learned;
    for (int i = 0; i < model->slots; i++) {
        const pn_slot *s = &model->slot[i];
        if (!moves(s)) continue;
        fit->slot[i] = next;
        next += count_of(s);
    }
    pn_fit_start_weights(fit);
    return PN_OK;
}

/* The optimizer's parameters: what has a gradient. */
static pn_status find_parameters(pn_fit *fit, pn_error *error) {
    int64_t total = 0;
    fit->parameter = pn_calloc((size_t)fit->model->slots + 1, sizeof *fit->parameter);
    fit->first = pn_calloc((size_t)fit->model->slots + 1, sizeof *fit->first);
    if (!fit->parameter || !fit->first) return pn_fail_memory(error, sizeof *fit->parameter);
    for (int i = 0; i < fit->model->slots; i++) {
        if (fit->slot[i]) pn_plan_set_weight(fit->plan, i, fit->slot[i]);
        float *gradient = pn_plan_weight_gradient(fit->plan, i);
        if (!gradient && !pn_plan_updates(fit->plan, i)) continue;
        fit->first[i] = total;
        fit->parameter[fit->parameters++] =
            (pn_parameter){fit->slot[i], gradient, count_of(&fit->model->slot[i])};
        total += count_of(&fit->model->slot[i]);
    }
    if (!fit->parameters)
        return pn_fail(error, PN_E_ARGUMENT,
                       "nothing of '%.100s' trains: all its layers are frozen",
                       pn_model_name(fit->model));
    return pn_optimizer_build(&fit->optimizer, total, error);
}

/* ---- callbacks ---- */

static pn_status read_callbacks(pn_fit *fit, pn_error *error) {
    size_t count = json_array_size(fit->options.callbacks);
    fit->callback = pn_calloc(count + 1, sizeof *fit->callback);
    if (!fit->callback) return pn_fail_memory(error, count * sizeof *fit->callback);
    for (size_t i = 0; i < count; i++) {
        pn_callback *c = &fit->callback[i];
        pn_status status = pn_callback_parse(json_array_get(fit->options.callbacks, i), c, error);
        if (status != PN_OK) return status;
        fit->callbacks++;
        if (c->kind == PN_EARLY_STOPPING && c->restore_best_weights) {
            if (fit->keeps_best)
                return pn_fail(error, PN_E_ARGUMENT,
                               "two EarlyStoppings with restore_best_weights: keep one");
            fit->keeps_best = true;
        }
        bool sets_rate = c->kind == PN_REDUCE_RATE || c->kind == PN_RATE_SCHEDULER;
        fit->logs_rate |= sets_rate;
        fit->ends_on_nan |= c->kind == PN_TERMINATE_ON_NAN;
        if (sets_rate && fit->optimizer.rate.kind != PN_RATE_CONSTANT)
            return pn_fail(error, PN_E_ARGUMENT,
                           "%s cannot set the learning rate: a schedule of the optimizer's decides "
                           "it",
                           c->class_name);
        if (c->kind == PN_MODEL_CHECKPOINT && !fit->options.folder)
            return pn_fail(error, PN_E_ARGUMENT, "ModelCheckpoint needs a folder to keep files in");
    }
    return PN_OK;
}

static pn_status name_logs(pn_fit *fit, pn_error *error) {
    pn_status status =
        pn_judge_logs(&fit->judge, "", fit->options.class_weight != NULL, &fit->logs, error);
    if (status == PN_OK && fit->validation)
        status = pn_judge_logs(&fit->validation_judge, "val_", false, &fit->logs, error);
    if (status == PN_OK && fit->logs_rate) status = pn_logs_set(&fit->logs, "lr", 0, error);
    for (int i = 0; status == PN_OK && i < fit->callbacks; i++)
        status = pn_callback_check(&fit->callback[i], &fit->logs, error);
    return status;
}

/* ---- the whole ---- */

static pn_status check_options(pn_fit *fit, pn_error *error) {
    const pn_fit_options *o = &fit->options;
    if (o->initial_epoch < 0 || o->epochs <= o->initial_epoch || o->epochs > 1000000)
        return pn_fail(error, PN_E_ARGUMENT,
                       "epochs must be more than initial_epoch, %" PRId64 ", not %" PRId64,
                       o->initial_epoch, o->epochs);
    pn_status status = pn_judge_check_source(fit->model, fit->train, "training", error);
    if (status == PN_OK && fit->validation)
        status = pn_judge_check_source(fit->model, fit->validation, "validation", error);
    if (status != PN_OK) return status;
    fit->steps = o->steps_per_epoch > 0 ? o->steps_per_epoch : fit->train->batches;
    if (fit->validation)
        fit->validation_steps =
            o->validation_steps > 0 ? o->validation_steps : fit->validation->batches;
    return PN_OK;
}

static pn_status make_judge(pn_fit *fit, pn_judge *judge, pn_source *source, int64_t steps,
                            pn_batch *batch, pn_error *error) {
    pn_status status =
        pn_judge_new(judge, fit->model, fit->options.loss, fit->options.metrics, source->y_size,
                     source->batch_size, steps * source->batch_size, error);
    return status == PN_OK ? pn_batch_new(source, batch, error) : status;
}

static pn_status make_plan(pn_fit *fit, pn_error *error) {
    pn_plan_options options = {
        .batch = fit->train->batch_size, .training = true, .output = -1, .gradient_of = -1};
    /* Clipping wants all gradients at once. */
    fit->update = (pn_plan_update){pn_fit_update_part, fit};
    options.update = pn_optimizer_clips(&fit->optimizer) ? NULL : &fit->update;
    /* One plan serves both: validation needs no more memory than training. */
    if (fit->validation && fit->validation->batch_size > options.batch)
        options.batch = fit->validation->batch_size;
    size_t batch = (size_t)fit->train->batch_size;
    fit->sample_weight = pn_alloc(batch * sizeof *fit->sample_weight);
    fit->d_out = pn_alloc(batch * (size_t)fit->judge.width * sizeof *fit->d_out);
    size_t rows = (size_t)(fit->options.epochs - fit->options.initial_epoch);
    fit->history = pn_calloc(rows * PN_LOGS_MOST, sizeof *fit->history);
    fit->events = json_array();
    fit->saved = json_array();
    fit->notes = json_array();
    if (!fit->sample_weight || !fit->d_out || !fit->history || !fit->events || !fit->saved ||
        !fit->notes)
        return pn_fail_memory(error, rows * PN_LOGS_MOST * sizeof *fit->history);
    return pn_plan_new(fit->model, &options, &fit->plan, error);
}

static pn_status prepare(pn_fit *fit, pn_error *error) {
    pn_status status = check_options(fit, error);
    if (status == PN_OK)
        status = pn_optimizer_parse(fit->options.optimizer, &fit->optimizer, error);
    if (status == PN_OK) status = read_callbacks(fit, error);
    if (status == PN_OK)
        status = make_judge(fit, &fit->judge, fit->train, fit->steps, &fit->batch, error);
    if (status == PN_OK && fit->validation)
        status = make_judge(fit, &fit->validation_judge, fit->validation, fit->validation_steps,
                            &fit->validation_batch, error);
    if (status == PN_OK) status = name_logs(fit, error);
    if (status == PN_OK) status = copy_weights(fit, error);
    if (status == PN_OK) status = make_plan(fit, error);
    return status == PN_OK ? find_parameters(fit, error) : status;
}

pn_status pn_fit_new(const pn_model *model, pn_source *train, pn_source *validation,
                     const pn_fit_options *options, const pn_fit_listener *listener, pn_fit **out,
                     pn_error *error) {
    *out = NULL;
    pn_fit *fit = pn_calloc(1, sizeof *fit);
    if (!fit) return pn_fail_memory(error, sizeof *fit);
    fit->model = model;
    fit->train = train;
    fit->validation = validation;
    fit->options = *options;
    if (listener) fit->listener = *listener;
    pn_status status = prepare(fit, error);
    if (status == PN_OK)
        *out = fit;
    else
        pn_fit_free(fit);
    return status;
}

void pn_fit_free(pn_fit *fit) {
    if (!fit) return;
    pn_plan_free(fit->plan);
    pn_free(fit->first);
    pn_judge_free(&fit->judge);
    pn_judge_free(&fit->validation_judge);
    pn_batch_free(&fit->batch);
    pn_batch_free(&fit->validation_batch);
    pn_optimizer_free(&fit->optimizer);
    for (int i = 0; i < fit->callbacks; i++) pn_callback_free(&fit->callback[i]);
    pn_free(fit->callback);
    pn_free(fit->sample_weight);
    pn_free(fit->d_out);
    pn_free(fit->learned);
    pn_free(fit->best);
    pn_free(fit->slot);
    pn_free(fit->parameter);
    pn_free(fit->item);
    pn_free(fit->item_name);
    pn_free(fit->history);
    json_decref(fit->events);
    json_decref(fit->saved);
    json_decref(fit->notes);
    pn_free(fit);
}
