/* Settings of this process for all calls. */
#ifndef PN_STAGE_RUN_H
#define PN_STAGE_RUN_H

#include "stage/host.h"

int pn_stage_cache_on(void);
uint64_t pn_stage_seed(void);

#endif
