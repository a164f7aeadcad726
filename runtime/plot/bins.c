#include "plot/bins.h"

#include <math.h>
#include <stdbool.h>

pn_numbers pn_numbers_of(const pn_array *array) {
    pn_numbers numbers = {.data = array->data, .count = 1};
    numbers.type = array->dtype == PN_U8    ? PN_NUMBERS_U8
                   : array->dtype == PN_I32 ? PN_NUMBERS_I32
                                            : PN_NUMBERS_F32;
    for (int i = 0; i < array->rank; i++) numbers.count *= array->shape[i];
    return numbers;
}

static inline double number_at(const pn_numbers *n, int64_t i) {
    switch (n->type) {
    case PN_NUMBERS_F32:
        return ((const float *)n->data)[i];
    case PN_NUMBERS_U8:
        return ((const uint8_t *)n->data)[i];
    case PN_NUMBERS_I32:
        return ((const int32_t *)n->data)[i];
    default:
        return ((const double *)n->data)[i];
    }
}

/* Welford's update: one pass, no cancellation. */
void pn_numbers_summary(const pn_numbers *numbers, pn_summary *s) {
    double squares = 0;
    *s = (pn_summary){0};
    for (int64_t i = 0; i < numbers->count; i++) {
        double x = number_at(numbers, i);
        if (!isfinite(x)) {
            s->others++;
            continue;
        }
        if (s->finite == 0 || x < s->minimum) s->minimum = x;
        if (s->finite == 0 || x > s->maximum) s->maximum = x;
        double d = x - s->mean;
        s->mean += d / (double)++s->finite;
        squares += d * (x - s->mean);
    }
    if (s->finite) s->deviation = sqrt(squares / (double)s->finite);
}

void pn_bins_edges(double low, double high, int bins, double *edges) {
    if (low == high) {
        low -= 0.5;
        high += 0.5;
    }
    double step = (high - low) / bins;
    for (int i = 0; i < bins; i++) edges[i] = i * step + low;
    edges[bins] = high;
}

static bool is_uniform(const double *edges, int bins) {
    double step = (edges[bins] - edges[0]) / bins;
    for (int i = 1; i < bins; i++)
        if (fabs(edges[i] - (edges[0] + i * step)) > 1e-9 * (edges[bins] - edges[0])) return false;
    return step > 0;
}

/* The last bin whose lower edge is not above x; x is inside. */
static int bisect(const double *edges, int bins, double x) {
    int low = 0, high = bins;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (edges[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Arithmetic gives the bin to within one; the edges decide, so that both ways agree. */
static int compute(const double *edges, int bins, double scale, double x) {
    int i = (int)((x - edges[0]) * scale);
    if (i >= bins) i = bins - 1;
    if (i > 0 && x < edges[i]) i--;
    if (i < bins - 1 && x >= edges[i + 1]) i++;
    return i;
}

void pn_bins_count(const pn_numbers *numbers, const double *edges, int bins, int64_t *counts) {
    bool uniform = is_uniform(edges, bins);
    double low = edges[0], high = edges[bins], scale = bins / (high - low);
    for (int64_t i = 0; i < numbers->count; i++) {
        double x = number_at(numbers, i);
        if (!(x >= low && x <= high)) continue;
        counts[uniform ? compute(edges, bins, scale, x) : bisect(edges, bins, x)]++;
    }
}
