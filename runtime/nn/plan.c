#include "nn/plan.h"

#include "base/cancel.h"
#include "base/memory.h"
#include "base/pool.h"
#include "nn/arena.h"

#include <string.h>

enum { SPANS = 6 }; /* of a node: see `step` */

/* What a node needs. Spans are numbers into plan->span. */
typedef struct step {
    const pn_node *node;
    int root;        /* the node whose memory its output is: another one for an alias */
    int out, linear; /* spans: after the activation; before it, the same where in place */
    int saved, scratch, scratch_back;
    int d_out;     /* span: the gradient by what the root gave */
    int edge;      /* its first input in plan->edge_span */
    bool needs_d;  /* the gradient by its output is wanted */
    bool backward; /* it has a part in backward */
    bool trains;   /* a weight of its layer does */
    int last_use;  /* time at which its output is needed last */
    bool written;  /* during backward: d_out holds something */
} step;

struct pn_plan {
    pn_model *model;
    pn_plan_options options;
    int output; /* node that backward starts from */
    step *step; /* [nodes] */
    int edges;
    int *edge_span; /* for each input of each node: a span for a gradient to be added, or -1 */
    pn_span *span;
    int spans;
    int64_t floats;
    float *arena;
    float **weight, **d_weight; /* [slots] */
    float *gradients;           /* all of d_weight */
    int64_t gradient_floats;
    const float **external; /* [nodes] what the caller gave, for inputs of the model */
    int64_t batch;          /* of the last forward */
    pn_mode mode;
    int threads;
};

/* ---- times: node n computes at n, and has its part in backward at 2 * nodes - 1 - n ---- */

static int backward_time(const pn_plan *plan, int node) {
    return 2 * plan->model->nodes - 1 - node;
}

static int last_time(const pn_plan *plan) {
    return 2 * plan->model->nodes;
}

/* ---- who needs what ---- */

static unsigned flags_of(const pn_plan *plan, int node) {
    return plan->model->node[node].layer->type->flags;
}

static bool is_alias(const pn_plan *plan, int node) {
    return (flags_of(plan, node) & PN_LAYER_ALIAS) && plan->model->node[node].inputs > 0;
}

static bool is_external(const pn_plan *plan, int node) {
    return plan->model->node[node].inputs == 0;
}

static bool trains(const pn_plan *plan, const pn_layer *layer) {
    for (int i = 0; plan->options.training && i < layer->weights; i++)
        if (pn_layer_trains(layer, i)) return true;
    return false;
}

static bool is_output(const pn_plan *plan, int node) {
    const pn_group *g = &plan->model->group[0];
    if (node == plan->output) return true;
    for (int i = 0; i < g->outputs; i++)
        if (g->output[i] == node) return true;
    return false;
}

static bool is_kept(const pn_plan *plan, int node) {
    for (int i = 0; i < plan->options.keeps; i++)
        if (plan->step[plan->options.keep[i]].root == node) return true;
    return false;
}

static void find_roots(pn_plan *plan) {
    for (int i = 0; i < plan->model->nodes; i++) {
        step *s = &plan->step[i];
        s->node = &plan->model->node[i];
        s->root = is_alias(plan, i) ? plan->step[s->node->input[0]].root : i;
        s->edge = plan->edges;
        plan->edges += s->node->inputs;
    }
}

/* Gradients flow where a weight trains or where one was asked for, and only on the way to the
 * output. */
