#include "nn/train/judge.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>

static pn_status make_metrics(pn_judge *judge, const json_t *metrics, const pn_dims *out,
                              int64_t y_size, int64_t samples, pn_error *error) {
    size_t count = json_array_size(metrics);
    judge->metric = pn_calloc(count + 1, sizeof *judge->metric);
    if (!judge->metric) return pn_fail_memory(error, count * sizeof *judge->metric);
    for (size_t i = 0; i < count; i++) {
        pn_metric *m = &judge->metric[i];
        pn_status status = pn_metric_parse(json_array_get(metrics, i), m, error);
        if (status == PN_OK) status = pn_metric_build(m, out, y_size, samples, error);
        if (status != PN_OK) return status;
        judge->metrics++;
    }
    return PN_OK;
}

static pn_status check_outputs(const pn_model *model, pn_error *error) {
    const pn_group *g = &model->group[0];
    if (g->inputs == 1 && g->outputs == 1) return PN_OK;
    return pn_fail(error, PN_E_SHAPE,
                   "'%.100s' has %d inputs and %d outputs; only models with one of each can be "
                   "trained and evaluated",
                   pn_model_name(model), g->inputs, g->outputs);
}

pn_status pn_judge_new(pn_judge *judge, const pn_model *model, const json_t *loss,
                       const json_t *metrics, int64_t y_size, int64_t batch, int64_t samples,
                       pn_error *error) {
    *judge = (pn_judge){0};
    pn_status status = check_outputs(model, error);
    if (status != PN_OK) return status;
    judge->output = model->group[0].output[0];
    const pn_node *node = &model->node[judge->output];
    judge->width = pn_dims_count(&node->out);
    status = pn_loss_parse(loss, &judge->loss, error);
    if (status == PN_OK) status = pn_loss_check(&judge->loss, &node->out, y_size, error);
    if (status == PN_OK) status = make_metrics(judge, metrics, &node->out, y_size, samples, error);
    judge->logits = pn_loss_on_logits(&judge->loss, &node->layer->activation);
    judge->value = pn_alloc((size_t)batch * sizeof *judge->value);
    if (status == PN_OK && !judge->value)
        status = pn_fail_memory(error, (size_t)batch * sizeof *judge->value);
    if (status != PN_OK) pn_judge_free(judge);
    return status;
}

void pn_judge_free(pn_judge *judge) {
    for (int i = 0; i < judge->metrics; i++) pn_metric_free(&judge->metric[i]);
    pn_free(judge->metric);
    pn_free(judge->value);
    *judge = (pn_judge){0};
}

void pn_judge_reset(pn_judge *judge) {
    for (int i = 0; i < judge->metrics; i++) pn_metric_reset(&judge->metric[i]);
    judge->sum = judge->plain = judge->count = 0;
}

pn_status pn_judge_update(pn_judge *judge, const pn_plan *plan, const pn_batch *batch,
                          const float *weight, float *d, double *loss, pn_error *error) {
    const float *out = pn_plan_output(plan, judge->output);
    const float *x = judge->logits ? pn_plan_logits(plan, judge->output) : out;
    pn_status status = pn_loss_compute(&judge->loss, judge->logits, batch->count, judge->width, x,
                                       batch->y, weight, judge->value, d, error);
    if (status != PN_OK) return status;
    double sum = 0, plain = 0;
    for (int64_t i = 0; i < batch->count; i++) {
        sum += judge->value[i] * (weight ? weight[i] : 1.0);
        plain += judge->value[i];
    }
    *loss = sum / (double)batch->count;
    judge->sum += sum;
    judge->plain += plain;
    judge->count += (double)batch->count;
    for (int i = 0; i < judge->metrics && isfinite(*loss); i++)
        pn_metric_update(&judge->metric[i], batch->count, judge->width, out, batch->y);
    return PN_OK;
}

static pn_status set(pn_logs *logs, const char *prefix, const char *name, double value,
                     pn_error *error) {
    char full[PN_LOGS_NAME];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return pn_logs_set(logs, full, value, error);
}

pn_status pn_judge_logs(pn_judge *judge, const char *prefix, bool plain, pn_logs *logs,
                        pn_error *error) {
    double count = judge->count > 0 ? judge->count : 1;
    pn_status status = set(logs, prefix, "loss", judge->sum / count, error);
    for (int i = 0; status == PN_OK && i < judge->metrics; i++)
        status =
            set(logs, prefix, judge->metric[i].name, pn_metric_value(&judge->metric[i]), error);
    if (status == PN_OK && plain)
        status = set(logs, prefix, "unweighted_loss", judge->plain / count, error);
    return status;
}

pn_status pn_judge_check_source(const pn_model *model, const pn_source *source, const char *what,
                                pn_error *error) {
    char wanted[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
    pn_status status = check_outputs(model, error);
    if (status != PN_OK) return status;
    const pn_node *in = &model->node[model->group[0].input[0]];
    if (source->samples < 1 || source->batches < 1)
        return pn_fail(error, PN_E_ARGUMENT, "there are no samples in the %s data", what);
    if (pn_dims_equal(&in->out, &source->x)) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "'%.100s' takes inputs of %s, the %s data's are %s",
                   pn_model_name(model), pn_dims_text(&in->out, wanted, sizeof wanted), what,
                   pn_dims_text(&source->x, got, sizeof got));
}

pn_status pn_batch_new(const pn_source *source, pn_batch *batch, pn_error *error) {
    size_t n = (size_t)source->batch_size;
    *batch = (pn_batch){
        .x = pn_calloc(n * (size_t)pn_dims_count(&source->x), sizeof *batch->x),
        .y = pn_calloc(n * (size_t)source->y_size + 1, sizeof *batch->y),
        .label = pn_calloc(n, sizeof *batch->label),
        .index = pn_calloc(n, sizeof *batch->index),
    };
    if (batch->x && batch->y && batch->label && batch->index) return PN_OK;
    pn_batch_free(batch);
    return pn_fail_memory(error, n * (size_t)pn_dims_count(&source->x) * sizeof(float));
}

void pn_batch_free(pn_batch *batch) {
    pn_free(batch->x);
    pn_free(batch->y);
    pn_free(batch->label);
    pn_free(batch->index);
    *batch = (pn_batch){0};
}
