#include "nn/explain/cam_mean.h"

#include "base/memory.h"
#include "base/pool.h"
#include "kernels/dense.h"
#include "nn/layers/settings.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 512 }; /* units that are summed at a time */

struct pn_cam_mean {
    const pn_layer *layer;
    int64_t channels, places, units; /* places of the layer's input */
    int64_t batch;
    int threads;
    double *scale;  /* (channels): what the layers between make of the gradient, over all places */
    float *sums;    /* (channels, units) */
    float *d;       /* (batch, units) */
    float *scratch; /* of the product */
};

/* ---- which layers ---- */

static bool is(const pn_node *node, const char *class_name) {
    return strcmp(node->layer->type->class_name, class_name) == 0;
}

/* The only node that takes what this one gives, or -1. */
static int only_user(const pn_model *model, int node) {
    int user = -1;
    for (int i = node + 1; i < model->nodes; i++)
        for (int k = 0; k < model->node[i].inputs; k++) {
            if (model->node[i].input[k] != node) continue;
            if (user >= 0) return -1;
            user = i;
        }
    return user;
}

static bool keeps_sums(const pn_node *node) {
    static const char *const names[] = {"MaxPooling2D", "AveragePooling2D", "BatchNormalization",
                                        "Dropout", "Flatten"};
    if (node->inputs != 1 || node->layer->activation.kind != PN_LINEAR) return false;
    /* Of flattened pictures each place has a scale of its own. */
    if (is(node, "BatchNormalization") && node->out.rank != 3) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(node, names[i])) return true;
    return false;
}

static bool takes_all(const pn_node *node) {
    const pn_dims *in = &node->in[0];
    if (is(node, "Dense")) return in->rank == 1;
    if (!is(node, "Conv2D")) return false;
    const pn_window *w = &((const pn_conv2d *)node->layer->settings)->window;
    return node->out.size[0] == 1 && node->out.size[1] == 1 && w->kernel[0] == in->size[0] &&
           w->kernel[1] == in->size[1] && w->dilation[0] == 1 && w->dilation[1] == 1;
}

int pn_cam_mean_layer(const pn_model *model, int node, int start) {
    for (int at = only_user(model, node); at >= 0 && at < start; at = only_user(model, at)) {
        if (takes_all(&model->node[at])) return at;
        if (!keeps_sums(&model->node[at])) return -1;
    }
    return -1;
}

/* ---- once for all images ---- */

static const float *values(const pn_layer *layer, const char *name) {
    for (int i = 0; i < layer->weights; i++)
        if (strcmp(layer->weight[i].name, name) == 0) return layer->weight[i].value->data;
    return NULL;
}

static void add_scale(pn_cam_mean *m, const pn_layer *layer) {
    const pn_batch_normalization *s = layer->settings;
    const float *gamma = values(layer, "gamma"), *variance = values(layer, "moving_variance");
    for (int64_t c = 0; c < m->channels; c++)
        m->scale[c] *= (gamma ? gamma[c] : 1) / sqrt(variance[c] + s->epsilon);
}

static void find_scale(pn_cam_mean *m, const pn_model *model, int node, int layer) {
    const pn_dims *out = &model->node[node].out;
    for (int64_t c = 0; c < m->channels; c++)
        m->scale[c] = 1 / (double)(out->size[0] * out->size[1]);
    for (int at = only_user(model, node); at != layer; at = only_user(model, at))
        if (is(&model->node[at], "BatchNormalization")) add_scale(m, model->node[at].layer);
}

static void sum_places(void *context, int64_t begin, int64_t end) {
    const pn_cam_mean *m = context;
    const float *w = values(m->layer, "kernel");
    double sum[COLUMNS];
    for (int64_t c = begin; c < end; c++)
        for (int64_t first = 0; first < m->units; first += COLUMNS) {
            const int64_t count = m->units - first < COLUMNS ? m->units - first : COLUMNS;
            memset(sum, 0, sizeof sum);
            for (int64_t p = 0; p < m->places; p++) {
                const float *from = w + (p * m->channels + c) * m->units + first;
                for (int64_t u = 0; u < count; u++) sum[u] += from[u];
            }
            float *to = m->sums + c * m->units + first;
            for (int64_t u = 0; u < count; u++) to[u] = (float)(sum[u] * m->scale[c]);
        }
}

static pn_status take_memory(pn_cam_mean *m, pn_error *error) {
    const int64_t scratch = pn_dense_scratch(m->batch, m->channels, m->units, m->threads);
    m->scale = pn_alloc((size_t)m->channels * sizeof *m->scale);
    m->sums = pn_alloc((size_t)(m->channels * m->units) * sizeof *m->sums);
    m->d = pn_alloc((size_t)(m->batch * m->units) * sizeof *m->d);
    m->scratch = pn_alloc((size_t)scratch * sizeof *m->scratch);
    if (m->scale && m->sums && m->d && m->scratch) return PN_OK;
    return pn_fail_memory(error, (unsigned long long)(m->channels * m->units) * sizeof *m->sums);
}

pn_status pn_cam_mean_new(const pn_model *model, int node, int layer, int64_t batch,
                          pn_cam_mean **out, pn_error *error) {
    *out = NULL;
    pn_cam_mean *m = pn_calloc(1, sizeof *m);
    if (!m) return pn_fail_memory(error, sizeof *m);
    const pn_node *to = &model->node[layer];
    m->layer = to->layer;
    m->channels = model->node[node].out.size[2];
    m->places = pn_dims_count(&to->in[0]) / m->channels;
    m->units = to->out.size[to->out.rank - 1];
    m->batch = batch;
    m->threads = pn_threads();
    pn_status status = take_memory(m, error);
    if (status != PN_OK) {
        pn_cam_mean_free(m);
        return status;
    }
    find_scale(m, model, node, layer);
    pn_parallel_for(m->channels, 1, sum_places, m);
    *out = m;
    return PN_OK;
}

void pn_cam_mean_free(pn_cam_mean *m) {
    if (!m) return;
    pn_free(m->scale);
    pn_free(m->sums);
    pn_free(m->d);
    pn_free(m->scratch);
    pn_free(m);
}

void pn_cam_mean_find(pn_cam_mean *m, const float *y, const float *d, int64_t batch,
                      float *weight) {
    const pn_activation *activation = &m->layer->activation;
    if (activation->kind != PN_LINEAR) {
        pn_activate_backward(activation, y, d, m->d, batch, m->units);
        d = m->d;
    }
    pn_dense_backward(batch, m->channels, m->units, NULL, m->sums, d, weight, NULL, NULL, NULL,
                      m->threads, m->scratch);
}