static void find_gradients(pn_plan *plan) {
    int nodes = plan->model->nodes;
    for (int i = 0; i < nodes; i++) {
        step *s = &plan->step[i];
        s->trains = trains(plan, s->node->layer);
        s->needs_d = s->trains || i == plan->options.gradient_of;
        for (int k = 0; k < s->node->inputs; k++) {
            const step *from = &plan->step[s->node->input[k]];
            s->needs_d |= from->needs_d;
            s->backward |= from->needs_d;
        }
        s->backward |= s->trains;
    }
    bool *leads = pn_calloc((size_t)nodes, sizeof *leads);
    if (!leads) return; /* more is computed than need be, nothing else */
    leads[plan->output] = true;
    for (int i = plan->output; i >= 0; i--)
        for (int k = 0; leads[i] && k < plan->step[i].node->inputs; k++)
            leads[plan->step[i].node->input[k]] = true;
    for (int i = 0; i < nodes; i++)
        if (!leads[i])
            plan->step[i].backward = plan->step[i].needs_d = plan->step[i].trains = false;
    pn_free(leads);
}

static bool has_activation(const step *s) {
    return s->node->layer->activation.kind != PN_LINEAR;
}

/* In place unless backward still wants the linear output or the caller the logits. */
static bool activates_in_place(const pn_plan *plan, int node) {
    return !(flags_of(plan, node) & PN_LAYER_KEEPS_OUT) && !is_output(plan, node);
}

static void use_at(step *s, int time) {
    if (time > s->last_use) s->last_use = time;
}

static void find_uses(pn_plan *plan) {
    for (int i = 0; i < plan->model->nodes; i++) {
        step *s = &plan->step[i];
        bool keeps_in = s->backward && (flags_of(plan, i) & PN_LAYER_KEEPS_IN);
        use_at(&plan->step[s->root], i);
        for (int k = 0; k < s->node->inputs; k++)
            use_at(&plan->step[plan->step[s->node->input[k]].root],
                   keeps_in ? backward_time(plan, i) : i);
        if (s->backward && (has_activation(s) || (flags_of(plan, i) & PN_LAYER_KEEPS_OUT)))
            use_at(s, backward_time(plan, i));
        if (is_output(plan, i)) use_at(&plan->step[s->root], last_time(plan));
    }
    for (int i = 0; i < plan->model->nodes; i++)
        if (is_kept(plan, i)) use_at(&plan->step[i], last_time(plan));
}

/* ---- layout ---- */

static int add_span(pn_plan *plan, int64_t count, int begin, int end) {
    if (count == 0) return -1;
    plan->span[plan->spans] = (pn_span){.count = count, .begin = begin, .end = end};
    return plan->spans++;
}

static int64_t out_count(const pn_plan *plan, const step *s) {
    return plan->options.batch * pn_dims_count(&s->node->out);
}

static void lay_forward(pn_plan *plan, int i) {
    step *s = &plan->step[i];
    int end = s->backward ? backward_time(plan, i) : i;
    s->out = s->linear = s->saved = s->scratch = s->scratch_back = -1;
    if (s->root != i || is_external(plan, i)) return;
    s->out = s->linear = add_span(plan, out_count(plan, s), i, s->last_use);
    if (has_activation(s) && !activates_in_place(plan, i))
        s->linear =
            add_span(plan, out_count(plan, s), i, is_output(plan, i) ? last_time(plan) : end);
    const pn_layer *layer = s->node->layer;
    if (!layer->type->need) return;
    pn_need need =
        layer->type->need(layer, s->node->in, &s->node->out, plan->options.batch, plan->threads);
    s->saved = add_span(plan, need.saved, i, end);
    s->scratch = add_span(plan, need.scratch, i, i);
    if (s->backward) s->scratch_back = add_span(plan, need.scratch, end, end);
}

/* Nodes have their part in backward from the last to the first: the first gradient that reaches a
 * root is written, each later one goes to a span of its own and is added. */
static void lay_backward(pn_plan *plan, int i) {
    step *s = &plan->step[i];
    int now = backward_time(plan, i);
    if (!s->backward) return;
    for (int k = 0; k < s->node->inputs; k++) {
        step *from = &plan->step[plan->step[s->node->input[k]].root];
        if (!from->needs_d || is_alias(plan, i)) continue;
        if (from->d_out >= 0) {
            plan->edge_span[s->edge + k] = add_span(plan, out_count(plan, from), now, now);
            continue;
        }
        int root = plan->step[s->node->input[k]].root;
        bool asked =
            plan->options.gradient_of >= 0 && plan->step[plan->options.gradient_of].root == root;
        from->d_out = add_span(plan, out_count(plan, from), now,
                               asked ? last_time(plan) : backward_time(plan, root));
    }
}

