/* Values in a file: a header in JSON, then the raw bytes of every array and string. The same form
 * crosses to a helper process (in a sealed memory file) and lies in the cache.
 *
 *     "PNPACK01"  header size (8)  file size (8)  hash of the header (16)   little-endian
 *     {"parts": {"results": [value...], ...}, "extra": {...}}
 *     blobs, each at a multiple of 64 bytes
 *
 * value: {"name", "kind", "items": [[dtype, [shape...], offset, hash]...]} for arrays;
 * {"name", "kind", "count", "lengths": [offset, hash], "bytes": [offset, size, hash]} for strings,
 * which end with a NUL each. Every blob has its XXH3 hash. */
#ifndef PN_STAGE_PACK_H
#define PN_STAGE_PACK_H

#include "base/error.h"
#include "stage/values.h"

#include <jansson.h>

/* One named set of values to be packed. */
typedef struct pn_pack_part {
    const char *name;
    const pn_values *values;
} pn_pack_part;

/* Writes parts[count] and `extra` (borrowed, may be NULL) to the file from its start. PN_E_IO when
 * the system refuses (a full disk), without the file's name. */
pn_status pn_pack_write(int fd, const pn_pack_part *parts, size_t count, json_t *extra,
                        pn_error *error);

/* A packed file in memory. Tensors taken from it keep it alive. */
typedef struct pn_pack pn_pack;

/* Maps the file, copy on write (or reads it when it is small), and checks its header. Nothing in it
 * is trusted: PN_E_FORMAT says what is wrong. The descriptor may be closed afterwards. */
pn_status pn_pack_open(int fd, pn_pack **out, pn_error *error);
void pn_pack_release(pn_pack *pack);

/* What was given as `extra`, borrowed; NULL when there was none. */
json_t *pn_pack_extra(const pn_pack *pack);

/* The values of a part: bounds are checked, with `verify` the hashes too. PN_E_FORMAT; PN_E_MEMORY.
 * Release with pn_values_free. */
pn_status pn_pack_values(pn_pack *pack, const char *part, int verify, pn_values **out,
                         pn_error *error);

#endif
