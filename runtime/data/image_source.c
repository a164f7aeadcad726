#include "data/image_source.h"

#include "base/cancel.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "data/picture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* What became of one place of the batch. */
typedef struct place {
    pn_status status;
    pn_error error;
} place;

typedef struct image_source {
    pn_source base;
    pn_image_options options;
    pn_generator generator;
    pn_order order;
    char **path; /* in one block with the texts behind the pointers */
    int32_t *label;
    pn_tensor **image; /* decoded ones, where they are kept */
    bool *failed;
    atomic_size_t kept; /* bytes of them */
    place *places;      /* one for each sample of a batch */

    pthread_mutex_t lock; /* guards what stands below */
    pn_source_failure *failure;
    int64_t failures;
} image_source;

/* ---- one image ---- */

static pn_status read_plain(void *context, const char *path, void **data, size_t *size,
                            pn_error *error) {
    (void)context;
    return pn_file_read(path, 0, (char **)data, size, error);
}

static void free_plain(void *context, void *data) {
    (void)context;
    pn_free(data);
}

static pn_status decode(const image_source *s, int64_t sample, pn_tensor **out, pn_error *error) {
    const pn_image_options *o = &s->options;
    const char *path = s->path[sample];
    void *data = NULL;
    size_t size = 0;
    pn_status status = o->reader.read(o->reader.context, path, &data, &size, error);
    if (status != PN_OK) return status;
    status = pn_picture_decode(data, size, path, o->channels, o->height, o->width, o->filter, out,
                               error);
    o->reader.free(o->reader.context, data);
    return status;
}

/* The decoded image, kept from an earlier epoch or fresh. New reference. */
static pn_status get_image(image_source *s, int64_t sample, pn_tensor **out, pn_error *error) {
    if (s->image[sample]) return *out = pn_tensor_retain(s->image[sample]), PN_OK;
    pn_status status = decode(s, sample, out, error);
    if (status != PN_OK) return status;
    size_t bytes = pn_tensor_bytes(*out);
    if (atomic_fetch_add(&s->kept, bytes) + bytes <= s->options.cache_bytes)
        s->image[sample] = pn_tensor_retain(*out);
    else
        atomic_fetch_sub(&s->kept, bytes);
    return PN_OK;
}

typedef struct filling {
    image_source *source;
    const int64_t *sample;
    int64_t epoch;
    float *x;
} filling;

static pn_status fill_place(const filling *f, int64_t at, pn_error *error) {
    image_source *s = f->source;
    const pn_image_options *o = &s->options;
    int64_t sample = f->sample[at], count = pn_dims_count(&s->base.x);
    float *x = f->x + at * count;
    pn_tensor *image = NULL;
    if (s->failed[sample]) return PN_E_FORMAT;
    if (pn_cancelled()) return pn_fail(error, PN_E_CANCELLED, "cancelled");
    pn_status status = get_image(s, sample, &image, error);
    if (status != PN_OK) return status;
    const uint8_t *from = image->data;
    int have = image->rank == 2 ? 1 : o->channels;
    for (int64_t i = 0, n = pn_tensor_count(image); i < n; i++) x[i] = from[i];
    pn_tensor_release(image);
    pn_draw draw = {o->sampling.seed, f->epoch, sample};
    return pn_sampling_finish(o->sampling.generator, &draw, o->height, o->width, have, o->channels,
                              x, error);
}

static void fill_places(void *context, int64_t begin, int64_t end) {
    const filling *f = context;
    for (int64_t i = begin; i < end; i++) {
        place *p = &f->source->places[i];
        p->status = fill_place(f, i, &p->error);
    }
}

/* ---- one batch ---- */

static pn_status keep_failure(image_source *s, int64_t sample, const pn_error *why,
                              pn_error *error) {
    size_t size = strlen(why->message) + 1;
    char *reason = pn_alloc(size);
    if (!reason) return pn_fail_memory(error, size);
    memcpy(reason, why->message, size);
    s->failed[sample] = true;
    pthread_mutex_lock(&s->lock);
    s->failure[s->failures++] = (pn_source_failure){sample, s->path[sample], reason};
    pthread_mutex_unlock(&s->lock);
    return PN_OK;
}

/* Memory may be there the next time and a user may go on later; a bad file stays bad. */
static bool is_files_fault(pn_status status) {
    return status != PN_E_MEMORY && status != PN_E_CANCELLED;
}

