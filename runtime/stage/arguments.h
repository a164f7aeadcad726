/* What a call is given: parameters, inputs, seed. */
#ifndef PN_STAGE_ARGUMENTS_H
#define PN_STAGE_ARGUMENTS_H

#include "stage/stage.h"
#include "stage/table.h"

struct pn_stage_arguments {
    const pn_stage_info *info;
    pn_param_value *param; /* in declared order */
    pn_values *inputs;
    uint64_t seed;
    int seed_given;
    char uncached[PN_STAGE_WHY]; /* why this call is not to be cached, or "" */
    pn_arena arena;              /* texts of the parameters */
};

/* Fills in defaults and checks that nothing required is missing. */
pn_status pn_stage_arguments_finish(pn_stage_arguments *arguments, pn_error *error);

/* Appends the value as a user would write it: 60, 0.5, true, jet. */
void pn_param_value_text(const pn_param *param, const pn_param_value *value, pn_text *text);

#endif
