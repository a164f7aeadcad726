/* Learning rates that follow the number of the step, as Keras 2.15 defines them. */
#ifndef PN_NN_TRAIN_SCHEDULE_H
#define PN_NN_TRAIN_SCHEDULE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PN_SCHEDULE_PIECES = 64 };

typedef enum pn_schedule_kind {
    PN_RATE_CONSTANT = 0,
    PN_RATE_EXPONENTIAL,  /* initial * rate ^ (step / steps) */
    PN_RATE_INVERSE_TIME, /* initial / (1 + rate * step / steps) */
    PN_RATE_POLYNOMIAL,   /* (initial - end) * (1 - step / steps) ^ power + end */
    PN_RATE_COSINE,       /* half a cosine down to alpha * initial, after a linear warm-up */
    PN_RATE_PIECEWISE,    /* value[i] up to step boundary[i] */
} pn_schedule_kind;

typedef struct pn_schedule {
    pn_schedule_kind kind;
    double initial, steps;
    double rate;    /* EXPONENTIAL, INVERSE_TIME */
    bool staircase; /* likewise: whole multiples of `steps` alone count */
    double end, power;
    bool cycle; /* POLYNOMIAL: starts again from a later end */
    double alpha, warmup_target, warmup_steps;
    int pieces;
    double boundary[PN_SCHEDULE_PIECES], value[PN_SCHEDULE_PIECES + 1];
} pn_schedule;

/* Reads a number, or Keras's {"class_name": "ExponentialDecay", "config": {...}}. */
pn_status pn_schedule_parse(const json_t *json, pn_schedule *schedule, pn_error *error);

/* The learning rate of step number `step`, from 0. */
double pn_schedule_at(const pn_schedule *schedule, int64_t step);

#endif
