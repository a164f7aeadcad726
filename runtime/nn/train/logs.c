#include "nn/train/logs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int pn_logs_find(const pn_logs *logs, const char *name) {
    for (int i = 0; i < logs->count; i++)
        if (strcmp(logs->name[i], name) == 0) return i;
    return -1;
}

pn_status pn_logs_set(pn_logs *logs, const char *name, double value, pn_error *error) {
    int at = pn_logs_find(logs, name);
    if (at < 0) {
        if (logs->count == PN_LOGS_MOST)
            return pn_fail(error, PN_E_ARGUMENT, "at most %d numbers can be logged in an epoch",
                           PN_LOGS_MOST);
        at = logs->count++;
        snprintf(logs->name[at], PN_LOGS_NAME, "%s", name);
    }
    logs->value[at] = value;
    return PN_OK;
}

json_t *pn_logs_json(const pn_logs *logs) {
    json_t *json = json_object();
    for (int i = 0; json && i < logs->count; i++) {
        double v = logs->value[i];
        if (json_object_set_new(json, logs->name[i], isfinite(v) ? json_real(v) : json_null()) == 0)
            continue;
        json_decref(json);
        json = NULL;
    }
    return json;
}
