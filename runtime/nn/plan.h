/* A plan: a model made ready to compute. All memory is laid out and allocated here, once, by how
 * long each result is needed: nothing is allocated in a step.
 *
 *     pn_plan_new(model, &options, &plan, &error);
 *     pn_plan_forward(plan, &x, batch, &mode, &error);      outputs: pn_plan_output
 *     pn_plan_backward(plan, d, before_activation, &error); gradients: pn_plan_weight_gradient
 *
 * Runs of layers are computed in one where that is faster (nn/fused.h); with `reference`, or the
 * environment's PNEUMA_PLAN=reference, each layer computes for itself.
 *
 * An activation that belongs to a layer is a step of its own, in place where nobody needs what was
 * there before; that of the model's output is not, so that the logits can be read. */
#ifndef PN_NN_PLAN_H
#define PN_NN_PLAN_H

#include "nn/fused.h"

typedef struct pn_plan pn_plan;

typedef struct pn_plan_options {
    int64_t batch; /* at most so many samples at a time */
    bool training; /* with gradients of all weights that train */
    int output;    /* node that backward starts from; -1: the model's first output */
    /* Nodes whose outputs stay readable after forward, beside the outputs of the model. */
    const int *keep;
    int keeps;
    /* Node whose output's gradient backward leaves, or -1; one that only reshapes its input stands
     * for that. */
    int gradient_of;
    bool reference; /* no runs */
    const pn_plan_update
        *update; /* takes the gradients of some weights while they are made; borrowed */
} pn_plan_options;

/* What forward does. */
typedef struct pn_mode {
    bool training;       /* dropout drops, batch norm takes the batch's statistics */
    bool frozen_dropout; /* while training: dropout with trainable = false drops, too */
    uint64_t seed, step; /* of what is drawn: the same two give the same bits */
} pn_mode;

/* The model is retained; its weights must have values, which are read where they are. */
pn_status pn_plan_new(const pn_model *model, const pn_plan_options *options, pn_plan **out,
                      pn_error *error);
void pn_plan_free(pn_plan *plan); /* NULL is fine */

/* Takes weight number `slot` of the model from value[] instead, which backward's user may change
 * and forward moves where it is an average. Borrowed. */
void pn_plan_set_weight(pn_plan *plan, int slot, float *value);

/* Computes all nodes for `batch` samples; input[i] is (batch, dims of the model's input i), and
 * stays readable until backward is done. PN_E_CANCELLED between layers. */
pn_status pn_plan_forward(pn_plan *plan, const float *const *input, int64_t batch,
                          const pn_mode *mode, pn_error *error);

/* What a node gave: (batch, dims). For outputs, kept nodes, and all others until what comes next
 * has overwritten them; NULL inside of a run. */
const float *pn_plan_output(const pn_plan *plan, int node);

/* The same before the node's activation: of outputs alone; NULL when it has no activation, or only
 * a ReLU in a plan without gradients. */
const float *pn_plan_logits(const pn_plan *plan, int node);

/* From d (batch, dims), the loss's gradient by the output of options.output, or by its logits:
 * computes the gradients. Those of the weights start from zero. */
pn_status pn_plan_backward(pn_plan *plan, const float *d, bool logits, pn_error *error);

/* The gradient of weight number `slot`; NULL when it does not train, and when options.update takes
 * it. */
float *pn_plan_weight_gradient(pn_plan *plan, int slot);

/* Whether options.update takes the gradient of weight number `slot`, whole, in each backward. */
bool pn_plan_updates(const pn_plan *plan, int slot);

/* How many runs of layers are computed in one. */
int pn_plan_runs(const pn_plan *plan);

/* The gradient by the output of options.gradient_of: (batch, dims). NULL when the output that
 * backward starts from does not depend on it. */
const float *pn_plan_gradient(const pn_plan *plan);

/* Bytes that the plan holds. */
size_t pn_plan_bytes(const pn_plan *plan);

#endif
