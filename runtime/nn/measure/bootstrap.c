#include "nn/measure/bootstrap.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

void pn_units_draw(const pn_units *units, uint64_t seed, uint64_t stream, int64_t items,
                   int32_t *weight) {
    pn_random random;
    pn_random_seed(&random, seed, stream);
    memset(weight, 0, (size_t)items * sizeof *weight);
    for (int64_t s = 0; s < units->strata; s++) {
        int64_t from = units->stratum[s], count = units->stratum[s + 1] - from;
        for (int64_t k = 0; k < count; k++) {
            int64_t u = from + (int64_t)pn_random_below(&random, (uint64_t)count);
            for (int64_t i = units->first[u]; i < units->first[u + 1]; i++)
                weight[units->item[i]]++;
        }
    }
}

/* Newton's method from 0: the upper tail is convex there, so the steps only ever come nearer from
 * the left, and the first that no longer does is rounding. */
double pn_normal_upper(double tail) {
    const double root_two_pi = 2.5066282746310002;
    double x = 0;
    for (;;) {
        double off = 0.5 * erfc(x / sqrt(2)) - tail;
        double next = x + off * root_two_pi * exp(x * x / 2);
        if (!(next > x)) return x;
        x = next;
    }
}
