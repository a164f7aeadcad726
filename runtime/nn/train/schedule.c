#include "nn/train/schedule.h"

#include "nn/named.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const pn_name names[] = {
    {"ExponentialDecay", PN_RATE_EXPONENTIAL},     {"CosineDecay", PN_RATE_COSINE},
    {"PiecewiseConstantDecay", PN_RATE_PIECEWISE}, {"PolynomialDecay", PN_RATE_POLYNOMIAL},
    {"InverseTimeDecay", PN_RATE_INVERSE_TIME},
};

/* Reads an array of numbers; the length, or -1 after having recorded what is wrong. */
static int read_numbers(pn_config *config, const char *name, double *into, size_t most) {
    const json_t *list = pn_config_item(config, name), *item;
    size_t i, count = json_array_size(list);
    bool good = json_is_array(list) && count >= 1 && count <= most;
    if (good) json_array_foreach(list, i, item) {
            good = good && json_is_number(item);
            into[i] = json_number_value(item);
        }
    if (good) return (int)count;
    pn_config_wrong(config, name, "a list of numbers, at most 64");
    return -1;
}

static void read_pieces(pn_schedule *s, pn_config *config) {
    s->pieces = read_numbers(config, "boundaries", s->boundary, PN_SCHEDULE_PIECES);
    int values = read_numbers(config, "values", s->value, PN_SCHEDULE_PIECES + 1);
    if (s->pieces > 0 && values != s->pieces + 1)
        pn_config_wrong(config, "values", "one number more than the boundaries");
    for (int i = 1; i < s->pieces; i++)
        if (s->boundary[i] <= s->boundary[i - 1])
            pn_config_wrong(config, "boundaries", "in rising order");
}

static void read_cosine(pn_schedule *s, pn_config *config) {
    s->alpha = pn_config_number(config, "alpha", 0, 0, 1);
    s->warmup_target = -1;
    if (pn_config_item(config, "warmup_target"))
        s->warmup_target = pn_config_number(config, "warmup_target", 0, 0, DBL_MAX);
    s->warmup_steps = pn_config_number(config, "warmup_steps", 0, 0, DBL_MAX);
}

static void read_options(pn_schedule *s, pn_config *config) {
    if (s->kind == PN_RATE_PIECEWISE) {
        read_pieces(s, config);
        return;
    }
    s->initial = pn_config_number(config, "initial_learning_rate", NAN, 0, DBL_MAX);
    s->steps = pn_config_number(config, "decay_steps", NAN, 1, DBL_MAX);
    if (s->kind == PN_RATE_COSINE) {
        read_cosine(s, config);
    } else if (s->kind == PN_RATE_POLYNOMIAL) {
        s->end = pn_config_number(config, "end_learning_rate", 1e-4, 0, DBL_MAX);
        s->power = pn_config_number(config, "power", 1, 0, DBL_MAX);
        s->cycle = pn_config_bool(config, "cycle", false);
    } else {
        s->rate = pn_config_number(config, "decay_rate", NAN, 0, DBL_MAX);
        s->staircase = pn_config_bool(config, "staircase", false);
    }
}

pn_status pn_schedule_parse(const json_t *json, pn_schedule *schedule, pn_error *error) {
    pn_named named;
    *schedule = (pn_schedule){0};
    if (json_is_number(json)) {
        schedule->initial = json_number_value(json);
        if (schedule->initial >= 0) return PN_OK;
        return pn_fail(error, PN_E_ARGUMENT, "learning_rate must be a number from 0, not %g",
                       schedule->initial);
    }
    pn_status status = pn_named_begin(&named, json, "learning rate schedule", names,
                                      sizeof names / sizeof *names, error);
    if (status == PN_OK) {
        schedule->kind = (pn_schedule_kind)named.kind;
        read_options(schedule, &named.config);
    }
    pn_status finished = pn_named_finish(&named);
    return status == PN_OK ? finished : status;
}

/* ---- values ---- */

static double polynomial(const pn_schedule *s, double step) {
    double steps = s->steps;
    if (!s->cycle)
        step = step < steps ? step : steps;
    else if (step > 0)
        steps *= ceil(step / steps);
    return (s->initial - s->end) * pow(1 - step / steps, s->power) + s->end;
}

static double cosine(const pn_schedule *s, double step) {
    double from = s->initial;
    if (s->warmup_target >= 0) {
        from = s->warmup_target;
        if (step < s->warmup_steps)
            return s->initial + (from - s->initial) * step / s->warmup_steps;
        step -= s->warmup_steps;
    }
    double part = step < s->steps ? step / s->steps : 1;
    return from * ((1 - s->alpha) * 0.5 * (1 + cos(acos(-1.0) * part)) + s->alpha);
}

static double piecewise(const pn_schedule *s, double step) {
    int i = 0;
    while (i < s->pieces && step > s->boundary[i]) i++;
    return s->value[i];
}

double pn_schedule_at(const pn_schedule *schedule, int64_t step) {
    const pn_schedule *s = schedule;
    double at = (double)step, part = s->kind == PN_RATE_CONSTANT ? 0 : at / s->steps;
    if (s->staircase) part = floor(part);
    switch (s->kind) {
    case PN_RATE_EXPONENTIAL:
        return s->initial * pow(s->rate, part);
    case PN_RATE_INVERSE_TIME:
        return s->initial / (1 + s->rate * part);
    case PN_RATE_POLYNOMIAL:
        return polynomial(s, at);
    case PN_RATE_COSINE:
        return cosine(s, at);
    case PN_RATE_PIECEWISE:
        return piecewise(s, at);
    case PN_RATE_CONSTANT:
        break;
    }
    return s->initial;
}
