#include "kernels/histogram.h"

#include "base/pool.h"

#include <math.h>
#include <string.h>

/* The items are cut into parts, each counted by itself; the sum of whole numbers does not depend
 * on who counted what. */
enum { PARTS = 16, ITEMS_PER_PART = 32768, LEVELS = 256 };
static const int64_t most_bins = INT64_C(1) << 24;

typedef struct job {
    const void *items;
    int64_t count, parts;
    double low, high; /* after widening */
    int64_t bins;
    const double *edges;
    int64_t *partial; /* (parts, bins), or (parts, LEVELS) for uint8 */
} job;

static int64_t part_begin(const job *j, int64_t part) {
    return j->count / j->parts * part + j->count % j->parts * part / j->parts;
}

static int64_t parts_of(int64_t count) {
    int64_t parts = count / ITEMS_PER_PART;
    return parts < 1 ? 1 : parts < PARTS ? parts : PARTS;
}

size_t pn_histogram_scratch(int64_t bins) {
    if (bins < 1 || bins > most_bins) return 0;
    return (size_t)PARTS * (size_t)(bins > LEVELS ? bins : LEVELS) * sizeof(int64_t);
}

/* ---- edges ------------------------------------------------------------------------------- */

/* NumPy's linspace: a multiple of the step plus the start, the last edge exactly. */
static void divide(double low, double high, int64_t bins, bool single, double *edges) {
    double step = (high - low) / (double)bins;
    for (int64_t i = 0; i < bins; i++) {
        double offset = step != 0 ? (double)i * step : (double)i / (double)bins * (high - low);
        edges[i] = offset + low;
    }
    edges[bins] = high;
    if (single)
        for (int64_t i = 0; i <= bins; i++) edges[i] = (float)edges[i];
}

static pn_status prepare(job *j, bool single, double *edges, pn_error *error) {
    if (j->bins < 1 || j->bins > most_bins)
        return pn_fail(error, PN_E_ARGUMENT, "histogram: there can be 1 to %lld bins, not %lld",
                       (long long)most_bins, (long long)j->bins);
    if (!isfinite(j->high - j->low))
        return pn_fail(error, PN_E_ARGUMENT,
                       "histogram: the range %g to %g and its width must be finite", j->low,
                       j->high);
    if (j->low > j->high)
        return pn_fail(error, PN_E_ARGUMENT, "histogram: the range starts at %g, after its end, %g",
                       j->low, j->high);
    if (j->low == j->high) {
        j->low -= 0.5;
        j->high += 0.5;
    }
    divide(j->low, j->high, j->bins, single, edges);
    for (int64_t i = 0; i < j->bins; i++)
        if (!(edges[i] < edges[i + 1]))
            return pn_fail(error, PN_E_ARGUMENT,
                           "histogram: %lld bins are too many between %g and %g",
                           (long long)j->bins, j->low, j->high);
    j->edges = edges;
    j->parts = parts_of(j->count);
    return PN_OK;
}

/* What finding an item's bin takes, apart from the job so that it stays in registers. */
typedef struct finder {
    double width, bins;
    int64_t last; /* the last bin */
    const double *edges;
} finder;

static finder finder_of(const job *j) {
    return (finder){j->high - j->low, (double)j->bins, j->bins - 1, j->edges};
}

/* The bin of an item inside the range, whose distance from the lower end is given: computed, then
 * moved by one where rounding put it on the wrong side of an edge. */
static inline int64_t bin_of(finder f, double item, double distance) {
    int64_t bin = (int64_t)(distance / f.width * f.bins);
    bin = bin < f.last ? bin : f.last;
    int64_t before = item < f.edges[bin];
    int64_t after = (item >= f.edges[bin + 1]) & (bin < f.last) & !before;
    return bin - before + after;
}

/* ---- counting ---------------------------------------------------------------------------- */

static void count_i32(void *context, int64_t first, int64_t last) {
    const job *j = context;
    finder f = finder_of(j);
    double low = j->low, high = j->high;
    for (int64_t part = first; part < last; part++) {
        int64_t *restrict counts = j->partial + part * j->bins;
        const int32_t *items = j->items;
        for (int64_t i = part_begin(j, part), end = part_begin(j, part + 1); i < end; i++)
            if (items[i] >= low && items[i] <= high) counts[bin_of(f, items[i], items[i] - low)]++;
    }
}

static void count_f32(void *context, int64_t first, int64_t last) {
    const job *j = context;
    finder f = finder_of(j);
    float low = (float)j->low, high = (float)j->high;
    for (int64_t part = first; part < last; part++) {
        int64_t *restrict counts = j->partial + part * j->bins;
        const float *items = j->items;
        for (int64_t i = part_begin(j, part), end = part_begin(j, part + 1); i < end; i++)
            if (items[i] >= low && items[i] <= high) counts[bin_of(f, items[i], items[i] - low)]++;
    }
}

/* Counts each of the 256 values; four tables, so that runs of one value do not wait for each
 * other's store. */
