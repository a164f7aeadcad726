/* Gnuplot scripts: writes values so that nothing in them is ever read as a command. Strings become
 * single-quoted (gnuplot replaces nothing inside those), numbers are printed here, bulk data goes
 * into data blocks or behind the script as binary. */
#ifndef PN_PLOT_SCRIPT_H
#define PN_PLOT_SCRIPT_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* True when `name` may be a variable of a template: "pn_" and letters, digits or '_'. All the
 * functions below that take a name expect such a one. */
bool pn_script_is_name(const char *name);

/* bytes[size] as a gnuplot string expression: '...' pieces joined by "\n" at newlines; a tab is
 * a blank; other control characters, bytes that are no UTF-8 and characters that XML forbids
 * become U+FFFD. `percent`: doubles every % (gnuplot takes tic labels for printf formats). */
void pn_script_quote(pn_text *script, const char *bytes, size_t size, bool percent);

/* A number as gnuplot reads it; NaN and infinities become NaN. */
void pn_script_value(pn_text *script, double value);

/* "name = value" lines. */
void pn_script_number(pn_text *script, const char *name, double value);
void pn_script_string(pn_text *script, const char *name, const char *bytes, size_t size);

/* How a figure comes out of gnuplot. */
typedef enum pn_plot_form {
    PN_PLOT_SVG,  /* width and height in pixels */
    PN_PLOT_PNG,  /* the same, times scale */
    PN_PLOT_DUMB, /* plain text, width and height in characters */
} pn_plot_form;

/* The lines that choose the terminal, and the variables every template may use: pn_text (1 for
 * plain text, else 0), pn_points (font points a pixel). `scale`: pixels of a PNG per pixel of the
 * figure, 1 to 4. */
void pn_script_terminal(pn_text *script, pn_plot_form form, int width, int height, double scale);

/* Appends the template plots/NAME.gp; `name` as written by us, never a user's. PN_E_NOT_FOUND,
 * PN_E_IO. */
pn_status pn_script_template(pn_text *script, const char *name, pn_error *error);

#endif
