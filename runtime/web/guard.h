/* Who may ask: the token, and protection from other pages in the visitor's browser. */
#ifndef PN_WEB_GUARD_H
#define PN_WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum { PN_TOKEN = 129, PN_COOKIE = 24 };

typedef struct pn_guard {
    bool local;           /* we listen on this machine's own address alone */
    char token[PN_TOKEN]; /* "": none is needed */
} pn_guard;

/* Whether the address is one of this machine's own, which nobody else reaches. */
bool pn_guard_is_local(const char *host);

/* Fills in a token that nobody can guess; -1 when the system has no random numbers. */
int pn_guard_make_token(char token[PN_TOKEN]);

/* Whether the two are equal, in a time that says nothing of where they differ. */
bool pn_guard_same(const char *given, const char *token);

/* Whether the Host of a request is one that we answer to: on this machine's own address only its
 * names, so that no other page's name can be made to lead here (DNS rebinding). `host` may be
 * NULL. */
bool pn_guard_host(const pn_guard *guard, const char *host);

/* Whether a request that changes nothing but costs work may come from a page of this origin: none,
 * or the very host that it was sent to. `site` is Sec-Fetch-Site; all may be NULL. */
bool pn_guard_origin(const char *origin, const char *host, const char *site);

/* The name of the cookie that keeps the token. Browsers do not tell the ports of a host apart, so
 * that the port that the visitor sees is part of it: two apps side by side do not take each
 * other's. `host` is that of the request and may be NULL. */
void pn_guard_cookie(const char *host, char name[PN_COOKIE]);

/* Whether the token is in `authorization` ("Bearer ...") or `cookie` (its value); or none is
 * needed. */
bool pn_guard_token(const pn_guard *guard, const char *authorization, const char *cookie);

#endif
