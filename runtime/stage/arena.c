#include "stage/arena.h"

#include "base/memory.h"

#include <stdalign.h>
#include <string.h>

enum { BLOCK = 4096, ALIGN = alignof(max_align_t) };

struct pn_arena_block {
    struct pn_arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

static struct pn_arena_block *block_new(size_t size) {
    struct pn_arena_block *block = pn_alloc(sizeof *block + size);
    if (!block) return NULL;
    block->used = 0;
    block->size = size;
    return block;
}

void *pn_arena_alloc(pn_arena *arena, size_t size) {
    if (size > (size_t)-1 / 2) return NULL;
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct pn_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        block = block_new(size > BLOCK ? size : BLOCK);
        if (!block) return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = memset(block->bytes + block->used, 0, size);
    block->used += size;
    return memory;
}

char *pn_arena_copy(pn_arena *arena, const char *bytes, size_t size) {
    char *copy = pn_arena_alloc(arena, size + 1);
    if (copy && size) memcpy(copy, bytes, size);
    return copy;
}

void pn_arena_free(pn_arena *arena) {
    while (arena->blocks) {
        struct pn_arena_block *next = arena->blocks->next;
        pn_free(arena->blocks);
        arena->blocks = next;
    }
}
