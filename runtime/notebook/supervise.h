/* Runs one notebook in a worker process: sends it the cells, collects what they put out into the
 * journal, enforces time limits, passes Ctrl-C on, and outlives whatever becomes of the worker. */
#ifndef PN_NOTEBOOK_SUPERVISE_H
#define PN_NOTEBOOK_SUPERVISE_H

#include "base/text.h"
#include "notebook/command_line.h"
#include "notebook/document.h"
#include "notebook/journal.h"
#include "notebook/outputs.h"
#include "notebook/progress.h"

typedef struct pn_run_result {
    pn_run_end end;
    int signal;      /* the worker's death, or what stopped the run (SIGINT, SIGTERM, SIGHUP) */
    int exit_code;   /* as the command line documents them */
    pn_text message; /* the first thing that went wrong; empty when nothing did */
    double seconds;
} pn_run_result;

/* Blocks the signals that a run handles and returns a descriptor that delivers them; -1 with errno
 * set. SIGHUP and SIGINT stay ignored where they are (nohup, background jobs of scripts). */
int pn_supervise_signals(void);

/* Runs the notebook. Everything it has to tell is in the journal afterwards, its end too, and in
 * *result. The journal is begun already. */
void pn_supervise(const pn_run_options *options, const pn_document *document, int signals,
                  pn_journal *journal, pn_outputs *outputs, pn_progress *progress,
                  pn_run_result *result);

#endif
