#include "nn/plan_parts.h"

#include "base/cancel.h"
#include "base/memory.h"
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

static float *memory(const pn_plan *plan, int span) {
    return span < 0 ? NULL : plan->arena + plan->span[span].offset;
}

/* ---- weights ---- */

static pn_status find_weights(pn_plan *plan, pn_error *error) {
    const pn_model *model = plan->model;
    size_t slots = (size_t)model->slots + 1;
    plan->weight = pn_calloc(slots, sizeof *plan->weight);
    plan->d_weight = pn_calloc(slots, sizeof *plan->d_weight);
    if (!plan->weight || !plan->d_weight) return pn_fail_memory(error, slots * sizeof(float *));
    for (int i = 0; i < model->slots; i++) {
        const pn_slot *s = &model->slot[i];
        const pn_weight *w = &s->layer->weight[s->weight];
        if (!w->value)
            return pn_fail(error, PN_E_INTERNAL, "the %s of '%.100s' has no value", w->name,
                           s->layer->name);
        plan->weight[i] = w->value->data;
    }
    return PN_OK;
}

/* Whether backward leaves the gradient of the weight in memory of the plan's. */
static bool has_gradient(const pn_plan *plan, int slot) {
    const pn_slot *s = &plan->model->slot[slot];
    return pn_plan_trains(plan, s->layer) && !s->layer->weight[s->weight].moving &&
           !plan->updating[slot];
}

static pn_status make_gradients(pn_plan *plan, pn_error *error) {
    for (int i = 0; i < plan->model->slots; i++) {
        const pn_slot *s = &plan->model->slot[i];
        if (has_gradient(plan, i))
            plan->gradient_floats += pn_dims_count(&s->layer->weight[s->weight].shape);
    }
    plan->gradients = pn_calloc((size_t)plan->gradient_floats, sizeof *plan->gradients);
    if (!plan->gradients)
        return pn_fail_memory(error, (unsigned long long)plan->gradient_floats * sizeof(float));
    float *next = plan->gradients;
    for (int i = 0; i < plan->model->slots; i++) {
        const pn_slot *s = &plan->model->slot[i];
        if (!has_gradient(plan, i)) continue;
        plan->d_weight[i] = next;
        next += pn_dims_count(&s->layer->weight[s->weight].shape);
    }
    return PN_OK;
}

/* ---- life ---- */

static pn_status prepare(pn_plan *plan, pn_error *error) {
    int nodes = plan->model->nodes;
    plan->external = pn_calloc((size_t)nodes + 1, sizeof *plan->external);
    plan->updating = pn_calloc((size_t)plan->model->slots + 1, sizeof *plan->updating);
    if (!plan->external || !plan->updating) return pn_fail_memory(error, sizeof *plan->external);
    pn_status status = find_weights(plan, error);
    if (status == PN_OK) status = pn_plan_lay_out(plan, error);
    return status == PN_OK ? make_gradients(plan, error) : status;
}

/* No sum of sizes overflows below this, which no machine has. */
static pn_status check_sizes(const pn_model *model, int64_t batch, pn_error *error) {
    for (int i = 0; i < model->nodes; i++) {
        double count = (double)batch * (double)pn_dims_count(&model->node[i].out);
        if (count > 0x1p44)
            return pn_fail(error, PN_E_MEMORY,
                           "out of memory: '%.100s' would give %.3g numbers for a batch of %lld",
                           model->node[i].layer->name, count, (long long)batch);
    }
    return PN_OK;
}

pn_status pn_plan_new(const pn_model *model, const pn_plan_options *options, pn_plan **out,
                      pn_error *error) {
    *out = NULL;
    if (options->batch < 1 || model->group[0].outputs < 1)
        return pn_fail(error, PN_E_ARGUMENT, "a plan needs a batch of at least 1 and an output");
    pn_status status = check_sizes(model, options->batch, error);
    if (status != PN_OK) return status;
    pn_plan *plan = pn_calloc(1, sizeof *plan);
    if (!plan) return pn_fail_memory(error, sizeof *plan);
    plan->model = pn_model_retain((pn_model *)model);
    plan->options = *options;
    plan->output = options->output >= 0 ? options->output : model->group[0].output[0];
    plan->threads = pn_threads();
    plan->fresh = true;
    const char *how = getenv("PNEUMA_PLAN");
    if (how && strcmp(how, "reference") == 0) plan->options.reference = true;
    status = prepare(plan, error);
    /* What was kept is known now; the caller's list may go. */
    plan->options.keep = NULL;
    plan->options.keeps = 0;
    if (status == PN_OK)
        *out = plan;
    else
        pn_plan_free(plan);
    return status;
}

void pn_plan_free(pn_plan *plan) {
    if (!plan) return;
    pn_free(plan->step);
    pn_free(plan->edge_span);
    pn_free(plan->span);
    pn_free(plan->arena);
    pn_free(plan->weight);
    pn_free(plan->d_weight);
    pn_free(plan->gradients);
    pn_free(plan->external);
    pn_free(plan->updating);
    pn_model_release(plan->model);
    pn_free(plan);
}

