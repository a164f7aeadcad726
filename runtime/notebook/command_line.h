/* The command line of `pneuma run`. */
#ifndef PN_NOTEBOOK_COMMAND_LINE_H
#define PN_NOTEBOOK_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was asked for. The strings belong to argv, the arrays to the options. */
typedef struct pn_run_options {
    char **notebook;
    size_t notebook_count;
    char **parameter; /* "name=value" */
    size_t parameter_count;
    const char *folder; /* -o, "out" */
    const char *report; /* --report, or NULL */
    int threads;        /* 0: as many as there are processors */
    uint64_t seed;
    double timeout; /* seconds a cell, 0: none */
    bool keep_going, no_cache, show;
    bool help; /* --help was asked for; the rest does not count */
} pn_run_options;

/* Reads what stands after "run". 0, or -1 after a complaint on standard error. Release with
 * pn_run_options_free in either case. */
int pn_run_options_read(int argc, char **argv, pn_run_options *options);
void pn_run_options_free(pn_run_options *options);

/* `pneuma run --help`. */
extern const char pn_run_help[];

#endif
