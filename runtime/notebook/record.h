/* Fields packed into bytes: the payloads of the worker's channel and of the journal. Numbers are
 * in the machine's own byte order; both ends are always the same program on the same machine. */
#ifndef PN_NOTEBOOK_RECORD_H
#define PN_NOTEBOOK_RECORD_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

void pn_record_put_int(pn_text *payload, int64_t value);
void pn_record_put_real(pn_text *payload, double value);
void pn_record_put_bytes(pn_text *payload, const void *bytes, size_t size);
/* NULL is packed as the empty string. */
void pn_record_put_string(pn_text *payload, const char *string);

/* Reads the fields of a payload in the order in which they were put. Reading past the end gives 0
 * and empty strings and sets `bad`: check once, after the last field. */
typedef struct pn_fields {
    const char *next;
    size_t left;
    int bad;
} pn_fields;

int64_t pn_fields_int(pn_fields *fields);
double pn_fields_real(pn_fields *fields);
/* Borrowed from the payload and not NUL-ended. */
const char *pn_fields_bytes(pn_fields *fields, size_t *size);
/* A NUL-ended copy, to be released with free(); NULL (and `bad`) when memory is out. *size may be
 * NULL. */
char *pn_fields_copy(pn_fields *fields, size_t *size);

#endif