void pn_plan_set_weight(pn_plan *plan, int slot, float *value) {
    plan->weight[slot] = value;
    plan->fresh = true;
}

bool pn_plan_updates(const pn_plan *plan, int slot) {
    return plan->updating[slot];
}

int pn_plan_runs(const pn_plan *plan) {
    int runs = 0;
    for (int i = 0; i < plan->model->nodes; i++) runs += plan->step[i].fused != NULL;
    return runs;
}

size_t pn_plan_bytes(const pn_plan *plan) {
    return ((size_t)plan->floats + (size_t)plan->gradient_floats) * sizeof(float);
}

/* ---- one node ---- */

typedef struct io {
    const float *in[PN_LAYER_INPUTS];
    float *d_in[PN_LAYER_INPUTS];
    float *weight[PN_LAYER_WEIGHTS], *d_weight[PN_LAYER_WEIGHTS];
} io;

static const float *value_of(const pn_plan *plan, int node) {
    int root = plan->step[node].root;
    if (plan->step[root].hidden) return NULL;
    return pn_plan_is_external(plan, root) ? plan->external[root]
                                           : memory(plan, plan->step[root].out);
}

/* Keras: a frozen layer computes as when nothing is trained, but a frozen dropout drops. */
static bool is_training(const pn_plan *plan, const pn_layer *layer) {
    if (!plan->mode.training) return false;
    if (layer->type->flags & PN_LAYER_RANDOM) return layer->trainable || plan->mode.frozen_dropout;
    return layer->trainable;
}

static pn_pass make_pass(const pn_plan *plan, int i, io *io) {
    const pn_step *s = &plan->step[i];
    const pn_node *node = s->node;
    for (int k = 0; k < node->inputs; k++) io->in[k] = value_of(plan, node->input[k]);
    for (int k = 0; k < node->layer->weights; k++) {
        io->weight[k] = plan->weight[node->slot + k];
        io->d_weight[k] = plan->d_weight[node->slot + k];
    }
    return (pn_pass){.batch = plan->batch,
                     .inputs = node->inputs,
                     .in_dims = node->in,
                     .out_dims = &node->out,
                     .in = io->in,
                     .out = memory(plan, s->linear),
                     .d_in = io->d_in,
                     .weight = io->weight,
                     .d_weight = io->d_weight,
                     .saved = memory(plan, s->saved),
                     .scratch = memory(plan, s->scratch),
                     .threads = plan->threads,
                     .training = is_training(plan, node->layer),
                     .seed = plan->mode.seed,
                     .stream = plan->mode.step * (uint64_t)plan->model->nodes + (uint64_t)i};
}

static void activation_size(const pn_plan *plan, const pn_step *s, int64_t *rows,
                            int64_t *columns) {
    const pn_dims *out = &s->node->out;
    *columns = out->rank ? out->size[out->rank - 1] : 1;
    *rows = plan->batch * (pn_dims_count(out) / *columns);
}

static pn_run_pass make_run_pass(const pn_plan *plan, int i) {
    const pn_step *s = &plan->step[i];
    return (pn_run_pass){.batch = plan->batch,
                         .in = value_of(plan, s->head->input[0]),
                         .out = memory(plan, s->out),
                         .weight = plan->weight + s->head->slot,
                         .d_weight = plan->d_weight + s->head->slot,
                         .update = plan->options.update,
                         .saved = memory(plan, s->saved),
                         .scratch = memory(plan, s->scratch),
                         .prepared = memory(plan, s->prepared),
                         .fresh = plan->fresh,
                         .training = plan->mode.training};
}

static pn_status forward_run(pn_plan *plan, int i, pn_error *error) {
    const pn_run run = pn_plan_run(plan, &plan->step[i]);
    const pn_run_pass pass = make_run_pass(plan, i);
    return plan->step[i].fused->forward(&run, &pass, error);
}

static pn_status forward_node(pn_plan *plan, int i, pn_error *error) {
    const pn_step *s = &plan->step[i];
    io io = {0};
    if (s->hidden || s->root != i || pn_plan_is_external(plan, i)) return PN_OK;
    if (s->fused) return forward_run(plan, i, error);
    pn_pass pass = make_pass(plan, i, &io);
    pn_status status = s->node->layer->type->forward(s->node->layer, &pass, error);
    if (status != PN_OK || !pn_step_activates(s)) return status;
    int64_t rows, columns;
    activation_size(plan, s, &rows, &columns);
    pn_activate(&s->node->layer->activation, pass.out, memory(plan, s->out), rows, columns);
    return PN_OK;
}

pn_status pn_plan_forward(pn_plan *plan, const float *const *input, int64_t batch,
                          const pn_mode *mode, pn_error *error) {
    const pn_group *g = &plan->model->group[0];
    if (batch < 1 || batch > plan->options.batch)
        return pn_fail(error, PN_E_ARGUMENT, "the plan is for 1 to %lld samples, not %lld",
                       (long long)plan->options.batch, (long long)batch);
    plan->batch = batch;
    plan->mode = *mode;
    for (int i = 0; i < g->inputs; i++) plan->external[g->input[i]] = input[i];
    for (int i = 0; i < plan->model->nodes; i++) {
        if (pn_cancelled() != PN_CANCEL_NONE)
            return pn_fail(error, PN_E_CANCELLED, "the model was stopped");
        pn_status status = forward_node(plan, i, error);
        if (status != PN_OK) return status;
    }
    plan->fresh = plan->options.training;
    return PN_OK;
}

