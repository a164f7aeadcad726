/* Sentences about how cells, workers and runs end. Each appends its part to the text. */
#ifndef PN_NOTEBOOK_ENDING_H
#define PN_NOTEBOOK_ENDING_H

#include "base/text.h"
#include "notebook/document.h"

#include <stdbool.h>

/* "cell 3 (book.md:12)" */
void pn_ending_cell(pn_text *text, const char *name, const pn_block *block);

/* " took longer than 5 s and was stopped", or "killed" */
void pn_ending_timeout(pn_text *text, double seconds, bool killed);

/* " was interrupted by Ctrl-C", or "killed by ..." */
void pn_ending_signal(pn_text *text, int signal, bool killed);

/* ": the worker process was killed by signal 11 (...)", or what else the status of wait() says;
 * `running`: a cell of it was running, which only os.exit ends quietly. */
void pn_ending_death(pn_text *text, int status, bool running);

#endif
