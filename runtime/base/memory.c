#define _DEFAULT_SOURCE
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A header of one cache line in front of each block remembers its size for the count. Large blocks
 * may lie in huge pages: a plan's memory is then there at once, not fault by fault. */
enum { ALIGN = 64, HUGE_PAGE = 1 << 21, LARGE = 1 << 23 };

static atomic_size_t live;
static atomic_ulong fail_countdown;

static int must_fail(void) {
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (left == 0) return 0;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *pn_alloc(size_t size) {
    if (must_fail() || size > SIZE_MAX - 2 * ALIGN) return NULL;
    /* No more than asked for, that a sanitizer sees each byte too far; but room for one at least,
     * as a leak checker takes a pointer to a block's end for none to it. */
    size_t total = ALIGN + (size ? size : 1);
    void *taken;
    if (posix_memalign(&taken, total < LARGE ? ALIGN : HUGE_PAGE, total) != 0) return NULL;
    char *block = taken;
    if (total >= LARGE) madvise(block, total, MADV_HUGEPAGE); /* a wish */
    memcpy(block, &size, sizeof size);
    atomic_fetch_add_explicit(&live, size, memory_order_relaxed);
    return block + ALIGN;
}

void *pn_calloc(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) return NULL;
    void *memory = pn_alloc(count * size);
    if (memory) memset(memory, 0, count * size);
    return memory;
}

void pn_free(void *memory) {
    if (!memory) return;
    char *block = (char *)memory - ALIGN;
    size_t size;
    memcpy(&size, block, sizeof size);
    atomic_fetch_sub_explicit(&live, size, memory_order_relaxed);
    free(block);
}

size_t pn_live_bytes(void) {
    return atomic_load_explicit(&live, memory_order_relaxed);
}

void pn_live_add(int64_t bytes) {
    atomic_fetch_add_explicit(&live, (size_t)bytes, memory_order_relaxed);
}

void pn_fail_allocation(unsigned long n) {
    atomic_store(&fail_countdown, n);
}
