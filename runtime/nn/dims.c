#include "nn/dims.h"

#include <inttypes.h>
#include <stdio.h>

int64_t pn_dims_count(const pn_dims *dims) {
    int64_t count = 1;
    for (int i = 0; i < dims->rank; i++) count *= dims->size[i];
    return count;
}

int pn_dims_equal(const pn_dims *a, const pn_dims *b) {
    if (a->rank != b->rank) return 0;
    for (int i = 0; i < a->rank; i++)
        if (a->size[i] != b->size[i]) return 0;
    return 1;
}

const char *pn_dims_text(const pn_dims *dims, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, dims->rank ? "(None" : "(None,");
    for (int i = 0; i < dims->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, ", %" PRId64, dims->size[i]);
    if (used < size) snprintf(text + used, size - used, ")");
    return text;
}
