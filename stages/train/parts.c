#include "parts.h"

#include "base/text.h"
#include "data/prefetch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

pn_status pn_work_source(const pn_work_place *place, bool validation, pn_source **source,
                         pn_error *error) {
    static const pn_call_source train = {"source", "paths", "x", "y"};
    static const pn_call_source other = {"validation_source", "validation_paths", "validation_x",
                                         "validation_y"};
    const pn_call_source *names = validation ? &other : &train;
    *source = NULL;
    if (!*place->host->param_string(place->call, names->config)) return PN_OK;
    pn_status status = pn_call_source_new(place->host, place->call, names, source, error);
    if (status != PN_OK || place->host->input_count(place->call, names->paths) == 0) return status;
    pn_source *inner = *source;
    *source = NULL;
    return pn_prefetch_new(inner, source, error);
}

pn_status pn_work_json(const pn_work_place *place, const char *name, json_t **json,
                       pn_error *error) {
    const char *text = place->host->param_string(place->call, name);
    json_error_t why;
    *json = NULL;
    if (!*text) return PN_OK;
    if (!strchr("{[\"", *text))
        *json = json_string(text);
    else
        *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (*json) return PN_OK;
    if (!strchr("{[\"", *text)) return pn_fail(error, PN_E_ARGUMENT, "%s is no UTF-8 text", name);
    return pn_fail(error, PN_E_ARGUMENT, "%s is no JSON: %.200s (line %d)", name, why.text,
                   why.line);
}

void pn_work_note_failures(const pn_work_place *place, pn_source *source, const char *what) {
    enum { SHOWN = 5 };
    pn_source_failure failures[SHOWN];
    pn_text list = {0};
    int64_t count = source ? pn_source_failures(source, 0, failures, SHOWN) : 0;
    if (count == 0) return;
    for (int64_t i = 0; i < count && i < SHOWN; i++)
        pn_text_addf(&list, "\n  %s: %s", failures[i].path, failures[i].reason);
    if (count > SHOWN) pn_text_addf(&list, "\n  and %" PRId64 " more", count - SHOWN);
    place->host->note(place->call,
                      "%" PRId64 " of the %s files could not be read and %s left out:%s", count,
                      what, count == 1 ? "is" : "are", pn_text_string(&list));
    pn_text_free(&list);
}

int pn_work_give_json(const pn_work_place *place, const char *result, json_t *json) {
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text) return place->host->fail(place->call, "out of memory");
    int bad = place->host->add_string(place->call, result, text, strlen(text));
    free(text);
    return bad;
}

int pn_work_fail(const pn_work_place *place, pn_status status, const pn_error *error) {
    if (status == PN_E_CANCELLED) return -1;
    return place->host->fail(place->call, "%s", error->message);
}

static void tell_progress(void *context, int64_t done, int64_t total) {
    const pn_work_place *place = context;
    place->host->progress(place->call, done, total);
}

static int ask_cancelled(void *context) {
    const pn_work_place *place = context;
    return place->host->cancelled(place->call);
}

pn_watch pn_work_watch(const pn_work_place *place) {
    return (pn_watch){(void *)place, tell_progress, ask_cancelled};
}
