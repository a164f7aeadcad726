/* The walk over a notebook's prose; used by its two sources only. */
#ifndef PN_NOTEBOOK_HTML_PROSE_H
#define PN_NOTEBOOK_HTML_PROSE_H

#include "notebook/html.h"

enum { PN_PROSE_DEPTH = 256 };

typedef struct pn_prose {
    pn_page *page;
    int headings, cells;              /* met so far */
    int references;                   /* footnotes referred to so far */
    int footnotes;                    /* definitions written so far */
    int column;                       /* of the table row being written */
    bool body;                        /* the table being written has its <tbody> open */
    const char *open[PN_PROSE_DEPTH]; /* raw elements open now; NULL: a node of the tree */
    int depth;                        /* may go beyond: deeper ones are not kept */
} pn_prose;

/* A node of the tree begins; it ends, and raw elements opened inside are closed. */
void pn_prose_enter(pn_prose *prose);
void pn_prose_leave(pn_prose *prose);

/* Appends what is harmless of raw HTML; `block`: an HTML block, else a single inline tag. */
void pn_prose_raw(pn_prose *prose, const char *text, bool block);

#endif
