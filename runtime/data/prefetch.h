/* Preparing batches while the caller computes. */
#ifndef PN_DATA_PREFETCH_H
#define PN_DATA_PREFETCH_H

#include "nn/source.h"

/* A source that gives the same batches as `source`, which it takes over (also when this fails): a
 * thread fills the next ones ahead, going on into the next epoch, as long as batches are asked for
 * in order. Another order is fine, but waits. Errors of a batch come when it is asked for. The
 * thread begins with the first batch; its parallel work gives way to the caller's. Memory: two
 * batches. release() waits for the batch at work.
 * PN_E_MEMORY. */
pn_status pn_prefetch_new(pn_source *source, pn_source **out, pn_error *error);

/* The source that a prefetching one prepares; any other source itself. */
pn_source *pn_prefetch_inner(pn_source *source);

#endif
