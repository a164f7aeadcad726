/* The command line of `pneuma app`. */
#ifndef PN_WEB_APP_OPTIONS_H
#define PN_WEB_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pn_app_options {
    const char *model; /* --model, or NULL */
    const char *host;  /* --host, "127.0.0.1" */
    const char *token; /* --token, or NULL */
    const char *keep;  /* --keep, or NULL */
    int port;          /* --port, 5000; 0: any that is free */
    double threshold;  /* --threshold from 0 to 1; -1: the model's own */
    size_t max_upload; /* --max-upload, in bytes */
    int threads;       /* --threads, 0: as many as there are processors */
    bool help;
} pn_app_options;

/* Reads what stands after "app". 0, or -1 after a complaint on standard error. The strings belong
 * to argv. */
int pn_app_options_read(int argc, char **argv, pn_app_options *options);

/* `pneuma app --help`. */
extern const char pn_app_help[];

#endif
