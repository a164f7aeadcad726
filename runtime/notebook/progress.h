/* What a person sees while a notebook runs: on a terminal one line, drawn again in place; elsewhere
 * a line now and then. All on standard error. */
#ifndef PN_NOTEBOOK_PROGRESS_H
#define PN_NOTEBOOK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pn_progress {
    bool terminal; /* standard error is one that can move its cursor */
    bool colour;   /* and may be coloured */
    bool drawn;    /* our line is on the screen */
    bool held;     /* somebody's unfinished line is: do not draw */
    char name[128];
    int cell, cells;
    double started, next; /* seconds of the monotonic clock */
    char what[64];        /* long work in the cell, or "" */
    int64_t done, total;
    double work_started;
} pn_progress;

/* Looks at the terminal: TERM=dumb, NO_COLOR and a standard error elsewhere are honoured. */
void pn_progress_open(pn_progress *progress);

void pn_progress_begin(pn_progress *progress, const char *notebook, int cells);
void pn_progress_cell(pn_progress *progress, int number);
void pn_progress_work(pn_progress *progress, const char *what, int64_t done, int64_t total);

/* Draws when it is time. */
void pn_progress_tick(pn_progress *progress);
/* Seconds until the next tick is due. */
double pn_progress_due(const pn_progress *progress);

/* Takes the line away before something else is written. */
void pn_progress_clear(pn_progress *progress);

/* The monotonic clock in seconds. */
double pn_progress_clock(void);

#endif
