/* Callbacks: what Keras's do at the end of an epoch, as rules over its logs. A rule only says what
 * is to happen; nn/train/fit.h does it. Files (CSVLogger's, ModelCheckpoint's) are written by
 * whoever called the training, out of what it returns: so they also come out of a cached result. */
#ifndef PN_NN_TRAIN_CALLBACK_H
#define PN_NN_TRAIN_CALLBACK_H

#include "base/text.h"
#include "nn/train/logs.h"
#include "nn/train/schedule.h"

typedef enum pn_callback_kind {
    PN_EARLY_STOPPING = 0,
    PN_REDUCE_RATE,      /* ReduceLROnPlateau */
    PN_MODEL_CHECKPOINT, /* keeps the weights of an epoch */
    PN_RATE_SCHEDULER,   /* LearningRateScheduler: "values", one an epoch, or "schedule" over epochs
                          */
    PN_CSV_LOGGER,       /* nothing happens here */
    PN_TERMINATE_ON_NAN, /* a loss that is no number ends the training instead of failing it */
} pn_callback_kind;

typedef struct pn_callback {
    pn_callback_kind kind;
    const char *class_name;
    char monitor[PN_LOGS_NAME]; /* EARLY_STOPPING, REDUCE_RATE, MODEL_CHECKPOINT */
    bool greater;               /* more is better */
    double min_delta;
    int64_t patience;
    bool has_baseline;
    double baseline; /* EARLY_STOPPING; MODEL_CHECKPOINT: what the first one must beat */
    bool restore_best_weights;
    int64_t start_from_epoch;
    double factor, min_lr; /* REDUCE_RATE */
    int64_t cooldown;
    bool save_best_only;
    char *filepath;
    double *values; /* RATE_SCHEDULER */
    int64_t value_count;
    pn_schedule schedule;
    /* State. */
    bool has_best, stopped;
    double best;
    int64_t best_epoch, wait, cooling;
} pn_callback;

/* What is to happen at the end of an epoch. */
typedef struct pn_verdict {
    bool stop;
    bool keep_best; /* the present weights are the best */
    bool restore;   /* go back to the best weights */
    bool save;      /* MODEL_CHECKPOINT: keep the present weights under its path */
    double rate;    /* the new learning rate; below 0: as it is */
    char note[160]; /* what to tell the user, as Keras does; "" */
} pn_verdict;

/* Reads {"class_name": "EarlyStopping", "config": {...}}. Release with pn_callback_free. */
pn_status pn_callback_parse(const json_t *json, pn_callback *callback, pn_error *error);
void pn_callback_free(pn_callback *callback);

/* Checks before training that what it watches and what its path names will be in the logs (names
 * alone count). PN_E_ARGUMENT suggests the nearest. */
pn_status pn_callback_check(const pn_callback *callback, const pn_logs *logs, pn_error *error);

/* The learning rate that RATE_SCHEDULER gives an epoch (from 0); below 0: no change. */
double pn_callback_begin(const pn_callback *callback, int64_t epoch);

/* The rule at the end of epoch number `epoch` (from 0), under learning rate `rate`. */
void pn_callback_end(pn_callback *callback, int64_t epoch, const pn_logs *logs, double rate,
                     pn_verdict *verdict);

/* Its state as JSON (new reference, NULL when memory is out), and back. */
json_t *pn_callback_state(const pn_callback *callback);
void pn_callback_set_state(pn_callback *callback, const json_t *state);

/* Appends filepath with Python's {epoch:02d} and {val_loss:.4f} filled in; `epoch` from 0 prints as
 * from 1. PN_E_ARGUMENT for what is no such field, with a suggestion. */
pn_status pn_callback_path(const char *filepath, int64_t epoch, const pn_logs *logs, pn_text *out,
                           pn_error *error);

#endif
