#include "base/cancel.h"

#include <stdatomic.h>

static atomic_int requested;

void pn_cancel(pn_cancel_reason reason) {
    atomic_store(&requested, (int)reason);
}

pn_cancel_reason pn_cancelled(void) {
    return (pn_cancel_reason)atomic_load_explicit(&requested, memory_order_relaxed);
}

void pn_cancel_reset(void) {
    atomic_store(&requested, PN_CANCEL_NONE);
}
