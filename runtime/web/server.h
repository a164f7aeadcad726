/* The HTTP side of the app, on libmicrohttpd: one thread that talks to all connections, and hands
 * uploads to the jobs. */
#ifndef PN_WEB_SERVER_H
#define PN_WEB_SERVER_H

#include "web/guard.h"
#include "web/jobs.h"
#include "web/samples.h"

/* What it serves; all must live as long. */
typedef struct pn_site {
    const pn_app_model *model;
    const pn_samples *samples;
    pn_jobs *jobs;
    pn_guard guard;
    size_t max_upload;
    bool keeps; /* uploads are kept: visitors are told */
} pn_site;

typedef struct pn_server pn_server;

/* Starts to listen. `host`: an address or a name of this machine; port 0: any that is free, which
 * *port then names. PN_E_IO says why it cannot. */
pn_status pn_server_new(const pn_site *site, const char *host, int *port, pn_server **out,
                        pn_error *error);
/* Lets the jobs finish and answers them, then ends; NULL is fine. */
void pn_server_free(pn_server *server);

#endif
