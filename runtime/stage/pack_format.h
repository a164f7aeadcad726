/* What writing and reading packed values agree on. */
#ifndef PN_STAGE_PACK_FORMAT_H
#define PN_STAGE_PACK_FORMAT_H

#include <stdint.h>

#define PN_PACK_MAGIC "PNPACK01"

typedef struct pn_pack_prelude {
    char magic[8];
    uint64_t header_size, file_size;
    uint64_t hash_high, hash_low; /* of the header */
} pn_pack_prelude;

enum { PN_PACK_ALIGN = 64 };

static inline uint64_t pn_pack_align(uint64_t offset) {
    return (offset + PN_PACK_ALIGN - 1) / PN_PACK_ALIGN * PN_PACK_ALIGN;
}

#endif
