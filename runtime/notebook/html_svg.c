/* SVG figures inside a page: harmless, and with ids of their own. */
#include "notebook/html.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Spelled as SVG spells them; anything else goes, with all in it. */
static const char *const elements[] = {
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "symbol",
    "use",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "image",
    "clipPath",
    "mask",
    "marker",
    "linearGradient",
    "radialGradient",
    "stop",
    "pattern",
    "filter",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "feTile",
    "switch",
};

typedef struct figure {
    pn_text *html;
    int number;
    const char *label;
    const char *open[PN_MARKUP_DEPTH];
    int depth;
} figure;

static const char *known_element(const char *name) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcasecmp(name, elements[i]) == 0) return elements[i];
    return NULL;
}

/* ---- attributes ---- */

static const char *find_folded(const char *text, const char *what) {
    for (; *text; text++)
        if (strncasecmp(text, what, strlen(what)) == 0) return text;
    return NULL;
}

/* Whether a value could make a browser load or run something that is not in the figure. */
static bool is_dangerous(const char *value) {
    static const char *const marks[] = {"image(",  "image-set(",  "src(",         "expression(",
                                        "@import", "javascript:", "-moz-binding", "\\"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (find_folded(value, marks[i])) return true;
    for (const char *at = value; (at = find_folded(at, "url(")); at += 4)
        if (at[4 + strspn(at + 4, " \t\n\f\r'\"")] != '#') return true;
    return false;
}

/* Writes a value with the ids in its url(#...) prefixed. */
static void write_value(figure *f, const char *value) {
    const char *from = value;
    for (const char *at = value; (at = find_folded(at, "url(")); from = at) {
        at = strchr(at, '#') + 1;
        pn_html_escape(f->html, from, (size_t)(at - from));
        pn_text_addf(f->html, "f%d-", f->number);
    }
    pn_html_escapes(f->html, from);
}

/* Pictures inside the figure itself; nothing that is fetched. */
static bool is_inner_picture(const char *url) {
    static const char *const types[] = {"data:image/png;base64,", "data:image/jpeg;base64,"};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(types[i]);
        if (strncmp(url, types[i], size) != 0) continue;
        for (const char *p = url + size; *p; p++)
            if (!isalnum((unsigned char)*p) && !strchr("+/= \n\r\t", *p)) return false;
        return true;
    }
    return false;
}

static void write_link(figure *f, const char *url) {
    if (url[0] == '#' && url[1]) {
        pn_text_addf(f->html, " href=\"#f%d-", f->number);
        pn_html_escapes(f->html, url + 1);
        pn_text_addc(f->html, '"');
    } else if (is_inner_picture(url)) {
        pn_text_addf(f->html, " href=\"%s\"", url);
    }
}

/* Classes and styles would meet the page's own; namespaces mean nothing in HTML; the root's size is
 * written apart. */
static bool is_dropped(const figure *f, const pn_markup_attribute *a) {
    static const char *const names[] = {"class",
                                        "style",
                                        "tabindex",
                                        "xml:base",
                                        "src",
                                        "action",
                                        "formaction",
                                        "target",
                                        "ping",
                                        "srcdoc",
                                        "attributename",
                                        "role",
                                        "aria-label",
                                        "aria-labelledby",
                                        "aria-describedby",
                                        "slot",
                                        "is",
                                        "lang",
                                        "xml:lang"};
    static const char *const root_names[] = {"id",     "x",       "y",       "width",
                                             "height", "viewbox", "version", "baseprofile"};
    if (strncasecmp(a->name, "on", 2) == 0) return true;
    if (strncasecmp(a->name, "xmlns", 5) == 0) return true;
    if (strncasecmp(a->name, "xlink:", 6) == 0 && !pn_markup_named(a, "xlink:href")) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pn_markup_named(a, names[i])) return true;
    for (size_t i = 0; f->depth == 0 && i < sizeof root_names / sizeof *root_names; i++)
        if (pn_markup_named(a, root_names[i])) return true;
    for (size_t i = 0; i < a->name_size; i++)
        if (!isalnum((unsigned char)a->name[i]) && !strchr("-_:", a->name[i])) return true;
    return false;
}

/* A browser takes the first of two attributes of one name; so do we. */
static bool is_repeated(const pn_markup *piece, int index) {
    const pn_markup_attribute *a = &piece->attribute[index];
    for (int i = 0; i < index; i++)
        if (piece->attribute[i].name_size == a->name_size &&
            strncasecmp(piece->attribute[i].name, a->name, a->name_size) == 0)
            return true;
    return false;
}

static void write_attributes(figure *f, const pn_markup *piece) {
    bool linked = false;
    for (int i = 0; i < piece->count; i++) {
        const pn_markup_attribute *a = &piece->attribute[i];
        if (is_dropped(f, a) || is_repeated(piece, i)) continue;
        pn_text value = {0};
        pn_markup_decode(&value, a->value, a->value_size);
        const char *text = pn_text_string(&value);
        if (pn_markup_named(a, "href") || pn_markup_named(a, "xlink:href")) {
            if (!linked) write_link(f, text);
            linked = true;
        } else if (!is_dangerous(text)) {
            pn_text_addf(f->html, " %.*s=\"", (int)a->name_size, a->name);
            if (pn_markup_named(a, "id")) pn_text_addf(f->html, "f%d-", f->number);
            write_value(f, text);
            pn_text_addc(f->html, '"');
        }
        f->html->failed |= value.failed;
        pn_text_free(&value);
    }
}

