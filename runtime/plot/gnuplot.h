/* gnuplot as a child process: it reads a script and pixels from memory files and writes the picture
 * into a pipe. No shell, no start-up file of the user's, no file on a disk. The script runs as a
 * file, not as standard input, so that gnuplot stops at the first error; pixels are never in it,
 * so that they can never be taken for commands. */
#ifndef PN_PLOT_GNUPLOT_H
#define PN_PLOT_GNUPLOT_H

#include "base/error.h"
#include "base/text.h"

/* The name under which a script finds the pixels. */
#define PN_GNUPLOT_PIXELS "/dev/fd/4"

/* Runs gnuplot (PNEUMA_GNUPLOT, else "gnuplot" on the PATH) on a script that may read `pixels` from
 * PN_GNUPLOT_PIXELS. Appends what it writes to standard output to *output, and what it complains of
 * without failing to *warnings (released by the caller, also after a failure). `seconds`: it is
 * killed after that long. Several may run at once, each on a thread of its own.
 * PN_E_NOT_FOUND when gnuplot is not installed (the message says what to install); PN_E_CANCELLED
 * when base/cancel.h asks to stop, the child is then killed; PN_E_IO for a time-out or a failure,
 * with gnuplot's own words in the message; PN_E_MEMORY. */
pn_status pn_gnuplot_run(const pn_text *script, const pn_text *pixels, double seconds,
                         pn_text *output, pn_text *warnings, pn_error *error);

#endif
