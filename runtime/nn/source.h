/* Where batches come from. Training, evaluation and feature extraction take samples from a source;
 * the folder data/ implements it for files and for tensors. */
#ifndef PN_NN_SOURCE_H
#define PN_NN_SOURCE_H

#include "base/error.h"
#include "nn/dims.h"

/* The buffers are the caller's, with room for `batch_size` samples of the source. */
typedef struct pn_batch {
    int64_t count;  /* out: samples in it; fewer at the end, or where files could not be read */
    float *x;       /* out: (count, x dims) */
    float *y;       /* out: (count, y_size) */
    int32_t *label; /* out: (count) the class from 0, for class weights; -1 where there is none */
    int64_t *index; /* out: (count) which sample of the source it is, from 0 */
} pn_batch;

typedef struct pn_source pn_source;
struct pn_source {
    pn_dims x;      /* of one sample */
    int64_t y_size; /* numbers in one target: 1 (binary, sparse), or as many as classes */
    int64_t samples, batch_size;
    int64_t batches; /* of an epoch: ceil(samples / batch_size) */
    /* Fills batch number `batch` (from 0) of epoch number `epoch` (from 0). The same two numbers
     * always give the same bits: order and augmentation are streams of the seed, so that a resumed
     * training sees what the killed one would have seen. Samples that cannot be read are left out
     * and kept for the account; PN_E_CANCELLED, PN_E_MEMORY. */
    pn_status (*fill)(pn_source *self, int64_t epoch, int64_t batch, pn_batch *into,
                      pn_error *error);
    void (*release)(pn_source *self);
};

#endif
