/* The parts of the notebook parser; used by its sources only. */
#ifndef PN_NOTEBOOK_PARSE_H
#define PN_NOTEBOOK_PARSE_H

#include "base/text.h"
#include "notebook/document.h"

#include <cmark-gfm.h>

/* Fills *error with "path:line: " and the message; PN_E_FORMAT. */
pn_status pn_parse_fail(const pn_document *document, int line, pn_error *error, const char *format,
                        ...) PN_PRINTF(4, 5);

/* Copies text[size] as a NUL-ended string of its own; NULL when memory is out. */
char *pn_parse_copy(const char *text, size_t size);

/* Reads the YAML front matter at the start of text[size], whose first line is line 1 of the file,
 * into title, language and description. *lines is the number of lines it takes with its fences, 0
 * when there is none. */
pn_status pn_parse_front_matter(pn_document *document, const char *text, size_t size, int *lines,
                                pn_error *error);

/* Reads the leading option lines of a cell into block->options and block->parameters. */
pn_status pn_parse_cell_options(const pn_document *document, pn_block *block, pn_error *error);

/* Parses Markdown with the extensions notebooks have (tables, strikethrough, links, task lists,
 * footnotes); NULL when memory is out. Release with cmark_node_free. */
cmark_node *pn_parse_markdown(const char *text, size_t size);

/* Appends the plain text below a node. */
void pn_parse_plain_text(cmark_node *node, pn_text *text);

#endif
