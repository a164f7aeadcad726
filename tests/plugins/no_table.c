/* A shared object that is no plugin. */
#include <pneuma/stage.h>

PN_STAGE_EXPORT int something_else(void);

int something_else(void) {
    return PN_STAGE_ABI;
}
