/* Raw HTML in prose: a few harmless elements pass, always closed where they must be. */
#include "notebook/html_prose.h"

#include <string.h>

void pn_prose_enter(pn_prose *p) {
    if (p->depth < PN_PROSE_DEPTH) p->open[p->depth] = NULL;
    p->depth++;
}

static void pop(pn_prose *p) {
    p->depth--;
    if (p->depth < PN_PROSE_DEPTH && p->open[p->depth])
        pn_text_addf(p->page->html, "</%s>", p->open[p->depth]);
}

void pn_prose_leave(pn_prose *p) {
    while (p->depth > 0 && p->depth <= PN_PROSE_DEPTH && p->open[p->depth - 1]) pop(p);
    if (p->depth > 0) p->depth--;
}

static const char *top(const pn_prose *p) {
    const char *name = p->depth > 0 && p->depth <= PN_PROSE_DEPTH ? p->open[p->depth - 1] : NULL;
    return name ? name : "";
}

static void push(pn_prose *p, const char *name) {
    if (p->depth >= PN_PROSE_DEPTH) return;
    p->open[p->depth++] = name;
    pn_text_addf(p->page->html, "<%s>", name);
}

/* The page's own spelling of an element that may pass, or NULL. */
static const char *allowed(const char *name, bool block) {
    static const char *const names[] = {"sub", "sup", "kbd", "details", "summary"};
    for (size_t i = 0; i < (block ? 5 : 3); i++)
        if (strcmp(name, names[i]) == 0) return names[i];
    return NULL;
}

static void open_element(pn_prose *p, const pn_markup *piece, bool block) {
    if (strcmp(piece->name, "br") == 0) pn_text_adds(p->page->html, "<br>");
    const char *name = allowed(piece->name, block);
    if (!name) return;
    bool summary = strcmp(name, "summary") == 0, details = strcmp(name, "details") == 0;
    if (summary && strcmp(top(p), "details") != 0) return;
    if (details && *top(p) && strcmp(top(p), "details") != 0) return;
    push(p, name);
}

void pn_prose_raw(pn_prose *p, const char *text, bool block) {
    const char *at = text, *end = text + strlen(text);
    pn_markup piece;
    for (pn_markup_next(&at, end, &piece); piece.kind != PN_MARKUP_END;
         pn_markup_next(&at, end, &piece)) {
        if (piece.kind == PN_MARKUP_OPEN && pn_markup_opaque(piece.name))
            pn_markup_skip(&at, end, &piece);
        else if (piece.kind == PN_MARKUP_OPEN)
            open_element(p, &piece, block);
        else if (piece.kind == PN_MARKUP_CLOSE && strcmp(top(p), piece.name) == 0)
            pop(p);
        else if (piece.kind == PN_MARKUP_TEXT || piece.kind == PN_MARKUP_CDATA)
            pn_markup_text(p->page->html, piece.text, piece.size);
    }
    /* Only <details> may go on behind its block: cells stand inside it. */
    while (block && *top(p) && strcmp(top(p), "details") != 0) pop(p);
}
