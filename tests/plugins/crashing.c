/* Crashes while being loaded. */
#include <pneuma/stage.h>

#include <stdlib.h>

__attribute__((constructor)) static void crash(void) {
    abort();
}

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = {.abi = PN_STAGE_ABI};
