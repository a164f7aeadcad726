/* What a request is answered with: a status of HTTP and a body, JSON unless it says otherwise. */
#ifndef PN_WEB_REPLY_H
#define PN_WEB_REPLY_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

typedef struct pn_reply {
    int status;       /* 200, 404, ... */
    const char *type; /* of the content */
    char *owned;      /* the body, from pn_alloc, or NULL: then it lives elsewhere */
    const void *body;
    size_t size;
    const char *allow;       /* of 405: the methods that there are */
    char *cookie, *location; /* from pn_alloc, or NULL */
} pn_reply;

/* Takes the JSON over; a body that cannot be made becomes a 500 without one. */
void pn_reply_json(pn_reply *reply, int status, json_t *json);

/* {"error": {"status":, "code":, "message":}} */
void pn_reply_error(pn_reply *reply, int status, const char *code, const char *format, ...)
    PN_PRINTF(4, 5);

void pn_reply_free(pn_reply *reply);

#endif
