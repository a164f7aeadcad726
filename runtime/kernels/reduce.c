#include "kernels/reduce.h"

#include <math.h>
#include <stdbool.h>

enum {
    LANES = 16,  /* independent sums, so that the processor need not wait for each addition */
    PIECE = 2048 /* items looked at twice, small enough for the first cache */
};

pn_found pn_reduce_start(pn_reduce op, int64_t index) {
    double value = op == PN_PROD || op == PN_ALL     ? 1
                   : op == PN_MIN || op == PN_ARGMIN ? INFINITY
                   : op == PN_MAX || op == PN_ARGMAX ? -INFINITY
                                                     : 0;
    return (pn_found){value, index};
}

/* True when x takes the place of `best`; NaN beats everything but an earlier NaN. */
static inline bool smaller(double x, double best) {
    return x < best || (x != x && best == best);
}

static inline bool larger(double x, double best) {
    return x > best || (x != x && best == best);
}

void pn_reduce_join(pn_reduce op, pn_found *found, const pn_found *later) {
    switch (op) {
    case PN_SUM:
    case PN_SQUARES:
        found->value += later->value;
        break;
    case PN_PROD:
    case PN_ALL:
        found->value *= later->value;
        break;
    case PN_ANY:
        found->value = found->value != 0 || later->value != 0;
        break;
    case PN_MIN:
    case PN_ARGMIN:
        if (smaller(later->value, found->value)) *found = *later;
        break;
    case PN_MAX:
    case PN_ARGMAX:
        if (larger(later->value, found->value)) *found = *later;
        break;
    }
}

/* ---- runs ---- */

/* Sum over the lanes, in a fixed order. `wide` is what one lane adds up in. */
#define SUM_RUN(name, type, wide, term)                                                            \
    static double name(const type *x, int64_t n, double center) {                                  \
        (void)center;                                                                              \
        wide lane[LANES] = {0};                                                                    \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (int k = 0; k < LANES; k++) {                                                      \
                wide v = (wide)x[i + k];                                                           \
                lane[k] += term;                                                                   \
            }                                                                                      \
        for (int k = 0; i < n; i++, k++) {                                                         \
            wide v = (wide)x[i];                                                                   \
            lane[k] += term;                                                                       \
        }                                                                                          \
        for (int half = LANES / 2; half > 0; half /= 2)                                            \
            for (int k = 0; k < half; k++) lane[k] += lane[k + half];                              \
        return (double)lane[0];                                                                    \
    }

/* Lanes do not see NaN (every comparison with it is false), so it is looked for apart from them,
 * piece by piece while the items are in the cache: either loop vectorises, both in one do not. */
#define BEST_RUN(name, type, sign)                                                                 \
    static double name(const type *x, int64_t n, double best) {                                    \
        type lane[LANES];                                                                          \
        int strange = best != best;                                                                \
        for (int k = 0; k < LANES; k++) lane[k] = x[0];                                            \
        for (int64_t i = 0; i < n;) {                                                              \
            int64_t end = n - i > PIECE ? i + PIECE : n;                                           \
            for (int64_t j = i; j < end; j++) strange |= x[j] != x[j];                             \
            for (; i + LANES <= end; i += LANES)                                                   \
                for (int k = 0; k < LANES; k++)                                                    \
                    lane[k] = x[i + k] sign lane[k] ? x[i + k] : lane[k];                          \
            for (; i < end; i++) lane[0] = x[i] sign lane[0] ? x[i] : lane[0];                     \
        }                                                                                          \
        if (strange) return (double)NAN;                                                           \
        for (int k = 0; k < LANES; k++)                                                            \
            if ((double)lane[k] sign best) best = (double)lane[k];                                 \
        return best;                                                                               \
    }

/* The first position of the value that BEST_RUN found. */
#define FIND_RUN(name, type)                                                                       \
    static int64_t name(const type *x, int64_t n, double value) {                                  \
        int64_t i = 0;                                                                             \
        if (value != value)                                                                        \
            while (i < n && x[i] == x[i]) i++;                                                     \
        else                                                                                       \
            while (i < n && (double)x[i] != value) i++;                                            \
        return i;                                                                                  \
    }

#define ONE_BY_ONE(name, type)                                                                     \
    static void name(pn_reduce op, const type *x, int64_t n, pn_found *found) {                    \
        double v = found->value;                                                                   \
        if (op == PN_PROD)                                                                         \
            for (int64_t i = 0; i < n; i++) v *= (double)x[i];                                     \
        else if (op == PN_ANY)                                                                     \
            for (int64_t i = 0; i < n && v == 0; i++) v = x[i] != 0;                               \
        else                                                                                       \
            for (int64_t i = 0; i < n && v != 0; i++) v = x[i] != 0;                               \
        found->value = v;                                                                          \
    }

