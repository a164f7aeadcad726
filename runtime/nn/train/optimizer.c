#include "nn/train/optimizer.h"

#include "base/memory.h"
#include "base/pool.h"
#include "nn/named.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { GRAIN = 1 << 14 };

static const pn_name names[] = {
    {"SGD", PN_SGD},
    {"Adam", PN_ADAM},
    {"AdamW", PN_ADAMW},
    {"RMSprop", PN_RMSPROP},
};

/* ---- options ---- */

/* NULL in Python is "none". */
static double limit(pn_config *config, const char *name) {
    return pn_config_item(config, name) ? pn_config_number(config, name, 0, 0, DBL_MAX) : 0;
}

static void read_common(pn_optimizer *o, pn_config *config) {
    o->clipnorm = limit(config, "clipnorm");
    o->clipvalue = limit(config, "clipvalue");
    o->global_clipnorm = limit(config, "global_clipnorm");
    if (o->clipnorm > 0 && o->global_clipnorm > 0)
        pn_config_wrong(config, "clipnorm", "left out where there is global_clipnorm");
    if (o->kind == PN_ADAMW)
        o->weight_decay = pn_config_number(config, "weight_decay", 4e-3, 0, DBL_MAX);
    else
        o->weight_decay = limit(config, "weight_decay");
    if (pn_config_bool(config, "use_ema", false))
        pn_config_wrong(config, "use_ema", "false: averages of weights are not supported");
    pn_config_ignore(config, "ema_momentum");
    pn_config_ignore(config, "ema_overwrite_frequency");
    pn_config_ignore(config, "jit_compile");
    pn_config_ignore(config, "is_legacy_optimizer");
}

static void read_own(pn_optimizer *o, pn_config *config) {
    switch (o->kind) {
    case PN_SGD:
        o->momentum = pn_config_number(config, "momentum", 0, 0, 1);
        o->nesterov = pn_config_bool(config, "nesterov", false);
        o->slots = o->momentum > 0;
        break;
    case PN_RMSPROP:
        o->rho = pn_config_number(config, "rho", 0.9, 0, 1);
        o->momentum = pn_config_number(config, "momentum", 0, 0, 1);
        o->epsilon = pn_config_number(config, "epsilon", 1e-7, 0, 1);
        o->centered = pn_config_bool(config, "centered", false);
        o->slots = 1 + o->centered + (o->momentum > 0);
        break;
    case PN_ADAM:
    case PN_ADAMW:
        o->beta_1 = pn_config_number(config, "beta_1", 0.9, 0, 1);
        o->beta_2 = pn_config_number(config, "beta_2", 0.999, 0, 1);
        o->epsilon = pn_config_number(config, "epsilon", 1e-7, 0, 1);
        o->amsgrad = pn_config_bool(config, "amsgrad", false);
        o->slots = 2 + o->amsgrad;
        break;
    }
}

static pn_status read_options(pn_optimizer *o, pn_config *config, pn_error *error) {
    const json_t *rate = pn_config_item(config, "learning_rate");
    o->rate = (pn_schedule){.initial = o->kind == PN_SGD ? 0.01 : 0.001};
    read_own(o, config);
    read_common(o, config);
    return rate ? pn_schedule_parse(rate, &o->rate, error) : PN_OK;
}

pn_status pn_optimizer_parse(const json_t *json, pn_optimizer *optimizer, pn_error *error) {
    pn_named named;
    *optimizer = (pn_optimizer){0};
    pn_status status =
        pn_named_begin(&named, json, "optimizer", names, sizeof names / sizeof *names, error);
    if (status == PN_OK) {
        optimizer->kind = (pn_optimizer_kind)named.kind;
        status = read_options(optimizer, &named.config, error);
    }
    pn_status finished = pn_named_finish(&named);
    return status == PN_OK ? finished : status;
}

/* ---- state ---- */

pn_status pn_optimizer_build(pn_optimizer *optimizer, int64_t count, pn_error *error) {
    size_t numbers = (size_t)optimizer->slots * (size_t)count;
    optimizer->count = count;
    optimizer->state = pn_calloc(numbers, sizeof *optimizer->state);
    return optimizer->state ? PN_OK : pn_fail_memory(error, numbers * sizeof(float));
}

void pn_optimizer_free(pn_optimizer *optimizer) {
    pn_free(optimizer->state);
    optimizer->state = NULL;
}

double pn_optimizer_rate(const pn_optimizer *optimizer) {
    return pn_schedule_at(&optimizer->rate, optimizer->iterations);
}

