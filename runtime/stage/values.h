/* Named values of a call: its inputs or its results. */
#ifndef PN_STAGE_VALUES_H
#define PN_STAGE_VALUES_H

#include "base/error.h"
#include "pneuma/stage.h"
#include "stage/arena.h"
#include "tensor/tensor.h"

typedef struct pn_bytes {
    const char *data; /* NUL-ended beyond size */
    size_t size;
} pn_bytes;

typedef struct pn_value {
    const char *name;
    pn_kind kind;
    int given;              /* an input: somebody gave it, if only an empty list */
    size_t count, capacity; /* items; an ARRAY has 0 or 1 */
    pn_tensor **array;      /* dense; for ARRAY and ARRAYS */
    pn_bytes *string;       /* for STRINGS */
} pn_value;

typedef struct pn_values {
    pn_value *value; /* one for each port, in declared order */
    size_t count;
    pn_arena arena; /* the names and strings */
} pn_values;

/* Empty values for these ports; NULL when memory is out. Release with pn_values_free. */
pn_values *pn_values_new(const pn_port *ports, size_t count);
void pn_values_free(pn_values *values);

/* The value of that name, or NULL. */
pn_value *pn_values_find(const pn_values *values, const char *name);

/* Appends; the tensor is retained (a dense copy where it is not dense), the bytes are copied. */
pn_status pn_values_add_array(pn_value *value, pn_tensor *tensor, pn_error *error);
pn_status pn_values_add_string(pn_values *values, pn_value *value, const char *bytes, size_t size,
                               pn_error *error);

/* Checks one array against a port: dtype and rank. The message stands behind "input image ". */
pn_status pn_port_check_array(const pn_port *port, pn_dtype dtype, int rank, const int64_t *shape,
                              pn_error *error);

/* Checks that values are what the ports declare: same names and kinds in order, dtypes and ranks,
 * an ARRAY with one item (or none where it is optional). The message begins with the value's
 * name. */
pn_status pn_values_check(const pn_values *values, const pn_port *ports, size_t count,
                          pn_error *error);

/* Bytes of all arrays and strings. */
uint64_t pn_values_bytes(const pn_values *values);

#endif
