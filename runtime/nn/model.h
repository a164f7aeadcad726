/* Models: layers and how they are connected. Nodes stand in the order in which they compute; a
 * layer that is used twice has two nodes and one set of weights. A nested model is inlined: its
 * layers are nodes like all others, and its name lives on as a group. */
#ifndef PN_NN_MODEL_H
#define PN_NN_MODEL_H

#include "base/text.h"
#include "nn/layer.h"

typedef struct pn_node {
    pn_layer *layer;
    int inputs;
    int *input;  /* [inputs] nodes, all before this one */
    pn_dims *in; /* [inputs] their shapes */
    pn_dims out;
    int group;   /* the model it stands in: 0 is the outermost */
    int slot;    /* its layer's first weight in pn_model.slot */
    char *alias; /* what its layer is called in this model, unless NULL: see pn_model_split */
} pn_node;

/* The model itself (group 0), or one nested in another. */
typedef struct pn_group {
    char *name;
    bool sequential; /* Sequential, else Functional */
    int parent;      /* group; -1 for the outermost */
    int *input, inputs;
    int *output, outputs; /* nodes */
} pn_group;

/* One weight of the model. */
typedef struct pn_slot {
    pn_layer *layer;
    int weight; /* layer->weight[weight] */
} pn_slot;

typedef struct pn_model {
    pn_node *node;
    int nodes;
    pn_group *group;
    int groups;
    pn_slot *slot; /* each layer's weights once, in the order of the nodes */
    int slots;
    int references; /* atomic; do not touch */
} pn_model;

/* ---- making ---- */

/* An empty model. New reference. */
pn_status pn_model_new(const char *name, bool sequential, pn_model **out, pn_error *error);
pn_model *pn_model_retain(pn_model *model);
void pn_model_release(pn_model *model); /* NULL is fine */

/* Appends a layer (retained) that takes the outputs of `inputs` nodes; an InputLayer takes none and
 * becomes an input of the model. A layer without a name gets the first free one, as Keras counts
 * ("conv2d", "conv2d_1"; "input_1"). PN_E_SHAPE as pn_layer_connect; PN_E_ARGUMENT when another
 * layer has its name, and for a layer that a Sequential has already. */
pn_status pn_model_add(pn_model *model, pn_layer *layer, const int *input, int inputs, int *node,
                       pn_error *error);

/* Appends all of `inner`, whose inputs take the outputs of `inputs` nodes; its outputs are those of
 * model->group[*group]. The layers are shared. */
pn_status pn_model_nest(pn_model *model, const pn_model *inner, const int *input, int inputs,
                        int *group, pn_error *error);

/* Says which nodes are the model's outputs. */
pn_status pn_model_set_outputs(pn_model *model, const int *output, int outputs, pn_error *error);

/* Gives every weight without a value its first one. The same seed gives the same numbers. */
pn_status pn_model_initialize(pn_model *model, uint64_t seed, pn_error *error);

/* ---- asking ---- */

static inline const char *pn_model_name(const pn_model *model) {
    return model->group[0].name;
}

/* What the node's layer is called in its model, without the models it is nested in. */
static inline const char *pn_node_name(const pn_node *node) {
    return node->alias ? node->alias : node->layer->name;
}

/* Appends the node's whole name: "vgg_face/conv2d_12", or "conv2d_12" in the outermost model. */
void pn_model_add_path(const pn_model *model, int node, pn_text *path);

/* The last node of the layer of that name: "conv2d_12", or "vgg_face/conv2d_12" where several have
 * it. PN_E_NOT_FOUND suggests the nearest name. */
pn_status pn_model_find(const pn_model *model, const char *name, int *node, pn_error *error);

/* The last convolution that gives a picture (more than one pixel), or, where it has no activation
 * of its own, the one behind it or behind its batch normalization. PN_E_NOT_FOUND when there is
 * none. */
pn_status pn_model_last_convolution(const pn_model *model, int *node, pn_error *error);

/* Numbers in its weights: all, and those that train. */
int64_t pn_model_count(const pn_model *model);
int64_t pn_model_count_trainable(const pn_model *model);

/* Sets `trainable` of all layers of a group and of those nested in it. */
void pn_model_set_trainable(pn_model *model, int group, bool trainable);

/* ---- taking apart ---- */

/* The last node that everything passes through and before which (itself included) nothing trains
 * and nothing is random: for the same image it always gives the same. -1 when there is none. With
 * `frozen_dropout` a dropout in a frozen part drops while training, as in Keras. */
int pn_model_frozen_cut(const pn_model *model, bool frozen_dropout);

/* The part up to and with `node`, and the part behind it, whose one input is what the node gives.
 * Both share the layers. Nested models are not kept apart: as layers of several may have one name,
 * theirs go by their whole names there ("vgg_face/flatten"). New references; either may be NULL. */
pn_status pn_model_split(const pn_model *model, int node, pn_model **front, pn_model **rest,
                         pn_error *error);

#endif
