/* Compiled with -fno-math-errno (runtime/CMakeLists.txt), without which sqrtf is no instruction.
 * The loops are written for the compiler to vectorise; nothing is contracted or approximated. */
#include "kernels/optimizer_parts.h"

#include <math.h>
#include <stddef.h>

static void decay(const pn_update *u, float *value, int64_t n) {
    const float part = u->decay;
    for (int64_t i = 0; i < n; i++) value[i] -= value[i] * part;
}

/* m = momentum * m - rate * g. The value moves by m, or (nesterov) by where m will go next. */
static void sgd(const pn_update *u, float *restrict value, const float *restrict g,
                float *restrict m, int64_t n) {
    const float rate = u->rate, momentum = u->momentum;
    if (!m) {
        for (int64_t i = 0; i < n; i++) value[i] -= g[i] * rate;
    } else if (u->nesterov) {
        for (int64_t i = 0; i < n; i++) {
            const float next = m[i] * momentum - g[i] * rate;
            m[i] = next;
            value[i] += next * momentum - g[i] * rate;
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            const float next = m[i] * momentum - g[i] * rate;
            m[i] = next;
            value[i] += next;
        }
    }
}

/* m and v are running means of g and g^2; value -= rate * m / (sqrt(v) + epsilon). */
static void adam(const pn_update *u, float *restrict value, const float *restrict g,
                 float *restrict m, float *restrict v, int64_t n) {
    const float rate = u->rate, epsilon = u->epsilon, a = u->add_1, b = u->add_2;
    for (int64_t i = 0; i < n; i++) {
        const float mean = m[i] + (g[i] - m[i]) * a;
        const float square = v[i] + (g[i] * g[i] - v[i]) * b;
        m[i] = mean;
        v[i] = square;
        value[i] -= mean * rate / (sqrtf(square) + epsilon);
    }
}

/* The same with the greatest v so far. */
static void amsgrad(const pn_update *u, float *restrict value, const float *restrict g,
                    float *restrict m, float *restrict v, float *restrict most, int64_t n) {
    const float rate = u->rate, epsilon = u->epsilon, a = u->add_1, b = u->add_2;
    for (int64_t i = 0; i < n; i++) {
        const float mean = m[i] + (g[i] - m[i]) * a;
        const float square = v[i] + (g[i] * g[i] - v[i]) * b;
        const float greatest = square > most[i] ? square : most[i];
        m[i] = mean;
        v[i] = square;
        most[i] = greatest;
        value[i] -= mean * rate / (sqrtf(greatest) + epsilon);
    }
}

/* The gradient over the root of the running mean of its squares (centered: of its variance). */
static void rmsprop_increment(const pn_update *u, float *restrict increment,
                              const float *restrict g, float *restrict v, float *restrict mean,
                              int64_t n) {
    const float rate = u->rate, epsilon = u->epsilon;
    for (int64_t i = 0; i < n; i++) v[i] = u->keep_2 * v[i] + u->add_2 * (g[i] * g[i]);
    if (mean) {
        for (int64_t i = 0; i < n; i++) {
            mean[i] = u->keep_1 * mean[i] + u->add_1 * g[i];
            increment[i] = rate * g[i] / sqrtf(v[i] - mean[i] * mean[i] + epsilon);
        }
    } else {
        for (int64_t i = 0; i < n; i++) increment[i] = rate * g[i] / sqrtf(v[i] + epsilon);
    }
}

enum { PIECE = 1024 }; /* numbers that stay in the cache from one loop to the next */

static void rmsprop(const pn_update *u, float *restrict value, const float *restrict g,
                    float *const slot[PN_RULE_SLOTS], int64_t n) {
    float increment[PIECE];
    float *m = u->momentum > 0 ? slot[u->centered ? 2 : 1] : NULL;
    rmsprop_increment(u, increment, g, slot[0], u->centered ? slot[1] : NULL, n);
    for (int64_t i = 0; m && i < n; i++) increment[i] = m[i] = u->momentum * m[i] + increment[i];
    for (int64_t i = 0; i < n; i++) value[i] -= increment[i];
}

static void update_piece(const pn_update *u, float *value, const float *gradient,
                         float *const slot[PN_RULE_SLOTS], int64_t n) {
    if (u->decay > 0) decay(u, value, n);
    if (u->rule == PN_RULE_SGD)
        sgd(u, value, gradient, slot[0], n);
    else if (u->rule == PN_RULE_RMSPROP)
        rmsprop(u, value, gradient, slot, n);
    else if (u->amsgrad)
        amsgrad(u, value, gradient, slot[0], slot[1], slot[2], n);
    else
        adam(u, value, gradient, slot[0], slot[1], n);
}

void PN_LEVEL(pn_update_values)(const pn_update *update, float *value, const float *gradient,
                                float *const slot[PN_RULE_SLOTS], int64_t n) {
    for (int64_t at = 0; at < n; at += PIECE) {
        float *part[PN_RULE_SLOTS];
        for (int i = 0; i < PN_RULE_SLOTS; i++) part[i] = slot[i] ? slot[i] + at : NULL;
        update_piece(update, value + at, gradient + at, part, n - at < PIECE ? n - at : PIECE);
    }
}

void PN_LEVEL(pn_clip_values)(float *x, int64_t n, float limit) {
    for (int64_t i = 0; i < n; i++) {
        const float low = x[i] < -limit ? -limit : x[i];
        x[i] = low > limit ? limit : low;
    }
}

void PN_LEVEL(pn_scale_values)(float *x, int64_t n, float factor) {
    for (int64_t i = 0; i < n; i++) x[i] *= factor;
}

double PN_LEVEL(pn_sum_squares)(const float *x, int64_t n) {
    enum { SUMS = 8 };
    double part[SUMS] = {0}, sum = 0;
    const int64_t whole = n - n % SUMS;
    for (int64_t i = 0; i < whole; i += SUMS)
        for (int j = 0; j < SUMS; j++) part[j] += (double)x[i + j] * x[i + j];
    for (int64_t i = whole; i < n; i++) sum += (double)x[i] * x[i];
    for (int j = 0; j < SUMS; j++) sum += part[j];
    return sum;
}
