/* Who needs what until when, and where it lies. */
#include "nn/plan_parts.h"

#include "base/memory.h"

enum { SPANS = 8 }; /* of a node: see pn_step */

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

bool pn_plan_trains(const pn_plan *plan, const pn_layer *layer) {
    for (int i = 0; plan->options.training && i < layer->weights; i++)
        if (pn_layer_trains(layer, i)) return true;
    return false;
}

bool pn_step_trains(const pn_plan *plan, const pn_step *step) {
    for (const pn_node *n = step->head; n <= step->node; n++)
        if (pn_plan_trains(plan, n->layer)) return true;
    return false;
}

bool pn_plan_is_output(const pn_plan *plan, int node) {
    const pn_group *g = &plan->model->group[0];
    if (node == plan->output) return true;
    for (int i = 0; i < g->outputs; i++)
        if (g->output[i] == node) return true;
    return false;
}

bool pn_plan_is_kept(const pn_plan *plan, int node) {
    for (int i = 0; i < plan->options.keeps; i++)
        if (plan->step[plan->options.keep[i]].root == node) return true;
    return false;
}

/* Whether the gradient that was asked for is by the memory that this node gave. */
static bool is_asked(const pn_plan *plan, int node) {
    int of = plan->options.gradient_of;
    return of >= 0 && plan->step[of].root == node;
}

static void find_roots(pn_plan *plan) {
    for (int i = 0; i < plan->model->nodes; i++) {
        pn_step *s = &plan->step[i];
        s->node = s->head = &plan->model->node[i];
        s->root = pn_plan_is_alias(plan, i) ? plan->step[s->node->input[0]].root : i;
        s->edge = plan->edges;
        plan->edges += s->node->inputs;
    }
}

/* Gradients flow where a weight trains or where one was asked for, and only on the way to the
 * output. */
static pn_status find_gradients(pn_plan *plan, pn_error *error) {
    int nodes = plan->model->nodes;
    for (int i = 0; i < nodes; i++) {
        pn_step *s = &plan->step[i];
        if (s->hidden) continue;
        s->trains = pn_step_trains(plan, s);
        s->needs_d = s->trains || is_asked(plan, i);
        for (int k = 0; k < s->head->inputs; k++) {
            const pn_step *from = &plan->step[s->head->input[k]];
            s->needs_d |= from->needs_d;
            s->backward |= from->needs_d;
        }
        s->backward |= s->trains;
    }
    bool *leads = pn_calloc((size_t)nodes, sizeof *leads);
    if (!leads) return pn_fail_memory(error, (unsigned long long)nodes);
    leads[plan->output] = true;
    for (int i = plan->output; i >= 0; i--)
        for (int k = 0; leads[i] && k < plan->step[i].head->inputs; k++)
            leads[plan->step[i].head->input[k]] = true;
    for (int i = 0; i < nodes; i++)
        if (!leads[i])
            plan->step[i].backward = plan->step[i].needs_d = plan->step[i].trains = false;
    pn_free(leads);
    return PN_OK;
}

/* In place unless backward still wants the linear output or the caller the logits. */
static bool activates_in_place(const pn_plan *plan, int node) {
    return !(flags_of(plan, node) & PN_LAYER_KEEPS_OUT) && !pn_plan_is_output(plan, node);
}

static void use_at(pn_step *s, int time) {
    if (time > s->last_use) s->last_use = time;
}

static void find_uses(pn_plan *plan) {
    for (int i = 0; i < plan->model->nodes; i++) {
        pn_step *s = &plan->step[i];
        if (s->hidden) continue;
        bool keeps_in = s->backward && (s->fused || (flags_of(plan, i) & PN_LAYER_KEEPS_IN));
        bool keeps_out = s->fused || (flags_of(plan, i) & PN_LAYER_KEEPS_OUT);
        use_at(&plan->step[s->root], i);
        for (int k = 0; k < s->head->inputs; k++)
            use_at(&plan->step[plan->step[s->head->input[k]].root],
                   keeps_in ? backward_time(plan, i) : i);
        if (s->backward && (pn_step_activates(s) || keeps_out)) use_at(s, backward_time(plan, i));
        if (pn_plan_is_output(plan, i)) use_at(&plan->step[s->root], last_time(plan));
    }
    for (int i = 0; i < plan->model->nodes; i++)
        if (pn_plan_is_kept(plan, i)) use_at(&plan->step[i], last_time(plan));
}

