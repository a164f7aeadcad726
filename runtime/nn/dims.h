/* The shape of one sample: a tensor's shape without the batch axis, which always stands first. */
#ifndef PN_NN_DIMS_H
#define PN_NN_DIMS_H

#include "tensor/tensor.h"

typedef struct pn_dims {
    int rank; /* 0 to PN_MAX_RANK - 1: the batch axis takes one */
    int64_t size[PN_MAX_RANK];
} pn_dims;

/* The product of the sizes; 1 for a rank of 0. */
int64_t pn_dims_count(const pn_dims *dims);

int pn_dims_equal(const pn_dims *a, const pn_dims *b);

/* Writes "(None, 224, 224, 3)", as Keras prints the shape of a batch of any size; returns text. */
const char *pn_dims_text(const pn_dims *dims, char *text, size_t size);

#endif
