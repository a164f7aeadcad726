/* What a user may give by its name alone or as Keras writes it in full: "adam", or
 * {"class_name": "Adam", "config": {"learning_rate": 0.001}}. */
#ifndef PN_NN_NAMED_H
#define PN_NN_NAMED_H

#include "nn/config.h"

/* One spelling of one kind of thing. Case does not count. */
typedef struct pn_name {
    const char *name;
    int kind;
} pn_name;

typedef struct pn_named {
    int kind;
    const char *class_name; /* the table's first spelling of this kind; a constant */
    json_t *json;           /* the config, a copy of one's own; released by pn_named_finish */
    pn_config config;       /* to be read with pn_config_... */
} pn_named;

/* Finds `json` among names[count]. `what` is for messages: "optimizer". PN_E_NOT_FOUND suggests
 * the nearest; PN_E_ARGUMENT when it is no such thing at all. pn_named_finish must follow. */
pn_status pn_named_begin(pn_named *named, const json_t *json, const char *what,
                         const pn_name *names, size_t count, pn_error *error);

/* As pn_config_finish, and releases the config, whatever pn_named_begin said. */
pn_status pn_named_finish(pn_named *named);

#endif
