/* Lua source with its tokens coloured, line by line. */
#include "notebook/html.h"
#include "notebook/lua_tokens.h"

#include <string.h>

typedef struct writer {
    pn_text *html;
    int line, marked; /* line: the present one, or 0 for no numbers */
    bool open;        /* a line has been opened */
} writer;

static void open_line(writer *w) {
    if (w->open) return;
    w->open = true;
    if (w->line)
        pn_text_addf(w->html, "<span class=\"%s\" data-n=\"%d\">",
                     w->line == w->marked ? "l bad" : "l", w->line);
}

static void close_line(writer *w) {
    open_line(w);
    if (w->line) pn_text_adds(w->html, "</span>");
    w->open = false;
    if (w->line) w->line++;
}

/* Writes text of one class (NULL: none), which may run over several lines. */
static void write(writer *w, const char *class, const char *text, size_t size) {
    while (size) {
        const char *newline = memchr(text, '\n', size);
        size_t n = newline ? (size_t)(newline - text) : size;
        if (n) {
            open_line(w);
            if (class) pn_text_addf(w->html, "<span class=\"%s\">", class);
            pn_html_escape(w->html, text, n);
            if (class) pn_text_adds(w->html, "</span>");
        }
        if (newline) {
            close_line(w);
            pn_text_addc(w->html, '\n');
            n++;
        }
        text += n;
        size -= n;
    }
}

/* What stands between two tokens: blanks, then comments. */
static void write_gap(writer *w, const char *text, size_t size) {
    size_t blank = 0, end = size;
    while (blank < size && strchr(" \t\n\f\v", text[blank])) blank++;
    while (end > blank && strchr(" \t\n\f\v", text[end - 1])) end--;
    write(w, NULL, text, blank);
    write(w, "c", text + blank, end - blank);
    write(w, NULL, text + end, size - end);
}

static const char *class_of(const char *source, size_t size, pn_token token) {
    if (token.kind == PN_TOKEN_STRING) return "s";
    if (token.kind == PN_TOKEN_NUMBER) return "n";
    if (token.kind == PN_TOKEN_KEYWORD) {
        bool value = pn_token_is(source, token, "nil") || pn_token_is(source, token, "true") ||
                     pn_token_is(source, token, "false");
        return value ? "n" : "k";
    }
    if (token.kind != PN_TOKEN_NAME) return NULL;
    pn_token next = pn_token_next(source, size, token.end); /* f(...), f{...}, f"..." */
    return next.kind == '(' || next.kind == '{' || next.kind == PN_TOKEN_STRING ? "f" : NULL;
}

void pn_html_lua(pn_text *html, const char *source, size_t size, int line, int marked) {
    writer w = {.html = html, .line = line, .marked = marked};
    while (size && source[size - 1] == '\n') size--;
    size_t at = 0;
    while (at < size) {
        pn_token token = pn_token_next(source, size, at);
        if (token.kind == PN_TOKEN_END || token.begin >= size || token.end <= token.begin) break;
        write_gap(&w, source + at, token.begin - at);
        write(&w, class_of(source, size, token), source + token.begin, token.end - token.begin);
        at = token.end;
    }
    write_gap(&w, source + at, size - at);
    if (w.open) close_line(&w);
}
