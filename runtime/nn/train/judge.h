/* The loss and the metrics of a model over the batches of an epoch. */
#ifndef PN_NN_TRAIN_JUDGE_H
#define PN_NN_TRAIN_JUDGE_H

#include "nn/plan.h"
#include "nn/source.h"
#include "nn/train/logs.h"
#include "nn/train/metric.h"

typedef struct pn_judge {
    pn_loss loss;
    int output; /* the model's output node */
    int64_t width;
    bool logits; /* the loss is computed from what stands before the last activation */
    pn_metric *metric;
    int metrics;
    double *value;            /* (batch) losses of the samples of the last batch */
    double sum, plain, count; /* weighted losses, losses, samples since the last reset */
} pn_judge;

/* For a model with one output; `loss` and `metrics` (an array, or NULL) as Keras writes them.
 * Allocates for batches of at most `batch` and epochs of at most `samples`. PN_E_SHAPE where they
 * do not fit the model or targets of y_size numbers. Release with pn_judge_free. */
pn_status pn_judge_new(pn_judge *judge, const pn_model *model, const json_t *loss,
                       const json_t *metrics, int64_t y_size, int64_t batch, int64_t samples,
                       pn_error *error);
void pn_judge_free(pn_judge *judge);

void pn_judge_reset(pn_judge *judge);

/* Takes in what forward just gave for batch->count samples. weight (count) may be NULL. d (count,
 * width), or NULL: the loss's gradient, by the logits where judge->logits says so. *loss: the
 * batch's loss, the weighted mean. A batch whose loss is no finite number is left out of the
 * metrics. */
pn_status pn_judge_update(pn_judge *judge, const pn_plan *plan, const pn_batch *batch,
                          const float *weight, float *d, double *loss, pn_error *error);

/* Writes loss and metrics, each name behind `prefix` ("val_"). With `plain` also the loss without
 * weights, as unweighted_loss. */
pn_status pn_judge_logs(pn_judge *judge, const char *prefix, bool plain, pn_logs *logs,
                        pn_error *error);

/* Checks that a model has one input and one output, and takes the samples of the source: PN_E_SHAPE
 * names both shapes. */
pn_status pn_judge_check_source(const pn_model *model, const pn_source *source, const char *what,
                                pn_error *error);

/* A batch with buffers for the source's. Release with pn_batch_free. */
pn_status pn_batch_new(const pn_source *source, pn_batch *batch, pn_error *error);
void pn_batch_free(pn_batch *batch);

#endif