static pn_status lay_out(pn_plan *plan, pn_error *error) {
    int nodes = plan->model->nodes;
    plan->span = pn_alloc(((size_t)nodes * SPANS + (size_t)plan->edges + 1) * sizeof *plan->span);
    plan->edge_span = pn_alloc(((size_t)plan->edges + 1) * sizeof *plan->edge_span);
    if (!plan->span || !plan->edge_span) return pn_fail_memory(error, sizeof *plan->span);
    for (int i = 0; i < plan->edges; i++) plan->edge_span[i] = -1;
    for (int i = 0; i < nodes; i++) lay_forward(plan, i);
    for (int i = 0; i < nodes; i++) plan->step[i].d_out = -1;
    step *last = &plan->step[plan->step[plan->output].root];
    if (last->needs_d)
        last->d_out = add_span(plan, out_count(plan, last), backward_time(plan, plan->output),
                               last_time(plan));
    for (int i = nodes - 1; i >= 0; i--) lay_backward(plan, i);
    pn_status status = pn_arena_lay(plan->span, plan->spans, &plan->floats, error);
    if (status != PN_OK) return status;
    plan->arena = pn_alloc((size_t)plan->floats * sizeof *plan->arena);
    return plan->arena ? PN_OK
                       : pn_fail_memory(error, (unsigned long long)plan->floats * sizeof(float));
}

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
        if (trains(plan, s->layer) && !w->moving) plan->gradient_floats += pn_dims_count(&w->shape);
    }
    return PN_OK;
}

static pn_status make_gradients(pn_plan *plan, pn_error *error) {
    plan->gradients = pn_calloc((size_t)plan->gradient_floats, sizeof *plan->gradients);
    if (!plan->gradients)
        return pn_fail_memory(error, (unsigned long long)plan->gradient_floats * sizeof(float));
    float *next = plan->gradients;
    for (int i = 0; i < plan->model->slots; i++) {
        const pn_slot *s = &plan->model->slot[i];
        if (!trains(plan, s->layer) || s->layer->weight[s->weight].moving) continue;
        plan->d_weight[i] = next;
        next += pn_dims_count(&s->layer->weight[s->weight].shape);
    }
    return PN_OK;
}

/* ---- life ---- */

static pn_status prepare(pn_plan *plan, pn_error *error) {
    int nodes = plan->model->nodes;
    plan->step = pn_calloc((size_t)nodes + 1, sizeof *plan->step);
    plan->external = pn_calloc((size_t)nodes + 1, sizeof *plan->external);
    if (!plan->step || !plan->external) return pn_fail_memory(error, sizeof *plan->step);
    find_roots(plan);
    find_gradients(plan);
    find_uses(plan);
    pn_status status = find_weights(plan, error);
    if (status == PN_OK) status = make_gradients(plan, error);
    return status == PN_OK ? lay_out(plan, error) : status;
}

pn_status pn_plan_new(const pn_model *model, const pn_plan_options *options, pn_plan **out,
                      pn_error *error) {
    *out = NULL;
    if (options->batch < 1 || model->group[0].outputs < 1)
        return pn_fail(error, PN_E_ARGUMENT, "a plan needs a batch of at least 1 and an output");
    pn_plan *plan = pn_calloc(1, sizeof *plan);
    if (!plan) return pn_fail_memory(error, sizeof *plan);
    plan->model = pn_model_retain((pn_model *)model);
    plan->options = *options;
    plan->output = options->output >= 0 ? options->output : model->group[0].output[0];
    plan->threads = pn_threads();
    pn_status status = prepare(plan, error);
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
    pn_model_release(plan->model);
    pn_free(plan);
}

