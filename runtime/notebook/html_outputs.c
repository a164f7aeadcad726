/* What a cell left behind: printed text, figures, tables, remarks, its error. */
#include "notebook/html.h"

#include <string.h>

typedef struct outputs {
    pn_page *page;
    const pn_block *cell;
    const pn_cell_outcome *outcome;
    size_t captioned; /* the output that carries the caption, or SIZE_MAX */
} outputs;

enum { LONG_LINE = 88, TALL = 40, LABEL = 200 };

/* ---- printed text ---- */

/* <pre> for text; one that must scroll can be reached by the keyboard. */
static void add_pre(pn_text *html, const char *class, const char *text, size_t size) {
    size_t lines = 0, longest = 0, start = 0;
    while (size && text[size - 1] == '\n') size--;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && text[i] != '\n') continue;
        if (i - start > longest) longest = i - start;
        start = i + 1;
        lines++;
    }
    bool scrolls = lines > TALL || longest > LONG_LINE;
    pn_text_addf(html, "<pre class=\"%s%s\"%s>", class, lines > TALL ? " tall" : "",
                 scrolls ? " tabindex=\"0\"" : "");
    if (size && text[0] == '\n') pn_text_addc(html, '\n'); /* a browser drops the first one */
    pn_html_escape(html, text, size);
    pn_text_adds(html, "</pre>\n");
}

static void add_spilled(pn_text *html, const pn_output *output) {
    if (!output->spilled) return;
    pn_text_adds(html, "<p class=\"remark\">There is more: ");
    pn_html_bytes(html, (double)output->spilled_bytes);
    pn_text_adds(html, " in all, in the file <code>");
    pn_html_escapes(html, output->spilled);
    pn_text_adds(html, "</code>.</p>\n");
}

static bool is_quiet(const pn_output *output) {
    return output->kind == PN_OUTPUT_REMARK && output->name &&
           (strcmp(output->name, "cached") == 0 || strcmp(output->name, "computed") == 0);
}

static bool same_stream(const pn_output *a, const pn_output *b) {
    return b->kind == PN_OUTPUT_STREAM &&
           strcmp(a->name ? a->name : "", b->name ? b->name : "") == 0;
}

/* Writes a run of prints as one block, whatever the records it came in; returns the next output. */
static size_t write_stream(outputs *o, size_t index) {
    const pn_output *all = o->outcome->output, *first = &all[index];
    pn_text printed = {0}, shown = {0};
    size_t next = index;
    const pn_output *spilled = NULL;
    for (; next < o->outcome->output_count && !spilled; next++) {
        const pn_output *output = &all[next];
        if (is_quiet(output)) continue;
        if (!same_stream(first, output)) break;
        if (output->count && output->data[0])
            pn_text_add(&printed, output->data[0], output->size[0]);
        if (output->spilled) spilled = output;
    }
    pn_html_printed(&shown, pn_text_string(&printed), printed.size);
    bool tinted = first->name && strcmp(first->name, "stderr") == 0;
    if (shown.size) add_pre(o->page->html, tinted ? "out stderr" : "out", shown.data, shown.size);
    if (spilled) add_spilled(o->page->html, spilled);
    o->page->html->failed |= printed.failed | shown.failed;
    pn_text_free(&printed);
    pn_text_free(&shown);
    return next;
}

/* ---- shown values ---- */

static bool is_type(const pn_output *output, int i, const char *mime) {
    return i < output->count && output->mime[i] && output->data[i] &&
           strcmp(output->mime[i], mime) == 0;
}

/* What a figure shows in words: the first line of its plain text. */
static void label_of(const pn_output *output, char label[LABEL]) {
    snprintf(label, LABEL, "figure");
    for (int i = 1; i < output->count; i++) {
        if (!is_type(output, i, "text/plain")) continue;
        size_t size = strcspn(output->data[i], "\n");
        if (size >= LABEL) size = LABEL - 1;
        while (size && ((unsigned char)output->data[i][size] & 0xc0) == 0x80) size--;
        if (size) snprintf(label, LABEL, "%.*s", (int)size, output->data[i]);
    }
}

static bool is_figure(const pn_output *output) {
    return output->kind == PN_OUTPUT_SHOWN &&
           (is_type(output, 0, "image/svg+xml") || is_type(output, 0, "image/png") ||
            is_type(output, 0, "text/html"));
}

static bool add_figure(outputs *o, const pn_output *output) {
    pn_text *html = o->page->html;
    char label[LABEL];
    label_of(output, label);
    if (is_type(output, 0, "image/png"))
        return pn_html_png(html, output->data[0], output->size[0], label);
    return pn_html_svg(html, output->data[0], output->size[0], o->page->figures + 1, label);
}

static void write_plain(outputs *o, const pn_output *output) {
    for (int i = 0; i < output->count; i++) {
        if (!is_type(output, i, "text/plain")) continue;
        pn_text shown = {0};
        pn_html_printed(&shown, output->data[i], output->size[i]);
        add_pre(o->page->html, "out value", pn_text_string(&shown), shown.size);
        pn_text_free(&shown);
        return;
    }
    pn_text_adds(o->page->html, "<p class=\"remark\">A value that cannot be shown here.</p>\n");
}

