/* Runs of layers that are computed in one. A plan looks for them (plan_match.c) and computes them
 * in place of the reference layers: what comes out, and all gradients, are the same up to rounding,
 * which tests hold every type to. What lies between the layers of a run is never there to be read,
 * so a run ends where someone reads: at outputs and kept nodes, and where a path forks.
 *
 * Each type is one file of fuse/; fuse/table.c lists them. */
#ifndef PN_NN_FUSED_H
#define PN_NN_FUSED_H

#include "nn/model.h"

/* Nodes that follow each other, each the next one's only input. */
typedef struct pn_run {
    const pn_model *model;
    const pn_node *node; /* [count] */
    int count;
    int64_t batch; /* at most so many samples */
    int threads;
    bool backward; /* gradients will be asked for */
    bool fixed;    /* no weight changes while the plan lives */
    bool updates;  /* the kernel of a Dense is updated by its backward: see pn_plan_update */
} pn_run;

/* How many floats a run wants beside its input and output. `prepared` is kept as long as the plan:
 * what is made of fixed weights once. */
typedef struct pn_run_need {
    int64_t saved, scratch, scratch_back, prepared;
} pn_run_need;

/* Takes gradients of a weight as they are made, a part at a time, from any thread; the parts are
 * disjoint. */
typedef struct pn_plan_update {
    void (*part)(void *context, int slot, int64_t offset, int64_t count, const float *gradient);
    void *context;
} pn_plan_update;

/* What one call works on; weights stand in the order of the nodes, each from its `slot` on. */
typedef struct pn_run_pass {
    int64_t batch;
    const float *in; /* (batch, in of the first node) */
    float *out;      /* (batch, out of the last node), its activation included */
    const float *d_out;
    float *d_in; /* overwritten; NULL: nobody asks */
    float *const *weight;
    float *const *d_weight;       /* added to; NULL entries: nobody asks */
    const pn_plan_update *update; /* where run->updates */
    float *saved, *scratch, *prepared;
    bool fresh;    /* `prepared` is to be filled */
    bool training; /* batch norm takes the batch's statistics, if it is trainable */
} pn_run_pass;

typedef struct pn_fused_type {
    const char *name;
    bool updates; /* it can give the gradient of the first weight to pn_plan_update */
    /* Whether it computes the run, all of it. */
    bool (*fits)(const pn_run *run);
    pn_run_need (*need)(const pn_run *run);
    pn_status (*forward)(const pn_run *run, const pn_run_pass *pass, pn_error *error);
    /* Gradients of the weights and of the input. */
    pn_status (*backward)(const pn_run *run, const pn_run_pass *pass, pn_error *error);
} pn_fused_type;

enum { PN_RUN_NODES = 6 }; /* the longest run */

/* All types, NULL-ended (fuse/table.c). */
extern const pn_fused_type *const pn_fused_types[];

#endif