/* ---- the root ---- */

/* A length in pixels, or 0. */
static double length_of(const pn_markup *piece, const char *name) {
    for (int i = 0; i < piece->count; i++) {
        const pn_markup_attribute *a = &piece->attribute[i];
        char number[32] = "", *end;
        if (!pn_markup_named(a, name) || a->value_size >= sizeof number) continue;
        memcpy(number, a->value, a->value_size);
        double value = strtod(number, &end);
        if (strcmp(end, "pt") == 0) value *= 96.0 / 72;
        bool known = *end == '\0' || strcmp(end, "px") == 0 || strcmp(end, "pt") == 0;
        return known && value > 0 && value < 1e5 ? value : 0;
    }
    return 0;
}

/* Reads four numbers; false when there are others. */
static bool view_of(const pn_markup *piece, double view[4]) {
    for (int i = 0; i < piece->count; i++) {
        const pn_markup_attribute *a = &piece->attribute[i];
        char text[128] = "", *at = text, *end;
        if (!pn_markup_named(a, "viewbox") || a->value_size >= sizeof text) continue;
        memcpy(text, a->value, a->value_size);
        for (int k = 0; k < 4; k++, at = end) {
            view[k] = strtod(at, &end);
            if (end == at || !(view[k] > -1e6 && view[k] < 1e6)) return false;
            end += strspn(end, " ,\t\n");
        }
        return *at == '\0' && view[2] > 0 && view[3] > 0;
    }
    return false;
}

static void write_root(figure *f, const pn_markup *piece) {
    double width = length_of(piece, "width"), height = length_of(piece, "height"), view[4];
    bool viewed = view_of(piece, view);
    if (!viewed && width && height) {
        view[0] = view[1] = 0;
        view[2] = width, view[3] = height;
        viewed = true;
    }
    if (viewed && !(width && height)) width = view[2], height = view[3];
    pn_text_adds(f->html, "<svg role=\"img\"");
    if (f->label) {
        pn_text_adds(f->html, " aria-label=\"");
        pn_html_escapes(f->html, f->label);
        pn_text_addc(f->html, '"');
    }
    if (width && height) pn_text_addf(f->html, " width=\"%g\" height=\"%g\"", width, height);
    if (viewed)
        pn_text_addf(f->html, " viewBox=\"%g %g %g %g\"", view[0], view[1], view[2], view[3]);
    write_attributes(f, piece);
    pn_text_addc(f->html, '>');
}

/* ---- elements ---- */

static bool holds_text(const char *name) {
    static const char *const names[] = {"text", "tspan", "textPath", "title", "desc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void open_element(figure *f, const char **at, const char *end, const pn_markup *piece) {
    const char *name = known_element(piece->name), *parent = f->depth ? f->open[f->depth - 1] : "";
    bool says = name && (strcmp(name, "title") == 0 || strcmp(name, "desc") == 0);
    /* A plotting program's own title says nothing of the figure; a title holds nothing but text. */
    bool lost =
        (says && f->depth == 1) || strcmp(parent, "title") == 0 || strcmp(parent, "desc") == 0;
    if (!name || lost || f->depth == PN_MARKUP_DEPTH) {
        pn_markup_skip(at, end, piece);
        return;
    }
    if (f->depth == 0) {
        write_root(f, piece);
    } else {
        pn_text_addf(f->html, "<%s", name);
        write_attributes(f, piece);
        pn_text_adds(f->html, piece->closed ? "/>" : ">");
    }
    if (!piece->closed) f->open[f->depth++] = name;
}

static void close_to(figure *f, int depth) {
    while (f->depth > depth) pn_text_addf(f->html, "</%s>", f->open[--f->depth]);
}

static void close_element(figure *f, const char *name) {
    int i = f->depth - 1;
    while (i >= 0 && strcasecmp(f->open[i], name) != 0) i--;
    if (i >= 0) close_to(f, i);
}

static void write_text(figure *f, const pn_markup *piece) {
    if (f->depth == 0 || !holds_text(f->open[f->depth - 1])) return;
    if (piece->kind == PN_MARKUP_CDATA)
        pn_html_escape(f->html, piece->text, piece->size);
    else
        pn_markup_text(f->html, piece->text, piece->size);
}

bool pn_html_svg(pn_text *html, const char *svg, size_t size, int number, const char *label) {
    figure f = {.html = html, .number = number, .label = label};
    const char *at = svg, *end = svg + size;
    pn_markup piece;
    do {
        pn_markup_next(&at, end, &piece);
        if (piece.kind == PN_MARKUP_END) return false;
    } while (piece.kind != PN_MARKUP_OPEN || strcmp(piece.name, "svg") != 0);
    if (piece.closed) return false;
    do {
        if (piece.kind == PN_MARKUP_OPEN)
            open_element(&f, &at, end, &piece);
        else if (piece.kind == PN_MARKUP_CLOSE)
            close_element(&f, piece.name);
        else if (piece.kind == PN_MARKUP_TEXT || piece.kind == PN_MARKUP_CDATA)
            write_text(&f, &piece);
        pn_markup_next(&at, end, &piece);
    } while (f.depth && piece.kind != PN_MARKUP_END);
    close_to(&f, 0);
    return true;
}
