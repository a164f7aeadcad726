#include "nn/initializer.h"

#include "base/random.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* The deviation of a standard normal number that is redrawn beyond 2 (as Keras divides by it). */
#define TRUNCATED_DEVIATION 0.87962566103423978

static const struct {
    const char *name, *class_name;
    pn_initializer initializer;
} known[] = {
    {"zeros", "Zeros", {.kind = PN_INIT_CONSTANT}},
    {"ones", "Ones", {.kind = PN_INIT_CONSTANT, .a = 1}},
    {"constant", "Constant", {.kind = PN_INIT_CONSTANT}},
    {"random_uniform", "RandomUniform", {.kind = PN_INIT_UNIFORM, .a = -0.05, .b = 0.05}},
    {"random_normal", "RandomNormal", {.kind = PN_INIT_NORMAL, .b = 0.05}},
    {"truncated_normal", "TruncatedNormal", {.kind = PN_INIT_TRUNCATED, .b = 0.05}},
    {"variance_scaling",
     "VarianceScaling",
     {PN_INIT_SCALED, 0, 0, 1, PN_FAN_IN, PN_INIT_TRUNCATED}},
    {"glorot_uniform", "GlorotUniform", {PN_INIT_SCALED, 0, 0, 1, PN_FAN_AVERAGE, PN_INIT_UNIFORM}},
    {"glorot_normal", "GlorotNormal", {PN_INIT_SCALED, 0, 0, 1, PN_FAN_AVERAGE, PN_INIT_TRUNCATED}},
    {"he_uniform", "HeUniform", {PN_INIT_SCALED, 0, 0, 2, PN_FAN_IN, PN_INIT_UNIFORM}},
    {"he_normal", "HeNormal", {PN_INIT_SCALED, 0, 0, 2, PN_FAN_IN, PN_INIT_TRUNCATED}},
    {"lecun_uniform", "LecunUniform", {PN_INIT_SCALED, 0, 0, 1, PN_FAN_IN, PN_INIT_UNIFORM}},
    {"lecun_normal", "LecunNormal", {PN_INIT_SCALED, 0, 0, 1, PN_FAN_IN, PN_INIT_TRUNCATED}},
};

enum { KNOWN = sizeof known / sizeof *known };

static pn_status find(const char *name, pn_initializer *initializer, pn_error *error) {
    const char *names[KNOWN];
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(name, known[i].name) == 0 || strcmp(name, known[i].class_name) == 0) {
            *initializer = known[i].initializer;
            return PN_OK;
        }
        names[i] = known[i].name;
    }
    const char *near = pn_suggest(name, names, KNOWN);
    return near ? pn_fail(error, PN_E_ARGUMENT,
                          "there is no initializer '%.100s'; did you mean '%s'?", name, near)
                : pn_fail(error, PN_E_ARGUMENT, "there is no initializer '%.100s'", name);
}

static void number(const json_t *config, const char *name, double *value) {
    const json_t *item = json_object_get(config, name);
    if (json_is_number(item)) *value = json_number_value(item);
}

/* The options inside {"class_name", "config"}. */
static void read_options(const json_t *config, pn_initializer *init) {
    if (init->kind == PN_INIT_CONSTANT) number(config, "value", &init->a);
    if (init->kind == PN_INIT_UNIFORM) {
        number(config, "minval", &init->a);
        number(config, "maxval", &init->b);
    }
    if (init->kind == PN_INIT_NORMAL || init->kind == PN_INIT_TRUNCATED) {
        number(config, "mean", &init->a);
        number(config, "stddev", &init->b);
    }
    if (init->kind != PN_INIT_SCALED) return;
    number(config, "scale", &init->scale);
    const char *fan = json_string_value(json_object_get(config, "mode"));
    if (fan)
        init->fan = strcmp(fan, "fan_out") == 0   ? PN_FAN_OUT
                    : strcmp(fan, "fan_avg") == 0 ? PN_FAN_AVERAGE
                                                  : PN_FAN_IN;
    const char *form = json_string_value(json_object_get(config, "distribution"));
    if (form)
        init->distribution = strcmp(form, "uniform") == 0              ? PN_INIT_UNIFORM
                             : strcmp(form, "untruncated_normal") == 0 ? PN_INIT_NORMAL
                                                                       : PN_INIT_TRUNCATED;
}

pn_status pn_initializer_parse(const json_t *json, const char *preset, pn_initializer *initializer,
                               pn_error *error) {
    const char *name = preset;
    if (json_is_string(json))
        name = json_string_value(json);
    else if (json_is_object(json))
        name = json_string_value(json_object_get(json, "class_name"));
    if (!name || (json && !json_is_null(json) && !json_is_string(json) && !json_is_object(json)))
        return pn_fail(error, PN_E_ARGUMENT, "an initializer is a name or has a class_name");
    pn_status status = find(name, initializer, error);
    if (status == PN_OK && json_is_object(json))
        read_options(json_object_get(json, "config"), initializer);
    return status;
}

static double draw(pn_random *random, pn_initializer_kind kind, double a, double b) {
    double x;
    if (kind == PN_INIT_UNIFORM) return a + (b - a) * pn_random_uniform(random);
    do x = pn_random_normal(random);
    while (kind == PN_INIT_TRUNCATED && fabs(x) > 2);
    return a + b * x;
}

void pn_initializer_fill(const pn_initializer *initializer, float *value, int64_t count,
                         int64_t fan_in, int64_t fan_out, uint64_t seed, uint64_t stream) {
    pn_initializer_kind kind = initializer->kind;
    double a = initializer->a, b = initializer->b;
    if (kind == PN_INIT_SCALED) {
        double fan = initializer->fan == PN_FAN_IN    ? (double)fan_in
                     : initializer->fan == PN_FAN_OUT ? (double)fan_out
                                                      : ((double)fan_in + (double)fan_out) / 2;
        double variance = initializer->scale / (fan > 1 ? fan : 1);
        kind = initializer->distribution;
        a = kind == PN_INIT_UNIFORM ? -sqrt(3 * variance) : 0;
        b = kind == PN_INIT_UNIFORM  ? -a
            : kind == PN_INIT_NORMAL ? sqrt(variance)
                                     : sqrt(variance) / TRUNCATED_DEVIATION;
    }
    pn_random random;
    pn_random_seed(&random, seed, stream);
    for (int64_t i = 0; i < count; i++)
        value[i] = (float)(kind == PN_INIT_CONSTANT ? a : draw(&random, kind, a, b));
}
