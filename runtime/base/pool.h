/* The thread pool: one for the process, started when first needed. */
#ifndef PN_BASE_POOL_H
#define PN_BASE_POOL_H

#include <stdint.h>

/* Work on the items begin <= i < end. May run on any thread; must not call back into Lua. */
typedef void (*pn_range_fn)(void *context, int64_t begin, int64_t end);

/* Calls work() over 0 <= i < count in blocks of at least `grain` items (0 means 1), on
 * pn_threads() threads, and returns when all is done. Nested calls run inline. The blocks depend
 * only on count, grain and the number of threads, never on timing. With dynamic work each block is
 * handed to whichever thread is free: write results by index, never by arrival. Several threads may
 * call at once: they share the pool. */
void pn_parallel_for(int64_t count, int64_t grain, pn_range_fn work, void *context);

/* As pn_parallel_for, but cut into many small blocks, for items of very unequal cost. */
void pn_parallel_for_each(int64_t count, pn_range_fn work, void *context);

/* Items 0 <= i < count that threads take from as they become free: parts of at most `most` items,
 * smaller ones towards the end, of a multiple of `step`. Who gets what depends on timing: not for
 * sums. */
typedef struct pn_share {
    int64_t count, most, step;
    int takers; /* threads that take */
    _Atomic int64_t next;
} pn_share;

/* The items of the next part, from *first on; 0: nothing is left. */
int64_t pn_share_take(pn_share *share, int64_t *first);

/* From now on the work that this thread starts waits for that of other threads: the pool's threads
 * turn to it when nobody else has any. For threads that prepare what is needed later. */
void pn_parallel_background(void);

/* Threads that parallel work uses: what pn_set_threads said, else PNEUMA_THREADS, else the
 * processors this process may run on. At least 1. */
int pn_threads(void);

/* Sets the number of threads (1 to 256), stopping the present pool; not while work runs. */
void pn_set_threads(int threads);

#endif