static void count_u8(void *context, int64_t first, int64_t last) {
    const job *j = context;
    for (int64_t part = first; part < last; part++) {
        int64_t tables[4][LEVELS] = {{0}}, *counts = j->partial + part * LEVELS;
        const uint8_t *item = (const uint8_t *)j->items + part_begin(j, part);
        const uint8_t *end = (const uint8_t *)j->items + part_begin(j, part + 1);
        for (; end - item >= 4; item += 4)
            for (int t = 0; t < 4; t++) tables[t][item[t]]++;
        for (; item < end; item++) tables[0][*item]++;
        for (int v = 0; v < LEVELS; v++)
            counts[v] = tables[0][v] + tables[1][v] + tables[2][v] + tables[3][v];
    }
}

static void add_up(const job *j, int64_t *counts) {
    memset(counts, 0, (size_t)j->bins * sizeof *counts);
    for (int64_t part = 0; part < j->parts; part++)
        for (int64_t bin = 0; bin < j->bins; bin++) counts[bin] += j->partial[part * j->bins + bin];
}

static pn_status histogram(job *j, bool single, pn_range_fn count, double *edges, int64_t *counts,
                           pn_error *error) {
    pn_status status = prepare(j, single, edges, error);
    if (status != PN_OK) return status;
    memset(j->partial, 0, (size_t)(j->parts * j->bins) * sizeof *j->partial);
    pn_parallel_for_each(j->parts, count, j);
    add_up(j, counts);
    return PN_OK;
}

pn_status pn_histogram_i32(const int32_t *items, int64_t count, double low, double high,
                           int64_t bins, void *scratch, double *edges, int64_t *counts,
                           pn_error *error) {
    job j = {items, count, 0, low, high, bins, edges, scratch};
    return histogram(&j, false, count_i32, edges, counts, error);
}

pn_status pn_histogram_f32(const float *items, int64_t count, double low, double high, int64_t bins,
                           void *scratch, double *edges, int64_t *counts, pn_error *error) {
    job j = {items, count, 0, low, high, bins, edges, scratch};
    return histogram(&j, true, count_f32, edges, counts, error);
}

pn_status pn_histogram_u8(const uint8_t *items, int64_t count, double low, double high,
                          int64_t bins, void *scratch, double *edges, int64_t *counts,
                          pn_error *error) {
    job j = {items, count, 0, low, high, bins, edges, scratch};
    pn_status status = prepare(&j, false, edges, error);
    if (status != PN_OK) return status;
    pn_parallel_for_each(j.parts, count_u8, &j);
    memset(counts, 0, (size_t)bins * sizeof *counts);
    for (int v = 0; v < LEVELS; v++)
        if (v >= j.low && v <= j.high)
            for (int64_t part = 0, bin = bin_of(finder_of(&j), v, v - j.low); part < j.parts;
                 part++)
                counts[bin] += j.partial[part * LEVELS + v];
    return PN_OK;
}

/* ---- least and greatest ------------------------------------------------------------------ */

/* One function pair for each type: a part's scan, and the parts together. The comparisons are so
 * written that NaN never wins, and vectorise. */
#define DEFINE_RANGE(type, name, least, greatest)                                                  \
    typedef struct range_##name {                                                                  \
        job cut;                                                                                   \
        type low[PARTS], high[PARTS];                                                              \
    } range_##name;                                                                                \
                                                                                                   \
    static void scan_##name(void *context, int64_t first, int64_t last) {                          \
        range_##name *r = context;                                                                 \
        const type *items = r->cut.items;                                                          \
        for (int64_t part = first; part < last; part++) {                                          \
            type low = greatest, high = least;                                                     \
            int64_t end = part_begin(&r->cut, part + 1);                                           \
            for (int64_t i = part_begin(&r->cut, part); i < end; i++) {                            \
                low = items[i] < low ? items[i] : low;                                             \
                high = items[i] > high ? items[i] : high;                                          \
            }                                                                                      \
            r->low[part] = low;                                                                    \
            r->high[part] = high;                                                                  \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    bool pn_range_##name(const type *items, int64_t count, type *low, type *high) {                \
        range_##name r = {.cut = {.items = items, .count = count, .parts = parts_of(count)}};      \
        type least_found = greatest, greatest_found = least;                                       \
        pn_parallel_for_each(r.cut.parts, scan_##name, &r);                                        \
        for (int64_t part = 0; part < r.cut.parts; part++) {                                       \
            if (r.low[part] < least_found) least_found = r.low[part];                              \
            if (r.high[part] > greatest_found) greatest_found = r.high[part];                      \
        }                                                                                          \
        if (count < 1 || least_found > greatest_found) return false;                               \
        *low = least_found;                                                                        \
        *high = greatest_found;                                                                    \
        return true;                                                                               \
    }

DEFINE_RANGE(uint8_t, u8, 0, UINT8_MAX)
DEFINE_RANGE(int32_t, i32, INT32_MIN, INT32_MAX)
DEFINE_RANGE(float, f32, -INFINITY, INFINITY)
