/* What an epoch gave: numbers by name, in the order in which Keras prints them. */
#ifndef PN_NN_TRAIN_LOGS_H
#define PN_NN_TRAIN_LOGS_H

#include "base/error.h"

#include <jansson.h>

enum { PN_LOGS_MOST = 40, PN_LOGS_NAME = 80 };

typedef struct pn_logs {
    int count;
    char name[PN_LOGS_MOST][PN_LOGS_NAME];
    double value[PN_LOGS_MOST];
} pn_logs;

/* Sets a value, appending the name when it is new. PN_E_ARGUMENT when there are too many. */
pn_status pn_logs_set(pn_logs *logs, const char *name, double value, pn_error *error);

/* The place of a name, or -1. */
int pn_logs_find(const pn_logs *logs, const char *name);

/* {"loss": 0.5, ...}; what is no finite number becomes null. New reference, NULL when memory is
 * out. */
json_t *pn_logs_json(const pn_logs *logs);

#endif