pn_status pn_optimizer_set_rate(pn_optimizer *optimizer, double rate, pn_error *error) {
    if (optimizer->rate.kind != PN_RATE_CONSTANT)
        return pn_fail(error, PN_E_ARGUMENT,
                       "the learning rate cannot be set: a schedule of the optimizer's decides it");
    if (!(rate >= 0 && rate <= DBL_MAX))
        return pn_fail(error, PN_E_ARGUMENT, "learning_rate must be a number from 0, not %g", rate);
    optimizer->rate.initial = rate;
    return PN_OK;
}

/* ---- a step ---- */

/* As tf.clip_by_norm: x * limit / max(norm, limit). */
static void clip_to_norm(const pn_parameter *parameter, double norm, double most) {
    if (!(norm <= most))
        pn_kernel_scale(parameter->gradient, parameter->count, (float)(most / norm));
}

static void clip(const pn_optimizer *o, const pn_parameter *parameters, int n) {
    double total = 0;
    for (int i = 0; i < n; i++) {
        const pn_parameter *p = &parameters[i];
        if (o->clipnorm > 0)
            clip_to_norm(p, sqrt(pn_kernel_sum_squares(p->gradient, p->count)), o->clipnorm);
        else if (o->global_clipnorm > 0)
            total += pn_kernel_sum_squares(p->gradient, p->count);
        else if (o->clipvalue > 0)
            pn_kernel_clip(p->gradient, p->count, (float)o->clipvalue);
    }
    for (int i = 0; i < n && o->clipnorm <= 0 && o->global_clipnorm > 0; i++)
        clip_to_norm(&parameters[i], sqrt(total), o->global_clipnorm);
}

bool pn_optimizer_clips(const pn_optimizer *o) {
    return o->clipnorm > 0 || o->global_clipnorm > 0 || o->clipvalue > 0;
}

/* In float32, as Keras does it: 1 - 0.999 is off by 5e-5 there, and the first steps show it. */
static float adam_rate(const pn_optimizer *o, float rate) {
    float step = (float)(o->iterations + 1);
    float power_1 = powf((float)o->beta_1, step), power_2 = powf((float)o->beta_2, step);
    return rate * sqrtf(1 - power_2) / (1 - power_1);
}

static void begin_own(const pn_optimizer *o, pn_update *u) {
    switch (o->kind) {
    case PN_SGD:
        u->rule = PN_RULE_SGD;
        break;
    case PN_RMSPROP:
        u->rule = PN_RULE_RMSPROP;
        u->keep_1 = u->keep_2 = (float)o->rho;
        u->add_1 = u->add_2 = (float)(1 - o->rho);
        break;
    case PN_ADAM:
    case PN_ADAMW:
        u->rule = PN_RULE_ADAM;
        u->rate = adam_rate(o, u->rate);
        u->add_1 = (float)(1 - o->beta_1);
        u->add_2 = (float)(1 - o->beta_2);
        break;
    }
}

void pn_optimizer_begin(pn_optimizer *optimizer) {
    const float rate = (float)pn_optimizer_rate(optimizer);
    optimizer->update = (pn_update){.rate = rate,
                                    .decay = (float)optimizer->weight_decay * rate,
                                    .momentum = (float)optimizer->momentum,
                                    .nesterov = optimizer->nesterov,
                                    .amsgrad = optimizer->amsgrad,
                                    .centered = optimizer->centered,
                                    .epsilon = (float)optimizer->epsilon};
    begin_own(optimizer, &optimizer->update);
    optimizer->iterations++;
}

void pn_optimizer_update(const pn_optimizer *optimizer, int64_t first, int64_t count, float *value,
                         const float *gradient) {
    float *slot[PN_RULE_SLOTS] = {NULL};
    for (int i = 0; i < optimizer->slots; i++)
        slot[i] = optimizer->state + i * optimizer->count + first;
    pn_kernel_update(&optimizer->update, value, gradient, slot, count);
}

typedef struct all {
    const pn_optimizer *optimizer;
    const pn_parameter *parameters;
    int n;
} all;

/* Numbers begin <= i < end of all parameters. */
static void update_range(void *context, int64_t begin, int64_t end) {
    const all *a = context;
    int64_t at = 0;
    for (int i = 0; i < a->n && at < end; at += a->parameters[i++].count) {
        const pn_parameter *p = &a->parameters[i];
        const int64_t from = begin > at ? begin - at : 0;
        const int64_t to = end - at < p->count ? end - at : p->count;
        if (from < to)
            pn_optimizer_update(a->optimizer, at + from, to - from, p->value + from,
                                p->gradient + from);
    }
}

void pn_optimizer_step(pn_optimizer *optimizer, const pn_parameter *parameters, int n) {
    all a = {optimizer, parameters, n};
    int64_t count = 0;
    for (int i = 0; i < n; i++) count += parameters[i].count;
    clip(optimizer, parameters, n);
    pn_optimizer_begin(optimizer);
    pn_parallel_for(count, GRAIN, update_range, &a);
}
