#include "nn/explain/gradcam.h"

#include "base/memory.h"
#include "base/pool.h"
#include "nn/explain/cam_mean.h"
#include "nn/plan.h"

#include <string.h>

enum { BATCH = 8 };

/* Where backward starts: a node, after or before its activation. */
typedef struct start {
    int node;
    bool before;
    int64_t outputs;
} start;

struct pn_explainer {
    pn_model *model;
    pn_gradcam_options options;
    start start;
    pn_plan *plan;
    /* For Grad-CAM where it is possible: the gradient is taken by the output of this node only, and
     * `mean` makes of it what the channels weigh. Else -1 and NULL. */
    int layer;
    pn_cam_mean *mean;
    const pn_dims *dims; /* of the layer's output */
    float *d;            /* (batch, outputs) */
    double *scratch;     /* (batch, channels) */
    float *weight;       /* the same */
    /* Of the present batch. */
    float *map;
    int64_t batch;
};

/* ---- what is asked for ---- */

/* Whether a prediction goes through the node as it is. */
static bool passes_on(const pn_node *node) {
    const bool same = (node->layer->type->flags & PN_LAYER_ALIAS) ||
                      strcmp(node->layer->type->class_name, "Dropout") == 0;
    return same && node->inputs == 1 && node->layer->activation.kind == PN_LINEAR;
}

/* The logits stand before the activation of the last layer, or are what a last layer that is
 * nothing but an activation takes. */
static start find_start(const pn_model *model, bool logits) {
    start s = {.node = model->group[0].output[0]};
    const pn_node *node = &model->node[s.node];
    s.outputs = pn_dims_count(&node->out);
    while (logits && passes_on(node)) node = &model->node[s.node = node->input[0]];
    if (!logits) return s;
    const char *class_name = node->layer->type->class_name;
    s.before = node->layer->activation.kind != PN_LINEAR;
    if (strcmp(class_name, "Activation") == 0 || strcmp(class_name, "Softmax") == 0) {
        s.before = false;
        s.node = node->input[0];
    }
    return s;
}

static pn_status check_target(const pn_explainer *j, pn_error *error) {
    int64_t outputs = j->start.outputs, target = j->options.target;
    if (target >= 0 && target < (outputs == 1 ? 2 : outputs)) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT,
                   "the model tells %lld classes apart: there is no class %lld",
                   (long long)(outputs == 1 ? 2 : outputs), (long long)target + 1);
}

static pn_status check_node(const pn_explainer *j, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    const pn_node *node = &j->model->node[j->options.node];
    if (node->out.rank != 3)
        return pn_fail(
            error, PN_E_SHAPE,
            "layer '%.100s' gives %s, no image (None, height, width, channels) that a map "
            "could be made of",
            node->layer->name, pn_dims_text(&node->out, text, sizeof text));
    return PN_OK;
}

/* Whether the score depends on the node. */
static pn_status check_path(const pn_explainer *j, pn_error *error) {
    const pn_model *model = j->model;
    bool *after = pn_calloc((size_t)model->nodes + 1, sizeof *after);
    if (!after) return pn_fail_memory(error, (unsigned long long)model->nodes);
    after[j->options.node] = true;
    for (int i = j->options.node + 1; i < model->nodes; i++)
        for (int k = 0; k < model->node[i].inputs; k++) after[i] |= after[model->node[i].input[k]];
    /* By its own logits the output of a layer has no gradient. */
    bool depends = after[j->start.node] && !(j->start.before && j->options.node == j->start.node);
    pn_free(after);
    if (depends) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "the output of '%.100s' does not depend on layer '%.100s'",
                   pn_model_name(model), model->node[j->options.node].layer->name);
}

/* ---- a batch ---- */

static void make_maps(void *context, int64_t begin, int64_t end) {
    pn_explainer *j = context;
    const pn_gradcam_options *o = &j->options;
    const int64_t height = j->dims->size[0], width = j->dims->size[1], places = height * width;
    const int64_t channels = j->dims->size[2];
    const float *a = pn_plan_output(j->plan, o->node), *g = pn_plan_gradient(j->plan);
    for (int64_t i = begin; i < end; i++) {
        double *weight = j->scratch + i * channels;
        float *map = j->map + i * places;
        for (int64_t c = 0; j->mean && c < channels; c++) weight[c] = j->weight[i * channels + c];
        if (j->mean)
            pn_cam_map_weighted(a + i * places * channels, weight, height, width, channels,
                                o->normalize, map);
        else
            pn_cam_map(o->method, a + i * places * channels, g + i * places * channels, height,
                       width, channels, o->normalize, weight, map);
    }
}

/* The gradient of the class's score by the outputs. */
static void set_gradient(const pn_explainer *j) {
    int64_t outputs = j->start.outputs, target = j->options.target;
    memset(j->d, 0, (size_t)(j->batch * outputs) * sizeof *j->d);
    for (int64_t i = 0; i < j->batch; i++)
        if (outputs == 1)
            j->d[i] = target == 1 ? 1 : -1;
        else
            j->d[i * outputs + target] = 1;
}

static pn_status run_batch(pn_explainer *j, const float *x, float *output, pn_error *error) {
    const pn_mode mode = {0};
    int last = j->model->group[0].output[0];
    pn_status status = pn_plan_forward(j->plan, &x, j->batch, &mode, error);
    if (status != PN_OK) return status;
    if (output)
        memcpy(output, pn_plan_output(j->plan, last),
               (size_t)(j->batch * pn_dims_count(&j->model->node[last].out)) * sizeof *output);
    set_gradient(j);
    status = pn_plan_backward(j->plan, j->d, j->start.before, error);
    if (status != PN_OK) return status;
    if (j->mean)
        pn_cam_mean_find(j->mean, pn_plan_output(j->plan, j->layer), pn_plan_gradient(j->plan),
                         j->batch, j->weight);
    pn_parallel_for(j->batch, 1, make_maps, j);
    return PN_OK;
}