static void write_shown(outputs *o, size_t index) {
    const pn_output *output = &o->outcome->output[index];
    pn_text *html = o->page->html;
    bool table = is_type(output, 0, "text/html");
    if (is_figure(output)) {
        size_t before = html->size;
        pn_text_adds(html, table ? "<figure class=\"table\"><div class=\"scroll\" tabindex=\"0\">"
                                 : "<figure class=\"picture\">");
        bool drawn = true;
        if (table)
            pn_html_table(html, output->data[0], output->size[0]);
        else
            drawn = add_figure(o, output);
        if (drawn) {
            if (!table) o->page->figures++;
            if (table) pn_text_adds(html, "</div>");
            if (index == o->captioned) {
                pn_text_adds(html, "<figcaption>");
                pn_html_escapes(html, o->cell->options.caption);
                pn_text_adds(html, "</figcaption>");
            }
            pn_text_adds(html, "</figure>\n");
        } else {
            html->size = before;
            write_plain(o, output);
        }
    } else
        write_plain(o, output);
    add_spilled(html, output);
}

/* ---- remarks and errors ---- */

static void write_remark(pn_text *html, const pn_output *output) {
    const char *kind = output->name ? output->name : "note";
    bool warning = strcmp(kind, "warning") == 0;
    pn_text_addf(html, "<p class=\"remark%s\"><strong>", warning ? " warning" : "");
    pn_html_escapes(html, kind);
    pn_text_adds(html, "</strong> ");
    if (output->count && output->data[0]) pn_html_escapes(html, output->data[0]);
    pn_text_adds(html, "</p>\n");
}

/* The length of the stage's name in "canny: from the cache (0.1 s)". */
static size_t stage_length(const pn_output *output) {
    return strcspn(output->data[0], ":");
}

static bool same_stage(const pn_output *a, const pn_output *b) {
    size_t n = stage_length(a);
    return is_quiet(b) && b->data[0] && strcmp(a->name, b->name) == 0 && stage_length(b) == n &&
           memcmp(a->data[0], b->data[0], n) == 0;
}

/* How many remarks there are on the stage of remark `index`; 0 when an earlier one was counted. */
static int count_stage(const outputs *o, size_t index) {
    const pn_output *all = o->outcome->output;
    int count = 0;
    for (size_t i = 0; i < o->outcome->output_count; i++) {
        if (!same_stage(&all[index], &all[i])) continue;
        if (i < index) return 0;
        count++;
    }
    return count;
}

/* "from the cache: canny, load x 3" in one line; why a stage was computed only when it ran once. */
static void write_stages(outputs *o, const char *kind, const char *words, bool why) {
    pn_text *html = o->page->html;
    bool any = false;
    for (size_t i = 0; i < o->outcome->output_count; i++) {
        const pn_output *output = &o->outcome->output[i];
        if (!is_quiet(output) || strcmp(output->name, kind) != 0 || !output->data[0]) continue;
        int count = count_stage(o, i);
        if (count == 0) continue;
        pn_text_addf(html, any ? ", " : "<p class=\"remark stages\">%s: ", words);
        any = true;
        size_t name = stage_length(output);
        pn_html_escape(html, output->data[0], name);
        if (count > 1) pn_text_addf(html, " \xc3\x97 %d", count);
        if (count > 1 || !why || !output->data[0][name]) continue;
        pn_text_adds(html, " \xe2\x80\x93 ");
        pn_html_escapes(html, output->data[0] + name + 1 + (output->data[0][name + 1] == ' '));
    }
    if (any) pn_text_adds(html, "</p>\n");
}

static void write_error(outputs *o, const pn_output *output) {
    pn_text *html = o->page->html;
    bool expected = o->outcome->state == PN_CELL_EXPECTED;
    pn_text_addf(html, "<div class=\"error%s\">\n<p class=\"kind\">%s</p>\n<pre>",
                 expected ? " expected" : "", expected ? "Error, as expected" : "Error");
    pn_html_escapes(html, output->data[0] ? output->data[0] : "(no message)");
    pn_text_adds(html, "</pre>\n");
    /* A traceback of one line says no more than the message. */
    if (output->count > 1 && output->data[1] && strchr(output->data[1], '\n')) {
        pn_text_addf(html, "<details%s><summary>Traceback</summary><pre>", expected ? "" : " open");
        pn_html_escapes(html, output->data[1]);
        pn_text_adds(html, "</pre></details>\n");
    }
    pn_text_adds(html, "</div>\n");
}

/* ---- all ---- */

static size_t write_output(outputs *o, size_t index) {
    const pn_output *output = &o->outcome->output[index];
    bool shown = o->cell->options.output;
    switch (output->kind) {
    case PN_OUTPUT_STREAM:
        if (shown) return write_stream(o, index);
        break;
    case PN_OUTPUT_SHOWN:
        if (shown) write_shown(o, index);
        break;
    case PN_OUTPUT_REMARK:
        if (shown && !is_quiet(output)) write_remark(o->page->html, output);
        break;
    case PN_OUTPUT_ERROR:
        write_error(o, output);
        break;
    }
    return index + 1;
}

/* The last figure, or the last table when there is no figure. */
static size_t find_captioned(const pn_cell_outcome *outcome) {
    size_t table = (size_t)-1;
    for (size_t i = outcome->output_count; i-- > 0;) {
        const pn_output *output = &outcome->output[i];
        if (!is_figure(output)) continue;
        if (!is_type(output, 0, "text/html")) return i;
        if (table == (size_t)-1) table = i;
    }
    return table;
}

void pn_html_outputs(pn_page *page, const pn_block *cell, const pn_cell_outcome *outcome) {
    outputs o = {.page = page, .cell = cell, .outcome = outcome, .captioned = (size_t)-1};
    if (outcome->output_count == 0) return;
    if (cell->options.caption) o.captioned = find_captioned(outcome);
    pn_text_adds(page->html, "<div class=\"outputs\">\n");
    for (size_t i = 0; i < outcome->output_count;) i = write_output(&o, i);
    if (cell->options.output) {
        write_stages(&o, "cached", "from the cache", false);
        write_stages(&o, "computed", "computed", true);
    }
    pn_text_adds(page->html, "</div>\n");
}
