/* What cells put out, on its way into the journal, kept within limits: a cell that prints for ever
 * must fill neither memory nor page nor disk. What does not fit goes to files beside the page. */
#ifndef PN_NOTEBOOK_OUTPUTS_H
#define PN_NOTEBOOK_OUTPUTS_H

#include "notebook/journal.h"

#include <stddef.h>

enum {
    PN_STREAM_HEAD = 48 << 10, /* of each stream of a cell the page has this much of its start */
    PN_STREAM_TAIL = 16 << 10, /* and this much of its end; below the sum it has everything */
    PN_SHOWN_LIMIT = 8 << 20,  /* bytes of one shown value in the page */
    PN_OUTPUTS_LIMIT = 5000,   /* shown values and remarks of one cell */
};
#define PN_PAGE_LIMIT ((size_t)100 << 20)   /* bytes of all outputs in the page */
#define PN_SPILL_LIMIT ((size_t)1024 << 20) /* bytes of all the files beside it */

/* One stream of the running cell. The tail is a ring of the last bytes that are not in the
 * journal. */
typedef struct pn_stream {
    const char *name; /* "stdout" or "stderr" */
    size_t total;     /* printed so far in this cell */
    size_t journaled;
    pn_text head; /* what is in the journal, for the file */
    char tail[PN_STREAM_TAIL];
    size_t tail_size, tail_start;
    int fd; /* of the file with all of it, or -1 */
    size_t file_size;
} pn_stream;

typedef struct pn_outputs {
    pn_journal *journal;
    char folder[PN_PATH]; /* for the files; made when the first one is */
    size_t page_left, spill_left;
    int cell, shown, count;
    size_t dropped;
    pn_stream stream[2];
} pn_outputs;

/* `folder` is out/NAME.files; pages name its files relative to the page, "NAME.files/...". Removes
 * the files an earlier run left there. */
pn_status pn_outputs_open(pn_outputs *outputs, pn_journal *journal, const char *folder,
                          pn_error *error);

/* All between begin and end goes to the cell with that number. */
void pn_outputs_begin(pn_outputs *outputs, int cell);
void pn_outputs_stream(pn_outputs *outputs, int which, const char *bytes, size_t size);
void pn_outputs_shown(pn_outputs *outputs, int count, const char *const *mime,
                      const char *const *data, const size_t *size);
void pn_outputs_remark(pn_outputs *outputs, const char *kind, const char *text, size_t size);
/* Writes what was held back: the tails of long streams, a word on what was left out. */
void pn_outputs_end(pn_outputs *outputs);

#endif
