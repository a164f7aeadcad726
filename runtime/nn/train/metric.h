/* Metrics over an epoch, named and counted as Keras does: not weighted by class weights. One
 * difference: AUC is exact, from all scores; Keras takes 200 thresholds. */
#ifndef PN_NN_TRAIN_METRIC_H
#define PN_NN_TRAIN_METRIC_H

#include "nn/dims.h"
#include "nn/loss.h"

typedef enum pn_metric_kind {
    PN_METRIC_ACCURACY = 0,    /* "accuracy": one of the three below, as output and targets say */
    PN_METRIC_BINARY_ACCURACY, /* outputs over the threshold against targets of 0 and 1 */
    PN_METRIC_CATEGORICAL_ACCURACY, /* the greatest output against the greatest target */
    PN_METRIC_SPARSE_ACCURACY,      /* the greatest output against the class */
    PN_METRIC_AUC,                  /* under the ROC curve: all outputs as scores of one problem */
    PN_METRIC_PRECISION,
    PN_METRIC_RECALL,
    PN_METRIC_LOSS, /* the mean of a loss: "mse", "binary_crossentropy" */
} pn_metric_kind;

enum { PN_METRIC_NAME = 64 };

typedef struct pn_score {
    float score;
    bool positive;
} pn_score;

typedef struct pn_metric {
    pn_metric_kind kind;
    char name[PN_METRIC_NAME]; /* in the logs */
    double threshold;
    pn_loss loss; /* LOSS */
    /* Counted since the last reset. */
    double sum, count; /* of samples, or of what precision and recall divide */
    pn_score *kept;    /* AUC: [capacity] */
    int64_t kept_count, capacity;
} pn_metric;

/* Reads Keras's name ("accuracy", "AUC") or {"class_name", "config"}. A string keeps the user's
 * spelling as its name, as in Keras; a class has its name in snake case. */
pn_status pn_metric_parse(const json_t *json, pn_metric *metric, pn_error *error);

/* Settles what "accuracy" is, checks that the metric fits, and allocates for epochs of at most
 * `samples`. PN_E_SHAPE, PN_E_MEMORY. Release with pn_metric_free. */
pn_status pn_metric_build(pn_metric *metric, const pn_dims *out, int64_t y_size, int64_t samples,
                          pn_error *error);
void pn_metric_free(pn_metric *metric);

void pn_metric_reset(pn_metric *metric);

/* Takes in a batch: out (batch, width), target (batch, width or 1). At most as many samples as
 * build was told. */
void pn_metric_update(pn_metric *metric, int64_t batch, int64_t width, const float *out,
                      const float *target);

/* The value so far; 0 where Keras divides by zero. Sorts what AUC kept. */
double pn_metric_value(pn_metric *metric);

#endif
