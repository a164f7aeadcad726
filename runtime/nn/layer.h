/* Layers. A layer is made from Keras's class name and config, learns its weights' shapes from the
 * shape of its first input (build), and computes through three functions: forward, backward_input
 * and accumulate. It computes its linear part alone: what `activation` says is a step of its own
 * in the plan (nn/plan.h), which works in place.
 *
 * Each class is one file of layers/, which defines one pn_layer_type; its formulas are the
 * reference that faster kernels are tested against. Data are NHWC, float32. */
#ifndef PN_NN_LAYER_H
#define PN_NN_LAYER_H

#include "nn/activation.h"
#include "nn/config.h"
#include "nn/dims.h"
#include "nn/initializer.h"
#include "nn/real.h"

typedef struct pn_layer pn_layer;

enum { PN_LAYER_WEIGHTS = 4, PN_LAYER_INPUTS = 32 };

/* One array that a layer learns or keeps. */
typedef struct pn_weight {
    const char *name; /* "kernel"; a constant */
    pn_dims shape;    /* no batch axis here: all of it */
    bool moving;      /* forward moves it while training (an average), no optimizer does */
    pn_initializer initializer;
    int64_t fan_in, fan_out;
    pn_tensor *value; /* float32, dense; NULL until it is initialized or loaded */
} pn_weight;

/* What one call of a layer's functions works on. Gradients are of the loss. */
typedef struct pn_pass {
    int64_t batch;
    int inputs;
    const pn_dims *in_dims;   /* [inputs] */
    const pn_dims *out_dims;  /* of its linear part, the same as of the whole */
    const pn_real *const *in; /* [inputs], each (batch, in_dims) */
    pn_real *out;             /* (batch, out_dims): forward writes it, backward may read it */
    const pn_real *d_out;     /* (batch, out_dims) */
    pn_real *const *d_in;     /* [inputs]: backward_input overwrites each that is not NULL */
    pn_real *const *weight;   /* as declared; forward may move the `moving` ones */
    pn_real *const *d_weight; /* accumulate adds to each that is not NULL */
    pn_real *saved, *scratch; /* as `need` said, on cache lines: kept until backward; of one call */
    int threads;              /* what `need` was asked for */
    bool training;            /* forward: as in training (dropout drops, averages move) */
    uint64_t seed, stream;    /* of what forward draws; backward gets the same */
} pn_pass;

/* How many pn_real a layer wants beside its inputs and outputs. */
typedef struct pn_need {
    int64_t saved, scratch;
} pn_need;

typedef enum pn_layer_flag {
    PN_LAYER_RANDOM = 1,    /* draws random numbers while training */
    PN_LAYER_ALIAS = 2,     /* its output is its input under another shape: nothing is computed */
    PN_LAYER_KEEPS_IN = 4,  /* accumulate or backward_input read the inputs */
    PN_LAYER_KEEPS_OUT = 8, /* backward_input reads the linear output */
} pn_layer_flag;

typedef struct pn_layer_type {
    const char *class_name; /* as Keras calls it: "Conv2D" */
    const char *base_name;  /* automatic names begin with it: "conv2d" */
    size_t settings_size;   /* of layer->settings */
    int min_inputs, max_inputs;
    unsigned flags;
    /* Reads the config into layer->settings (and layer->activation). What is wrong stays in
     * `config`. */
    void (*configure)(pn_layer *layer, pn_config *config);
    /* The shape that comes out. PN_E_SHAPE says what was expected and what came, to stand behind
     * "Conv2D 'conv2d_1': ". */
    pn_status (*output)(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error);
    /* Declares the weights with pn_layer_add_weight. NULL: there are none. */
    pn_status (*build)(pn_layer *layer, const pn_dims *in, pn_error *error);
    /* NULL: none. `threads` may work at once. */
    pn_need (*need)(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads);
    /* NULL in a layer with PN_LAYER_ALIAS. */
    pn_status (*forward)(const pn_layer *layer, const pn_pass *pass, pn_error *error);
    pn_status (*backward_input)(const pn_layer *layer, const pn_pass *pass, pn_error *error);
    /* NULL where there are no weights. */
    pn_status (*accumulate)(const pn_layer *layer, const pn_pass *pass, pn_error *error);
} pn_layer_type;

struct pn_layer {
    const pn_layer_type *type;
    char *name;
    json_t *config; /* complete, as Keras's get_config() */
    void *settings;
    pn_activation activation; /* what follows the linear part */
    bool trainable;
    bool built;
    pn_dims built_for; /* the first input's shape at the first use */
    int weights;
    pn_weight weight[PN_LAYER_WEIGHTS];
    int references; /* atomic; do not touch */
};

/* All classes, NULL-ended (layers/table.c). */
extern const pn_layer_type *const pn_layer_types[];

/* The class of that name; PN_E_NOT_FOUND suggests the nearest. */
pn_status pn_layer_type_find(const char *class_name, const pn_layer_type **type, pn_error *error);

/* A new layer. `config` is copied; its "name" may be missing: then `name` is taken, ""
 * for a layer that gets one in its model. New reference. */
pn_status pn_layer_new(const pn_layer_type *type, const json_t *config, const char *name,
                       pn_layer **out, pn_error *error);
pn_layer *pn_layer_retain(pn_layer *layer);
void pn_layer_release(pn_layer *layer); /* NULL is fine */

/* Gives it another name. */
pn_status pn_layer_rename(pn_layer *layer, const char *name, pn_error *error);

/* Checks the number of inputs, gives the shape that comes out, and declares the weights at the
 * first use; a later use must fit them. PN_E_SHAPE names the layer and both shapes. */
pn_status pn_layer_connect(pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                           pn_error *error);

/* For build: declares one more weight. The initializer comes from the config's option
 * `initializer`, else is `preset`. */
pn_status pn_layer_add_weight(pn_layer *layer, const char *name, const pn_dims *shape,
                              const char *initializer, const char *preset, pn_error *error);

/* For configure: reads `activation`. */
void pn_layer_read_activation(pn_layer *layer, pn_config *config);

/* Whether the optimizer moves this weight. */
bool pn_layer_trains(const pn_layer *layer, int weight);

/* Gives every weight that has none its first value; streams count from `stream` on. */
pn_status pn_layer_initialize(pn_layer *layer, uint64_t seed, uint64_t stream, pn_error *error);

/* Replaces a weight's value by a float32 copy of `value` (shared where it is float32 and dense).
 * PN_E_SHAPE names layer, weight and both shapes. */
pn_status pn_layer_set_weight(pn_layer *layer, int weight, pn_tensor *value, pn_error *error);

/* Numbers in all its weights. */
int64_t pn_layer_count(const pn_layer *layer);

#endif
