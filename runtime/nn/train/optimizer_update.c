/* Compiled with -fno-math-errno (runtime/CMakeLists.txt), without which sqrtf is no instruction. */
#include "nn/train/optimizer_update.h"

#include "kernels/elementwise.h"

#include <math.h>

static void decay(const pn_update *u, float *value, int64_t n) {
    const float part = (float)u->optimizer->weight_decay * u->rate;
    for (int64_t i = 0; i < n; i++) value[i] -= value[i] * part;
}

/* m = momentum * m - rate * g. The value moves by m, or (nesterov) by where m will go next. */
static void sgd(const pn_update *u, float *restrict value, const float *restrict g,
                float *restrict m, int64_t n) {
    const float rate = u->rate, momentum = (float)u->optimizer->momentum;
    if (!m) {
        for (int64_t i = 0; i < n; i++) value[i] -= g[i] * rate;
    } else if (u->optimizer->nesterov) {
        for (int64_t i = 0; i < n; i++) {
            m[i] = m[i] * momentum - g[i] * rate;
            value[i] += m[i] * momentum - g[i] * rate;
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            m[i] = m[i] * momentum - g[i] * rate;
            value[i] += m[i];
        }
    }
}

/* m and v are running means of g and g^2; value -= alpha * m / (sqrt(v) + epsilon). */
static void adam(const pn_update *u, float *restrict value, const float *restrict g,
                 float *restrict m, float *restrict v, int64_t n) {
    const float alpha = u->alpha, epsilon = (float)u->optimizer->epsilon;
    const float a = (float)(1 - u->optimizer->beta_1), b = (float)(1 - u->optimizer->beta_2);
    for (int64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * a;
        v[i] += (g[i] * g[i] - v[i]) * b;
        value[i] -= m[i] * alpha / (sqrtf(v[i]) + epsilon);
    }
}

/* The same with the greatest v so far. */
static void amsgrad(const pn_update *u, float *restrict value, const float *restrict g,
                    float *restrict m, float *restrict v, float *restrict most, int64_t n) {
    const float alpha = u->alpha, epsilon = (float)u->optimizer->epsilon;
    const float a = (float)(1 - u->optimizer->beta_1), b = (float)(1 - u->optimizer->beta_2);
    for (int64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * a;
        v[i] += (g[i] * g[i] - v[i]) * b;
        most[i] = v[i] > most[i] ? v[i] : most[i];
        value[i] -= m[i] * alpha / (sqrtf(most[i]) + epsilon);
    }
}

/* The gradient over the root of the running mean of its squares (centered: of its variance). The
 * result takes the gradient's place in `increment`. */
static void rmsprop_increment(const pn_update *u, float *restrict increment,
                              const float *restrict g, float *restrict v, float *restrict mean,
                              int64_t n) {
    const float rate = u->rate, epsilon = (float)u->optimizer->epsilon;
    const float rho = (float)u->optimizer->rho, rest = (float)(1 - u->optimizer->rho);
    for (int64_t i = 0; i < n; i++) v[i] = rho * v[i] + rest * (g[i] * g[i]);
    if (mean) {
        for (int64_t i = 0; i < n; i++) {
            mean[i] = rho * mean[i] + rest * g[i];
            increment[i] = rate * g[i] / sqrtf(v[i] - mean[i] * mean[i] + epsilon);
        }
    } else {
        for (int64_t i = 0; i < n; i++) increment[i] = rate * g[i] / sqrtf(v[i] + epsilon);
    }
}

static void rmsprop(const pn_update *u, float *restrict value, const float *restrict g,
                    float *const slot[PN_OPTIMIZER_SLOTS], int64_t n) {
    enum { PIECE = 512 };
    float increment[PIECE];
    const float momentum = (float)u->optimizer->momentum;
    float *mean = u->optimizer->centered ? slot[1] : NULL;
    float *m = momentum > 0 ? slot[u->optimizer->centered ? 2 : 1] : NULL;
    for (int64_t at = 0; at < n; at += PIECE) {
        int64_t count = n - at < PIECE ? n - at : PIECE;
        rmsprop_increment(u, increment, g + at, slot[0] + at, mean ? mean + at : NULL, count);
        for (int64_t i = 0; m && i < count; i++)
            increment[i] = m[at + i] = momentum * m[at + i] + increment[i];
        for (int64_t i = 0; i < count; i++) value[at + i] -= increment[i];
    }
}

void pn_optimizer_update(const pn_update *update, float *value, const float *gradient,
                         float *const slot[PN_OPTIMIZER_SLOTS], int64_t n) {
    const pn_optimizer *o = update->optimizer;
    if (o->weight_decay > 0) decay(update, value, n);
    if (o->kind == PN_SGD)
        sgd(update, value, gradient, slot[0], n);
    else if (o->kind == PN_RMSPROP)
        rmsprop(update, value, gradient, slot, n);
    else if (o->amsgrad)
        amsgrad(update, value, gradient, slot[0], slot[1], slot[2], n);
    else
        adam(update, value, gradient, slot[0], slot[1], n);
}

void pn_clip_values(float *x, int64_t n, float limit) {
    for (int64_t i = 0; i < n; i++) {
        float low = x[i] < -limit ? -limit : x[i];
        x[i] = low > limit ? limit : low;
    }
}

void pn_scale_values(float *x, int64_t n, float factor) {
    for (int64_t i = 0; i < n; i++) x[i] *= factor;
}

double pn_sum_squares(const float *x, int64_t n) {
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0;
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)x[i + j] * x[i + j];
    for (int64_t i = whole; i < n; i++) sum += (double)x[i] * x[i];
    for (int j = 0; j < LANES; j++) sum += lane[j];
    return sum;
}
