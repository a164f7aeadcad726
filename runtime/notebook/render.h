/* Renders a notebook and the outcome of its run as one self-contained HTML page. */
#ifndef PN_NOTEBOOK_RENDER_H
#define PN_NOTEBOOK_RENDER_H

#include "base/text.h"
#include "notebook/document.h"
#include "notebook/outcome.h"

/* Appends the page to `html`: no script, no network; figures inline with unique ids, tables as
 * tables, long code folded, time and memory per cell, parameters, versions and seed; light and
 * dark, phone and paper. Raw HTML in the prose is dropped unless it is harmless. `outcome` may be
 * NULL: the notebook as it stands, not run. */
pn_status pn_render_html(const pn_document *document, const pn_outcome *outcome, pn_text *html,
                         pn_error *error);

#endif
