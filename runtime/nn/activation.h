/* Activation functions, and their derivatives taken from what they gave: none of them needs its
 * input again, so they may work in place. */
#ifndef PN_NN_ACTIVATION_H
#define PN_NN_ACTIVATION_H

#include "nn/real.h"

typedef enum pn_activation_kind {
    PN_LINEAR = 0,
    PN_ACT_RELU, /* x above 0, slope * x below, at most `ceiling` */
    PN_ACT_SIGMOID,
    PN_ACT_TANH,
    PN_ACT_SOFTMAX, /* over the last axis */
} pn_activation_kind;

typedef struct pn_activation {
    pn_activation_kind kind;
    double slope;   /* of relu below 0: 0, or what leaky_relu says */
    double ceiling; /* of relu; 0: none */
} pn_activation;

/* Reads Keras's name ("relu", "leaky_relu", "relu6", "sigmoid", "tanh", "softmax", "linear");
 * leaky_relu's slope is 0.2 as in Keras 3. PN_E_ARGUMENT suggests the nearest name. */
pn_status pn_activation_parse(const char *name, pn_activation *activation, pn_error *error);

/* out = f(x), both (rows, columns); only softmax cares about rows. out may be x. */
void pn_activate(const pn_activation *activation, const pn_real *x, pn_real *out, int64_t rows,
                 int64_t columns);

/* d_x = d_out * f'(x), where out = f(x) as pn_activate gave it. d_x may be d_out. */
void pn_activate_backward(const pn_activation *activation, const pn_real *out, const pn_real *d_out,
                          pn_real *d_x, int64_t rows, int64_t columns);

#endif
