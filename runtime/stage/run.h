/* What calls share. */
#ifndef PN_STAGE_RUN_H
#define PN_STAGE_RUN_H

#include "stage/host.h"

/* The seed of calls that give none. */
uint64_t pn_stage_seed(void);

#endif
