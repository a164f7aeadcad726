/* What a run writes for the person who started it: what --show shows, errors, a word at the end. */
#ifndef PN_NOTEBOOK_TERMINAL_H
#define PN_NOTEBOOK_TERMINAL_H

#include "notebook/progress.h"

#include <stddef.h>

/* Each takes the progress line away first. */

/* A piece of a stream of the cell, as it comes; which is 0 for standard output, 1 for error. */
void pn_terminal_stream(pn_progress *progress, int which, const char *bytes, size_t size);

/* A shown value: its text/x-terminal form, else its text/plain one. */
void pn_terminal_shown(pn_progress *progress, int count, const char *const *mime,
                       const char *const *data, const size_t *size);

/* A remark beside the output. */
void pn_terminal_remark(pn_progress *progress, const char *kind, const char *text, size_t size);

/* "pneuma: message" on standard error, red on a terminal; the traceback (may be NULL) below it. */
void pn_terminal_error(pn_progress *progress, const char *message, const char *traceback);

#endif
