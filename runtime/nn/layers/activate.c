/* The arithmetic of nn/activation.h. */
#include "nn/activation.h"

#include "base/pool.h"

#include <math.h>
#include <string.h>

typedef struct work {
    const pn_activation *activation;
    const pn_real *x, *d_out; /* forward: x is the input; backward: what f gave */
    pn_real *to;
    int64_t columns;
} work;

enum { GRAIN = 16384 }; /* items worth another thread */

/* ---- forward ---- */

static pn_real sigmoid(pn_real x) {
    /* The exponent is never positive: nothing overflows. */
    pn_real e = (pn_real)exp(x < 0 ? x : -x);
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

/* Both values are computed and one is taken: loops without branches use vector instructions. NaN
 * stays NaN. */
static void relu(pn_real *x, int64_t count, pn_real slope, pn_real ceiling) {
    for (int64_t i = 0; i < count; i++) {
        const pn_real low = slope * x[i];
        x[i] = x[i] < 0 ? low : x[i];
    }
    if (ceiling > 0)
        for (int64_t i = 0; i < count; i++) x[i] = x[i] > ceiling ? ceiling : x[i];
}

static void forward_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t count = end - begin;
    pn_real *x = w->to + begin;
    if (w->to != w->x) memcpy(x, w->x + begin, (size_t)count * sizeof *x);
    switch (w->activation->kind) {
    case PN_ACT_RELU:
        relu(x, count, (pn_real)w->activation->slope, (pn_real)w->activation->ceiling);
        return;
    case PN_ACT_SIGMOID:
        for (int64_t i = 0; i < count; i++) x[i] = sigmoid(x[i]);
        return;
    case PN_ACT_TANH:
        for (int64_t i = 0; i < count; i++) x[i] = (pn_real)tanh(x[i]);
        return;
    default:
        return;
    }
}

static void softmax_rows(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t row = begin; row < end; row++) {
        const pn_real *x = w->x + row * w->columns;
        pn_real *to = w->to + row * w->columns, most = x[0];
        double sum = 0;
        for (int64_t j = 1; j < w->columns; j++) most = x[j] > most ? x[j] : most;
        for (int64_t j = 0; j < w->columns; j++) sum += to[j] = (pn_real)exp(x[j] - most);
        for (int64_t j = 0; j < w->columns; j++) to[j] = (pn_real)(to[j] / sum);
    }
}

void pn_activate(const pn_activation *activation, const pn_real *x, pn_real *out, int64_t rows,
                 int64_t columns) {
    work w = {activation, x, NULL, out, columns};
    if (activation->kind == PN_ACT_SOFTMAX)
        pn_parallel_for(rows, columns > 0 ? GRAIN / columns + 1 : 1, softmax_rows, &w);
    else
        pn_parallel_for(rows * columns, GRAIN, forward_items, &w);
}

/* ---- backward ---- */

static void relu_backward(const pn_real *restrict y, pn_real *restrict d, int64_t count,
                          pn_real slope, pn_real ceiling) {
    if (ceiling > 0)
        for (int64_t i = 0; i < count; i++) d[i] = y[i] >= ceiling ? 0 : d[i];
    for (int64_t i = 0; i < count; i++) {
        const pn_real low = slope * d[i];
        d[i] = y[i] > 0 ? d[i] : low;
    }
}

static void backward_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t count = end - begin;
    const pn_real *restrict y = w->x + begin;
    pn_real *restrict d = w->to + begin;
    if (w->to != w->d_out) memcpy(d, w->d_out + begin, (size_t)count * sizeof *d);
    switch (w->activation->kind) {
    case PN_ACT_RELU:
        relu_backward(y, d, count, (pn_real)w->activation->slope, (pn_real)w->activation->ceiling);
        return;
    case PN_ACT_SIGMOID:
        for (int64_t i = 0; i < count; i++) d[i] *= y[i] * (1 - y[i]);
        return;
    case PN_ACT_TANH:
        for (int64_t i = 0; i < count; i++) d[i] *= 1 - y[i] * y[i];
        return;
    default:
        return;
    }
}

static void softmax_backward_rows(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t row = begin; row < end; row++) {
        const pn_real *y = w->x + row * w->columns, *d = w->d_out + row * w->columns;
        pn_real *to = w->to + row * w->columns;
        double mean = 0; /* of the gradients, weighted by the probabilities */
        for (int64_t j = 0; j < w->columns; j++) mean += (double)y[j] * d[j];
        for (int64_t j = 0; j < w->columns; j++) to[j] = (pn_real)(y[j] * (d[j] - mean));
    }
}

void pn_activate_backward(const pn_activation *activation, const pn_real *out, const pn_real *d_out,
                          pn_real *d_x, int64_t rows, int64_t columns) {
    work w = {activation, out, d_out, d_x, columns};
    if (activation->kind == PN_ACT_SOFTMAX)
        pn_parallel_for(rows, columns > 0 ? GRAIN / columns + 1 : 1, softmax_backward_rows, &w);
    else
        pn_parallel_for(rows * columns, GRAIN, backward_items, &w);
}
