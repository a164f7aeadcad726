#include "data/tensor_source.h"

#include "base/cancel.h"
#include "base/memory.h"
#include "base/pool.h"
#include "kernels/elementwise.h"

#include <math.h>
#include <string.h>

typedef struct tensor_source {
    pn_source base;
    pn_array x, y; /* y.data is NULL when there are no targets */
    pn_generator generator;
    bool augment;
    uint64_t seed;
    pn_order order;
    pn_status *status; /* of each sample of a batch */
} tensor_source;

static const char *item(const pn_array *array, int64_t sample, int64_t count) {
    return (const char *)array->data + (size_t)(sample * count) * pn_dtype_size(array->dtype);
}

/* ---- one sample ---- */

static int32_t label_of(const float *y, int64_t size) {
    if (size == 1) return *y >= 0 && *y < 0x1p24f && *y == floorf(*y) ? (int32_t)*y : -1;
    int32_t label = -1;
    for (int64_t i = 0; i < size; i++) {
        if (y[i] == 0) continue;
        if (y[i] != 1 || label >= 0) return -1;
        label = (int32_t)i;
    }
    return label;
}

static void set_target(const tensor_source *s, int64_t sample, int64_t at, pn_batch *into) {
    int64_t size = s->base.y_size;
    float *y = into->y + at * size;
    into->index[at] = sample;
    into->label[at] = -1;
    if (!s->y.data) return;
    pn_kernel_convert(PN_F32, y, 1, s->y.dtype, item(&s->y, sample, size), 1, size);
    into->label[at] = label_of(y, size);
}

typedef struct filling {
    tensor_source *source;
    const int64_t *sample;
    int64_t epoch;
    pn_batch *into;
} filling;

static pn_status fill_place(const filling *f, int64_t at) {
    tensor_source *s = f->source;
    const pn_dims *dims = &s->base.x;
    int64_t sample = f->sample[at], count = pn_dims_count(dims);
    float *x = f->into->x + at * count;
    set_target(s, sample, at, f->into);
    pn_kernel_convert(PN_F32, x, 1, s->x.dtype, item(&s->x, sample, count), 1, count);
    if (!s->augment) return PN_OK;
    if (pn_cancelled()) return PN_E_CANCELLED;
    int channels = (int)dims->size[2];
    pn_draw draw = {s->seed, f->epoch, sample};
    return pn_sampling_finish(&s->generator, &draw, dims->size[0], dims->size[1], channels,
                              channels, x, NULL);
}

static void fill_places(void *context, int64_t begin, int64_t end) {
    const filling *f = context;
    for (int64_t i = begin; i < end; i++) f->source->status[i] = fill_place(f, i);
}

static pn_status fill(pn_source *base, int64_t epoch, int64_t batch, pn_batch *into,
                      pn_error *error) {
    tensor_source *s = (tensor_source *)base;
    const int64_t *sample;
    int64_t count;
    pn_status status = pn_order_batch(&s->order, base, epoch, batch, &sample, &count, error);
    if (status != PN_OK) return status;
    filling f = {s, sample, epoch, into};
    if (s->augment)
        pn_parallel_for_each(count, fill_places, &f);
    else
        fill_places(&f, 0, count); /* a copy: waking threads would cost more */
    into->count = count;
    for (int64_t i = 0; i < count; i++) {
        if (s->status[i] == PN_E_CANCELLED) return pn_fail(error, PN_E_CANCELLED, "cancelled");
        if (s->status[i] != PN_OK)
            return pn_fail_memory(error, (size_t)pn_dims_count(&base->x) * sizeof(float));
    }
    return PN_OK;
}

/* ---- making one ---- */

static void release(pn_source *base) {
    if (!base) return;
    tensor_source *s = (tensor_source *)base;
    pn_order_free(&s->order);
    pn_free(s->status);
    pn_free(s);
}

static pn_status check(const pn_array *x, const pn_array *y, const pn_sampling *sampling,
                       pn_error *error) {
    char text[PN_SHAPE_TEXT], other[PN_SHAPE_TEXT];
    pn_shape_text(x->rank, x->shape, text, sizeof text);
    if (x->rank < 1 || x->shape[0] < 1)
        return pn_fail(error, PN_E_SHAPE, "x must hold samples along its first axis, but is %s",
                       text);
    for (int i = 1; i < x->rank; i++)
        if (x->shape[i] < 1)
            return pn_fail(error, PN_E_SHAPE, "x holds samples without items: %s", text);
    if (y && (y->rank < 1 || y->shape[0] != x->shape[0]))
        return pn_fail(error, PN_E_SHAPE,
                       "x and y must have as many samples, but x is %s and y is %s", text,
                       pn_shape_text(y->rank, y->shape, other, sizeof other));
    if (sampling->batch_size < 1)
        return pn_fail(error, PN_E_ARGUMENT, "batch_size must be at least 1, not %lld",
                       (long long)sampling->batch_size);
    if (!sampling->generator) return PN_OK;
    if (x->rank != 4)
        return pn_fail(error, PN_E_SHAPE,
                       "an ImageDataGenerator takes images (N, H, W, C), not x of shape %s%s", text,
                       x->rank == 3 ? "; give it a last axis of 1 channel" : "");
    return pn_generator_check(sampling->generator, x->shape[1], x->shape[2], x->shape[3], error);
}

static int64_t target_size(const pn_array *y) {
    int64_t size = y ? 1 : 0;
    for (int i = 1; y && i < y->rank; i++) size *= y->shape[i];
    return size;
}

pn_status pn_tensor_source_new(const pn_array *x, const pn_array *y, const pn_sampling *sampling,
                               pn_source **out, pn_error *error) {
    pn_status status = check(x, y, sampling, error);
    if (status != PN_OK) return status;
    tensor_source *s = pn_calloc(1, sizeof *s);
    if (!s) return pn_fail_memory(error, sizeof *s);
    int64_t samples = x->shape[0];
    int64_t batch = sampling->batch_size < samples ? sampling->batch_size : samples;
    s->base = (pn_source){.x = {.rank = x->rank - 1},
                          .y_size = target_size(y),
                          .samples = samples,
                          .batch_size = batch,
                          .batches = samples / batch + (samples % batch != 0),
                          .fill = fill,
                          .release = release};
    for (int i = 1; i < x->rank; i++) s->base.x.size[i - 1] = x->shape[i];
    s->x = *x;
    if (y) s->y = *y;
    s->seed = sampling->seed;
    s->augment = sampling->generator != NULL;
    if (s->augment) s->generator = *sampling->generator;
    status = pn_order_init(&s->order, samples, sampling, error);
    s->status = status == PN_OK ? pn_alloc((size_t)batch * sizeof *s->status) : NULL;
    if (status == PN_OK && !s->status)
        status = pn_fail_memory(error, (size_t)batch * sizeof *s->status);
    if (status == PN_OK)
        *out = &s->base;
    else
        release(&s->base);
    return status;
}
