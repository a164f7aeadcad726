/* Dropout: while training, each number is 0 with probability `rate`, else in / (1 - rate); at other
 * times out = in. */
#include "nn/layers/copy.h"

#include "base/pool.h"
#include "base/random.h"

#include <math.h>

typedef struct dropout {
    double rate;
} dropout;

static void configure(pn_layer *layer, pn_config *config) {
    dropout *s = layer->settings;
    s->rate = pn_config_number(config, "rate", NAN, 0, 1);
    if (pn_config_item(config, "noise_shape")) pn_config_wrong(config, "noise_shape", "null");
    pn_config_ignore(config, "seed"); /* the run's seed decides */
}

/* saved (B, ...): 1 where a number is kept, 0 where it is dropped. */
static pn_need need(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads) {
    (void)layer, (void)in, (void)threads;
    return (pn_need){.saved = batch * pn_dims_count(out)};
}

typedef struct work {
    double rate;
    uint64_t seed;
    int64_t count;
    const pn_real *from;
    pn_real *to, *kept;
} work;

enum { BLOCK = 4096 }; /* numbers from one stream */

/* Block b draws from stream b of a seed of this layer and step: the same whoever draws it. */
static void draw_blocks(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t b = begin; b < end; b++) {
        int64_t last = (b + 1) * BLOCK < w->count ? (b + 1) * BLOCK : w->count;
        pn_random random;
        pn_random_seed(&random, w->seed, (uint64_t)b);
        for (int64_t i = b * BLOCK; i < last; i++)
            w->kept[i] = pn_random_uniform(&random) >= w->rate;
    }
}

static void keep_items(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const pn_real scale = w->rate < 1 ? (pn_real)(1 / (1 - w->rate)) : 0;
    const pn_real *restrict from = w->from, *restrict kept = w->kept;
    pn_real *restrict to = w->to;
    for (int64_t i = begin; i < end; i++) {
        const pn_real x = from[i] * scale;
        to[i] = kept[i] != 0 ? x : 0;
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const dropout *s = layer->settings;
    if (!pass->training) return pn_copy_forward(layer, pass, error);
    pn_random random;
    pn_random_seed(&random, pass->seed, pass->stream);
    work w = {.rate = s->rate,
              .seed = pn_random_bits(&random),
              .count = pass->batch * pn_dims_count(pass->out_dims),
              .from = pass->in[0],
              .to = pass->out,
              .kept = pass->saved};
    pn_parallel_for((w.count + BLOCK - 1) / BLOCK, 1, draw_blocks, &w);
    pn_parallel_for(w.count, PN_LAYER_GRAIN, keep_items, &w);
    return PN_OK;
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    const dropout *s = layer->settings;
    if (!pass->training || !pass->d_in[0]) return pn_copy_backward(layer, pass, error);
    work w = {.rate = s->rate, .from = pass->d_out, .to = pass->d_in[0], .kept = pass->saved};
    pn_parallel_for(pass->batch * pn_dims_count(pass->out_dims), PN_LAYER_GRAIN, keep_items, &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(dropout) = {
    .class_name = "Dropout",
    .base_name = "dropout",
    .settings_size = sizeof(dropout),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_RANDOM,
    .configure = configure,
    .output = pn_copy_output,
    .need = need,
    .forward = forward,
    .backward_input = backward_input,
};
