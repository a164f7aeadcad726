/* The journal's bytes, for the writer and the reader. */
#ifndef PN_NOTEBOOK_JOURNAL_FORMAT_H
#define PN_NOTEBOOK_JOURNAL_FORMAT_H

#include <stdint.h>

/* The file begins with these 8 bytes; the digit changes with the format. */
#define PN_JOURNAL_MAGIC "PNJRNL1\n"
enum { PN_JOURNAL_MAGIC_SIZE = 8 };

/* In front of each payload. `check` is the low half of XXH3-128 over type, size and payload. */
typedef struct pn_journal_header {
    uint64_t check;
    uint32_t type, size;
} pn_journal_header;

typedef enum pn_journal_type {
    PN_JOURNAL_START = 1,  /* string version, started, cpu; int seed, threads, cells; string path,
                              bytes source */
    PN_JOURNAL_CELL,       /* int number */
    PN_JOURNAL_CELL_END,   /* int state, real seconds, peak megabytes */
    PN_JOURNAL_STREAM,     /* string name, bytes text */
    PN_JOURNAL_TAIL,       /* string name, bytes text */
    PN_JOURNAL_SPILL,      /* string name, path, int bytes */
    PN_JOURNAL_SHOWN,      /* int count, count times string mime and bytes data; string path, int
                              bytes */
    PN_JOURNAL_REMARK,     /* string kind, bytes text */
    PN_JOURNAL_ERROR,      /* string message, traceback, int line */
    PN_JOURNAL_PARAMETERS, /* int count, count times string */
    PN_JOURNAL_END,        /* int end, signal, string message, real seconds */
} pn_journal_type;

#endif
