/* Tables inside a page: elements of tables and of plain text, nothing else. */
#include "notebook/html.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const elements[] = {
    "table", "caption", "thead", "tbody",  "tfoot", "tr", "th",    "td", "colgroup", "col", "div",
    "p",     "span",    "b",     "strong", "em",    "i",  "small", "br", "sub",      "sup", "code",
};

typedef struct table {
    pn_text *html;
    const char *open[PN_MARKUP_DEPTH];
    int depth;
} table;

static const char *known_element(const char *name) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcmp(name, elements[i]) == 0) return elements[i];
    return NULL;
}

static bool made_of(const pn_markup_attribute *a, const char *extra) {
    for (size_t i = 0; i < a->value_size; i++)
        if (!isalnum((unsigned char)a->value[i]) && !strchr(extra, a->value[i])) return false;
    return a->value_size > 0;
}

/* The side an inline style aligns text to, or NULL. */
static const char *alignment(const pn_markup_attribute *a) {
    static const char *const sides[] = {"left", "right", "center"};
    char style[64];
    size_t n = 0;
    for (size_t i = 0; i < a->value_size && n < sizeof style - 1; i++)
        if (!isspace((unsigned char)a->value[i])) style[n++] = a->value[i];
    style[n] = '\0';
    if (n && style[n - 1] == ';') style[n - 1] = '\0';
    for (size_t i = 0; i < 3; i++)
        if (strncmp(style, "text-align:", 11) == 0 && strcmp(style + 11, sides[i]) == 0)
            return sides[i];
    return NULL;
}

static void write_attributes(table *t, const char *name, const pn_markup *piece) {
    bool scoped = strcmp(name, "th") != 0, classed = false, spanned[2] = {false};
    for (int i = 0; i < piece->count; i++) {
        const pn_markup_attribute *a = &piece->attribute[i];
        bool cell = strcmp(name, "th") == 0 || strcmp(name, "td") == 0;
        bool column = pn_markup_named(a, "colspan"), row = pn_markup_named(a, "rowspan");
        if (pn_markup_named(a, "class") && !classed && made_of(a, " _-")) {
            pn_text_addf(t->html, " class=\"%.*s\"", (int)a->value_size, a->value);
            classed = true;
        } else if (pn_markup_named(a, "style") && alignment(a)) {
            pn_text_addf(t->html, " style=\"text-align:%s\"", alignment(a));
        } else if (pn_markup_named(a, "scope") && !scoped && made_of(a, "")) {
            pn_text_addf(t->html, " scope=\"%.*s\"", (int)a->value_size, a->value);
            scoped = true;
        } else if (cell && (column || row) && !spanned[row] && a->value_size < 4 &&
                   made_of(a, "")) {
            pn_text_addf(t->html, " %s=\"%.*s\"", column ? "colspan" : "rowspan",
                         (int)a->value_size, a->value);
            spanned[row] = true;
        }
    }
    bool head = false;
    for (int i = 0; i < t->depth; i++) head = head || strcmp(t->open[i], "thead") == 0;
    if (!scoped) pn_text_addf(t->html, " scope=\"%s\"", head ? "col" : "row");
}

static void open_element(table *t, const char **at, const char *end, const pn_markup *piece) {
    if (pn_markup_opaque(piece->name)) {
        pn_markup_skip(at, end, piece);
        return;
    }
    const char *name = known_element(piece->name);
    if (!name || t->depth == PN_MARKUP_DEPTH) return;
    pn_text_addf(t->html, "<%s", name);
    write_attributes(t, name, piece);
    pn_text_addc(t->html, '>');
    bool empty = strcmp(name, "br") == 0 || strcmp(name, "col") == 0;
    if (!empty) t->open[t->depth++] = name;
}

static void close_to(table *t, int depth) {
    while (t->depth > depth) pn_text_addf(t->html, "</%s>", t->open[--t->depth]);
}

static void close_element(table *t, const char *name) {
    int i = t->depth - 1;
    while (i >= 0 && strcmp(t->open[i], name) != 0) i--;
    if (i >= 0) close_to(t, i);
}

void pn_html_table(pn_text *html, const char *markup, size_t size) {
    table t = {.html = html};
    const char *at = markup, *end = markup + size;
    pn_markup piece;
    for (;;) {
        pn_markup_next(&at, end, &piece);
        if (piece.kind == PN_MARKUP_END) break;
        if (piece.kind == PN_MARKUP_OPEN)
            open_element(&t, &at, end, &piece);
        else if (piece.kind == PN_MARKUP_CLOSE)
            close_element(&t, piece.name);
        else if (piece.kind == PN_MARKUP_TEXT || piece.kind == PN_MARKUP_CDATA)
            pn_markup_text(html, piece.text, piece.size);
    }
    close_to(&t, 0);
}
