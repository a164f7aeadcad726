/* The worker: the process in which a notebook's cells run. It holds one Lua state and does what the
 * supervisor says over the socket (notebook/channel.h). */
#ifndef PN_NOTEBOOK_WORKER_H
#define PN_NOTEBOOK_WORKER_H

/* The first argument that makes the program a worker; no command for people. */
#define PN_WORKER_COMMAND "notebook-worker"

/* Serves until PN_MSG_QUIT; returns the exit code. When the supervisor goes away, however it does,
 * the worker and its whole process group are killed. */
int pn_worker_main(void);

#endif
