/* Walking several tensors together, item by item, with broadcasting: the base of everything that
 * works element by element. Axes that lie next to each other in all operands are merged, so that
 * the rows handed out are as long as they can be. */
#ifndef PN_TENSOR_WALK_H
#define PN_TENSOR_WALK_H

#include "tensor/tensor.h"

enum { PN_WALK_OPERANDS = 4 };

typedef struct pn_walk {
    int operands, rank;                            /* the rank after merging, at least 1 */
    int64_t shape[PN_MAX_RANK];                    /* after merging */
    int64_t stride[PN_WALK_OPERANDS][PN_MAX_RANK]; /* in items; 0 where an operand is repeated */
    char *data[PN_WALK_OPERANDS];
    int64_t size[PN_WALK_OPERANDS]; /* bytes of one item */
    int64_t count;                  /* items of the whole walk */
} pn_walk;

/* The shape that all `count` tensors broadcast to (NumPy's rule: aligned at the last axis; a size
 * of 1 is repeated). PN_E_SHAPE names the first two that do not fit. */
pn_status pn_broadcast_shape(const pn_tensor *const *tensors, int count, int *rank, int64_t *shape,
                             pn_error *error);

/* Prepares a walk over tensors[operands]. The first one gives the shape; the others are broadcast
 * to it. PN_E_SHAPE when that is impossible. The tensors must outlive the walk. */
pn_status pn_walk_start(pn_walk *walk, const pn_tensor *const *tensors, int operands,
                        pn_error *error);

/* Works on one row: n items of each operand, the first at data[o], the next stride[o] items on. */
typedef void (*pn_row_fn)(void *context, char *const *data, const int64_t *stride, int64_t n);

/* Calls row() over the items begin <= i < end, counted in row-major order. */
void pn_walk_part(const pn_walk *walk, int64_t begin, int64_t end, pn_row_fn row, void *context);

/* Calls row() over all items, on the thread pool where there are many. */
void pn_walk_all(const pn_walk *walk, pn_row_fn row, void *context);

#endif
