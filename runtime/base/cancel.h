/* Cancellation: one flag for the process, set from a signal handler, polled by long work. */
#ifndef PN_BASE_CANCEL_H
#define PN_BASE_CANCEL_H

typedef enum pn_cancel_reason {
    PN_CANCEL_NONE = 0,
    PN_CANCEL_INTERRUPT, /* Ctrl-C */
    PN_CANCEL_TIMEOUT,   /* the cell's time is over */
} pn_cancel_reason;

/* Asks running work to stop. Async-signal-safe. */
void pn_cancel(pn_cancel_reason reason);

/* The reason work should stop, or PN_CANCEL_NONE. Cheap enough for inner loops over rows. */
pn_cancel_reason pn_cancelled(void);

/* Forgets the request; called before the next cell starts. */
void pn_cancel_reset(void);

#endif
