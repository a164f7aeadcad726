/* What a step changes: the gradients, and the weights by them. */
#include "nn/train/fit_parts.h"

#include "base/pool.h"

enum { GRAIN = 16384 }; /* numbers worth another thread */

/* While backward runs, from any thread: offset and count are in the weight of number `slot`. */
void pn_fit_update_part(void *context, int slot, int64_t offset, int64_t count,
                        const float *gradient) {
    const pn_fit *fit = context;
    pn_optimizer_update(&fit->optimizer, fit->first[slot] + offset, count, fit->slot[slot] + offset,
                        gradient);
}

typedef struct rest {
    const pn_fit *fit;
    const pn_parameter *parameter;
    int64_t first;
} rest;

static void update_range(void *context, int64_t begin, int64_t end) {
    const rest *r = context;
    pn_optimizer_update(&r->fit->optimizer, r->first + begin, end - begin,
                        r->parameter->value + begin, r->parameter->gradient + begin);
}

/* The parameters that backward has not updated. */
static void update_rest(const pn_fit *fit) {
    rest r = {.fit = fit};
    for (int i = 0; i < fit->parameters; i++) {
        r.parameter = &fit->parameter[i];
        if (r.parameter->gradient) pn_parallel_for(r.parameter->count, GRAIN, update_range, &r);
        r.first += r.parameter->count;
    }
}

pn_status pn_fit_learn(pn_fit *fit, pn_error *error) {
    const bool clips = pn_optimizer_clips(&fit->optimizer);
    if (!clips) pn_optimizer_begin(&fit->optimizer);
    pn_status status = pn_plan_backward(fit->plan, fit->d_out, fit->judge.logits, error);
    if (status != PN_OK) return status;
    if (clips)
        pn_optimizer_step(&fit->optimizer, fit->parameter, fit->parameters);
    else
        update_rest(fit);
    return PN_OK;
}