void pn_plan_set_weight(pn_plan *plan, int slot, float *value) {
    plan->weight[slot] = value;
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
    return is_external(plan, root) ? plan->external[root] : memory(plan, plan->step[root].out);
}

/* Keras: a frozen layer computes as when nothing is trained, but a frozen dropout drops. */
static bool is_training(const pn_plan *plan, const pn_layer *layer) {
    if (!plan->mode.training) return false;
    if (layer->type->flags & PN_LAYER_RANDOM) return layer->trainable || plan->mode.frozen_dropout;
    return layer->trainable;
}

static pn_pass make_pass(const pn_plan *plan, int i, io *io) {
    const step *s = &plan->step[i];
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

static void activation_size(const pn_plan *plan, const step *s, int64_t *rows, int64_t *columns) {
    const pn_dims *out = &s->node->out;
    *columns = out->rank ? out->size[out->rank - 1] : 1;
    *rows = plan->batch * (pn_dims_count(out) / *columns);
}

static pn_status forward_node(pn_plan *plan, int i, pn_error *error) {
    const step *s = &plan->step[i];
    io io = {0};
    if (s->root != i || is_external(plan, i)) return PN_OK;
    pn_pass pass = make_pass(plan, i, &io);
    pn_status status = s->node->layer->type->forward(s->node->layer, &pass, error);
    if (status != PN_OK || !has_activation(s)) return status;
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
    return PN_OK;
}

const float *pn_plan_output(const pn_plan *plan, int node) {
    return value_of(plan, node);
}

const float *pn_plan_logits(const pn_plan *plan, int node) {
    const step *s = &plan->step[node];
    return has_activation(s) && s->linear != s->out ? memory(plan, s->linear) : NULL;
}

/* ---- backward ---- */

/* Where the gradients by the node's inputs go: into the root's span when nothing is there, else
 * beside it, to be added. */
static void aim_gradients(pn_plan *plan, int i, io *io) {
    const step *s = &plan->step[i];
    for (int k = 0; k < s->node->inputs; k++) {
        step *from = &plan->step[plan->step[s->node->input[k]].root];
        if (!from->needs_d) continue;
        int beside = plan->edge_span[s->edge + k];
        io->d_in[k] = memory(plan, beside >= 0 ? beside : from->d_out);
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
    const step *s = &plan->step[i];
    for (int k = 0; k < s->node->inputs; k++) {
        int beside = plan->edge_span[s->edge + k];
        if (beside < 0) continue;
        const step *from = &plan->step[plan->step[s->node->input[k]].root];
        sum work = {memory(plan, from->d_out), memory(plan, beside)};
        pn_parallel_for(plan->batch * pn_dims_count(&from->node->out), 1 << 15, add_items, &work);
    }
}

static pn_status backward_node(pn_plan *plan, int i, bool logits, pn_error *error) {
    step *s = &plan->step[i];
    const pn_layer *layer = s->node->layer;
    io io = {0};
    if (!s->backward || s->root != i || is_external(plan, i) || !s->written) return PN_OK;
    float *d = memory(plan, s->d_out);
    if (has_activation(s) && !(logits && i == plan->output)) {
        int64_t rows, columns;
        activation_size(plan, s, &rows, &columns);
        pn_activate_backward(&layer->activation, memory(plan, s->out), d, d, rows, columns);
    }
    pn_pass pass = make_pass(plan, i, &io);
    pass.d_out = d;
    pass.scratch = memory(plan, s->scratch_back);
    pn_status status = s->trains ? layer->type->accumulate(layer, &pass, error) : PN_OK;
    if (status != PN_OK) return status;
    aim_gradients(plan, i, &io);
    status = layer->type->backward_input(layer, &pass, error);
    if (status == PN_OK) add_gradients(plan, i);
    return status;
}

pn_status pn_plan_backward(pn_plan *plan, const float *d, bool logits, pn_error *error) {
    step *last = &plan->step[plan->step[plan->output].root];
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
