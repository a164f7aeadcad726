/* What a cached result depends on, and the name that follows from it. */
#ifndef PN_STAGE_KEY_H
#define PN_STAGE_KEY_H

#include "base/hash.h"
#include "stage/arguments.h"

#include <jansson.h>

typedef struct pn_key {
    char name[PN_HASH_HEX]; /* the hash of the parts */
    json_t *parts;          /* flat: "version", "plugin", "library", "seed", "threads", "cpu",
                               "inputs", and "params" as an object of texts */
} pn_key;

/* The key of a call with finished arguments. Start with {0}; release with pn_key_free. */
pn_status pn_key_make(const pn_stage_arguments *arguments, pn_key *key, pn_error *error);
void pn_key_free(pn_key *key);

/* The build id of the Pneuma library that is running, in hexadecimal: from its ELF note, or a hash
 * of its file where it has none. */
pn_status pn_library_build(char *text, size_t size, pn_error *error);

/* Writes into why[PN_STAGE_WHY] how `now` differs from `before`: "parameter low changed 60 -> 70",
 * "inputs changed". Returns the number of differences. */
int pn_key_difference(const json_t *before, const json_t *now, char *why);

#endif
