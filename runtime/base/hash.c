#include "base/hash.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

pn_hash pn_hash_bytes(const void *bytes, size_t size) {
    XXH128_hash_t h = XXH3_128bits(bytes, size);
    return (pn_hash){.high = h.high64, .low = h.low64};
}

void pn_hash_hex(pn_hash hash, char text[PN_HASH_HEX]) {
    snprintf(text, PN_HASH_HEX, "%016llx%016llx", (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}

int pn_hash_parse(const char *text, pn_hash *hash) {
    unsigned long long high, low;
    if (strlen(text) != PN_HASH_HEX - 1 || strspn(text, "0123456789abcdef") != PN_HASH_HEX - 1)
        return 0;
    if (sscanf(text, "%16llx%16llx", &high, &low) != 2) return 0;
    *hash = (pn_hash){.high = high, .low = low};
    return 1;
}

int pn_hash_equal(pn_hash a, pn_hash b) {
    return a.high == b.high && a.low == b.low;
}

/* A pn_hasher is xxHash's own state under our name. */
pn_hasher *pn_hasher_new(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) XXH3_128bits_reset(state);
    return (pn_hasher *)state;
}

void pn_hasher_add(pn_hasher *hasher, const void *bytes, size_t size) {
    uint64_t length = size;
    XXH3_128bits_update((XXH3_state_t *)hasher, &length, sizeof length);
    XXH3_128bits_update((XXH3_state_t *)hasher, bytes, size);
}

void pn_hasher_join(pn_hasher *hasher, const void *bytes, size_t size) {
    XXH3_128bits_update((XXH3_state_t *)hasher, bytes, size);
}

void pn_hasher_add_text(pn_hasher *hasher, const char *text) {
    pn_hasher_add(hasher, text, strlen(text));
}

void pn_hasher_add_int(pn_hasher *hasher, int64_t value) {
    pn_hasher_add(hasher, &value, sizeof value);
}

pn_hash pn_hasher_finish(pn_hasher *hasher) {
    XXH128_hash_t h = XXH3_128bits_digest((XXH3_state_t *)hasher);
    XXH3_freeState((XXH3_state_t *)hasher);
    return (pn_hash){.high = h.high64, .low = h.low64};
}
