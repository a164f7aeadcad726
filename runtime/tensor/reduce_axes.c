#include "tensor/reduce_axes.h"

#include "base/memory.h"
#include "base/pool.h"
#include "kernels/elementwise.h"

#include <stdlib.h>

enum {
    CHUNK = 1024,    /* items gathered at a time, outputs worked on together */
    BLOCK = 1 << 18, /* items whose sum is taken on its own when there are few outputs */
    FEW = 4096,      /* outputs */
    GRAIN = 1 << 15, /* items worth handing to another thread */
};

/* Some of the axes of a tensor, merged where they lie next to each other; at least one. */
typedef struct axis_set {
    int rank;
    int64_t shape[PN_MAX_RANK], stride[PN_MAX_RANK], count;
} axis_set;

static axis_set pick_axes(const pn_tensor *x, const bool axes[PN_MAX_RANK], bool reduced) {
    axis_set s = {.count = 1};
    for (int i = 0; i < x->rank; i++) {
        if (axes[i] != reduced) continue;
        s.count *= x->shape[i];
        if (x->shape[i] == 1) continue;
        int last = s.rank - 1;
        if (last >= 0 && s.stride[last] == x->stride[i] * x->shape[i]) {
            s.shape[last] *= x->shape[i];
            s.stride[last] = x->stride[i];
        } else {
            s.shape[s.rank] = x->shape[i];
            s.stride[s.rank++] = x->stride[i];
        }
    }
    if (s.rank == 0) s.shape[s.rank++] = 1;
    return s;
}

/* The place of position p, in items. */
static int64_t offset_of(const axis_set *s, int64_t p) {
    int64_t offset = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
        offset += p % s->shape[i] * s->stride[i];
        p /= s->shape[i];
    }
    return offset;
}

typedef struct job {
    pn_reduce op;
    pn_dtype dtype;
    const char *data;
    int64_t item; /* bytes */
    axis_set kept, reduced;
    bool by_rows;   /* neighbouring items belong to different outputs */
    int64_t group;  /* outputs worked on together: 1, or up to CHUNK neighbours */
    int64_t groups; /* of them */
    int64_t blocks; /* into which the reduced positions are cut, of `length` each */
    int64_t length;
    const double *center;
    pn_found *found; /* (blocks, outputs) */
} job;

/* n items next to each other: where they are, or gathered into the buffer. */
static const void *row_of(const job *j, int64_t offset, int64_t stride, int64_t n, void *buffer) {
    const char *from = j->data + offset * j->item;
    if (stride == 1 || n == 1) return from;
    pn_kernel_convert(j->dtype, buffer, 1, j->dtype, from, stride, n);
    return buffer;
}

/* One output over the reduced positions [begin, end), a run at a time. */
static void reduce_runs(const job *j, int64_t output, int64_t begin, int64_t end, pn_found *found) {
    int32_t buffer[CHUNK];
    const axis_set *s = &j->reduced;
    int64_t base = offset_of(&j->kept, output), size = s->shape[s->rank - 1];
    int64_t stride = s->stride[s->rank - 1];
    while (begin < end) {
        int64_t n = size - begin % size;
        if (n > end - begin) n = end - begin;
        if (stride != 1 && n > CHUNK) n = CHUNK;
        const void *x = row_of(j, base + offset_of(s, begin), stride, n, buffer);
        pn_reduce_run(j->op, j->dtype, x, n, begin, j->center ? j->center[output] : 0, found);
        begin += n;
    }
}

/* n neighbouring outputs over the reduced positions [begin, end). */
static void reduce_rows(const job *j, int64_t output, int64_t n, int64_t begin, int64_t end,
                        pn_found *found) {
    int32_t buffer[CHUNK];
    const axis_set *s = &j->reduced;
    int64_t base = offset_of(&j->kept, output), stride = j->kept.stride[j->kept.rank - 1];
    int64_t size = s->shape[s->rank - 1], step = s->stride[s->rank - 1];
    for (int64_t p = begin; p < end;) {
        int64_t offset = base + offset_of(s, p), stop = p + size - p % size;
        for (; p < end && p < stop; p++, offset += step)
            pn_reduce_rows(j->op, j->dtype, row_of(j, offset, stride, n, buffer), n, p,
                           j->center ? j->center + output : NULL, found);
    }
}

static void reduce_tasks(void *context, int64_t begin, int64_t end) {
    const job *j = context;
    int64_t row = j->by_rows ? j->kept.shape[j->kept.rank - 1] : 1;
    int64_t per_row = (row + j->group - 1) / j->group;
    for (int64_t task = begin; task < end; task++) {
        int64_t block = task / j->groups, group = task % j->groups;
        int64_t in_row = group % per_row * j->group;
        int64_t output = group / per_row * row + in_row;
        int64_t n = row - in_row < j->group ? row - in_row : j->group;
        int64_t from = block * j->length, to = from + j->length;
        if (to > j->reduced.count) to = j->reduced.count;
        pn_found *found = j->found + block * j->kept.count + output;
        for (int64_t i = 0; i < n; i++) found[i] = pn_reduce_start(j->op, from);
        if (j->by_rows)
            reduce_rows(j, output, n, from, to, found);
        else
            reduce_runs(j, output, from, to, found);
    }
}

/* Cuts the work. Nothing here may depend on the number of threads. */
static void plan(job *j) {
    int64_t inner = llabs(j->reduced.stride[j->reduced.rank - 1]);
    int64_t outer = llabs(j->kept.stride[j->kept.rank - 1]);
    int64_t row = j->kept.shape[j->kept.rank - 1];
    j->by_rows = row > 1 && j->reduced.count > 1 && outer < inner;
    j->group = !j->by_rows ? 1 : row < CHUNK ? row : CHUNK;
    j->groups =
        !j->by_rows ? j->kept.count : j->kept.count / row * ((row + j->group - 1) / j->group);
    j->length = j->reduced.count > 0 ? j->reduced.count : 1;
    if (j->kept.count <= FEW && j->length > BLOCK / j->group) j->length = BLOCK / j->group;
    j->blocks = (j->reduced.count + j->length - 1) / j->length;
    if (j->blocks == 0) j->blocks = 1;
}

pn_status pn_reduce_axes(pn_reduce op, const pn_tensor *x, const bool axes[PN_MAX_RANK],
                         const double *center, pn_found **found, int64_t *outputs,
                         pn_error *error) {
    job j = {.op = op, .dtype = x->dtype, .data = x->data, .center = center};
    j.item = (int64_t)pn_dtype_size(x->dtype);
    j.kept = pick_axes(x, axes, false);
    j.reduced = pick_axes(x, axes, true);
    *outputs = j.kept.count;
    plan(&j);
    j.found = pn_calloc((size_t)(j.blocks * j.kept.count), sizeof *j.found);
    if (!j.found) return pn_fail_memory(error, (size_t)(j.blocks * j.kept.count) * sizeof *j.found);
    if (j.kept.count > 0) {
        int64_t cost = j.length * j.group;
        pn_parallel_for(j.blocks * j.groups, cost < GRAIN ? GRAIN / (cost > 0 ? cost : 1) : 1,
                        reduce_tasks, &j);
    }
    for (int64_t b = 1; b < j.blocks; b++)
        for (int64_t i = 0; i < j.kept.count; i++)
            pn_reduce_join(op, &j.found[i], &j.found[b * j.kept.count + i]);
    *found = j.found;
    return PN_OK;
}
