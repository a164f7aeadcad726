/* Lays out buffers that are not all needed at the same time in one block of memory. */
#ifndef PN_NN_ARENA_H
#define PN_NN_ARENA_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* One buffer, needed from step `begin` to step `end`, both included. */
typedef struct pn_span {
    int64_t count; /* floats; 0: no buffer */
    int begin, end;
    int64_t offset; /* out: where it lies, in floats; a multiple of 16 */
} pn_span;

/* Gives every span its offset, so that no two that are needed at once overlap: the largest first,
 * each as low as it fits. Returns how many floats all take. PN_E_MEMORY. */
pn_status pn_arena_lay(pn_span *spans, int count, int64_t *total, pn_error *error);

#endif