const float *pn_plan_output(const pn_plan *plan, int node) {
    return value_of(plan, node);
}

const float *pn_plan_logits(const pn_plan *plan, int node) {
    const pn_step *s = &plan->step[node];
    return pn_step_activates(s) && s->linear != s->out ? memory(plan, s->linear) : NULL;
}

/* ---- backward ---- */

/* Where the gradients by the node's inputs go: into the root's span when nothing is there, else
 * beside it, to be added. */
static void aim_gradients(pn_plan *plan, int i, float **d_in) {
    const pn_step *s = &plan->step[i];
    for (int k = 0; k < s->head->inputs; k++) {
        pn_step *from = &plan->step[plan->step[s->head->input[k]].root];
        if (!from->needs_d) continue;
        int beside = plan->edge_span[s->edge + k];
        d_in[k] = memory(plan, beside >= 0 ? beside : from->d_out);
        from->written = true;
    }
}

typedef struct sum {
    float *to;
    const float *from;
} sum;

static void add_items(void *context, int64_t begin, int64_t end) {
    sum *s = context;
    for (int64_t i = begin; i < end; i++) s->to[i] += s->from[i];
}

static void add_gradients(pn_plan *plan, int i) {
    const pn_step *s = &plan->step[i];
    for (int k = 0; k < s->head->inputs; k++) {
        int beside = plan->edge_span[s->edge + k];
        if (beside < 0) continue;
        const pn_step *from = &plan->step[plan->step[s->head->input[k]].root];
        sum work = {memory(plan, from->d_out), memory(plan, beside)};
        pn_parallel_for(plan->batch * pn_dims_count(&from->node->out), 1 << 15, add_items, &work);
    }
}

static pn_status backward_run(pn_plan *plan, int i, pn_error *error) {
    const pn_step *s = &plan->step[i];
    const pn_run run = pn_plan_run(plan, s);
    pn_run_pass pass = make_run_pass(plan, i);
    pass.d_out = memory(plan, s->d_out);
    pass.scratch = memory(plan, s->scratch_back);
    aim_gradients(plan, i, &pass.d_in);
    pn_status status = s->fused->backward(&run, &pass, error);
    if (status == PN_OK) add_gradients(plan, i);
    return status;
}

static pn_status backward_node(pn_plan *plan, int i, bool logits, pn_error *error) {
    pn_step *s = &plan->step[i];
    const pn_layer *layer = s->node->layer;
    io io = {0};
    if (!s->backward || s->root != i || pn_plan_is_external(plan, i) || !s->written) return PN_OK;
    if (s->fused) return backward_run(plan, i, error);
    const float *d = memory(plan, s->d_out);
    if (pn_step_activates(s) && !(logits && i == plan->output)) {
        float *d_linear = memory(plan, s->d_linear);
        int64_t rows, columns;
        activation_size(plan, s, &rows, &columns);
        pn_activate_backward(&layer->activation, memory(plan, s->out), d, d_linear, rows, columns);
        d = d_linear;
    }
    pn_pass pass = make_pass(plan, i, &io);
    pass.d_out = d;
    pass.scratch = memory(plan, s->scratch_back);
    pn_status status = s->trains ? layer->type->accumulate(layer, &pass, error) : PN_OK;
    if (status != PN_OK) return status;
    aim_gradients(plan, i, io.d_in);
    status = layer->type->backward_input(layer, &pass, error);
    if (status == PN_OK) add_gradients(plan, i);
    return status;
}

pn_status pn_plan_backward(pn_plan *plan, const float *d, bool logits, pn_error *error) {
    pn_step *last = &plan->step[plan->step[plan->output].root];
    for (int i = 0; i < plan->model->nodes; i++) plan->step[i].written = false;
    if (plan->gradient_floats)
        memset(plan->gradients, 0, (size_t)plan->gradient_floats * sizeof(float));
    if (last->d_out < 0) return PN_OK; /* nothing trains, nothing was asked for */
    memcpy(memory(plan, last->d_out), d,
           (size_t)(plan->batch * pn_dims_count(&last->node->out)) * sizeof *d);
    last->written = true;
    for (int i = plan->output; i >= 0; i--) {
        if (pn_cancelled() != PN_CANCEL_NONE)
            return pn_fail(error, PN_E_CANCELLED, "the training step was stopped");
        pn_status status = backward_node(plan, i, logits, error);
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

float *pn_plan_weight_gradient(pn_plan *plan, int slot) {
    return plan->d_weight[slot];
}

const float *pn_plan_gradient(const pn_plan *plan) {
    int of = plan->options.gradient_of;
    return of < 0 ? NULL : memory(plan, plan->step[plan->step[of].root].d_out);
}