static void set_target(const image_source *s, int64_t sample, int64_t at, pn_batch *into) {
    float *y = into->y + at * s->base.y_size;
    int32_t label = s->label ? s->label[sample] : -1;
    into->index[at] = sample;
    into->label[at] = label;
    switch (s->options.class_mode) {
    case PN_CLASS_BINARY:
    case PN_CLASS_SPARSE:
        *y = (float)label;
        break;
    case PN_CLASS_CATEGORICAL:
        for (int64_t c = 0; c < s->base.y_size; c++) y[c] = c == label;
        break;
    case PN_CLASS_INPUT:
        memcpy(y, into->x + at * s->base.y_size, (size_t)s->base.y_size * sizeof *y);
        break;
    case PN_CLASS_NONE:
        break;
    }
}

/* Closes the gaps that failed files leave and adds the targets. */
static pn_status gather(image_source *s, const int64_t *sample, int64_t count, pn_batch *into,
                        pn_error *error) {
    int64_t size = pn_dims_count(&s->base.x);
    into->count = 0;
    for (int64_t i = 0; i < count; i++) {
        const place *p = &s->places[i];
        if (p->status == PN_OK) {
            if (into->count < i)
                memcpy(into->x + into->count * size, into->x + i * size,
                       (size_t)size * sizeof *into->x);
            set_target(s, sample[i], into->count++, into);
        } else if (!is_files_fault(p->status)) {
            if (error) *error = p->error;
            return p->status;
        } else if (!s->failed[sample[i]]) {
            pn_status status = keep_failure(s, sample[i], &p->error, error);
            if (status != PN_OK) return status;
        }
    }
    return PN_OK;
}

static pn_status fill(pn_source *base, int64_t epoch, int64_t batch, pn_batch *into,
                      pn_error *error) {
    image_source *s = (image_source *)base;
    const int64_t *sample;
    int64_t count;
    pn_status status = pn_order_batch(&s->order, base, epoch, batch, &sample, &count, error);
    if (status != PN_OK) return status;
    filling f = {s, sample, epoch, into->x};
    pn_parallel_for_each(count, fill_places, &f);
    status = gather(s, sample, count, into, error);
    if (status != PN_OK || s->failures < base->samples) return status;
    return pn_fail_path(error, PN_E_FORMAT, s->failure[0].path,
                        "none of the %lld images can be read; the first: %s",
                        (long long)base->samples, s->failure[0].reason);
}

int64_t pn_image_source_failures(pn_source *base, int64_t from, pn_source_failure *failures,
                                 int64_t room) {
    if (base->fill != fill) return 0;
    image_source *s = (image_source *)base;
    pthread_mutex_lock(&s->lock);
    int64_t count = s->failures;
    for (int64_t i = 0; i < room && from + i < count; i++) failures[i] = s->failure[from + i];
    pthread_mutex_unlock(&s->lock);
    return count;
}

/* ---- making one ---- */

static void release(pn_source *base) {
    if (!base) return;
    image_source *s = (image_source *)base;
    for (int64_t i = 0; s->image && i < base->samples; i++) pn_tensor_release(s->image[i]);
    for (int64_t i = 0; i < s->failures; i++) pn_free((char *)s->failure[i].reason);
    pthread_mutex_destroy(&s->lock);
    pn_order_free(&s->order);
    pn_free(s->path);
    pn_free(s->label);
    pn_free(s->image);
    pn_free(s->failed);
    pn_free(s->places);
    pn_free(s->failure);
    pn_free(s);
}

static pn_status copy_paths(image_source *s, const char *const *paths, int64_t count,
                            pn_error *error) {
    size_t bytes = (size_t)count * sizeof *s->path;
    for (int64_t i = 0; i < count; i++) bytes += strlen(paths[i]) + 1;
    s->path = pn_alloc(bytes);
    if (!s->path) return pn_fail_memory(error, bytes);
    char *text = (char *)(s->path + count);
    for (int64_t i = 0; i < count; i++) {
        size_t size = strlen(paths[i]) + 1;
        s->path[i] = memcpy(text, paths[i], size);
        text += size;
    }
    return PN_OK;
}

