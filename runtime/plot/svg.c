#define _GNU_SOURCE
#include "plot/svg.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

typedef struct span {
    const char *at, *end;
} span;

static const char *find(span s, const char *what) {
    return memmem(s.at, (size_t)(s.end - s.at), what, strlen(what));
}

static void add(pn_text *out, const char *from, const char *to) {
    pn_text_add(out, from, (size_t)(to - from));
}

static void add_attribute(pn_text *out, const char *bytes, size_t size) {
    pn_text clean = {0};
    pn_text_add_utf8(&clean, bytes, size);
    for (size_t i = 0; i < clean.size; i++) {
        unsigned char c = (unsigned char)clean.data[i];
        if (c == '&')
            pn_text_adds(out, "&amp;");
        else if (c == '<')
            pn_text_adds(out, "&lt;");
        else if (c == '"')
            pn_text_adds(out, "&quot;");
        else
            pn_text_addc(out, c < 0x20 ? ' ' : (char)c);
    }
    out->failed |= clean.failed;
    pn_text_free(&clean);
}

static void open_root(pn_text *out, const pn_svg_options *o) {
    pn_text_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                 "xmlns:xlink=\"http://www.w3.org/1999/xlink\" class=\"pn-figure\" "
                 "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                 "style=\"max-width:100%%;height:auto\" "
                 "font-family=\"'DejaVu Sans', Verdana, sans-serif\" role=\"img\" aria-label=\"",
                 o->width, o->height, o->width, o->height);
    add_attribute(out, o->label, o->label_size);
    pn_text_addf(out, "\">\n<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#ffffff\"/>\n",
                 o->width, o->height);
}

/* Where `from` starts with `name` followed by = and a quote: the start of the value, else NULL. */
static const char *value_of(span tag, const char *name) {
    size_t n = strlen(name);
    if ((size_t)(tag.end - tag.at) < n + 2 || memcmp(tag.at, name, n) != 0) return NULL;
    if (tag.at[n] != '=' || (tag.at[n + 1] != '"' && tag.at[n + 1] != '\'')) return NULL;
    return tag.at + n + 2;
}

/* One attribute at tag.at: writes it with its id or reference prefixed (or turns a font family into
 * its weight) and returns what follows; NULL when there is nothing to change. */
static const char *add_changed(pn_text *out, span tag, const char *prefix) {
    const char *value = value_of(tag, "font-family");
    if (value) {
        const char *end = memchr(value, value[-1], (size_t)(tag.end - value));
        if (!end) return NULL;
        if (find((span){value, end}, ":Bold")) pn_text_adds(out, "font-weight=\"bold\"");
        return end + 1;
    }
    value = value_of(tag, "id");
    if (!value && (value = value_of(tag, "xlink:href")) && *value++ != '#') return NULL;
    if (!value) return NULL;
    add(out, tag.at, value);
    pn_text_adds(out, prefix);
    return value;
}

/* A whole tag: attributes follow white space, and url(#...) may stand in any of them. */
static void add_tag(pn_text *out, span tag, const char *prefix) {
    while (tag.at < tag.end) {
        bool blank = isspace((unsigned char)*tag.at);
        if (tag.end - tag.at > 5 && memcmp(tag.at, "url(#", 5) == 0) {
            pn_text_adds(out, "url(#");
            pn_text_adds(out, prefix);
            tag.at += 5;
            continue;
        }
        pn_text_addc(out, *tag.at++);
        const char *rest = blank ? add_changed(out, tag, prefix) : NULL;
        if (rest) tag.at = rest;
    }
}

/* The end of the <title> element at s.at; NULL when there is another thing. */
static const char *title_end(span s) {
    if (s.end - s.at < 7 || memcmp(s.at, "<title>", 7) != 0) return NULL;
    const char *end = find(s, "</title>");
    return end ? end + 8 : NULL;
}

/* An embedded picture: its data is long and holds nothing to change. */
static const char *data_end(span tag) {
    return tag.end - tag.at > 6 && memcmp(tag.at, "<image", 6) == 0 ? tag.end : NULL;
}

static void add_body(pn_text *out, span body, const char *prefix) {
    while (body.at < body.end) {
        const char *open = memchr(body.at, '<', (size_t)(body.end - body.at));
        add(out, body.at, open ? open : body.end);
        if (!open) return;
        body.at = open;
        const char *skip = title_end(body);
        if (skip) {
            body.at = skip;
            continue;
        }
        const char *close = memchr(open, '>', (size_t)(body.end - open));
        span tag = {open, close ? close + 1 : body.end};
        if (data_end(tag))
            add(out, tag.at, tag.end);
        else
            add_tag(out, tag, prefix);
        body.at = tag.end;
    }
}

pn_status pn_svg_finish(const char *svg, size_t size, const pn_svg_options *options, pn_text *out,
                        pn_error *error) {
    span body = {svg, svg + size};
    const char *start = find(body, "<g id=\"gnuplot_canvas\">");
    const char *end = start ? memrchr(svg, '<', size) : NULL;
    if (!end || end < start || memcmp(end, "</svg>", 6) != 0)
        return pn_fail(error, PN_E_FORMAT, "gnuplot gave no complete SVG (%zu bytes)", size);
    open_root(out, options);
    body = (span){start, end};
    const char *defs = find(body, "<defs>"), *after = defs ? find(body, "</defs>") : NULL;
    if (after) { /* shapes of points: 2 kB that most figures do not use */
        after += strlen("</defs>");
        span rest = {after, end};
        bool used = find(rest, "#gp") || find(rest, "url(#textbox") || find(rest, "url(#greybox");
        add_body(out, (span){start, used ? after : defs}, options->prefix);
        body.at = after;
    }
    add_body(out, body, options->prefix);
    pn_text_adds(out, "</svg>\n");
    return out->failed ? pn_fail_memory(error, size) : PN_OK;
}
