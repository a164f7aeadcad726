/* Rows taken together: sums, extremes and where they are. Results are kept in double, which holds
 * every item of every dtype exactly and sums of integers up to 2^53. Sums are the same whatever
 * the number of threads: who calls cuts the items into fixed blocks. */
#ifndef PN_KERNELS_REDUCE_H
#define PN_KERNELS_REDUCE_H

#include "pneuma/stage.h"

#include <stdint.h>

typedef enum pn_reduce {
    PN_SUM = 0,
    PN_SQUARES, /* sum of (x - center)^2 */
    PN_PROD,
    PN_MIN, /* NaN when an item is NaN */
    PN_MAX,
    PN_ARGMIN, /* position of the first smallest item, or of the first NaN */
    PN_ARGMAX,
    PN_ANY, /* 1 when an item differs from 0 */
    PN_ALL, /* 1 when every item differs from 0 */
} pn_reduce;

/* What was found so far. */
typedef struct pn_found {
    double value;
    int64_t index; /* ARGMIN, ARGMAX */
} pn_found;

/* Nothing seen yet; positions start at `index`. */
pn_found pn_reduce_start(pn_reduce op, int64_t index);

/* Takes in x[0 .. n-1], whose positions are index, index + 1, ... */
void pn_reduce_run(pn_reduce op, pn_dtype dtype, const void *x, int64_t n, int64_t index,
                   double center, pn_found *found);

/* Takes x[i] into found[i] for each i < n; all have the position `index`. center (n) counts for
 * SQUARES and may be NULL otherwise. */
void pn_reduce_rows(pn_reduce op, pn_dtype dtype, const void *x, int64_t n, int64_t index,
                    const double *center, pn_found *found);

/* Takes in what was found in later positions. */
void pn_reduce_join(pn_reduce op, pn_found *found, const pn_found *later);

#endif
