/* A plan's parts: plan_match.c finds runs of layers, plan_layout.c lays out the memory, plan.c
 * computes. */
#ifndef PN_NN_PLAN_PARTS_H
#define PN_NN_PLAN_PARTS_H

#include "nn/arena.h"
#include "nn/plan.h"

/* What a node needs. Spans are numbers into plan->span. A run of layers is the step of its last
 * node; the steps of the others are hidden. */
typedef struct pn_step {
    const pn_node *node;
    const pn_node *head;        /* the node whose inputs it takes: the first of a run, or itself */
    const pn_fused_type *fused; /* what computes the run; NULL: the layer itself */
    bool hidden;
    int prepared;    /* span */
    int root;        /* the node whose memory its output is: another one for an alias */
    int out, linear; /* spans: after the activation; before it, the same where in place */
    int saved, scratch, scratch_back;
    int d_out;     /* span: the gradient by what the root gave */
    int d_linear;  /* span: by what it was before the activation; the same where nobody asks */
    int edge;      /* its first input in plan->edge_span */
    bool needs_d;  /* the gradient by its output is wanted */
    bool backward; /* it has a part in backward */
    bool trains;   /* a weight of its layer does */
    int last_use;  /* time at which its output is needed last */
    bool written;  /* during backward: d_out holds something */
} pn_step;

struct pn_plan {
    pn_model *model;
    pn_plan_options options;
    int output;    /* node that backward starts from */
    pn_step *step; /* [nodes] */
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
    bool fresh;     /* nothing is prepared yet */
    bool *updating; /* [slots] options.update takes the gradient */
};

/* Whether the node's output is another one's memory; comes from the caller; is one of the model's
 * or the plan's. */
static inline bool pn_plan_is_alias(const pn_plan *plan, int node) {
    const pn_node *n = &plan->model->node[node];
    return (n->layer->type->flags & PN_LAYER_ALIAS) && n->inputs > 0;
}

static inline bool pn_plan_is_external(const pn_plan *plan, int node) {
    return plan->model->node[node].inputs == 0;
}

static inline bool pn_step_activates(const pn_step *step) {
    return !step->fused && step->node->layer->activation.kind != PN_LINEAR;
}

/* The run whose last node this is. */
static inline pn_run pn_plan_run(const pn_plan *plan, const pn_step *step) {
    return (pn_run){.model = plan->model,
                    .node = step->head,
                    .count = (int)(step->node - step->head) + 1,
                    .batch = plan->options.batch,
                    .threads = plan->threads,
                    .backward = step->backward,
                    .fixed = !plan->options.training,
                    .updates = plan->options.update && plan->updating[step->head->slot]};
}

/* Whether someone outside of the plan reads what the node gives. */
bool pn_plan_is_output(const pn_plan *plan, int node);
bool pn_plan_is_kept(const pn_plan *plan, int node);

/* Whether a node of the step has weights that train in this plan. */
bool pn_step_trains(const pn_plan *plan, const pn_step *step);

/* Finds the runs: fills fused, head and hidden of all steps. */
void pn_plan_match(pn_plan *plan);

/* Whether a weight of the layer trains in this plan. */
bool pn_plan_trains(const pn_plan *plan, const pn_layer *layer);

/* Fills plan->step and lays out plan->arena. */
pn_status pn_plan_lay_out(pn_plan *plan, pn_error *error);

#endif
