/* How the run went: the banner at the top, the facts at the end. */
#include "notebook/html.h"

#include <stdlib.h>
#include <string.h>

/* ---- the banner ---- */

static const char *headline(const pn_outcome *outcome) {
    switch (outcome->end) {
    case PN_RUN_FAILED:
        return "This run failed.";
    case PN_RUN_TIMEOUT:
        return "This run was stopped: time was over.";
    case PN_RUN_INTERRUPTED:
        return "This run was interrupted.";
    case PN_RUN_CRASHED:
        return "This run crashed.";
    case PN_RUN_TORN:
        return "This run was killed before it ended.";
    case PN_RUN_DONE:
        break;
    }
    return NULL;
}

static bool is_culprit(const pn_cell_outcome *cell) {
    return cell->state == PN_CELL_FAILED || cell->state == PN_CELL_RUNNING;
}

static void write_culprits(pn_text *html, const pn_outcome *outcome) {
    int count = 0, waiting = 0;
    for (int i = 0; i < outcome->cell_count; i++) {
        waiting += outcome->cell[i].state == PN_CELL_WAITING;
        if (!is_culprit(&outcome->cell[i])) continue;
        pn_text_addf(html, "%s<a href=\"#cell-%d\">cell %d</a>",
                     count++ ? ", " : "<p class=\"links\">Go to ", i + 1, i + 1);
    }
    if (count) pn_text_adds(html, ".");
    if (waiting)
        pn_text_addf(html, "%s%d of %d cells were not run.", count ? " " : "<p class=\"links\">",
                     waiting, outcome->cell_count);
    if (count || waiting) pn_text_adds(html, "</p>\n");
}

void pn_html_banner(pn_page *page) {
    const pn_outcome *outcome = page->outcome;
    pn_text *html = page->html;
    if (!outcome) {
        pn_text_adds(html,
                     "<div class=\"banner quiet\"><p>This notebook has not been run.</p></div>\n");
        return;
    }
    const char *words = headline(outcome);
    if (!words) return;
    pn_text_addf(html, "<div class=\"banner\" role=\"status\">\n<p><strong>%s</strong></p>\n",
                 words);
    if (outcome->message) {
        pn_text_adds(html, "<p class=\"what\">");
        pn_html_escapes(html, outcome->message);
        pn_text_adds(html, "</p>\n");
    }
    if (outcome->end == PN_RUN_CRASHED && outcome->signal)
        pn_text_addf(html, "<p>The worker process was ended by signal %d.</p>\n", outcome->signal);
    write_culprits(html, outcome);
    pn_text_adds(html, "</div>\n");
}

/* ---- the facts ---- */

static void add_fact(pn_text *html, const char *name, const char *value) {
    if (!value || !*value) return;
    pn_text_addf(html, "<tr><th scope=\"row\">%s</th><td>", name);
    pn_html_escapes(html, value);
    pn_text_adds(html, "</td></tr>\n");
}

static void write_parameters(pn_text *html, const pn_outcome *outcome) {
    if (!outcome->parameter_count) return;
    pn_text_adds(html, "<div><h2>Parameters</h2>\n<table>\n<tbody>\n");
    for (size_t i = 0; i < outcome->parameter_count; i++) {
        const char *line = outcome->parameter[i], *equals = strstr(line, " = ");
        size_t name = equals ? (size_t)(equals - line) : strlen(line);
        pn_text_adds(html, "<tr><th scope=\"row\"><code>");
        pn_html_escape(html, line, name);
        pn_text_adds(html, "</code></th><td><code>");
        if (equals) pn_html_escapes(html, equals + 3);
        pn_text_adds(html, "</code></td></tr>\n");
    }
    pn_text_adds(html, "</tbody>\n</table></div>\n");
}

static double peak_of(const pn_outcome *outcome) {
    double peak = 0;
    for (int i = 0; i < outcome->cell_count; i++)
        if (outcome->cell[i].peak_megabytes > peak) peak = outcome->cell[i].peak_megabytes;
    return peak;
}

static void add_formatted(pn_text *html, const char *name, pn_text *value) {
    add_fact(html, name, pn_text_string(value));
    html->failed |= value->failed;
    pn_text_free(value);
}

static void write_facts(pn_page *page) {
    const pn_outcome *outcome = page->outcome;
    pn_text *html = page->html, value = {0};
    pn_text_adds(html, "<div><h2>This run</h2>\n<table>\n<tbody>\n");
    add_fact(html, "Notebook", page->document->path);
    add_fact(html, "Started", outcome->started);
    pn_html_seconds(&value, outcome->seconds);
    add_formatted(html, "Total time", &value);
    if (peak_of(outcome) >= 0.5) {
        pn_text_addf(&value, "%.0f MB", peak_of(outcome));
        add_formatted(html, "Peak memory", &value);
    }
    pn_text_addf(&value, "%llu", outcome->seed);
    add_formatted(html, "Seed", &value);
    if (outcome->threads > 0) {
        pn_text_addf(&value, "%d", outcome->threads);
        add_formatted(html, "Threads", &value);
    }
    add_fact(html, "CPU level", outcome->cpu);
    add_fact(html, "Pneuma", outcome->version);
    pn_text_adds(html, "</tbody>\n</table></div>\n");
}

void pn_html_run(pn_page *page) {
    if (!page->outcome) return;
    pn_text_adds(page->html, "<footer id=\"run\">\n");
    write_parameters(page->html, page->outcome);
    write_facts(page);
    pn_text_adds(page->html, "</footer>\n");
}
