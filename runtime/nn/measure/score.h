/* How well scores tell two classes apart: counts at every threshold, and measures made of them.
 * Formulas: Fawcett, An introduction to ROC analysis, 2006; scikit-learn's conventions. */
#ifndef PN_NN_MEASURE_SCORE_H
#define PN_NN_MEASURE_SCORE_H

#include <stdbool.h>
#include <stdint.h>

/* One item: what it was given and what it is. */
typedef struct pn_scored {
    double score;  /* finite; the higher, the more likely positive */
    int32_t label; /* 1: positive, 0: negative */
    int64_t place; /* its number before sorting, from 0 */
} pn_scored;

/* Sorts items by falling score, ties by place. */
void pn_scored_sort(pn_scored *item, int64_t count);

/* The items of at least this score: so many are positive (tp), so many are not (fp). */
typedef struct pn_cut {
    double score;
    int64_t tp, fp;
} pn_cut;

/* Writes one cut for each different score of the sorted items, by falling score, into cut[count];
 * returns how many there are. */
int64_t pn_scored_cuts(const pn_scored *item, int64_t count, pn_cut *cut);

typedef enum pn_measure {
    PN_MEASURE_AUC,               /* area under the ROC curve: ties count half */
    PN_MEASURE_AVERAGE_PRECISION, /* sum of precision times the step of recall */
    PN_MEASURE_ACCURACY, /* from here to F1: an item is called positive when its score is */
    PN_MEASURE_BALANCED_ACCURACY, /* above the parameter, the threshold */
    PN_MEASURE_PRECISION,
    PN_MEASURE_RECALL,
    PN_MEASURE_SPECIFICITY,
    PN_MEASURE_F1,
    PN_MEASURE_BRIER,    /* mean squared difference of score and label */
    PN_MEASURE_LOG_LOSS, /* mean cross-entropy, scores clipped to parameter .. 1 - parameter */
} pn_measure;

/* The measure of the sorted items, the item of place p counted weight[p] times (weight NULL: once).
 * A precision or F1 without anything to divide by is 0; NaN when the measure needs items of a class
 * that has none. Sums of weights stay below 2^31. */
double pn_measure_of(pn_measure what, double parameter, const pn_scored *item, int64_t count,
                     const int32_t *weight);

#endif
