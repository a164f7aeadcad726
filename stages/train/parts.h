/* What the stages of this plugin share. */
#ifndef PN_STAGES_TRAIN_PARTS_H
#define PN_STAGES_TRAIN_PARTS_H

#include "data/call_source.h"
#include "nn/train/evaluate.h"
#include "pneuma/stage.h"

#include <jansson.h>

/* Where a call's model and data are, under the names that all these stages use. */
typedef struct pn_work_place {
    const pn_host *host;
    pn_call *call;
} pn_work_place;

/* The training or the validation data of a call; files are prepared ahead. *source is NULL when
 * the config is empty. */
pn_status pn_work_source(const pn_work_place *place, bool validation, pn_source **source,
                         pn_error *error);

/* The JSON of a parameter: what begins with {, [ or " is JSON text, anything else a name; "" gives
 * NULL. New reference. */
pn_status pn_work_json(const pn_work_place *place, const char *name, json_t **json,
                       pn_error *error);

/* Notes which files could not be read. */
void pn_work_note_failures(const pn_work_place *place, pn_source *source, const char *what);

/* Adds a string to a result, as JSON; takes the reference. */
int pn_work_give_json(const pn_work_place *place, const char *result, json_t *json);

/* Records a failure as the call's, unless it is a cancellation. Returns -1. */
int pn_work_fail(const pn_work_place *place, pn_status status, const pn_error *error);

pn_watch pn_work_watch(const pn_work_place *place);

int pn_run_train(const pn_host *host, pn_call *call);
int pn_run_evaluate(const pn_host *host, pn_call *call);
int pn_run_predict(const pn_host *host, pn_call *call);
int pn_run_extract(const pn_host *host, pn_call *call);

#endif