static pn_status check(const int32_t *label, const char *const *paths, int64_t count,
                       const pn_image_options *o, pn_error *error) {
    const pn_generator *g = o->sampling.generator;
    if (count < 1) return pn_fail(error, PN_E_ARGUMENT, "there are no images");
    if (count > UINT32_MAX) return pn_fail(error, PN_E_ARGUMENT, "there are too many images");
    if (o->height < 1 || o->width < 1 || o->height > 65535 || o->width > 65535)
        return pn_fail(error, PN_E_ARGUMENT,
                       "target_size is from 1 x 1 to 65535 x 65535, not %lld x %lld",
                       (long long)o->height, (long long)o->width);
    if (o->channels != 1 && o->channels != 3)
        return pn_fail(error, PN_E_ARGUMENT, "images have 1 or 3 channels, not %d", o->channels);
    if (o->sampling.batch_size < 1)
        return pn_fail(error, PN_E_ARGUMENT, "batch_size must be at least 1, not %lld",
                       (long long)o->sampling.batch_size);
    bool labelled = o->class_mode != PN_CLASS_NONE && o->class_mode != PN_CLASS_INPUT;
    if (labelled && !label) return pn_fail(error, PN_E_ARGUMENT, "the images have no labels");
    if (o->class_mode == PN_CLASS_BINARY && o->classes > 2)
        return pn_fail(error, PN_E_ARGUMENT,
                       "class_mode \"binary\" is for two classes, there are %lld; use "
                       "\"categorical\" or \"sparse\"",
                       (long long)o->classes);
    for (int64_t i = 0; label && labelled && i < count; i++)
        if (label[i] < 0 || label[i] >= o->classes)
            return pn_fail_path(error, PN_E_ARGUMENT, paths[i],
                                "the label of '%s' is %d, but there are %lld classes from 0",
                                paths[i], (int)label[i], (long long)o->classes);
    return g ? pn_generator_check(g, o->height, o->width, o->channels, error) : PN_OK;
}

static int64_t target_size(const pn_image_options *o) {
    switch (o->class_mode) {
    case PN_CLASS_NONE:
        return 0;
    case PN_CLASS_CATEGORICAL:
        return o->classes;
    case PN_CLASS_INPUT:
        return o->height * o->width * o->channels;
    default:
        return 1;
    }
}

static pn_status make_tables(image_source *s, const char *const *paths, const int32_t *label,
                             int64_t count, pn_error *error) {
    pn_status status = copy_paths(s, paths, count, error);
    if (status == PN_OK) status = pn_order_init(&s->order, count, &s->options.sampling, error);
    if (status != PN_OK) return status;
    size_t n = (size_t)count;
    s->image = pn_calloc(n, sizeof *s->image);
    s->failed = pn_calloc(n, sizeof *s->failed);
    s->places = pn_calloc((size_t)s->base.batch_size, sizeof *s->places);
    s->failure = pn_alloc(n * sizeof *s->failure);
    s->label = label ? pn_alloc(n * sizeof *label) : NULL;
    if (!s->image || !s->failed || !s->places || !s->failure || (label && !s->label))
        return pn_fail_memory(error, n * sizeof *s->failure);
    if (label) memcpy(s->label, label, n * sizeof *label);
    return PN_OK;
}

pn_status pn_image_source_new(const char *const *paths, const int32_t *label, int64_t count,
                              const pn_image_options *options, pn_source **out, pn_error *error) {
    pn_status status = check(label, paths, count, options, error);
    if (status != PN_OK) return status;
    image_source *s = pn_calloc(1, sizeof *s);
    if (!s) return pn_fail_memory(error, sizeof *s);
    /* A batch is never larger than all samples, and its buffers need not be either. */
    int64_t batch_size =
        options->sampling.batch_size < count ? options->sampling.batch_size : count;
    s->base = (pn_source){
        .x = {3, {options->height, options->width, options->channels}},
        .y_size = target_size(options),
        .samples = count,
        .batch_size = batch_size,
        .batches = count / batch_size + (count % batch_size != 0),
        .fill = fill,
        .release = release,
    };
    s->options = *options;
    if (options->sampling.generator) {
        s->generator = *options->sampling.generator;
        s->options.sampling.generator = &s->generator;
    }
    if (!options->reader.read) s->options.reader = (pn_file_reader){read_plain, free_plain, NULL};
    pthread_mutex_init(&s->lock, NULL);
    status = make_tables(s, paths, label, count, error);
    if (status == PN_OK)
        *out = &s->base;
    else
        release(&s->base);
    return status;
}
