#include "tensor/walk.h"

#include "base/pool.h"

/* Items that are worth a block of their own: about 10 microseconds of adding. */
enum { GRAIN = 32768 };

pn_status pn_broadcast_shape(const pn_tensor *const *tensors, int count, int *rank, int64_t *shape,
                             pn_error *error) {
    *rank = 0;
    for (int t = 0; t < count; t++)
        if (tensors[t]->rank > *rank) *rank = tensors[t]->rank;
    for (int i = 0; i < *rank; i++) shape[i] = 1;
    for (int t = 0; t < count; t++) {
        int skip = *rank - tensors[t]->rank;
        for (int i = 0; i < tensors[t]->rank; i++) {
            int64_t size = tensors[t]->shape[i], *whole = &shape[skip + i];
            if (size == *whole || size == 1) continue;
            if (*whole != 1) {
                char a[PN_SHAPE_TEXT], b[PN_SHAPE_TEXT];
                return pn_fail(error, PN_E_SHAPE, "cannot broadcast %s with %s",
                               t == 1
                                   ? pn_shape_text(tensors[0]->rank, tensors[0]->shape, a, sizeof a)
                                   : pn_shape_text(*rank, shape, a, sizeof a),
                               pn_shape_text(tensors[t]->rank, tensors[t]->shape, b, sizeof b));
            }
            *whole = size;
        }
    }
    return PN_OK;
}

/* The strides of `from` along the axes of `into`, 0 where it is repeated; false when it does not
 * fit. */
static bool broadcast_strides(const pn_tensor *into, const pn_tensor *from, int64_t *stride) {
    int skip = into->rank - from->rank;
    if (skip < 0) return false;
    for (int i = 0; i < into->rank; i++) {
        if (i < skip || from->shape[i - skip] == 1)
            stride[i] = 0;
        else if (from->shape[i - skip] == into->shape[i])
            stride[i] = from->stride[i - skip];
        else
            return false;
    }
    return true;
}

static bool merges(const pn_walk *w, int outer, int inner) {
    for (int o = 0; o < w->operands; o++)
        if (w->stride[o][outer] != w->stride[o][inner] * w->shape[inner]) return false;
    return true;
}

static void copy_axis(pn_walk *w, int to, int from) {
    w->shape[to] = w->shape[from];
    for (int o = 0; o < w->operands; o++) w->stride[o][to] = w->stride[o][from];
}

/* Drops axes of size 1 and merges each axis with the next where no operand jumps between them. */
static void merge_axes(pn_walk *w) {
    int kept = 0;
    for (int i = 0; i < w->rank; i++) {
        if (w->shape[i] == 1) continue;
        if (kept > 0 && merges(w, kept - 1, i)) {
            int64_t outer = w->shape[kept - 1];
            copy_axis(w, kept - 1, i);
            w->shape[kept - 1] *= outer;
        } else {
            copy_axis(w, kept++, i);
        }
    }
    if (kept == 0) {
        w->shape[0] = 1;
        for (int o = 0; o < w->operands; o++) w->stride[o][0] = 0;
        kept = 1;
    }
    w->rank = kept;
}

pn_status pn_walk_start(pn_walk *walk, const pn_tensor *const *tensors, int operands,
                        pn_error *error) {
    const pn_tensor *first = tensors[0];
    *walk = (pn_walk){.operands = operands, .rank = first->rank};
    walk->count = pn_tensor_count(first);
    for (int i = 0; i < first->rank; i++) walk->shape[i] = first->shape[i];
    for (int o = 0; o < operands; o++) {
        walk->data[o] = tensors[o]->data;
        walk->size[o] = (int64_t)pn_dtype_size(tensors[o]->dtype);
        if (!broadcast_strides(first, tensors[o], walk->stride[o])) {
            char a[PN_SHAPE_TEXT], b[PN_SHAPE_TEXT];
            return pn_fail(error, PN_E_SHAPE, "a tensor of shape %s cannot be broadcast to %s",
                           pn_shape_text(tensors[o]->rank, tensors[o]->shape, a, sizeof a),
                           pn_shape_text(first->rank, first->shape, b, sizeof b));
        }
    }
    if (walk->count > 0) merge_axes(walk);
    return PN_OK;
}

void pn_walk_part(const pn_walk *walk, int64_t begin, int64_t end, pn_row_fn row, void *context) {
    int last = walk->rank - 1;
    int64_t at[PN_MAX_RANK], stride[PN_WALK_OPERANDS], left = begin;
    char *data[PN_WALK_OPERANDS];
    for (int i = last; i >= 0; i--) {
        at[i] = left % walk->shape[i];
        left /= walk->shape[i];
    }
    for (int o = 0; o < walk->operands; o++) {
        data[o] = walk->data[o];
        stride[o] = walk->stride[o][last];
        for (int i = 0; i <= last; i++) data[o] += at[i] * walk->stride[o][i] * walk->size[o];
    }
    while (begin < end) {
        int64_t n = walk->shape[last] - at[last];
        if (n > end - begin) n = end - begin;
        row(context, data, stride, n);
        begin += n;
        /* On to the next row: the last axis starts again, the one before it steps on. */
        int axis = last;
        int64_t back = at[last];
        at[last] = 0;
        for (int o = 0; o < walk->operands; o++) data[o] -= back * stride[o] * walk->size[o];
        while (--axis >= 0) {
            int64_t step = ++at[axis] < walk->shape[axis] ? 1 : 1 - walk->shape[axis];
            for (int o = 0; o < walk->operands; o++)
                data[o] += step * walk->stride[o][axis] * walk->size[o];
            if (step == 1) break;
            at[axis] = 0;
        }
    }
}

typedef struct job {
    const pn_walk *walk;
    pn_row_fn row;
    void *context;
} job;

static void walk_block(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    pn_walk_part(j->walk, begin, end, j->row, j->context);
}

void pn_walk_all(const pn_walk *walk, pn_row_fn row, void *context) {
    if (walk->count == 0) return;
    job j = {walk, row, context};
    pn_parallel_for(walk->count, GRAIN, walk_block, &j);
}
