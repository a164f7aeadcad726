/* The worker as its supervisor sees it: a process group, a socket and two pipes. */
#ifndef PN_NOTEBOOK_PROCESS_H
#define PN_NOTEBOOK_PROCESS_H

#include "base/cancel.h"
#include "base/error.h"

#include <sys/types.h>

typedef struct pn_process {
    pid_t pid;     /* also the process group */
    int socket;    /* blocking; see notebook/channel.h */
    int stream[2]; /* the read ends of its standard output and error; -1 when at their end */
    int status;    /* as wait() gives it, once reaped */
} pn_process;

/* Starts this program again as a worker, in a process group of its own: /dev/null as standard
 * input, pipes for output and error, the socket beside them. */
pn_status pn_process_spawn(pn_process *process, pn_error *error);

/* Asks the cell to stop: the worker itself, and by SIGINT the commands it may be waiting for. */
void pn_process_stop(const pn_process *process, int cell, pn_cancel_reason reason);

/* A signal to the whole group. */
void pn_process_signal(const pn_process *process, int signal);

/* Waits up to `seconds` for the worker to end by itself; 1 when it has. */
int pn_process_wait(const pn_process *process, double seconds);

/* Kills what is left of the group, waits for it and fills in `status`. */
void pn_process_reap(pn_process *process);

/* Closes what is open. */
void pn_process_close(pn_process *process);

#endif
