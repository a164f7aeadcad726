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

static void forward_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const pn_real *x = w->x;
    const pn_real slope = (pn_real)w->activation->slope, ceiling = (pn_real)w->activation->ceiling;
    switch (w->activation->kind) {
    case PN_ACT_RELU:
        /* Written so that NaN stays NaN. */
        for (int64_t i = begin; i < end; i++) w->to[i] = x[i] < 0 ? slope * x[i] : x[i];
        if (ceiling > 0)
            for (int64_t i = begin; i < end; i++)
                if (w->to[i] > ceiling) w->to[i] = ceiling;
        return;
    case PN_ACT_SIGMOID:
        for (int64_t i = begin; i < end; i++) w->to[i] = sigmoid(x[i]);
        return;
    case PN_ACT_TANH:
        for (int64_t i = begin; i < end; i++) w->to[i] = (pn_real)tanh(x[i]);
        return;
    default:
        if (w->to != x) memcpy(w->to + begin, x + begin, (size_t)(end - begin) * sizeof *x);
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

static void backward_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const pn_real *y = w->x, *d = w->d_out;
    const pn_real slope = (pn_real)w->activation->slope, ceiling = (pn_real)w->activation->ceiling;
    switch (w->activation->kind) {
    case PN_ACT_RELU:
        for (int64_t i = begin; i < end; i++) {
            pn_real flat = ceiling > 0 && y[i] >= ceiling ? 0 : 1;
            w->to[i] = y[i] > 0 ? flat * d[i] : slope * d[i];
        }
        return;
    case PN_ACT_SIGMOID:
        for (int64_t i = begin; i < end; i++) w->to[i] = d[i] * y[i] * (1 - y[i]);
        return;
    case PN_ACT_TANH:
        for (int64_t i = begin; i < end; i++) w->to[i] = d[i] * (1 - y[i] * y[i]);
        return;
    default:
        if (w->to != d) memcpy(w->to + begin, d + begin, (size_t)(end - begin) * sizeof *d);
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