pn_status pn_explainer_run(pn_explainer *j, const float *x, int64_t count, float *map,
                           float *output, pn_error *error) {
    const pn_gradcam_options *o = &j->options;
    int64_t size = pn_dims_count(&j->model->node[j->model->group[0].input[0]].out);
    int64_t places = j->dims->size[0] * j->dims->size[1];
    int64_t outputs = pn_dims_count(&j->model->node[j->model->group[0].output[0]].out);
    for (int64_t done = 0; done < count; done += j->batch) {
        j->batch = count - done < o->batch ? count - done : o->batch;
        j->map = map + done * places;
        pn_status status =
            run_batch(j, x + done * size, output ? output + done * outputs : NULL, error);
        if (status != PN_OK) return status;
        if (o->progress) o->progress(o->context, done + j->batch, count);
    }
    return PN_OK;
}

/* ---- life ---- */

/* A plan and what belongs to it, for Grad-CAM or for the other methods. */
static pn_status make_plan(pn_explainer *j, bool grad, pn_error *error) {
    const int64_t batch = j->options.batch;
    j->layer = grad ? pn_cam_mean_layer(j->model, j->options.node, j->start.node) : -1;
    const int keep[] = {j->options.node, j->layer};
    const pn_plan_options options = {.batch = batch,
                                     .output = j->start.node,
                                     .keep = keep,
                                     .keeps = j->layer >= 0 ? 2 : 1,
                                     .gradient_of = j->layer >= 0 ? j->layer : j->options.node};
    pn_status status = pn_plan_new(j->model, &options, &j->plan, error);
    if (status == PN_OK && j->layer >= 0)
        status = pn_cam_mean_new(j->model, j->options.node, j->layer, batch, &j->mean, error);
    return status;
}

static pn_status prepare(pn_explainer *j, pn_error *error) {
    const size_t channels = (size_t)(j->options.batch * j->dims->size[2]);
    j->d = pn_alloc((size_t)(j->options.batch * j->start.outputs) * sizeof *j->d);
    j->scratch = pn_alloc(channels * sizeof *j->scratch);
    j->weight = pn_alloc(channels * sizeof *j->weight);
    if (!j->d || !j->scratch || !j->weight)
        return pn_fail_memory(error, (unsigned long long)j->start.outputs);
    return make_plan(j, j->options.method == PN_CAM_GRAD, error);
}

static pn_status check(const pn_explainer *j, pn_error *error) {
    if (j->model->group[0].inputs != 1 || j->model->group[0].outputs != 1)
        return pn_fail(error, PN_E_UNSUPPORTED,
                       "Grad-CAM works on models with one input and one output");
    pn_status status = check_node(j, error);
    if (status == PN_OK) status = check_target(j, error);
    return status == PN_OK ? check_path(j, error) : status;
}

pn_status pn_explainer_new(const pn_model *model, const pn_gradcam_options *options,
                           pn_explainer **out, pn_error *error) {
    *out = NULL;
    pn_explainer *j = pn_calloc(1, sizeof *j);
    if (!j) return pn_fail_memory(error, sizeof *j);
    j->model = pn_model_retain((pn_model *)model);
    j->options = *options;
    if (j->options.batch == 0) j->options.batch = BATCH;
    j->start = find_start(model, options->logits);
    j->dims = &model->node[options->node].out;
    pn_status status = check(j, error);
    if (status == PN_OK) status = prepare(j, error);
    if (status == PN_OK)
        *out = j;
    else
        pn_explainer_free(j);
    return status;
}

/* The plan for the other kind of methods in place of the present one. */
static pn_status change_plan(pn_explainer *j, bool grad, pn_error *error) {
    pn_explainer other = *j;
    other.plan = NULL;
    other.mean = NULL;
    pn_status status = make_plan(&other, grad, error);
    pn_explainer *rest = status == PN_OK ? j : &other;
    pn_plan_free(rest->plan);
    pn_cam_mean_free(rest->mean);
    if (status == PN_OK) *j = other;
    return status;
}

pn_status pn_explainer_ask(pn_explainer *j, pn_cam_method method, int64_t target, pn_error *error) {
    const bool was = j->options.method == PN_CAM_GRAD, grad = method == PN_CAM_GRAD;
    const int64_t before = j->options.target;
    j->options.target = target;
    pn_status status = check_target(j, error);
    if (status == PN_OK && was != grad &&
        pn_cam_mean_layer(j->model, j->options.node, j->start.node) >= 0)
        status = change_plan(j, grad, error);
    if (status == PN_OK)
        j->options.method = method;
    else
        j->options.target = before;
    return status;
}

void pn_explainer_free(pn_explainer *j) {
    if (!j) return;
    pn_plan_free(j->plan);
    pn_cam_mean_free(j->mean);
    pn_free(j->d);
    pn_free(j->scratch);
    pn_free(j->weight);
    pn_model_release(j->model);
    pn_free(j);
}

pn_status pn_gradcam(const pn_model *model, const float *x, int64_t count,
                     const pn_gradcam_options *options, float *map, float *output,
                     pn_error *error) {
    pn_explainer *j;
    pn_gradcam_options o = *options;
    if (o.batch == 0) o.batch = BATCH;
    if (o.batch > count) o.batch = count > 0 ? count : 1;
    pn_status status = pn_explainer_new(model, &o, &j, error);
    if (status == PN_OK) status = pn_explainer_run(j, x, count, map, output, error);
    pn_explainer_free(j);
    return status;
}
