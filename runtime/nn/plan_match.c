/* Which runs of layers are computed in one. */
#include "nn/plan_parts.h"

/* How many nodes take what this one gives, and whether one of them is the next node, which takes
 * nothing else. */
static bool flows_on(const pn_plan *plan, int node) {
    const pn_model *model = plan->model;
    int users = 0;
    for (int i = node + 1; i < model->nodes; i++)
        for (int k = 0; k < model->node[i].inputs; k++) users += model->node[i].input[k] == node;
    return users == 1 && node + 1 < model->nodes && model->node[node + 1].inputs == 1 &&
           model->node[node + 1].input[0] == node;
}

static bool is_read(const pn_plan *plan, int node) {
    const int of = plan->options.gradient_of;
    return pn_plan_is_output(plan, node) || pn_plan_is_kept(plan, node) ||
           (of >= 0 && plan->step[of].root == node);
}

/* Logits are asked of outputs, so that these activate for themselves; no loss begins from a
 * ReLU's, and without gradients none is there. */
static bool may_end(const pn_plan *plan, int node) {
    const pn_activation *a = &plan->model->node[node].layer->activation;
    const bool gradients = plan->options.training || plan->options.gradient_of >= 0;
    return a->kind == PN_LINEAR || !pn_plan_is_output(plan, node) ||
           (a->kind == PN_ACT_RELU && !gradients);
}

/* The most nodes that a run from `first` on may have. */
static int longest_run(const pn_plan *plan, int first) {
    int count = 0;
    if (plan->model->node[first].inputs != 1) return 0;
    while (count < PN_RUN_NODES) {
        if (pn_plan_is_alias(plan, first + count)) return count;
        count++;
        if (is_read(plan, first + count - 1) || !flows_on(plan, first + count - 1)) return count;
    }
    return count;
}

/* Weights of a layer that stands in several places change when all have had their part. */
static bool stands_once(const pn_plan *plan, const pn_node *node) {
    int places = 0;
    for (int i = 0; i < plan->model->nodes; i++)
        places += plan->model->node[i].layer == node->layer;
    return places == 1;
}

static bool may_update(const pn_plan *plan, const pn_node *node) {
    return plan->options.update && plan->options.training && node->layer->weights > 0 &&
           pn_layer_trains(node->layer, 0) && stands_once(plan, node);
}

static bool take(pn_plan *plan, int first, int count, const pn_fused_type *type) {
    pn_step *last = &plan->step[first + count - 1];
    const pn_node *head = &plan->model->node[first];
    const bool updates = type->updates && may_update(plan, head);
    const pn_run run = {.model = plan->model,
                        .node = head,
                        .count = count,
                        .batch = plan->options.batch,
                        .threads = plan->threads,
                        .backward = plan->options.training || plan->options.gradient_of >= 0,
                        .fixed = !plan->options.training,
                        .updates = updates};
    if (!may_end(plan, first + count - 1) || !type->fits(&run)) return false;
    last->fused = type;
    last->head = head;
    if (updates) plan->updating[head->slot] = true;
    for (int i = first; i < first + count - 1; i++) plan->step[i].hidden = true;
    return true;
}

static int match_at(pn_plan *plan, int first) {
    for (int count = longest_run(plan, first); count > 0; count--)
        for (int t = 0; pn_fused_types[t]; t++)
            if (take(plan, first, count, pn_fused_types[t])) return count;
    return 1;
}

void pn_plan_match(pn_plan *plan) {
    if (plan->options.reference) return;
    for (int i = 0; i < plan->model->nodes; i += match_at(plan, i)) continue;
}
