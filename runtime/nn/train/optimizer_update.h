/* Inside nn/: the arithmetic of one step over n numbers, and of clipping. */
#ifndef PN_NN_TRAIN_OPTIMIZER_UPDATE_H
#define PN_NN_TRAIN_OPTIMIZER_UPDATE_H

#include "nn/train/optimizer.h"

/* What one step needs, the same for all parameters. */
typedef struct pn_update {
    const pn_optimizer *optimizer;
    float rate;  /* the learning rate */
    float alpha; /* ADAM: the rate with both averages' bias corrected */
} pn_update;

/* value, gradient and each slot are (n). */
void pn_optimizer_update(const pn_update *update, float *value, const float *gradient,
                         float *const slot[PN_OPTIMIZER_SLOTS], int64_t n);

/* x = min(max(x, -limit), limit); NaN stays. */
void pn_clip_values(float *x, int64_t n, float limit);

void pn_scale_values(float *x, int64_t n, float factor);

/* The sum of squares, in double, in an order that depends on n alone. */
double pn_sum_squares(const float *x, int64_t n);

#endif
