/* Memory: aligned allocation that can fail, and the count of live bytes that Lua's collector is
 * told about. */
#ifndef PN_BASE_MEMORY_H
#define PN_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Returns `size` bytes aligned to 64 (a cache line, an AVX-512 register), uninitialised, or NULL.
 * A size of 0 gives a valid pointer. Release with pn_free. */
void *pn_alloc(size_t size);

/* As pn_alloc, zeroed; NULL also when count * size overflows. */
void *pn_calloc(size_t count, size_t size);

/* Releases what pn_alloc or pn_calloc returned; NULL is fine. */
void pn_free(void *memory);

/* Bytes that pn_alloc has handed out and that are not released. Safe from any thread. */
size_t pn_live_bytes(void);

/* Counts bytes that live elsewhere but for Lua's sake, mapped files say; negative when they go.
 * Safe from any thread. */
void pn_live_add(int64_t bytes);

/* For tests: the n-th allocation from now fails (1 is the next one), once; 0 switches it off. */
void pn_fail_allocation(unsigned long n);

#endif