#define RUN(suffix, type, wide)                                                                    \
    SUM_RUN(sum_##suffix, type, wide, v)                                                           \
    SUM_RUN(squares_##suffix, type, double, (v - center) * (v - center))                           \
    BEST_RUN(min_##suffix, type, <)                                                                \
    BEST_RUN(max_##suffix, type, >)                                                                \
    FIND_RUN(find_##suffix, type)                                                                  \
    ONE_BY_ONE(one_by_one_##suffix, type)                                                          \
    static void run_##suffix(pn_reduce op, const type *x, int64_t n, int64_t index, double center, \
                             pn_found *found) {                                                    \
        pn_found here = pn_reduce_start(op, index);                                                \
        switch (op) {                                                                              \
        case PN_SUM:                                                                               \
            found->value += sum_##suffix(x, n, 0);                                                 \
            break;                                                                                 \
        case PN_SQUARES:                                                                           \
            found->value += squares_##suffix(x, n, center);                                        \
            break;                                                                                 \
        case PN_MIN:                                                                               \
            found->value = min_##suffix(x, n, found->value);                                       \
            break;                                                                                 \
        case PN_MAX:                                                                               \
            found->value = max_##suffix(x, n, found->value);                                       \
            break;                                                                                 \
        case PN_ARGMIN:                                                                            \
        case PN_ARGMAX:                                                                            \
            here.value =                                                                           \
                op == PN_ARGMIN ? min_##suffix(x, n, here.value) : max_##suffix(x, n, here.value); \
            if (op == PN_ARGMIN ? smaller(here.value, found->value)                                \
                                : larger(here.value, found->value)) {                              \
                here.index = index + find_##suffix(x, n, here.value);                              \
                *found = here;                                                                     \
            }                                                                                      \
            break;                                                                                 \
        default:                                                                                   \
            one_by_one_##suffix(op, x, n, found);                                                  \
        }                                                                                          \
    }

RUN(f32, float, double)
RUN(u8, uint8_t, int64_t)
RUN(i32, int32_t, int64_t)

void pn_reduce_run(pn_reduce op, pn_dtype dtype, const void *x, int64_t n, int64_t index,
                   double center, pn_found *found) {
    if (n == 0) return;
    if (dtype == PN_F32)
        run_f32(op, x, n, index, center, found);
    else if (dtype == PN_U8)
        run_u8(op, x, n, index, center, found);
    else
        run_i32(op, x, n, index, center, found);
}

/* ---- rows ---- */

#define EACH(statement)                                                                            \
    for (int64_t i = 0; i < n; i++) {                                                              \
        double v = (double)x[i];                                                                   \
        statement;                                                                                 \
    }                                                                                              \
    break

#define ROWS(name, type)                                                                           \
    static void name(pn_reduce op, const type *x, int64_t n, int64_t index, const double *center,  \
                     pn_found *f) {                                                                \
        switch (op) {                                                                              \
        case PN_SUM:                                                                               \
            EACH(f[i].value += v);                                                                 \
        case PN_SQUARES:                                                                           \
            EACH(f[i].value += (v - center[i]) * (v - center[i]));                                 \
        case PN_PROD:                                                                              \
            EACH(f[i].value *= v);                                                                 \
        case PN_ANY:                                                                               \
            EACH(if (v != 0) f[i].value = 1);                                                      \
        case PN_ALL:                                                                               \
            EACH(if (v == 0) f[i].value = 0);                                                      \
        case PN_MIN:                                                                               \
        case PN_ARGMIN:                                                                            \
            EACH(if (smaller(v, f[i].value)) f[i] = ((pn_found){v, index}));                       \
        case PN_MAX:                                                                               \
        case PN_ARGMAX:                                                                            \
            EACH(if (larger(v, f[i].value)) f[i] = ((pn_found){v, index}));                        \
        }                                                                                          \
    }

ROWS(rows_f32, float)
ROWS(rows_u8, uint8_t)
ROWS(rows_i32, int32_t)

void pn_reduce_rows(pn_reduce op, pn_dtype dtype, const void *x, int64_t n, int64_t index,
                    const double *center, pn_found *found) {
    if (dtype == PN_F32)
        rows_f32(op, x, n, index, center, found);
    else if (dtype == PN_U8)
        rows_u8(op, x, n, index, center, found);
    else
        rows_i32(op, x, n, index, center, found);
}
