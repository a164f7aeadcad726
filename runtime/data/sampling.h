/* What all sources of samples share: the order of an epoch, the changes of one image. */
#ifndef PN_DATA_SAMPLING_H
#define PN_DATA_SAMPLING_H

#include "data/generator.h"
#include "nn/source.h"

/* How samples are drawn, whatever they are. */
typedef struct pn_sampling {
    int64_t batch_size; /* at least 1 */
    bool shuffle;
    uint64_t seed;
    const pn_generator *generator; /* for images, or NULL; the source keeps a copy */
} pn_sampling;

/* The order of the samples in an epoch, kept until another epoch is asked for. */
typedef struct pn_order {
    int64_t samples, epoch, *order;
    bool shuffle;
    uint64_t seed;
} pn_order;

/* PN_E_MEMORY. Release with pn_order_free. */
pn_status pn_order_init(pn_order *order, int64_t samples, const pn_sampling *sampling,
                        pn_error *error);
void pn_order_free(pn_order *order);

/* The samples of a batch, from 0: *count of them, fewer than batch_size at the end. PN_E_ARGUMENT
 * when there is no such epoch or batch. The list lives until the next call. */
pn_status pn_order_batch(pn_order *order, const pn_source *source, int64_t epoch, int64_t batch,
                         const int64_t **list, int64_t *count, pn_error *error);

/* Which image it is: the same three numbers always give the same changes. */
typedef struct pn_draw {
    uint64_t seed;
    int64_t epoch, sample;
} pn_draw;

/* Makes a sample of an image x(height,width,have), in place, with room for `channels` (have is 1 or
 * channels): random changes, then as many channels, then scaling. A generator of NULL only brings
 * the channels. PN_E_MEMORY. */
pn_status pn_sampling_finish(const pn_generator *generator, const pn_draw *draw, int64_t height,
                             int64_t width, int have, int channels, float *x, pn_error *error);

#endif
