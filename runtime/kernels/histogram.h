/* Histograms over equal bins, with the counts and edges of NumPy's
 * np.histogram(items, bins, range=(low, high)) for uint8, int32 and float32 items (compared with
 * 2.4). */
#ifndef PN_KERNELS_HISTOGRAM_H
#define PN_KERNELS_HISTOGRAM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of scratch memory the functions below need for so many bins; 0 where they would refuse. */
size_t pn_histogram_scratch(int64_t bins);

/* Counts items[count] into counts[bins] and writes the edges[bins + 1] of the bins, which divide
 * low..high evenly; where low == high, 0.5 more on either side. Bin i holds edges[i] <= item <
 * edges[i + 1], the last one its right edge as well; items outside and NaN are dropped. For
 * float32 items edges are rounded to float32, and so is low for the distance from it.
 * scratch: pn_histogram_scratch(bins) bytes aligned to 64. Runs on the pool; the result does not
 * depend on the number of threads. PN_E_ARGUMENT where low > high, one is not finite, bins is not
 * positive, or so large that two edges fall together. */
pn_status pn_histogram_u8(const uint8_t *items, int64_t count, double low, double high,
                          int64_t bins, void *scratch, double *edges, int64_t *counts,
                          pn_error *error);
pn_status pn_histogram_i32(const int32_t *items, int64_t count, double low, double high,
                           int64_t bins, void *scratch, double *edges, int64_t *counts,
                           pn_error *error);
pn_status pn_histogram_f32(const float *items, int64_t count, double low, double high, int64_t bins,
                           void *scratch, double *edges, int64_t *counts, pn_error *error);

/* Finds the least and the greatest of items[count], in parallel. NaN is passed over. False, with
 * both left alone, where there is no item to compare. */
bool pn_range_u8(const uint8_t *items, int64_t count, uint8_t *low, uint8_t *high);
bool pn_range_i32(const int32_t *items, int64_t count, int32_t *low, int32_t *high);
bool pn_range_f32(const float *items, int64_t count, float *low, float *high);

#endif
