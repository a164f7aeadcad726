#include "kernels/norm.h"

#include "base/pool.h"
#include "kernels/norm_parts.h"

#include <string.h>

enum { GRAIN = 16384 }; /* numbers worth another thread */

typedef struct work {
    const pn_norm *norm;
    const float *x, *d, *y;
    float *out;
    double *sums; /* (lanes, 2, channels) */
    int lanes;
} work;

static void apply(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    PN_PICK(pn_norm_apply_rows)(w->norm, w->x, w->out, begin, end);
}

void pn_norm_apply(const pn_norm *norm, const float *x, float *out) {
    work w = {.norm = norm, .x = x, .out = out};
    pn_parallel_for(norm->rows, GRAIN / norm->channels + 1, apply, &w);
}

static void sum(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t lane = begin; lane < end; lane++) {
        double *sums = w->sums + lane * 2 * w->norm->channels;
        memset(sums, 0, (size_t)(2 * w->norm->channels) * sizeof *sums);
        PN_PICK(pn_norm_sum_rows)
        (w->norm, w->d, w->y, w->x, lane * w->norm->rows / w->lanes,
         (lane + 1) * w->norm->rows / w->lanes, sums);
    }
}

void pn_norm_sums(const pn_norm *norm, const float *d, const float *y, const float *x, double *sums,
                  int lanes, double *scratch) {
    work w = {.norm = norm, .d = d, .y = y, .x = x, .sums = scratch, .lanes = lanes};
    pn_parallel_for(lanes, 1, sum, &w);
    for (int64_t i = 0; i < 2 * norm->channels; i++) {
        sums[i] = 0;
        for (int lane = 0; lane < lanes; lane++) sums[i] += scratch[lane * 2 * norm->channels + i];
    }
}
