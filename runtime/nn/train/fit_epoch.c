/* The steps of one epoch. */
#include "base/cancel.h"
#include "nn/train/fit_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static pn_status check_cancelled(const pn_fit *fit, pn_error *error) {
    bool stop = pn_cancelled() != PN_CANCEL_NONE ||
                (fit->listener.cancelled && fit->listener.cancelled(fit->listener.context));
    return stop ? pn_fail(error, PN_E_CANCELLED, "the training was stopped") : PN_OK;
}

/* Batch number `step` of an epoch of `steps`; more steps than there are batches go on in the next
 * order of the samples. */
static pn_status fill(pn_source *source, int64_t epoch, int64_t steps, int64_t step,
                      pn_batch *batch, pn_error *error) {
    int64_t number = epoch * steps + step;
    return source->fill(source, number / source->batches, number % source->batches, batch, error);
}

static const float *weigh(const pn_fit *fit) {
    const pn_fit_options *o = &fit->options;
    if (!o->class_weight) return NULL;
    for (int64_t i = 0; i < fit->batch.count; i++) {
        int64_t label = fit->batch.label[i];
        fit->sample_weight[i] =
            label >= 0 && label < o->classes ? (float)o->class_weight[label] : 1.0F;
    }
    return fit->sample_weight;
}

static pn_status fail_loss(pn_fit *fit, int64_t epoch, int64_t step, double loss, pn_error *error) {
    char text[200];
    if (!fit->ends_on_nan)
        return pn_fail(error, PN_E_ARGUMENT,
                       "the loss became %s in epoch %" PRId64 ", step %" PRId64 " of %" PRId64
                       ", at a learning rate of %g: a smaller one may help; inputs that are no "
                       "numbers do the same",
                       isnan(loss) ? "nan" : "infinite", epoch + 1, step + 1, fit->steps,
                       pn_optimizer_rate(&fit->optimizer));
    snprintf(text, sizeof text,
             "Batch %" PRId64 " of epoch %" PRId64 ": invalid loss, terminating training", step + 1,
             epoch + 1);
    pn_fit_remark(fit, text);
    fit->stopped = true;
    return PN_OK;
}

static pn_status train_step(pn_fit *fit, int64_t epoch, int64_t step, pn_error *error) {
    const pn_mode mode = {.training = true,
                          .frozen_dropout = fit->options.frozen_dropout,
                          .seed = fit->options.seed,
                          .step = (uint64_t)(epoch * fit->steps + step)};
    double loss;
    pn_status status = fill(fit->train, epoch, fit->steps, step, &fit->batch, error);
    if (status != PN_OK || fit->batch.count == 0) return status;
    const float *input[] = {fit->batch.x};
    status = pn_plan_forward(fit->plan, input, fit->batch.count, &mode, error);
    if (status == PN_OK)
        status = pn_judge_update(&fit->judge, fit->plan, &fit->batch, weigh(fit), fit->d_out, &loss,
                                 error);
    if (status != PN_OK) return status;
    /* The weights stay what they were before this step. */
    if (!isfinite(loss)) return fail_loss(fit, epoch, step, loss, error);
    return pn_fit_learn(fit, error);
}

static pn_status validate(pn_fit *fit, int64_t epoch, pn_error *error) {
    const pn_mode mode = {.training = false};
    pn_batch *batch = &fit->validation_batch;
    pn_judge_reset(&fit->validation_judge);
    for (int64_t i = 0; i < fit->validation_steps; i++) {
        double loss;
        pn_status status = check_cancelled(fit, error);
        if (status == PN_OK)
            status = fill(fit->validation, epoch, fit->validation_steps, i, batch, error);
        if (status != PN_OK) return status;
        if (batch->count == 0) continue;
        const float *input[] = {batch->x};
        status = pn_plan_forward(fit->plan, input, batch->count, &mode, error);
        if (status == PN_OK)
            status =
                pn_judge_update(&fit->validation_judge, fit->plan, batch, NULL, NULL, &loss, error);
        if (status != PN_OK) return status;
    }
    return pn_judge_logs(&fit->validation_judge, "val_", false, &fit->logs, error);
}

static void progress(const pn_fit *fit, int64_t epoch, int64_t step) {
    const pn_fit_options *o = &fit->options;
    if (fit->listener.progress)
        fit->listener.progress(fit->listener.context,
                               (epoch - o->initial_epoch) * fit->steps + step + 1,
                               (o->epochs - o->initial_epoch) * fit->steps);
}

pn_status pn_fit_epoch(pn_fit *fit, int64_t epoch, pn_error *error) {
    pn_judge_reset(&fit->judge);
    for (int64_t i = 0; i < fit->steps && !fit->stopped; i++) {
        pn_status status = check_cancelled(fit, error);
        if (status == PN_OK) status = train_step(fit, epoch, i, error);
        if (status != PN_OK) return status;
        progress(fit, epoch, i);
    }
    if (fit->judge.count == 0)
        return pn_fail(error, PN_E_ARGUMENT, "no sample of epoch %" PRId64 " could be read",
                       epoch + 1);
    pn_status status =
        pn_judge_logs(&fit->judge, "", fit->options.class_weight != NULL, &fit->logs, error);
    return status == PN_OK && fit->validation ? validate(fit, epoch, error) : status;
}
