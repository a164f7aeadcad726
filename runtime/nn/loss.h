/* Losses, as Keras 2.15 computes them: a value per sample, whose (weighted) sum over the batch
 * divided by the batch's size is what training makes smaller.
 *
 * Crossentropy of a probability suffers where it is near 0 or 1; so where the model ends in the
 * fitting activation the loss is computed from what went into it (the logits), as Keras does, and
 * its gradient is of those. */
#ifndef PN_NN_LOSS_H
#define PN_NN_LOSS_H

#include "nn/activation.h"
#include "nn/dims.h"

#include <jansson.h>

typedef enum pn_loss_kind {
    PN_LOSS_BINARY = 0,  /* BinaryCrossentropy: each output on its own; the mean over them */
    PN_LOSS_CATEGORICAL, /* CategoricalCrossentropy: targets (B, classes) */
    PN_LOSS_SPARSE,      /* SparseCategoricalCrossentropy: targets (B, 1), the class from 0 */
    PN_LOSS_MSE,         /* MeanSquaredError */
} pn_loss_kind;

typedef struct pn_loss {
    pn_loss_kind kind;
    bool from_logits;       /* the model has no last activation */
    double label_smoothing; /* BINARY, CATEGORICAL: 0 to 1 */
} pn_loss;

/* Reads Keras's name ("binary_crossentropy", "mse") or {"class_name", "config"}. */
pn_status pn_loss_parse(const json_t *json, pn_loss *loss, pn_error *error);

/* Keras's name in snake case. */
const char *pn_loss_name(const pn_loss *loss);

/* Whether the loss is computed from what went into the model's last activation. */
bool pn_loss_on_logits(const pn_loss *loss, const pn_activation *last);

/* Checks that a model with that output can learn from targets of y_size numbers. PN_E_SHAPE names
 * both. */
pn_status pn_loss_check(const pn_loss *loss, const pn_dims *out, int64_t y_size, pn_error *error);

/* value[i] = loss of sample i, not weighted; d_x = gradient of sum(weight[i] * value[i]) / batch.
 * x and d_x are (batch, width): logits where `logits` says so, else the model's output. target is
 * (batch, width), or (batch, 1) for SPARSE. weight (batch) may be NULL: all 1. d_x may be NULL,
 * or x itself. PN_E_ARGUMENT when a SPARSE target is no class, or another crossentropy's not from 0
 * to 1, with the sample counted from 1. */
pn_status pn_loss_compute(const pn_loss *loss, bool logits, int64_t batch, int64_t width,
                          const pn_real *x, const pn_real *target, const pn_real *weight,
                          double *value, pn_real *d_x, pn_error *error);

#endif
