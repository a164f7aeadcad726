/* Makes gnuplot's SVG fit to stand inside a web page beside others. */
#ifndef PN_PLOT_SVG_H
#define PN_PLOT_SVG_H

#include "base/error.h"
#include "base/text.h"

typedef struct pn_svg_options {
    int width, height;  /* in pixels, as gnuplot was told */
    const char *prefix; /* set before every id; letters, digits, '-' */
    const char *label;  /* what the figure shows, for those who do not see it */
    size_t label_size;
} pn_svg_options;

/* Appends svg[size], gnuplot's output, to *out as one <svg> element with a viewBox, a white
 * rounded card behind it (so that it reads on a dark page), role and label, ids that carry the
 * prefix, text that inherits one font family; without XML head, titles (they would pop up as
 * tooltips) and unused definitions. PN_E_FORMAT when it is not gnuplot's SVG. */
pn_status pn_svg_finish(const char *svg, size_t size, const pn_svg_options *options, pn_text *out,
                        pn_error *error);

#endif
