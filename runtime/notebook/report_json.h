/* The --report file: what a run did, for other programs. Keys are sorted; text is UTF-8 (invalid
 * bytes become U+FFFD); PNG is base64. */
#ifndef PN_NOTEBOOK_REPORT_JSON_H
#define PN_NOTEBOOK_REPORT_JSON_H

#include "base/error.h"
#include "notebook/document.h"
#include "notebook/outcome.h"

#include <jansson.h>

/* One notebook's run: notebook, title, report (path of the page, may be NULL), end, exit, message,
 * seconds, version, started, seed, threads, cpu, parameters (name -> value as Lua writes it) and
 * cells. NULL when memory is out; otherwise a new reference. */
json_t *pn_report_json(const pn_document *document, const pn_outcome *outcome, int exit_code,
                       const char *page);

/* Writes the list of runs: the object alone when there is one. Steals nothing. */
pn_status pn_report_json_write(const char *path, const json_t *runs, pn_error *error);

#endif
