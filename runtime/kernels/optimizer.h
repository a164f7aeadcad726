/* The arithmetic of optimizers: what one step does to each number by itself, and what clipping
 * needs. Everything is computed as written, in float32 with IEEE roots and quotients: every
 * instruction set gives the same bits, and so do parts of an array in place of the whole. */
#ifndef PN_KERNELS_OPTIMIZER_H
#define PN_KERNELS_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum pn_rule {
    PN_RULE_SGD = 0, /* slots: the momentum, where there is one */
    PN_RULE_ADAM, /* slots: the means of gradients and of squares, amsgrad: the greatest of these */
    PN_RULE_RMSPROP, /* slots: the mean of squares, centered: of gradients; the momentum */
} pn_rule;

enum { PN_RULE_SLOTS = 3 };

/* A step, the same for all numbers. */
typedef struct pn_update {
    pn_rule rule;
    float rate;  /* the learning rate; ADAM: with both means' bias corrected */
    float decay; /* the part of each value that is taken away first */
    float momentum;
    bool nesterov, amsgrad, centered;
    float keep_1, add_1; /* mean = keep * mean + add * gradient (ADAM: mean += add * difference) */
    float keep_2, add_2; /* the same for squares */
    float epsilon;
} pn_update;

/* Moves value (n) by what gradient (n) says; slot[i] (n) for those that the rule has, in the order
 * above without gaps, NULL for the others. Nothing overlaps. */
void pn_kernel_update(const pn_update *update, float *value, const float *gradient,
                      float *const slot[PN_RULE_SLOTS], int64_t n);

/* x = min(max(x, -limit), limit); NaN stays. */
void pn_kernel_clip(float *x, int64_t n, float limit);

void pn_kernel_scale(float *x, int64_t n, float factor);

/* The sum of squares, in double, in an order that depends on n alone. */
double pn_kernel_sum_squares(const float *x, int64_t n);

#endif
