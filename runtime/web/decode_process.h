/* The app's end of a decoding worker: its process and the connection to it. */
#ifndef PN_WEB_DECODE_PROCESS_H
#define PN_WEB_DECODE_PROCESS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct pn_decode_process {
    pid_t pid; /* 0: there is none */
    int socket;
} pn_decode_process;

/* Starts `program` as a worker, with one end of a socket as its standard input and hardly any
 * environment: what is not there cannot be told. PN_E_IO, naming no path. */
pn_status pn_decode_start(const char *program, pn_decode_process *process, pn_error *error);

/* Kills the worker, if there is one, and waits for its end. */
void pn_decode_end(pn_decode_process *process);

/* Whether it is there and has nothing to say, as it should between two images. */
int pn_decode_is_quiet(const pn_decode_process *process);

/* ---- bytes, until a deadline in milliseconds on pn_decode_now's clock ---- */

typedef enum pn_decode_moved {
    PN_DECODE_MOVED,
    PN_DECODE_LATE, /* the deadline has passed */
    PN_DECODE_GONE, /* the worker is not there any more */
} pn_decode_moved;

int64_t pn_decode_now(void);
pn_decode_moved pn_decode_give(const pn_decode_process *process, const void *bytes, size_t size,
                               int64_t deadline);
pn_decode_moved pn_decode_take(const pn_decode_process *process, void *bytes, size_t size,
                               int64_t deadline);

#endif
