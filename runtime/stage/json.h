/* Bytes that need not be UTF-8 (paths) in JSON, which must be. */
#ifndef PN_STAGE_JSON_H
#define PN_STAGE_JSON_H

#include "stage/arena.h"

#include <jansson.h>

/* A JSON string for bytes[size]: '%' and all that JSON cannot carry become %XX. NULL when memory is
 * out. New reference. */
json_t *pn_json_bytes(const char *bytes, size_t size);

/* And back: a NUL-ended copy in the arena; NULL when `json` is no such string or memory is out. */
char *pn_json_text(json_t *json, pn_arena *arena, size_t *size);

#endif
