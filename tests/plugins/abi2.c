/* A plugin of the future: its tables need not be what we think. */
#include <pneuma/stage.h>

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = {.abi = 2};
