/* A parsed notebook: Markdown prose and Lua cells, in order. */
#ifndef PN_NOTEBOOK_DOCUMENT_H
#define PN_NOTEBOOK_DOCUMENT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* What a cell's leading `--| key: value` lines say. */
typedef struct pn_cell_options {
    char *id;    /* unique in the notebook; NULL: none given */
    char **tags; /* "parameters" marks the parameters cell */
    size_t tag_count;
    double timeout;    /* seconds; 0: what --timeout says; negative never */
    bool echo;         /* show the source in the report (default true) */
    bool output;       /* show the outputs in the report (default true) */
    bool expect_error; /* the cell must fail; the run goes on */
    bool fold;         /* the source folded away behind a summary, however short */
    char *caption;     /* a line under the cell's figures; NULL: none */
} pn_cell_options;

typedef enum pn_block_kind { PN_BLOCK_PROSE, PN_BLOCK_CELL } pn_block_kind;

typedef struct pn_block {
    pn_block_kind kind;
    char *text; /* prose: its Markdown; cell: the source, option lines included */
    size_t size;
    int line;        /* of the text's first line in the file, from 1 */
    int number;      /* cells: 1, 2, ... ; prose: 0 */
    bool parameters; /* the cell tagged "parameters" */
    pn_cell_options options;
} pn_block;

typedef struct pn_document {
    char *path;     /* as given */
    char *title;    /* front matter, else the first heading, else the file's name */
    char *language; /* front matter's lang, else "en" */
    pn_block *block;
    size_t block_count;
    int cell_count;
    char *description; /* front matter's, or NULL */
} pn_document;

/* Reads and parses a notebook. Errors carry "file:line: ": no such file, not UTF-8, an unclosed
 * fence, an unknown option (with a suggestion), a bad option value, two cells with one id, two
 * parameters cells, broken front matter, a front matter kernel other than lua/pneuma.
 * Release with pn_document_free. */
pn_status pn_document_read(const char *path, pn_document **out, pn_error *error);

/* The same from memory; `path` only names it. */
pn_status pn_document_parse(const char *path, const char *text, size_t size, pn_document **out,
                            pn_error *error);

void pn_document_free(pn_document *document);

#endif
