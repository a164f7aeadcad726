/* Training: epochs over a source of samples, as Keras's fit(). Everything is allocated by
 * pn_fit_new. What is random depends on the seed and the number of the step alone, so that a
 * training that was killed goes on from its last checkpoint to the same bits. */
#ifndef PN_NN_TRAIN_FIT_H
#define PN_NN_TRAIN_FIT_H

#include "base/text.h"
#include "nn/model.h"
#include "nn/source.h"
#include "nn/train/logs.h"

/* Who listens. Any function may be NULL. */
typedef struct pn_fit_listener {
    void *context;
    /* After each step: `done` of `total` in the whole training. */
    void (*progress)(void *context, int64_t done, int64_t total);
    /* Once, and after each epoch, one line of JSON:
     *   {"event": "begin", "epochs", "steps", "samples", "validation_steps", "names": [...]}
     *   {"event": "epoch", "epoch" (from 1), "epochs", "steps", "seconds", "learning_rate",
     *    "logs": {"loss": ..., ...}, "notes": [...]}
     *   {"event": "save", "epoch", "path", "file"}: a ModelCheckpoint kept the weights
     * A training that goes on from a checkpoint tells its earlier epochs again. The answer to an
     * epoch may be {"stop": true, "learning_rate": 0.0001}, either or both; NULL: none. */
    const char *(*event)(void *context, const char *text);
    void (*note)(void *context, const char *text);
    /* Polled at each step: non-zero stops with PN_E_CANCELLED, as pn_cancelled() does. */
    int (*cancelled)(void *context);
} pn_fit_listener;

typedef struct pn_fit_options {
    const json_t *optimizer, *loss; /* as Keras writes them; borrowed, as all here */
    const json_t *metrics;          /* an array, or NULL */
    const json_t *callbacks;        /* likewise */
    int64_t epochs, initial_epoch;  /* from initial_epoch (from 0) up to epochs */
    int64_t steps_per_epoch;        /* 0: all batches; more go on into the next epoch's order */
    int64_t validation_steps;       /* 0: all */
    const double *class_weight;     /* [classes] by label, or NULL */
    int64_t classes;
    bool frozen_dropout; /* dropout in frozen parts drops, as in Keras */
    uint64_t seed;
    const char *folder;   /* for checkpoints; NULL: none */
    const char *training; /* names all that the training depends on; for checkpoints */
} pn_fit_options;

typedef struct pn_fit pn_fit;

/* Prepares everything. The model's weights must have values, which stay as they are: training works
 * on copies of those it moves. validation may be NULL. Model, sources and options must outlive the
 * training. PN_E_ARGUMENT, PN_E_SHAPE (names what does not fit), PN_E_MEMORY. */
pn_status pn_fit_new(const pn_model *model, pn_source *train, pn_source *validation,
                     const pn_fit_options *options, const pn_fit_listener *listener, pn_fit **out,
                     pn_error *error);
void pn_fit_free(pn_fit *fit); /* NULL is fine */

/* Takes up the folder's checkpoint when there is one, so that pn_fit_run goes on behind it. A
 * damaged one is left aside with a note. PN_E_ARGUMENT: it is of another model or training; the
 * training is as new. PN_E_IO. */
pn_status pn_fit_resume(pn_fit *fit, pn_error *error);

/* Trains to the end, with a checkpoint in the folder after each epoch. PN_E_ARGUMENT when the loss
 * is no number (says at which epoch and step); PN_E_CANCELLED; PN_E_IO for checkpoints. */
pn_status pn_fit_run(pn_fit *fit, pn_error *error);

/* Removes the checkpoint, for who has taken the results. What ModelCheckpoint kept stays. */
void pn_fit_forget(const pn_fit *fit);

/* Weight number `slot` of the model: what was learned, or what it was. Lives as long as the
 * training. */
const float *pn_fit_weight(const pn_fit *fit, int slot);
/* Whether training moves it. */
bool pn_fit_moves(const pn_fit *fit, int slot);

/* The epochs done, and what number `name` of the logs was in epoch i (from 0). */
const pn_logs *pn_fit_logs(const pn_fit *fit);
int64_t pn_fit_epochs(const pn_fit *fit);
double pn_fit_history(const pn_fit *fit, int64_t i, int name);

/* How it ended: {"epochs_done", "stopped", "iterations", "learning_rate", "best_epoch" (with an
 * EarlyStopping), "saved": [{"epoch", "path", "file"}, ...]}. New reference; NULL when memory is
 * out. */
json_t *pn_fit_state(const pn_fit *fit);

/* ---- class weights ---- */

/* Reads {"NORMAL": 0.74, "PNEUMONIA": 0.26}, by name or by label ("0"), or an array by label, into
 * weight[classes]. `names` may be NULL. PN_E_ARGUMENT for a name that is no class (suggests the
 * nearest), for a class without weight, and for what is no number from 0. */
pn_status pn_class_weights(const json_t *json, const char *const *names, int64_t classes,
                           double *weight, pn_error *error);

#endif
