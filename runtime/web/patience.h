/* Ends connections that take too long for the headers of a request: libmicrohttpd cuts those that
 * are silent, not those that send a letter now and then, and a few hundred of them would keep out
 * everybody else. */
#ifndef PN_WEB_PATIENCE_H
#define PN_WEB_PATIENCE_H

#include "base/error.h"

typedef struct pn_patience pn_patience;

/* For at most `connections` of them, each with `seconds` for the headers. Starts a thread. */
pn_status pn_patience_new(int connections, int seconds, pn_patience **out, pn_error *error);
void pn_patience_free(pn_patience *patience); /* NULL is fine */

/* The connection of this socket is there, and about to send headers; it is gone, before the socket
 * is closed. */
void pn_patience_begin(pn_patience *patience, int socket);
void pn_patience_end(pn_patience *patience, int socket);

/* Its headers have come; its request is answered, and the next may come. */
void pn_patience_heard(pn_patience *patience, int socket);
void pn_patience_next(pn_patience *patience, int socket);

#endif