/* ---- layout ---- */

static int add_span(pn_plan *plan, int64_t count, int begin, int end) {
    if (count == 0) return -1;
    plan->span[plan->spans] = (pn_span){.count = count, .begin = begin, .end = end};
    return plan->spans++;
}

static int64_t out_count(const pn_plan *plan, const pn_step *s) {
    return plan->options.batch * pn_dims_count(&s->node->out);
}

static void lay_run(pn_plan *plan, pn_step *s, int now, int end) {
    const pn_run run = pn_plan_run(plan, s);
    const pn_run_need need = s->fused->need(&run);
    s->saved = add_span(plan, need.saved, now, end);
    s->scratch = add_span(plan, need.scratch, now, now);
    if (s->backward) s->scratch_back = add_span(plan, need.scratch_back, end, end);
    s->prepared = add_span(plan, need.prepared, 0, last_time(plan));
}

static void lay_forward(pn_plan *plan, int i) {
    pn_step *s = &plan->step[i];
    int end = s->backward ? backward_time(plan, i) : i;
    s->out = s->linear = s->saved = s->scratch = s->scratch_back = s->prepared = -1;
    if (s->hidden || s->root != i || pn_plan_is_external(plan, i)) return;
    s->out = s->linear = add_span(plan, out_count(plan, s), i, s->last_use);
    if (pn_step_activates(s) && !activates_in_place(plan, i))
        s->linear = add_span(plan, out_count(plan, s), i,
                             pn_plan_is_output(plan, i) ? last_time(plan) : end);
    if (s->fused) {
        lay_run(plan, s, i, end);
        return;
    }
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
    pn_step *s = &plan->step[i];
    int now = backward_time(plan, i);
    if (!s->backward) return;
    s->d_linear = s->d_out;
    if (is_asked(plan, i) && pn_step_activates(s))
        s->d_linear = add_span(plan, out_count(plan, s), now, now);
    for (int k = 0; k < s->head->inputs; k++) {
        pn_step *from = &plan->step[plan->step[s->head->input[k]].root];
        if (!from->needs_d || pn_plan_is_alias(plan, i)) continue;
        if (from->d_out >= 0) {
            plan->edge_span[s->edge + k] = add_span(plan, out_count(plan, from), now, now);
            continue;
        }
        int root = plan->step[s->head->input[k]].root;
        from->d_out = add_span(plan, out_count(plan, from), now,
                               is_asked(plan, root) ? last_time(plan) : backward_time(plan, root));
    }
}

static pn_status lay_spans(pn_plan *plan, pn_error *error) {
    int nodes = plan->model->nodes;
    plan->span = pn_alloc(((size_t)nodes * SPANS + (size_t)plan->edges + 1) * sizeof *plan->span);
    plan->edge_span = pn_alloc(((size_t)plan->edges + 1) * sizeof *plan->edge_span);
    if (!plan->span || !plan->edge_span) return pn_fail_memory(error, sizeof *plan->span);
    for (int i = 0; i < plan->edges; i++) plan->edge_span[i] = -1;
    for (int i = 0; i < nodes; i++) lay_forward(plan, i);
    for (int i = 0; i < nodes; i++) plan->step[i].d_out = plan->step[i].d_linear = -1;
    pn_step *last = &plan->step[plan->step[plan->output].root];
    if (last->needs_d)
        last->d_out = add_span(plan, out_count(plan, last), backward_time(plan, plan->output),
                               last_time(plan));
    for (int i = nodes - 1; i >= 0; i--) lay_backward(plan, i);
    return pn_arena_lay(plan->span, plan->spans, &plan->floats, error);
}

pn_status pn_plan_lay_out(pn_plan *plan, pn_error *error) {
    plan->step = pn_calloc((size_t)plan->model->nodes + 1, sizeof *plan->step);
    if (!plan->step) return pn_fail_memory(error, sizeof *plan->step);
    find_roots(plan);
    pn_plan_match(plan);
    pn_status status = find_gradients(plan, error);
    if (status != PN_OK) return status;
    find_uses(plan);
    status = lay_spans(plan, error);
    if (status != PN_OK) return status;
    plan->arena = pn_alloc((size_t)plan->floats * sizeof *plan->arena);
    return plan->arena ? PN_OK
                       : pn_fail_memory(error, (unsigned long long)plan->floats * sizeof(float));
}
