/* What there is under which path, for requests without an upload. */
#ifndef PN_WEB_ROUTES_H
#define PN_WEB_ROUTES_H

#include "web/reply.h"
#include "web/server.h"

#define PN_PREDICT_PATH "/api/v1/predict"

/* What the answer depends on; any may be NULL. */
typedef struct pn_ask {
    const char *method, *path, *host, *origin, *site, *authorization;
    const char *cookie, *token; /* the cookie's value; the token in the query */
} pn_ask;

/* Answers: the page, the model, samples, and everything that is refused. False: the request is
 * a good one for a prediction, whose body may come. `model` is the text of /api/v1/model. */
bool pn_route(const pn_site *site, const char *model, const pn_ask *ask, pn_reply *reply);

/* That text; from pn_alloc, NULL when memory is out. */
char *pn_route_model(const pn_site *site);

#endif
