/* The socket between the supervisor and its worker: typed records in both directions. */
#ifndef PN_NOTEBOOK_CHANNEL_H
#define PN_NOTEBOOK_CHANNEL_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/* The worker finds the socket here; 0, 1 and 2 are /dev/null and two pipes. */
enum { PN_WORKER_SOCKET = 3 };

typedef enum pn_message {
    /* From the supervisor. */
    PN_MSG_CONFIG = 1, /* int threads (0: default), int seed, int no_cache, int show, string name */
    PN_MSG_RUN,        /* int cell, int line, bytes source -> PN_MSG_DONE */
    PN_MSG_SET,        /* string name, string value -> PN_MSG_DONE */
    PN_MSG_VARIABLES,  /* -> PN_MSG_VARIABLES: int count, then that many strings */
    PN_MSG_QUIT,       /* the worker closes its state and exits with 0 */
    PN_MSG_ACK,        /* the last SHOW or REMARK is safe */
    /* From the worker. */
    PN_MSG_READY,    /* the state is open; nothing waits for this */
    PN_MSG_DONE,     /* int failed, string message, string traceback, int line, int cancelled,
                        real peak megabytes */
    PN_MSG_SHOW,     /* int count, then count times: string mime, bytes data; wants an ACK */
    PN_MSG_REMARK,   /* string kind, bytes text; wants an ACK */
    PN_MSG_PROGRESS, /* string what, int done, int total */
} pn_message;

/* The value that goes with PN_WORKER_SIGNAL: which cell is to stop, and why (pn_cancel_reason). It
 * names the cell so that a signal that comes late never hits the next one. */
#define PN_WORKER_SIGNAL SIGUSR1
enum { PN_REASONS = 4 };

/* Sends one record whole. 0, or -1 with errno set; never raises SIGPIPE. */
int pn_channel_send(int fd, pn_message type, const pn_text *payload);

/* What has been received and not yet taken. Start with {0}; release with pn_text_free(&in->bytes).
 */
typedef struct pn_inbox {
    pn_text bytes;
    size_t used; /* of the bytes, by records already taken */
} pn_inbox;

/* Reads what is there (waits for at least a byte on a blocking socket). 1: got some; 0: the other
 * end is closed; -1: nothing there now, or a failure, with errno set. */
int pn_channel_receive(int fd, pn_inbox *in);

/* Takes the next whole record: 1, with its payload borrowed until the next receive; 0 when there is
 * none yet. */
int pn_channel_next(pn_inbox *in, pn_message *type, const char **payload, size_t *size);

#endif
