/* What a run of a notebook left behind, as the journal tells it: the input of every renderer. */
#ifndef PN_NOTEBOOK_OUTCOME_H
#define PN_NOTEBOOK_OUTCOME_H

#include "notebook/document.h"

#include <stddef.h>

typedef enum pn_output_kind {
    PN_OUTPUT_STREAM, /* printed text; mime[0] is text/plain, name "stdout" or "stderr" */
    PN_OUTPUT_SHOWN,  /* a shown value in one or two representations, best first */
    PN_OUTPUT_REMARK, /* name "note", "warning", "cached" or "computed"; the text in data[0] */
    PN_OUTPUT_ERROR,  /* the cell's error: message in data[0], traceback in data[1] (may be NULL) */
} pn_output_kind;

enum { PN_REPRESENTATIONS = 2 };

typedef struct pn_output {
    pn_output_kind kind;
    char *name;
    int count;                      /* representations */
    char *mime[PN_REPRESENTATIONS]; /* text/plain, text/html, image/svg+xml, image/png */
    char *data[PN_REPRESENTATIONS]; /* NUL-ended; PNG is raw bytes */
    size_t size[PN_REPRESENTATIONS];
    char *spilled; /* path of the file that holds what was over the limit, or NULL */
    size_t spilled_bytes;
} pn_output;

typedef enum pn_cell_state {
    PN_CELL_WAITING = 0, /* never started */
    PN_CELL_RUNNING,     /* started, no end in the journal */
    PN_CELL_DONE,
    PN_CELL_FAILED,
    PN_CELL_EXPECTED, /* failed, as its expect-error option says it must */
} pn_cell_state;

typedef struct pn_cell_outcome {
    pn_cell_state state;
    double seconds;
    double peak_megabytes; /* peak resident memory of the worker after the cell */
    int error_line;        /* line in the notebook, or 0 */
    pn_output *output;
    size_t output_count;
} pn_cell_outcome;

typedef enum pn_run_end {
    PN_RUN_DONE = 0,
    PN_RUN_FAILED,      /* a cell failed */
    PN_RUN_TIMEOUT,     /* a cell's time was over */
    PN_RUN_INTERRUPTED, /* Ctrl-C */
    PN_RUN_CRASHED,     /* the worker died: `signal` says of what, or it exited by itself */
    PN_RUN_TORN,        /* the run itself was killed: the journal just stops */
} pn_run_end;

typedef struct pn_outcome {
    pn_run_end end;
    int signal;     /* PN_RUN_CRASHED: the signal, or 0 */
    char *message;  /* what happened, one sentence with cell and line; NULL when done */
    double seconds; /* of the whole run */
    char *version;  /* "0.1.0" */
    char *started;  /* local time, ISO 8601 */
    unsigned long long seed;
    int threads;
    char *cpu;        /* "avx512" */
    char **parameter; /* "name = value" lines, the values in force after the parameters cell */
    size_t parameter_count;
    pn_cell_outcome *cell; /* cell_count items, by number - 1 */
    int cell_count;
} pn_outcome;

/* Releases the outcome and all in it (each a malloc of its own); NULL is fine. */
void pn_outcome_free(pn_outcome *outcome);

#endif
