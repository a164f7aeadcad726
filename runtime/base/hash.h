/* Content hashes: XXH3, 128 bits. Not against an enemy; digests for that come from libcrypto. */
#ifndef PN_BASE_HASH_H
#define PN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct pn_hash {
    uint64_t high, low;
} pn_hash;

enum { PN_HASH_HEX = 33 }; /* 32 hexadecimal digits and the end */

/* The hash of `size` bytes. */
pn_hash pn_hash_bytes(const void *bytes, size_t size);

/* Writes 32 lower-case hexadecimal digits and a NUL. */
void pn_hash_hex(pn_hash hash, char text[PN_HASH_HEX]);

/* Reads what pn_hash_hex wrote; 0 when `text` is something else. */
int pn_hash_parse(const char *text, pn_hash *hash);

int pn_hash_equal(pn_hash a, pn_hash b);

/* A hash over many pieces. Each piece's length goes in too, so "ab"+"c" is not "a"+"bc". */
typedef struct pn_hasher pn_hasher;
pn_hasher *pn_hasher_new(void); /* NULL when memory is out */
void pn_hasher_add(pn_hasher *hasher, const void *bytes, size_t size);
/* Without the length: a hash of nothing but such pieces is pn_hash_bytes of all of them in a row.
 */
void pn_hasher_join(pn_hasher *hasher, const void *bytes, size_t size);
void pn_hasher_add_text(pn_hasher *hasher, const char *text);
void pn_hasher_add_int(pn_hasher *hasher, int64_t value);
pn_hash pn_hasher_finish(pn_hasher *hasher); /* and releases it */

#endif
