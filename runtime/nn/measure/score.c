#include "nn/measure/score.h"

#include <math.h>
#include <stdlib.h>

static int before(const void *one, const void *other) {
    const pn_scored *a = one, *b = other;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

void pn_scored_sort(pn_scored *item, int64_t count) {
    qsort(item, (size_t)count, sizeof *item, before);
}

int64_t pn_scored_cuts(const pn_scored *item, int64_t count, pn_cut *cut) {
    int64_t cuts = 0, tp = 0;
    for (int64_t i = 0; i < count; i++) {
        tp += item[i].label;
        if (i + 1 < count && item[i + 1].score == item[i].score) continue;
        cut[cuts++] = (pn_cut){.score = item[i].score, .tp = tp, .fp = i + 1 - tp};
    }
    return cuts;
}

static int64_t weight_of(const pn_scored *item, const int32_t *weight) {
    return weight ? weight[item->place] : 1;
}

typedef struct tally {
    int64_t positive, negative;
} tally;

/* Adds the items from `from` on that share its score; returns where the next score begins. */
static int64_t add_ties(const pn_scored *item, int64_t count, const int32_t *weight, int64_t from,
                        tally *t) {
    int64_t i = from;
    for (; i < count && item[i].score == item[from].score; i++) {
        int64_t w = weight_of(&item[i], weight);
        t->positive += item[i].label ? w : 0;
        t->negative += item[i].label ? 0 : w;
    }
    return i;
}

/* In whole numbers until the last division: twice the pairs that are in the right order. */
static double auc(const pn_scored *item, int64_t count, const int32_t *weight) {
    tally sum = {0};
    int64_t twice = 0;
    for (int64_t i = 0; i < count;) {
        tally last = sum;
        i = add_ties(item, count, weight, i, &sum);
        twice += (sum.positive + last.positive) * (sum.negative - last.negative);
    }
    return (double)twice / (2.0 * (double)sum.positive * (double)sum.negative);
}

static double average_precision(const pn_scored *item, int64_t count, const int32_t *weight) {
    tally sum = {0};
    double total = 0;
    for (int64_t i = 0; i < count;) {
        int64_t last = sum.positive;
        i = add_ties(item, count, weight, i, &sum);
        int64_t called = sum.positive + sum.negative;
        if (called) total += (double)sum.positive / (double)called * (double)(sum.positive - last);
    }
    return total / (double)sum.positive;
}

static double ratio_or_zero(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

static double at_threshold(pn_measure what, double threshold, const pn_scored *item, int64_t count,
                           const int32_t *weight) {
    tally called = {0}, sum = {0};
    for (int64_t i = 0; i < count;) {
        bool positive = item[i].score > threshold;
        i = add_ties(item, count, weight, i, &sum);
        if (positive) called = sum;
    }
    double tp = (double)called.positive, fp = (double)called.negative;
    double fn = (double)sum.positive - tp, tn = (double)sum.negative - fp;
    switch (what) {
    case PN_MEASURE_BALANCED_ACCURACY:
        return (tp / (tp + fn) + tn / (tn + fp)) / 2;
    case PN_MEASURE_PRECISION:
        return ratio_or_zero(tp, tp + fp);
    case PN_MEASURE_RECALL:
        return tp / (tp + fn);
    case PN_MEASURE_SPECIFICITY:
        return tn / (tn + fp);
    case PN_MEASURE_F1:
        return ratio_or_zero(2 * tp, 2 * tp + fp + fn);
    default:
        return (tp + tn) / (tp + tn + fp + fn);
    }
}

static double brier(double score, int32_t label) {
    double off = score - label;
    return off * off;
}

static double log_loss(double score, int32_t label, double epsilon) {
    double p = fmin(fmax(score, epsilon), 1 - epsilon);
    return -log(label ? p : 1 - p);
}

static double mean_of(pn_measure what, double parameter, const pn_scored *item, int64_t count,
                      const int32_t *weight) {
    double total = 0;
    int64_t weights = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t w = weight_of(&item[i], weight);
        double value = what == PN_MEASURE_BRIER ? brier(item[i].score, item[i].label)
                                                : log_loss(item[i].score, item[i].label, parameter);
        total += (double)w * value;
        weights += w;
    }
    return total / (double)weights;
}

double pn_measure_of(pn_measure what, double parameter, const pn_scored *item, int64_t count,
                     const int32_t *weight) {
    switch (what) {
    case PN_MEASURE_AUC:
        return auc(item, count, weight);
    case PN_MEASURE_AVERAGE_PRECISION:
        return average_precision(item, count, weight);
    case PN_MEASURE_BRIER:
    case PN_MEASURE_LOG_LOSS:
        return mean_of(what, parameter, item, count, weight);
    default:
        return at_threshold(what, parameter, item, count, weight);
    }
}
