/* Reads a cell's Lua text just far enough to make its top-level locals outlive it: where each
 * top-level `local` statement ends and what it declares, where a last expression begins, which
 * names occur. Lua itself judges the syntax; this only needs to be right about valid code. */
#ifndef PN_NOTEBOOK_CELL_SYNTAX_H
#define PN_NOTEBOOK_CELL_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the source; not NUL-ended. */
typedef struct pn_span {
    const char *at;
    size_t size;
} pn_span;

typedef enum pn_attribute { PN_PLAIN, PN_CONST, PN_CLOSE } pn_attribute;

typedef struct pn_declared {
    pn_span name;
    pn_attribute attribute;
    int statement; /* index of its `local` statement; -1: a global assigned at the top level */
} pn_declared;

typedef struct pn_cell_syntax {
    bool valid;            /* false: not Lua, or nested too deeply: let Lua say so */
    pn_declared *declared; /* top-level locals and assigned globals, in order */
    size_t declared_count;
    size_t *statement_end; /* offset behind each top-level `local` statement */
    size_t statement_count;
    bool has_last;   /* the cell ends in an expression ... */
    size_t last;     /* ... that begins at this offset */
    size_t last_end; /* ... and ends before this one */
    pn_span *used;   /* every name in the cell, with repeats */
    size_t used_count;
} pn_cell_syntax;

/* Fills *syntax; the spans point into `source`. false only when memory is out. Release with
 * pn_cell_syntax_free in either case. */
bool pn_cell_syntax_read(const char *source, size_t size, pn_cell_syntax *syntax);
void pn_cell_syntax_free(pn_cell_syntax *syntax);

#endif
