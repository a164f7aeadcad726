#include "nn/fuse/fixed_norm.h"

#include <math.h>
#include <string.h>

typedef struct weights {
    const float *gamma, *beta, *mean, *variance;
} weights;

static weights find_weights(const pn_batch_normalization *s, float *const *weight) {
    weights w = {0};
    if (s->scale) w.gamma = *weight++;
    if (s->center) w.beta = *weight++;
    w.mean = weight[0];
    w.variance = weight[1];
    return w;
}

void pn_norm_fix(const pn_batch_normalization *s, float *const *weight, int64_t channels,
                 float *factor, float *offset) {
    const weights w = find_weights(s, weight);
    for (int64_t c = 0; c < channels; c++) {
        const float inverse = (float)(1 / sqrt(w.variance[c] + s->epsilon));
        factor[c] = w.gamma ? w.gamma[c] * inverse : inverse;
        offset[c] = (0 - w.mean[c]) * factor[c] + (w.beta ? w.beta[c] : 0);
    }
}

/* ---- behind a ReLU ---- */

static bool is_class(const pn_node *node, const char *name) {
    return strcmp(node->layer->type->class_name, name) == 0;
}

static bool hands_on(const pn_node *node) {
    return node->layer->activation.kind == PN_LINEAR &&
           (is_class(node, "Flatten") || is_class(node, "Dropout") ||
            is_class(node, "MaxPooling2D"));
}

/* The node whose numbers this one takes, or NULL. */
static const pn_node *source(const pn_model *model, const pn_node *node) {
    while (node->inputs == 1) {
        node = &model->node[node->input[0]];
        if (!hands_on(node)) return node;
    }
    return NULL;
}

const pn_node *pn_norm_behind_relu(const pn_run *run) {
    const pn_node *norm = source(run->model, run->node);
    if (!norm || !is_class(norm, "BatchNormalization")) return NULL;
    if (norm->layer->activation.kind != PN_LINEAR) return NULL;
    const pn_node *relu = source(run->model, norm);
    if (!relu) return NULL;
    const pn_activation *a = &relu->layer->activation;
    return a->kind == PN_ACT_RELU && a->slope == 0 ? norm : NULL;
}

/* Of numbers of which none is negative at most this part is 0: variance / (variance + mean^2), by
 * Cauchy and Schwarz. Below a fifth it is not worth the digits that a far offset would cost. */
static bool rests_often(double mean, double variance) {
    return mean * mean <= 4 * variance;
}

void pn_norm_rest(const pn_run *run, float *const *weight, int64_t count, float *factor,
                  float *rest) {
    const pn_node *norm = pn_norm_behind_relu(run);
    const pn_batch_normalization *s = norm->layer->settings;
    const int64_t channels = norm->out.size[norm->out.rank - 1];
    float *const *own = weight + (norm->slot - run->node->slot);
    const weights w = find_weights(s, own);
    pn_norm_fix(s, own, channels, factor, rest);
    for (int64_t c = 0; c < channels; c++)
        if (!isfinite(rest[c]) || !rests_often(w.mean[c], w.variance[c] + s->epsilon)) rest[c] = 0;
    for (int64_t i = channels; i < count; i++) rest[i] = rest[i - channels];
}
