/* Grad-CAM and its relatives on a model: maps of images at a layer, for a class. */
#ifndef PN_NN_EXPLAIN_GRADCAM_H
#define PN_NN_EXPLAIN_GRADCAM_H

#include "nn/explain/cam.h"
#include "nn/model.h"

typedef struct pn_gradcam_options {
    int node; /* whose output the maps are of: (height, width, channels) */
    pn_cam_method method;
    /* The class from 0. A model with one output (a sigmoid: the probability of class 1) explains
     * class 0 by the negated score. */
    int64_t target;
    bool logits;    /* the score before the last activation, else after it (as the study did: then
                       the gradient vanishes where the model is sure) */
    bool normalize; /* each map runs to 1 */
    int64_t batch;  /* images at a time, 0: 8 */
    /* Told now and then; may be NULL. */
    void (*progress)(void *context, int64_t done, int64_t total);
    void *context;
} pn_gradcam_options;

/* Keeps what it has made ready for a model and a layer, for many images one after the other: the
 * plan's memory, and the kernels in the form that the fast convolutions want. */
typedef struct pn_explainer pn_explainer;

/* The model is retained; its weights must not change. Statuses as pn_gradcam. Not for two threads
 * at once. */
pn_status pn_explainer_new(const pn_model *model, const pn_gradcam_options *options,
                           pn_explainer **out, pn_error *error);
void pn_explainer_free(pn_explainer *explainer); /* NULL is fine */

/* Another method or class from now on. Changing between Grad-CAM and another method makes the plan
 * ready anew. PN_E_ARGUMENT for a class that is none, PN_E_MEMORY: all stays as it was. */
pn_status pn_explainer_ask(pn_explainer *explainer, pn_cam_method method, int64_t target,
                           pn_error *error);

/* As pn_gradcam. */
pn_status pn_explainer_run(pn_explainer *explainer, const float *x, int64_t count, float *map,
                           float *output, pn_error *error);

/* All of it once. The maps of x (count, input dims): map (count, height, width), and what the model
 * gives: output (count, outputs), which may be NULL. The model computes as when nothing is trained.
 * PN_E_SHAPE when the node gives no image, PN_E_ARGUMENT for a class that is none or a node that
 * the output does not depend on; PN_E_CANCELLED. */
pn_status pn_gradcam(const pn_model *model, const float *x, int64_t count,
                     const pn_gradcam_options *options, float *map, float *output, pn_error *error);

#endif
