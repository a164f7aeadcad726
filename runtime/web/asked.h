/* Reading what a request for a prediction asks for. */
#ifndef PN_WEB_ASKED_H
#define PN_WEB_ASKED_H

#include "web/prediction.h"

/* Gives the value of a parameter of the query, or NULL. */
typedef const char *(*pn_query)(void *context, const char *name);

/* Fills in what is asked, with defaults for what is not said. False: the reply says what is wrong
 * (400). */
bool pn_asked_read(const pn_app_model *model, pn_query query, void *context, pn_asked *asked,
                   pn_reply *reply);

/* Whether the query may have a parameter of that name. False: the reply says what is meant (400).
 */
bool pn_asked_knows(const char *name, pn_reply *reply);

/* The last part of a file name that a visitor gave, cut to `room` - 1 bytes of valid UTF-8 without
 * control characters. */
void pn_asked_name(const char *given, char *name, size_t room);

#endif
