/* How weights begin, as Keras names it: GlorotUniform, HeNormal, Zeros, ... */
#ifndef PN_NN_INITIALIZER_H
#define PN_NN_INITIALIZER_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

typedef enum pn_initializer_kind {
    PN_INIT_CONSTANT = 0,
    PN_INIT_UNIFORM,   /* from a to b */
    PN_INIT_NORMAL,    /* mean a, deviation b */
    PN_INIT_TRUNCATED, /* the same, redrawn beyond two deviations */
    PN_INIT_SCALED,    /* variance scale / fan (VarianceScaling) */
} pn_initializer_kind;

typedef enum pn_initializer_fan { PN_FAN_IN = 0, PN_FAN_OUT, PN_FAN_AVERAGE } pn_initializer_fan;

typedef struct pn_initializer {
    pn_initializer_kind kind;
    double a, b; /* CONSTANT: a */
    /* SCALED: */
    double scale;
    pn_initializer_fan fan;
    pn_initializer_kind distribution; /* UNIFORM, NORMAL or TRUNCATED */
} pn_initializer;

/* Reads what Keras writes in a config: a name ("he_normal") or {"class_name", "config"}. NULL or
 * JSON's null gives `preset`, a name. PN_E_ARGUMENT suggests the nearest name. */
pn_status pn_initializer_parse(const json_t *json, const char *preset, pn_initializer *initializer,
                               pn_error *error);

/* Fills value[count]. The same seed and stream give the same numbers. */
void pn_initializer_fill(const pn_initializer *initializer, float *value, int64_t count,
                         int64_t fan_in, int64_t fan_out, uint64_t seed, uint64_t stream);

#endif
