/* Tags and text of foreign markup, read the way a browser would. */
#include "notebook/html.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static const char *find(const char *at, const char *end, const char *what) {
    size_t size = strlen(what);
    for (; at + size <= end; at++)
        if (memcmp(at, what, size) == 0) return at;
    return NULL;
}

static bool starts(const char *at, const char *end, const char *what) {
    return (size_t)(end - at) >= strlen(what) && strncasecmp(at, what, strlen(what)) == 0;
}

/* Reads name[=value] at *at into the piece. */
static void read_attribute(const char **at, const char *end, pn_markup *piece) {
    pn_markup_attribute one = {.name = *at, .value = ""};
    const char *p = *at + 1; /* a browser takes even '=' here for a name */
    while (p < end && !is_blank(*p) && *p != '=' && *p != '>' && *p != '/') p++;
    one.name_size = (size_t)(p - one.name);
    while (p < end && is_blank(*p)) p++;
    if (p < end && *p == '=') {
        for (p++; p < end && is_blank(*p);) p++;
        char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
        one.value = p;
        while (p < end && (quote ? *p != quote : !is_blank(*p) && *p != '>')) p++;
        one.value_size = (size_t)(p - one.value);
        if (quote && p < end) p++;
    }
    if (piece->count < PN_MARKUP_ATTRIBUTES) piece->attribute[piece->count++] = one;
    *at = p;
}

/* Reads a tag whose name starts at *at. */
static void read_tag(const char **at, const char *end, pn_markup *piece) {
    const char *p = *at;
    size_t n = 0;
    for (; p < end && !is_blank(*p) && *p != '>' && *p != '/'; p++)
        if (n < PN_MARKUP_NAME - 1) piece->name[n++] = (char)tolower((unsigned char)*p);
    piece->name[n] = '\0';
    while (p < end && *p != '>') {
        piece->closed = *p == '/';
        if (is_blank(*p) || *p == '/')
            p++;
        else
            read_attribute(&p, end, piece);
    }
    *at = p < end ? p + 1 : end;
}

static void read_until(const char **at, const char *from, const char *end, const char *mark,
                       pn_markup *piece) {
    const char *stop = find(from, end, mark);
    piece->text = from;
    piece->size = (size_t)((stop ? stop : end) - from);
    *at = stop ? stop + strlen(mark) : end;
}

/* Reads what starts with '<' at *at; false when that is no markup. */
static bool read_special(const char **at, const char *end, pn_markup *piece) {
    const char *p = *at;
    bool close = p[1] == '/';
    piece->kind = PN_MARKUP_OTHER;
    if (starts(p, end, "<!--")) {
        read_until(at, p + 4, end, "-->", piece);
    } else if (starts(p, end, "<![CDATA[")) {
        piece->kind = PN_MARKUP_CDATA;
        read_until(at, p + 9, end, "]]>", piece);
    } else if (p[1] == '!' || p[1] == '?') {
        read_until(at, p + 2, end, ">", piece);
    } else if (p + 1 + close < end && isalpha((unsigned char)p[1 + close])) {
        piece->kind = close ? PN_MARKUP_CLOSE : PN_MARKUP_OPEN;
        *at = p + 1 + close;
        read_tag(at, end, piece);
    } else {
        return false;
    }
    return true;
}

void pn_markup_next(const char **at, const char *end, pn_markup *piece) {
    const char *p = *at;
    piece->kind = PN_MARKUP_END;
    piece->text = p;
    piece->size = 0;
    piece->closed = false;
    piece->count = 0;
    if (p >= end) return;
    if (*p == '<' && p + 1 < end && read_special(at, end, piece)) return;
    piece->kind = PN_MARKUP_TEXT;
    const char *next = memchr(p + 1, '<', (size_t)(end - p - 1));
    *at = next ? next : end;
    piece->size = (size_t)(*at - p);
}

bool pn_markup_named(const pn_markup_attribute *attribute, const char *name) {
    return attribute->name_size == strlen(name) &&
           strncasecmp(attribute->name, name, attribute->name_size) == 0;
}

/* The length of the entity at text[0] == '&', with its semicolon; 0 when it is none. */
static size_t entity_length(const char *text, size_t size) {
    size_t i = 1;
    if (i < size && text[i] == '#') i++;
    size_t digits = i;
    while (i < size && i < 32 && isalnum((unsigned char)text[i])) i++;
    return i > digits && i < size && text[i] == ';' ? i + 1 : 0;
}

static void add_code_point(pn_text *out, unsigned long c) {
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) c = 0xfffd;
    if (c < 0x80)
        pn_text_addc(out, (char)c);
    else if (c < 0x800)
        pn_text_addf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
    else if (c < 0x10000)
        pn_text_addf(out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)),
                     (int)(0x80 | (c & 63)));
    else
        pn_text_addf(out, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
                     (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
}

/* Appends the character of a basic named entity; false when it is another one. */
static bool decode_name(pn_text *out, const char *text, size_t size) {
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) != size || memcmp(text, names[i].name, size) != 0) continue;
        pn_text_addc(out, names[i].c);
        return true;
    }
    return false;
}

void pn_markup_decode(pn_text *out, const char *text, size_t size) {
    while (size) {
        size_t n = *text == '&' ? entity_length(text, size) : 0;
        if (n && text[1] == '#') {
            bool hex = text[2] == 'x' || text[2] == 'X';
            add_code_point(out, strtoul(text + 2 + hex, NULL, hex ? 16 : 10));
        } else if (!n || !decode_name(out, text, n)) {
            pn_text_addc(out, *text);
            n = 1;
        }
        text += n;
        size -= n;
    }
}

void pn_markup_text(pn_text *html, const char *text, size_t size) {
    while (size) {
        size_t n = *text == '&' ? entity_length(text, size) : 0;
        if (n) {
            pn_text_add(html, text, n);
        } else {
            const char *next = memchr(text + 1, '&', size - 1);
            n = next ? (size_t)(next - text) : size;
            pn_html_escape(html, text, n);
        }
        text += n;
        size -= n;
    }
}

void pn_markup_skip(const char **at, const char *end, const pn_markup *piece) {
    if (piece->closed) return;
    char close[PN_MARKUP_NAME + 2] = "</";
    strcat(close, piece->name);
    while (*at < end) {
        const char *p = memchr(*at, '<', (size_t)(end - *at));
        if (!p) break;
        *at = p + 1;
        if (!starts(p, end, close)) continue;
        pn_markup closing;
        *at = p;
        pn_markup_next(at, end, &closing);
        if (strcmp(closing.name, piece->name) == 0) return;
    }
    *at = end;
}

bool pn_markup_opaque(const char *name) {
    static const char *const names[] = {"script",    "style",    "template", "iframe",
                                        "object",    "noscript", "textarea", "title",
                                        "math",      "xmp",      "noembed",  "noframes",
                                        "plaintext", "svg",      "select",   "foreignobject"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}
