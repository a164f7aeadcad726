/* Optimizers, as Keras 2.15 computes them. An optimizer works on a list of parameters; what it
 * keeps from step to step is allocated once, by pn_optimizer_build. */
#ifndef PN_NN_TRAIN_OPTIMIZER_H
#define PN_NN_TRAIN_OPTIMIZER_H

#include "kernels/optimizer.h"
#include "nn/train/schedule.h"

typedef enum pn_optimizer_kind {
    PN_SGD = 0,
    PN_ADAM,  /* Kingma and Ba 2015; amsgrad: Reddi, Kale and Kumar 2018 */
    PN_ADAMW, /* Adam with a weight decay (Loshchilov and Hutter 2019) */
    PN_RMSPROP,
} pn_optimizer_kind;

typedef struct pn_parameter {
    float *value;    /* (count): moved by a step */
    float *gradient; /* (count): of the loss; clipping changes it */
    int64_t count;
} pn_parameter;

typedef struct pn_optimizer {
    pn_optimizer_kind kind;
    pn_schedule rate;
    double momentum;       /* SGD, RMSPROP */
    bool nesterov;         /* SGD */
    double beta_1, beta_2; /* ADAM */
    double rho;            /* RMSPROP */
    double epsilon;        /* ADAM, RMSPROP */
    bool amsgrad, centered;
    double weight_decay;                         /* each step takes rate * decay * value away */
    double clipnorm, clipvalue, global_clipnorm; /* 0: no clipping */
    /* State. */
    int64_t iterations; /* steps done */
    int slots;          /* arrays kept for each parameter: averages of gradients and so on */
    int64_t count;      /* numbers in all parameters */
    float *state;       /* (slots, count) */
    pn_update update;   /* the step that was begun */
} pn_optimizer;

/* Reads Keras's name ("adam") or {"class_name", "config"}. Release with pn_optimizer_free. */
pn_status pn_optimizer_parse(const json_t *json, pn_optimizer *optimizer, pn_error *error);

/* Allocates the state, zeroed, for parameters with `count` numbers together. */
pn_status pn_optimizer_build(pn_optimizer *optimizer, int64_t count, pn_error *error);
void pn_optimizer_free(pn_optimizer *optimizer);

/* The learning rate of the next step. */
double pn_optimizer_rate(const pn_optimizer *optimizer);

/* Sets a constant learning rate. PN_E_ARGUMENT where a schedule decides. */
pn_status pn_optimizer_set_rate(pn_optimizer *optimizer, double rate, pn_error *error);

/* One step over parameters[n], always the same ones in the same order. The same bits whatever the
 * number of threads. */
void pn_optimizer_step(pn_optimizer *optimizer, const pn_parameter *parameters, int n);

/* The same step by parts, for gradients that come one after the other: begin it, then update every
 * number once, in parts of any size and order, from several threads if they do not overlap. The
 * same bits as the whole. Not where the gradients are clipped: their norm takes all of them. */
void pn_optimizer_begin(pn_optimizer *optimizer);
bool pn_optimizer_clips(const pn_optimizer *optimizer);

/* value and gradient (count) are `count` numbers from `first` on, counted through all parameters in
 * their order. */
void pn_optimizer_update(const pn_optimizer *optimizer, int64_t first, int64_t count, float *value,
                         const float *gradient);

#endif
