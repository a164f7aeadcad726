/* The parts of the HTML renderer; used by its sources only. Whatever comes from a notebook or from
 * a run is text to be escaped or markup to be filtered: nothing goes through as it is. */
#ifndef PN_NOTEBOOK_HTML_H
#define PN_NOTEBOOK_HTML_H

#include "base/text.h"
#include "notebook/document.h"
#include "notebook/outcome.h"

#include <cmark-gfm.h>

/* ---- text ---- */

/* Appends text[size] for content or a quoted attribute: & < > " escaped, bytes that are no UTF-8
 * replaced, control characters left out. */
void pn_html_escape(pn_text *html, const char *text, size_t size);
void pn_html_escapes(pn_text *html, const char *text);

/* Appends bytes[size] in base 64. */
void pn_html_base64(pn_text *html, const void *bytes, size_t size);

/* Appends "12 ms", "0.35 s", "2 min 5 s", "1 h 2 min"; "1.2 MB" for 1234567 bytes. */
void pn_html_seconds(pn_text *html, double seconds);
void pn_html_bytes(pn_text *html, double bytes);

/* Appends what a terminal would show of printed text: colour codes gone, lines that were
 * overwritten after a carriage return gone, not yet escaped. */
void pn_html_printed(pn_text *plain, const char *text, size_t size);

/* Appends Lua source as escaped lines with tokens in <span>. Lines are numbered from `line` when it
 * is over 0; the line `marked` is marked. */
void pn_html_lua(pn_text *html, const char *source, size_t size, int line, int marked);

/* ---- foreign markup ---- */

typedef enum pn_markup_kind {
    PN_MARKUP_END,
    PN_MARKUP_TEXT,  /* text[size], with entities */
    PN_MARKUP_CDATA, /* text[size], without */
    PN_MARKUP_OPEN,
    PN_MARKUP_CLOSE,
    PN_MARKUP_OTHER, /* comments, doctypes, processing instructions */
} pn_markup_kind;

enum { PN_MARKUP_NAME = 32, PN_MARKUP_ATTRIBUTES = 48, PN_MARKUP_DEPTH = 200 };

typedef struct pn_markup_attribute {
    const char *name, *value; /* the value with entities, without quotes */
    size_t name_size, value_size;
} pn_markup_attribute;

typedef struct pn_markup {
    pn_markup_kind kind;
    const char *text;
    size_t size;
    char name[PN_MARKUP_NAME]; /* tags: lower-case; longer names are cut */
    bool closed;               /* "<x/>" */
    int count;
    pn_markup_attribute attribute[PN_MARKUP_ATTRIBUTES];
} pn_markup;

/* Reads the next piece of markup at *at and moves on. Never fails: what is no tag is text. */
void pn_markup_next(const char **at, const char *end, pn_markup *piece);

/* Whether an attribute has the (lower-case) name, whatever its case. */
bool pn_markup_named(const pn_markup_attribute *attribute, const char *name);

/* Appends text with its numeric and basic entities decoded. */
void pn_markup_decode(pn_text *out, const char *text, size_t size);

/* Appends text that has entities already: < > " escaped, entities kept. */
void pn_markup_text(pn_text *html, const char *text, size_t size);

/* Moves past the element just opened by `piece`, with all in it. */
void pn_markup_skip(const char **at, const char *end, const pn_markup *piece);

/* Whether an element's text is no text for the reader (script, style and their kind). */
bool pn_markup_opaque(const char *name);

/* Appends an SVG figure made harmless: known elements only, no scripts, handlers or outside
 * references, every id prefixed with "f<number>-". `label` says what it shows (may be NULL). False,
 * with nothing appended, when there is no <svg> in it. */
bool pn_html_svg(pn_text *html, const char *svg, size_t size, int number, const char *label);

/* Appends a table made harmless: elements of tables and of plain text only, scopes on header
 * cells. */
void pn_html_table(pn_text *html, const char *markup, size_t size);

/* Appends an <img> with the PNG inside; its width on the page is half its pixels when the file says
 * 144 dots per inch or more. False, with nothing appended, when the bytes are no PNG. */
bool pn_html_png(pn_text *html, const char *png, size_t size, const char *label);

/* Appends an <img> with the picture of a file inside. False, with nothing appended, when there is
 * no such file, it is no picture or it is over 8 MiB. `folder` ("" or "a/b/") is the notebook's. */
bool pn_html_picture_file(pn_text *html, const char *folder, const char *url, const char *label,
                          const char *title);

/* ---- the page ---- */

typedef struct pn_heading {
    int level;
    char *id, *text;
    int repeats; /* headings after it whose ids are its own with a number behind */
} pn_heading;

typedef struct pn_page {
    const pn_document *document;
    const pn_outcome *outcome; /* or NULL */
    pn_text *html;
    char *folder;           /* of the notebook, with its slash */
    cmark_node *root;       /* the prose as one tree; cells are fences with info "lua" */
    cmark_node *title_node; /* the heading that repeats the title: not shown again; or NULL */
    pn_heading *heading;
    int heading_count;
    int figures;           /* so far: the number behind "f" in ids */
    const pn_block **cell; /* by number - 1 */
} pn_page;

/* Finds headings and gives them ids no other element has. */
pn_status pn_html_headings(pn_page *page, pn_error *error);

/* Appends the prose, and each cell in its place. */
void pn_html_prose(pn_page *page);

/* Appends one cell: source, outputs, time. */
void pn_html_cell(pn_page *page, int number);

/* Appends the outputs of a cell. */
void pn_html_outputs(pn_page *page, const pn_block *cell, const pn_cell_outcome *outcome);

/* Appends the banner of a run that did not end well, and the table of what ran. */
void pn_html_banner(pn_page *page);
void pn_html_run(pn_page *page);

#endif
