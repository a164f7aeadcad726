/* Histograms of plain numbers, by NumPy's rules. */
#ifndef PN_PLOT_BINS_H
#define PN_PLOT_BINS_H

#include "pneuma/stage.h"

#include <stdint.h>

/* Numbers in memory: data[count] of one type. */
typedef struct pn_numbers {
    enum { PN_NUMBERS_F32, PN_NUMBERS_U8, PN_NUMBERS_I32, PN_NUMBERS_F64 } type;
    const void *data;
    int64_t count;
} pn_numbers;

/* The numbers of a dense array. */
pn_numbers pn_numbers_of(const pn_array *array);

typedef struct pn_summary {
    double minimum, maximum, mean, deviation; /* of the finite ones; deviation over n */
    int64_t finite, others;                   /* NaN and infinities are `others` */
} pn_summary;

/* Summary of the finite numbers; all 0 when there are none. */
void pn_numbers_summary(const pn_numbers *numbers, pn_summary *summary);

/* Writes the bins + 1 edges of equal bins over low..high; when low == high, over low - 0.5 to
 * high + 0.5 (numpy.histogram_bin_edges). */
void pn_bins_edges(double low, double high, int bins, double *edges);

/* Adds the numbers to counts[bins] (which the caller set to zero): bin i holds
 * edges[i] <= x < edges[i+1], the last one also x == edges[bins]; numbers outside and NaN are not
 * counted (numpy.histogram). The edges ascend; equally spaced ones (as pn_bins_edges writes them)
 * are found by arithmetic, others by bisection. */
void pn_bins_count(const pn_numbers *numbers, const double *edges, int bins, int64_t *counts);

#endif
