#include "data/sampling.h"

#include "base/memory.h"

/* Streams of the seed: even ones for the order of epochs, odd ones for images. */
static uint64_t order_stream(int64_t epoch) {
    return (uint64_t)epoch << 33;
}

static uint64_t image_stream(int64_t epoch, int64_t sample) {
    return (uint64_t)epoch << 33 | (uint64_t)sample << 1 | 1;
}

pn_status pn_order_init(pn_order *o, int64_t samples, const pn_sampling *sampling,
                        pn_error *error) {
    size_t bytes = (size_t)samples * sizeof *o->order;
    *o = (pn_order){
        .samples = samples, .epoch = 0, .shuffle = sampling->shuffle, .seed = sampling->seed};
    o->order = pn_alloc(bytes);
    if (!o->order) return pn_fail_memory(error, bytes);
    o->epoch = -1;
    return PN_OK;
}

void pn_order_free(pn_order *o) {
    pn_free(o->order);
    o->order = NULL;
}

static void draw_order(pn_order *o, int64_t epoch) {
    if (o->shuffle) {
        pn_random random;
        pn_random_seed(&random, o->seed, order_stream(epoch));
        pn_random_permutation(&random, o->order, o->samples);
    } else
        for (int64_t i = 0; i < o->samples; i++) o->order[i] = i;
    o->epoch = epoch;
}

pn_status pn_order_batch(pn_order *o, const pn_source *source, int64_t epoch, int64_t batch,
                         const int64_t **list, int64_t *count, pn_error *error) {
    if (epoch < 0 || epoch > INT32_MAX)
        return pn_fail(error, PN_E_ARGUMENT, "there is no epoch %lld", (long long)epoch);
    if (batch < 0 || batch >= source->batches)
        return pn_fail(error, PN_E_ARGUMENT, "there is no batch %lld: an epoch has %lld",
                       (long long)batch, (long long)source->batches);
    if (o->epoch != epoch) draw_order(o, epoch);
    int64_t begin = batch * source->batch_size, left = o->samples - begin;
    *list = o->order + begin;
    *count = left < source->batch_size ? left : source->batch_size;
    return PN_OK;
}

pn_status pn_sampling_finish(const pn_generator *generator, const pn_draw *draw, int64_t height,
                             int64_t width, int have, int channels, float *x, pn_error *error) {
    int64_t pixels = height * width;
    if (generator) {
        pn_random random;
        pn_transform transform;
        float *scratch = NULL;
        size_t bytes = (size_t)(pixels * have) * sizeof *scratch;
        pn_random_seed(&random, draw->seed, image_stream(draw->epoch, draw->sample));
        pn_generator_draw(generator, &random, height, width, &transform);
        if (pn_transform_moves(&transform)) {
            scratch = pn_alloc(bytes);
            if (!scratch) return pn_fail_memory(error, bytes);
        }
        pn_generator_transform(generator, &transform, height, width, have, x, scratch);
        pn_free(scratch);
    }
    if (have != channels) pn_augment_repeat(pixels, channels, x);
    if (generator) pn_generator_standardize(generator, pixels, channels, x);
    return PN_OK;
}
