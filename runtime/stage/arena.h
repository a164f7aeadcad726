/* Memory that lives and dies together: many small pieces, one release. */
#ifndef PN_STAGE_ARENA_H
#define PN_STAGE_ARENA_H

#include <stddef.h>

typedef struct pn_arena {
    struct pn_arena_block *blocks;
} pn_arena;

/* Zeroed memory, aligned for any type; NULL when there is none. Start the arena with {0}. */
void *pn_arena_alloc(pn_arena *arena, size_t size);

/* A NUL-ended copy of bytes[size]; NULL when memory is out. */
char *pn_arena_copy(pn_arena *arena, const char *bytes, size_t size);

void pn_arena_free(pn_arena *arena);

#endif
