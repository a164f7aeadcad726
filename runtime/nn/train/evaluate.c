#include "nn/train/evaluate.h"

#include "base/cancel.h"
#include "nn/train/judge.h"

#include <math.h>
#include <string.h>

static pn_status check_cancelled(const pn_watch *watch, pn_error *error) {
    bool stop = pn_cancelled() != PN_CANCEL_NONE ||
                (watch && watch->cancelled && watch->cancelled(watch->context));
    return stop ? pn_fail(error, PN_E_CANCELLED, "the model was stopped") : PN_OK;
}

static void progress(const pn_watch *watch, int64_t done, int64_t total) {
    if (watch && watch->progress) watch->progress(watch->context, done, total);
}

/* What both need: a plan, and a batch that goes through it. */
typedef struct runner {
    pn_source *source;
    pn_plan *plan;
    pn_batch batch;
} runner;

static pn_status start(runner *r, const pn_model *model, int node, pn_source *source,
                       pn_error *error) {
    *r = (runner){.source = source};
    const pn_plan_options options = {.batch = source->batch_size,
                                     .output = node,
                                     .keep = &node,
                                     .keeps = node >= 0,
                                     .gradient_of = -1};
    pn_status status = pn_judge_check_source(model, source, "given", error);
    if (status == PN_OK) status = pn_plan_new(model, &options, &r->plan, error);
    return status == PN_OK ? pn_batch_new(source, &r->batch, error) : status;
}

static void finish(runner *r) {
    pn_plan_free(r->plan);
    pn_batch_free(&r->batch);
}

static pn_status step(runner *r, int64_t number, const pn_watch *watch, pn_error *error) {
    const pn_mode mode = {.training = false};
    pn_status status = check_cancelled(watch, error);
    if (status == PN_OK)
        status = r->source->fill(r->source, number / r->source->batches,
                                 number % r->source->batches, &r->batch, error);
    if (status != PN_OK || r->batch.count == 0) return status;
    const float *input[] = {r->batch.x};
    return pn_plan_forward(r->plan, input, r->batch.count, &mode, error);
}

/* ---- evaluate ---- */

static pn_status judge_all(runner *r, pn_judge *judge, int64_t steps, const pn_watch *watch,
                           pn_error *error) {
    for (int64_t i = 0; i < steps; i++) {
        double loss;
        pn_status status = step(r, i, watch, error);
        if (status == PN_OK && r->batch.count)
            status = pn_judge_update(judge, r->plan, &r->batch, NULL, NULL, &loss, error);
        if (status != PN_OK) return status;
        progress(watch, i + 1, steps);
    }
    if (judge->count > 0) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "no sample could be read");
}

pn_status pn_evaluate(const pn_model *model, pn_source *source, const json_t *loss,
                      const json_t *metrics, int64_t steps, const pn_watch *watch, pn_logs *logs,
                      pn_error *error) {
    runner r;
    pn_judge judge = {0};
    *logs = (pn_logs){0};
    if (steps <= 0) steps = source->batches;
    pn_status status = start(&r, model, -1, source, error);
    if (status == PN_OK)
        status = pn_judge_new(&judge, model, loss, metrics, source->y_size, source->batch_size,
                              steps * source->batch_size, error);
    if (status == PN_OK) status = judge_all(&r, &judge, steps, watch, error);
    if (status == PN_OK) status = pn_judge_logs(&judge, "", false, logs, error);
    pn_judge_free(&judge);
    finish(&r);
    return status;
}

/* ---- predict ---- */

static void keep_rows(const runner *r, int node, int64_t width, const pn_rows *rows) {
    const float *out = pn_plan_output(r->plan, node);
    const pn_batch *b = &r->batch;
    int64_t y = r->source->y_size;
    for (int64_t i = 0; i < b->count; i++) {
        int64_t at = b->index[i];
        memcpy(rows->out + at * width, out + i * width, (size_t)width * sizeof *out);
        if (rows->read) rows->read[at] = 1;
        if (rows->y && y) memcpy(rows->y + at * y, b->y + i * y, (size_t)y * sizeof *b->y);
        if (rows->label) rows->label[at] = b->label[i];
    }
}

static void clear_rows(const pn_source *source, int64_t width, const pn_rows *rows) {
    for (int64_t i = 0; i < source->samples * width; i++) rows->out[i] = NAN;
    for (int64_t i = 0; rows->y && i < source->samples * source->y_size; i++) rows->y[i] = NAN;
    for (int64_t i = 0; i < source->samples; i++) {
        if (rows->read) rows->read[i] = 0;
        if (rows->label) rows->label[i] = -1;
    }
}

pn_status pn_predict(const pn_model *model, int node, pn_source *source, const pn_watch *watch,
                     const pn_rows *rows, pn_error *error) {
    runner r;
    int64_t width = pn_dims_count(&model->node[node].out);
    clear_rows(source, width, rows);
    pn_status status = start(&r, model, node, source, error);
    for (int64_t i = 0; status == PN_OK && i < source->batches; i++) {
        status = step(&r, i, watch, error);
        if (status == PN_OK && r.batch.count) keep_rows(&r, node, width, rows);
        progress(watch, i + 1, source->batches);
    }
    finish(&r);
    return status;
}
