/* Resampling for confidence intervals (Efron and Tibshirani, An Introduction to the Bootstrap,
 * 1993), and the normal distribution's quantile. */
#ifndef PN_NN_MEASURE_BOOTSTRAP_H
#define PN_NN_MEASURE_BOOTSTRAP_H

#include <stdint.h>

/* What is drawn together, as a patient's images are, and which units are drawn among each other.
 * All arrays are borrowed. */
typedef struct pn_units {
    int64_t units, strata;
    const int64_t *first;   /* (units + 1): unit u has the items item[first[u]] .. */
    const int64_t *item;    /* (first[units]): .. item[first[u + 1] - 1], from 0 */
    const int64_t *stratum; /* (strata + 1): stratum s has the units stratum[s] .. stratum[s+1]-1 */
} pn_units;

/* Draws with replacement, from each stratum as many units as it has, and writes into
 * weight[items] how often each item was drawn. The same seed and stream draw the same. */
void pn_units_draw(const pn_units *units, uint64_t seed, uint64_t stream, int64_t items,
                   int32_t *weight);

/* The x that a standard normal variable exceeds with probability `tail`, 0 < tail <= 0.5. */
double pn_normal_upper(double tail);

#endif
