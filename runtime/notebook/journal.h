/* The journal: what a run put out, record by record, on disk as it comes. Records carry a length
 * and a checksum; a journal that was cut or damaged anywhere still gives all that stands before the
 * damage. One process writes it, the supervisor, under a lock. Records are not flushed to the disk:
 * they survive the death of any process, not that of the machine. */
#ifndef PN_NOTEBOOK_JOURNAL_H
#define PN_NOTEBOOK_JOURNAL_H

#include "base/file.h"
#include "base/text.h"
#include "notebook/outcome.h"

#include <stddef.h>

typedef struct pn_journal {
    int fd;
    char path[PN_PATH];
    pn_error error; /* of the first append that failed; later ones do nothing */
} pn_journal;

/* What a run is, known before its first cell. */
typedef struct pn_journal_start {
    const char *version, *started, *cpu;
    unsigned long long seed;
    int threads, cell_count;
    const char *path;   /* of the notebook */
    const char *source; /* its text when the run began */
    size_t source_size;
} pn_journal_start;

/* Opens or makes the file and locks it; what an earlier run left in it stays. PN_E_UNSUPPORTED:
 * another process holds it, a run in progress. PN_E_IO: cannot be written. */
pn_status pn_journal_open(pn_journal *journal, const char *path, pn_error *error);

/* Empties the file and writes the first record. */
void pn_journal_begin(pn_journal *journal, const pn_journal_start *start);

/* Closes the file, and removes it first when `remove` is set. */
void pn_journal_close(pn_journal *journal, int remove);

/* The records. Cells are numbered from 1; outputs belong to the cell begun last. */
void pn_journal_cell(pn_journal *journal, int number);
void pn_journal_cell_end(pn_journal *journal, pn_cell_state state, double seconds,
                         double peak_megabytes);
/* Printed text; name is "stdout" or "stderr". Pieces that follow each other become one output. */
void pn_journal_stream(pn_journal *journal, const char *name, const void *bytes, size_t size);
/* The end of a stream of which the middle is left out: goes on the cell's last output of that name,
 * whatever was shown since. */
void pn_journal_tail(pn_journal *journal, const char *name, const void *bytes, size_t size);
/* From here on the stream's text is in a file too (path as the page names it). "": no more. */
void pn_journal_spill(pn_journal *journal, const char *name, const char *path, size_t bytes);
void pn_journal_shown(pn_journal *journal, int count, const char *const *mime,
                      const char *const *data, const size_t *size, const char *spilled,
                      size_t spilled_bytes);
void pn_journal_remark(pn_journal *journal, const char *kind, const char *text, size_t size);
void pn_journal_error(pn_journal *journal, const char *message, const char *traceback, int line);
void pn_journal_parameters(pn_journal *journal, char *const *lines, size_t count);
void pn_journal_end(pn_journal *journal, pn_run_end end, int signal, const char *message,
                    double seconds);

/* What was in a journal. */
typedef struct pn_journal_content {
    pn_outcome *outcome;
    char *path, *source; /* the notebook as it was */
    size_t source_size;
} pn_journal_content;

/* Reads a journal's bytes up to the first damage. outcome->end is PN_RUN_TORN when the run's end is
 * not in it. PN_E_FORMAT when not even the first record is whole. */
pn_status pn_journal_read(const void *bytes, size_t size, pn_journal_content *content,
                          pn_error *error);
void pn_journal_content_free(pn_journal_content *content);

#endif
