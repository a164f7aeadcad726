/* One run of a stage, as the host's functions see it. */
#ifndef PN_STAGE_CALL_H
#define PN_STAGE_CALL_H

#include "stage/host.h"

#include <pthread.h>
#include <stdatomic.h>

struct pn_call {
    const pn_stage *stage;
    const pn_stage_arguments *arguments;
    const pn_run_place *place;
    pn_run *run;
    pthread_t thread; /* the one of run() */

    pthread_mutex_t lock; /* guards all below but `shown` */
    pn_arena arena;       /* reasons, names */
    void **block;         /* scratch memory: a hash set of addresses, open addressing */
    size_t blocks, block_capacity;
    pn_error failure; /* status PN_OK: none recorded */

    atomic_llong shown; /* time of the last progress that was passed on, ns */
};

/* The functions of the host table, by the file they stand in. */
int64_t pn_call_param_int(pn_call *call, const char *name);
double pn_call_param_float(pn_call *call, const char *name);
int pn_call_param_bool(pn_call *call, const char *name);
const char *pn_call_param_string(pn_call *call, const char *name);
int64_t pn_call_input_count(pn_call *call, const char *name);
int pn_call_input_array(pn_call *call, const char *name, int64_t index, pn_array *array);
const char *pn_call_input_string(pn_call *call, const char *name, int64_t index, size_t *size);
int pn_call_add_array(pn_call *call, const char *result, pn_array *array);
int pn_call_add_string(pn_call *call, const char *result, const char *bytes, size_t size);

void *pn_call_alloc(pn_call *call, size_t size);
void pn_call_free(pn_call *call, void *memory);
int pn_call_read_file(pn_call *call, const char *path, size_t limit, void **data, size_t *size,
                      const char **reason);
int pn_call_watch_file(pn_call *call, const char *path, const char **reason);
int pn_call_list_folder(pn_call *call, const char *path, const char *const **names, size_t *count,
                        const char **reason);
const char *pn_call_output_folder(pn_call *call);

/* Records a failure unless one is recorded already. Returns -1. */
int pn_call_fail(pn_call *call, pn_status status, const char *format, ...) PN_PRINTF(3, 4);

/* Takes over a block from pn_alloc: it is released with the call. 0, or -1 with a failure
 * recorded and the block released. */
int pn_call_keep(pn_call *call, void *block);
void pn_call_release_blocks(pn_call *call);

#endif
