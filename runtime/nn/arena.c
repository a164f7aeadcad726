#include "nn/arena.h"

#include "base/memory.h"

#include <stdbool.h>

enum { CACHE_LINE = 16 }; /* floats */

static bool meet(const pn_span *a, const pn_span *b) {
    return a->begin <= b->end && b->begin <= a->end;
}

/* The lowest offset at which `span` overlaps none of the placed ones, which are sorted by
 * offset. */
static int64_t lowest_fit(const pn_span *span, pn_span *const *placed, int count) {
    int64_t at = 0;
    for (int i = 0; i < count; i++) {
        const pn_span *p = placed[i];
        if (!meet(span, p)) continue;
        if (p->offset >= at + span->count) break;
        int64_t behind = (p->offset + p->count + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        if (behind > at) at = behind;
    }
    return at;
}

/* Puts `span` where the list stays sorted: by offset, or by falling size. */
static void insert(pn_span **list, int count, pn_span *span, bool by_offset) {
    int i = count;
    while (i > 0 &&
           (by_offset ? list[i - 1]->offset > span->offset : list[i - 1]->count < span->count)) {
        list[i] = list[i - 1];
        i--;
    }
    list[i] = span;
}

pn_status pn_arena_lay(pn_span *spans, int count, int64_t *total, pn_error *error) {
    pn_span **largest = pn_alloc(2 * ((size_t)count + 1) * sizeof *largest);
    if (!largest) return pn_fail_memory(error, (unsigned long long)count * sizeof *largest);
    pn_span **placed = largest + count;
    for (int i = 0; i < count; i++) insert(largest, i, &spans[i], false);
    *total = 0;
    for (int i = 0; i < count; i++) {
        pn_span *span = largest[i];
        span->offset = lowest_fit(span, placed, i);
        insert(placed, i, span, true);
        if (span->offset + span->count > *total) *total = span->offset + span->count;
    }
    pn_free(largest);
    return PN_OK;
}
