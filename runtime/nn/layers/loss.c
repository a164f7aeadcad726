/* The losses' formulas and gradients. Sums and logarithms are in double; what Keras clips is
 * clipped in the model's own number type, where 1 - 1e-7 is not quite that. */
#include "nn/loss.h"

#include <inttypes.h>
#include <math.h>

/* keras.backend.epsilon() */
#define EPSILON ((pn_real)1e-7)

typedef struct terms {
    const pn_loss *loss;
    int64_t width;
    double scale; /* of the gradient: weight / batch */
} terms;

static double clipped(double p) {
    const double low = EPSILON, high = (pn_real)1 - EPSILON;
    return p < low ? low : p > high ? high : p;
}

/* Where the clipped value follows p; so it does for NaN. */
static bool is_inside(double p) {
    return !(p < EPSILON || p > (pn_real)1 - EPSILON);
}

/* ---- binary ---- */

/* log(1 + exp(-z)) */
static double softplus_minus(double z) {
    return z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z;
}

static double sigmoid(double z) {
    return 1 / (1 + exp(-z));
}

static double binary(const terms *t, bool logits, const pn_real *x, const pn_real *y,
                     pn_real *d_x) {
    double sum = 0, s = t->loss->label_smoothing, each = t->scale / (double)t->width;
    for (int64_t j = 0; j < t->width; j++) {
        double z = x[j], target = y[j] * (1 - s) + 0.5 * s, slope;
        if (logits) {
            sum += (1 - target) * z + softplus_minus(z);
            slope = sigmoid(z) - target;
        } else {
            double p = clipped(z), on = p + EPSILON, off = (pn_real)1 - p + EPSILON;
            sum -= target * log(on) + (1 - target) * log(off);
            slope = is_inside(z) ? (1 - target) / off - target / on : 0;
        }
        if (d_x) d_x[j] = (pn_real)(slope * each);
    }
    return sum / (double)t->width;
}

/* ---- one class of several ---- */

static double log_sum_exp(const pn_real *z, int64_t width) {
    double most = z[0], sum = 0;
    for (int64_t j = 1; j < width; j++)
        if (z[j] > most) most = z[j];
    for (int64_t j = 0; j < width; j++) sum += exp(z[j] - most);
    return most + log(sum);
}

/* The target of class j: one-hot from a number, or smoothed. */
static double target_of(const terms *t, const pn_real *y, int64_t j) {
    double s = t->loss->label_smoothing;
    if (t->loss->kind == PN_LOSS_SPARSE) return (int64_t)y[0] == j ? 1 : 0;
    return y[j] * (1 - s) + s / (double)t->width;
}

static double classes_logits(const terms *t, const pn_real *z, const pn_real *y, pn_real *d_x) {
    double norm = log_sum_exp(z, t->width), sum = 0, mass = 0;
    for (int64_t j = 0; j < t->width; j++) {
        double target = target_of(t, y, j);
        sum += target * (norm - z[j]);
        mass += target;
    }
    for (int64_t j = 0; d_x && j < t->width; j++) {
        double target = target_of(t, y, j);
        d_x[j] = (pn_real)((exp(z[j] - norm) * mass - target) * t->scale);
    }
    return sum;
}

/* Keras divides the outputs by their sum, then clips: -sum(y log clip(p / sum p)). */
static double categorical(const terms *t, const pn_real *p, const pn_real *y, pn_real *d_x) {
    double total = 0, sum = 0, shared = 0;
    for (int64_t j = 0; j < t->width; j++) total += p[j];
    for (int64_t j = 0; j < t->width; j++) {
        double q = p[j] / total, target = target_of(t, y, j);
        sum -= target * log(clipped(q));
        if (is_inside(q)) shared += target;
    }
    for (int64_t j = 0; d_x && j < t->width; j++) {
        double q = p[j] / total, own = is_inside(q) ? target_of(t, y, j) / q : 0;
        d_x[j] = (pn_real)((shared - own) / total * t->scale);
    }
    return sum;
}

/* Keras clips the outputs, then takes their logarithms for logits: log(sum clip(p) / clip(p_y)). */
static double sparse(const terms *t, const pn_real *p, const pn_real *y, pn_real *d_x) {
    int64_t k = (int64_t)y[0];
    double total = 0, own = clipped(p[k]);
    for (int64_t j = 0; j < t->width; j++) total += clipped(p[j]);
    for (int64_t j = 0; d_x && j < t->width; j++) {
        double slope = is_inside(p[j]) ? 1 / total - (j == k ? 1 / own : 0) : 0;
        d_x[j] = (pn_real)(slope * t->scale);
    }
    return log(total / own);
}

static double squared(const terms *t, const pn_real *x, const pn_real *y, pn_real *d_x) {
    double sum = 0;
    for (int64_t j = 0; j < t->width; j++) {
        double off = (double)x[j] - y[j];
        sum += off * off;
        if (d_x) d_x[j] = (pn_real)(2 * off / (double)t->width * t->scale);
    }
    return sum / (double)t->width;
}

static double one_sample(const terms *t, bool logits, const pn_real *x, const pn_real *y,
                         pn_real *d_x) {
    if (t->loss->kind == PN_LOSS_MSE) return squared(t, x, y, d_x);
    if (t->loss->kind == PN_LOSS_BINARY) return binary(t, logits, x, y, d_x);
    if (logits) return classes_logits(t, x, y, d_x);
    return t->loss->kind == PN_LOSS_SPARSE ? sparse(t, x, y, d_x) : categorical(t, x, y, d_x);
}

/* The number of a sample's targets that the loss cannot be computed from, or NULL. */
static const pn_real *find_wrong(const pn_loss *loss, int64_t width, const pn_real *y) {
    if (loss->kind == PN_LOSS_SPARSE)
        return y[0] >= 0 && y[0] < (pn_real)width && y[0] == floor(y[0]) ? NULL : y;
    for (int64_t j = 0; loss->kind != PN_LOSS_MSE && j < width; j++)
        if (!(y[j] >= 0 && y[j] <= 1)) return &y[j];
    return NULL;
}

static pn_status fail_target(const pn_loss *loss, int64_t sample, double target, int64_t width,
                             pn_error *error) {
    if (loss->kind == PN_LOSS_SPARSE)
        return pn_fail(error, PN_E_ARGUMENT,
                       "the target of sample %" PRId64 " of the batch is %g: no class, for the "
                       "model's %" PRId64 " outputs",
                       sample, target, width);
    return pn_fail(error, PN_E_ARGUMENT,
                   "a target of sample %" PRId64
                   " of the batch is %g: %s takes numbers from 0 to 1",
                   sample, target, pn_loss_name(loss));
}

pn_status pn_loss_compute(const pn_loss *loss, bool logits, int64_t batch, int64_t width,
                          const pn_real *x, const pn_real *target, const pn_real *weight,
                          double *value, pn_real *d_x, pn_error *error) {
    bool one = loss->kind == PN_LOSS_SPARSE;
    for (int64_t i = 0; i < batch; i++) {
        const pn_real *y = target + i * (one ? 1 : width);
        const pn_real *wrong = find_wrong(loss, width, y);
        if (wrong) return fail_target(loss, i + 1, (double)*wrong, width, error);
        terms t = {loss, width, (weight ? weight[i] : 1.0) / (double)batch};
        value[i] = one_sample(&t, logits || loss->from_logits, x + i * width, y,
                              d_x ? d_x + i * width : NULL);
    }
    return PN_OK;
}
