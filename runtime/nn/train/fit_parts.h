/* Inside nn/: a training, and the parts of its code. */
#ifndef PN_NN_TRAIN_FIT_PARTS_H
#define PN_NN_TRAIN_FIT_PARTS_H

#include "nn/file/safetensors.h"
#include "nn/train/callback.h"
#include "nn/train/fit.h"
#include "nn/train/judge.h"
#include "nn/train/optimizer.h"

struct pn_fit {
    const pn_model *model;
    pn_source *train, *validation;
    pn_fit_options options;
    pn_fit_listener listener;
    int64_t steps, validation_steps; /* of an epoch */
    pn_plan *plan;
    pn_judge judge, validation_judge;
    pn_batch batch, validation_batch;
    float *sample_weight; /* (batch) */
    float *d_out;         /* (batch, width of the output) */
    /* What moves: copies, one behind the other. slot[i] points into it, or is NULL. */
    float *learned, *best;
    int64_t learned_count;
    float **slot;
    pn_parameter *parameter; /* those that the optimizer moves */
    int parameters;
    int64_t *first; /* [slots] where each stands among the optimizer's numbers */
    /* Takes the gradients of some parameters while backward computes them; those have none in
     * `parameter`. */
    pn_plan_update update;
    pn_optimizer optimizer;
    pn_callback *callback;
    int callbacks;
    bool keeps_best, logs_rate, ends_on_nan;
    pn_safetensors_item *item; /* [slots] for the files of ModelCheckpoint */
    char (*item_name)[12];
    /* State. */
    int64_t done; /* epochs, since initial_epoch */
    bool stopped;
    pn_logs logs;    /* of the last epoch; the names are there from the start */
    double *history; /* (epochs, PN_LOGS_MOST) */
    json_t *events;  /* what was told after epochs, to be told again */
    json_t *saved;   /* what ModelCheckpoint kept */
    json_t *notes;   /* of the present epoch */
};

/* fit_step.c: one step on fit->batch, whose loss is known. Part of a plan's update. */
pn_status pn_fit_learn(pn_fit *fit, pn_error *error);
void pn_fit_update_part(void *fit, int slot, int64_t offset, int64_t count, const float *gradient);

/* fit_epoch.c: the steps of an epoch (from 0), and its validation; fills fit->logs. */
pn_status pn_fit_epoch(pn_fit *fit, int64_t epoch, pn_error *error);

/* fit_end.c: callbacks, the event, and what ModelCheckpoint keeps. */
pn_status pn_fit_begin_epoch(pn_fit *fit, int64_t epoch, pn_error *error);
pn_status pn_fit_end_epoch(pn_fit *fit, int64_t epoch, double rate, double seconds,
                           pn_error *error);
/* Tells an event, or tells it again; NULL when nobody listens or nobody answers. */
const char *pn_fit_tell(const pn_fit *fit, const json_t *event);
/* Keeps a remark for the event of the present epoch. */
void pn_fit_remark(pn_fit *fit, const char *text);

/* fit_setup.c: what training moves, as the model has it. */
void pn_fit_start_weights(pn_fit *fit);

/* fit_checkpoint.c: the state of a training, into its folder; out of it: pn_fit_resume. */
pn_status pn_fit_store(pn_fit *fit, pn_error *error);

#endif
