/* Watching a worker: its streams and records, its time, and the signals that reach us meanwhile. */
#ifndef PN_NOTEBOOK_WATCH_H
#define PN_NOTEBOOK_WATCH_H

#include "notebook/channel.h"
#include "notebook/outputs.h"
#include "notebook/process.h"
#include "notebook/progress.h"

#include <stdbool.h>

typedef struct pn_watch {
    pn_process process;
    pn_outputs *outputs;
    pn_progress *progress;
    int signals;           /* pn_supervise_signals */
    bool show;             /* echo to the terminal */
    int cell;              /* that runs, or 0 */
    double deadline;       /* of the cell, on the progress clock; 0: none */
    pn_cancel_reason stop; /* what the running cell was told */
    int stop_signal;       /* the run is to end because of this signal; 0: it goes on */
    double kill_at;        /* patience ends; 0: not set */
    double remind_at;      /* the worker is told to stop again; 0: not set */
    bool killed;           /* by us */
    bool ready;            /* the worker has its Lua state */
    bool gone;             /* the worker has closed its end */
    pn_inbox in;
    bool replied;
    pn_message reply_type;
    pn_text reply;
} pn_watch;

/* Handles all that comes until the worker has answered; true then, with the answer in `reply`.
 * False when the worker is gone. */
bool pn_watch_reply(pn_watch *watch);

/* Handles what comes for at most `seconds`, or until the worker is gone; true when it is. */
bool pn_watch_gone(pn_watch *watch, double seconds);

/* Reads what is left in the pipes of a worker that has been reaped. */
void pn_watch_last_words(pn_watch *watch);

#endif
