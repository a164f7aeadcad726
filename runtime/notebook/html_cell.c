/* One cell on the page. */
#include "notebook/html.h"

#include <string.h>

enum { LONG_SOURCE = 18, PREVIEW = 72 };

typedef struct shown_source {
    const char *text;
    size_t size;
    int line, lines;
} shown_source;

/* The source without its option lines and the blank lines behind them. */
static shown_source source_of(const pn_block *cell) {
    shown_source s = {.text = cell->text, .size = cell->size, .line = cell->line};
    bool options = true;
    while (s.size) {
        const char *newline = memchr(s.text, '\n', s.size);
        size_t n = newline ? (size_t)(newline - s.text) + 1 : s.size;
        bool option = options && n > 3 && memcmp(s.text, "--|", 3) == 0;
        bool blank = strspn(s.text, " \t\n") >= n;
        if (!option && !blank) break;
        options = option;
        s.text += n;
        s.size -= n;
        s.line++;
    }
    while (s.size && strchr(" \t\n", s.text[s.size - 1])) s.size--;
    for (size_t i = 0; i < s.size; i++) s.lines += s.text[i] == '\n';
    s.lines += s.size > 0;
    return s;
}

static bool has_stopped(const pn_cell_outcome *outcome) {
    return outcome && (outcome->state == PN_CELL_FAILED || outcome->state == PN_CELL_RUNNING);
}

static void write_source(pn_page *page, const pn_block *cell, const pn_cell_outcome *outcome) {
    shown_source s = source_of(cell);
    pn_text *html = page->html;
    if (!cell->options.echo && !has_stopped(outcome)) return;
    if (s.size == 0) return;
    bool folded = s.lines > LONG_SOURCE || cell->options.fold;
    if (folded) {
        size_t n = strcspn(s.text, "\n");
        if (n > s.size) n = s.size;
        if (n > PREVIEW) n = PREVIEW;
        while (n && n < s.size && ((unsigned char)s.text[n] & 0xc0) == 0x80) n--;
        pn_text_addf(html, "<details class=\"fold\"%s><summary>%d line%s <code>",
                     has_stopped(outcome) ? " open" : "", s.lines, s.lines == 1 ? "" : "s");
        pn_html_escape(html, s.text, n);
        pn_text_addf(html, "%s</code></summary>\n", n < s.size ? "\xe2\x80\xa6" : "");
    }
    pn_text_adds(html, "<pre class=\"source\" tabindex=\"0\"><code>");
    pn_html_lua(html, s.text, s.size, s.line, outcome ? outcome->error_line : 0);
    pn_text_adds(html, "</code></pre>\n");
    if (folded) pn_text_adds(html, "</details>\n");
}

/* What a cell's state is called, and its class; "" when there is nothing to say. */
static const char *state_words(const pn_cell_outcome *outcome, const char **class) {
    *class = "";
    if (!outcome) return "";
    switch (outcome->state) {
    case PN_CELL_WAITING:
        *class = " waiting";
        return "not run";
    case PN_CELL_RUNNING:
        *class = " failed";
        return "did not finish";
    case PN_CELL_FAILED:
        *class = " failed";
        return "failed";
    case PN_CELL_EXPECTED:
        *class = " expected";
        return "failed as expected";
    case PN_CELL_DONE:
        break;
    }
    return "";
}

static void write_cost(pn_text *html, const pn_cell_outcome *outcome) {
    bool ran = outcome && outcome->state != PN_CELL_WAITING && outcome->seconds > 0;
    if (ran) {
        pn_text_adds(html, "<span class=\"cost\">");
        pn_html_seconds(html, outcome->seconds);
        if (outcome->peak_megabytes >= 0.5)
            pn_text_addf(html, " <span title=\"peak memory\">\xc2\xb7 %.0f MB</span>",
                         outcome->peak_megabytes);
        pn_text_adds(html, "</span>");
    }
}

void pn_html_cell(pn_page *page, int number) {
    const pn_block *cell = page->cell[number - 1];
    const pn_cell_outcome *outcome =
        page->outcome && number <= page->outcome->cell_count && page->outcome->cell
            ? &page->outcome->cell[number - 1]
            : NULL;
    pn_text *html = page->html;
    const char *class, *words = state_words(outcome, &class);
    pn_text_addf(html, "<div class=\"cell%s\" id=\"cell-%d\">\n<div class=\"bar\">", class, number);
    pn_text_addf(html, "<a href=\"#cell-%d\" aria-label=\"Cell %d\">%d</a>", number, number,
                 number);
    if (cell->options.id) pn_text_addf(html, "<span class=\"name\">%s</span>", cell->options.id);
    if (cell->parameters) pn_text_adds(html, "<span class=\"tag\">parameters</span>");
    if (*words) pn_text_addf(html, "<span class=\"state\">%s</span>", words);
    write_cost(html, outcome);
    pn_text_adds(html, "</div>\n");
    write_source(page, cell, outcome);
    if (outcome) pn_html_outputs(page, cell, outcome);
    pn_text_adds(html, "</div>\n");
}
