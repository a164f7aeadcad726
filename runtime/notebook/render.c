/* The page as a whole. */
#include "notebook/render.h"

#include "notebook/html.h"
#include "notebook/parse.h"

#include <stdlib.h>
#include <string.h>

extern const char pn_report_css[];

/* Headings in a table of contents: enough of them to need one, and not the small ones. */
enum { FEW_HEADINGS = 4, DEEPEST_HEADING = 3 };

/* ---- head ---- */

static void write_head(pn_page *page) {
    pn_text *html = page->html;
    pn_text_addf(html, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
                 page->document->language);
    /* Whatever slips through the filters still can neither run nor load anything. */
    pn_text_adds(
        html, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<meta name=\"generator\" content=\"Pneuma " PNEUMA_VERSION "\">\n");
    if (page->document->description) {
        pn_text_adds(html, "<meta name=\"description\" content=\"");
        pn_html_escapes(html, page->document->description);
        pn_text_adds(html, "\">\n");
    }
    pn_text_adds(html, "<title>");
    pn_html_escapes(html, page->document->title);
    pn_text_adds(html, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n");
    pn_text_adds(html, pn_report_css);
    pn_text_adds(html, "</style>\n</head>\n<body>\n");
}

/* "12 cells, 34.2 s, 2026-11-23 09:00" under the title. */
static void write_summary(pn_page *page) {
    const pn_outcome *outcome = page->outcome;
    pn_text *html = page->html;
    int cells = page->document->cell_count;
    pn_text_addf(html, "<p class=\"summary\">%d cell%s", cells, cells == 1 ? "" : "s");
    if (outcome) {
        pn_text_adds(html, " \xc2\xb7 ");
        pn_html_seconds(html, outcome->seconds);
        const char *started = outcome->started ? outcome->started : "";
        if (strlen(started) >= 16 && started[10] == 'T') {
            pn_text_adds(html, " \xc2\xb7 ");
            pn_html_escape(html, started, 10);
            pn_text_addc(html, ' ');
            pn_html_escape(html, started + 11, 5);
        }
        pn_text_adds(html, " \xc2\xb7 <a href=\"#run\">about this run</a>");
    }
    pn_text_adds(html, "</p>\n");
}

static void write_header(pn_page *page) {
    pn_text *html = page->html;
    pn_text_adds(html, "<header>\n<h1>");
    pn_html_escapes(html, page->document->title);
    pn_text_adds(html, "</h1>\n");
    if (page->document->description) {
        pn_text_adds(html, "<p class=\"description\">");
        pn_html_escapes(html, page->document->description);
        pn_text_adds(html, "</p>\n");
    }
    write_summary(page);
    pn_html_banner(page);
    pn_text_adds(html, "</header>\n");
}

static void write_contents(pn_page *page) {
    pn_text *html = page->html;
    int count = 0;
    for (int i = 0; i < page->heading_count; i++)
        count += page->heading[i].level <= DEEPEST_HEADING;
    if (count <= FEW_HEADINGS) return;
    pn_text_adds(html, "<nav aria-label=\"Contents\"><details><summary>Contents</summary>\n<ol>\n");
    for (int i = 0; i < page->heading_count; i++) {
        const pn_heading *heading = &page->heading[i];
        if (heading->level > DEEPEST_HEADING) continue;
        pn_text_addf(html, "<li class=\"h%d\"><a href=\"#", heading->level);
        pn_html_escapes(html, heading->id);
        pn_text_adds(html, "\">");
        pn_html_escapes(html, heading->text);
        pn_text_adds(html, "</a></li>\n");
    }
    pn_text_adds(html, "</ol>\n</details></nav>\n");
}

/* ---- the tree ---- */

/* Parses all prose as one document, so that links, footnotes and <details> reach over cells: each
 * cell is an empty fence in it. */
static pn_status build_tree(pn_page *page, pn_error *error) {
    const pn_document *document = page->document;
    pn_text markdown = {0};
    for (size_t i = 0; i < document->block_count; i++) {
        const pn_block *block = &document->block[i];
        if (block->kind == PN_BLOCK_CELL)
            page->cell[block->number - 1] = block;
        else
            pn_text_add(&markdown, block->text, block->size);
        pn_text_adds(&markdown, block->kind == PN_BLOCK_CELL ? "\n```lua\n```\n\n" : "\n\n");
    }
    if (!markdown.failed) page->root = pn_parse_markdown(pn_text_string(&markdown), markdown.size);
    pn_text_free(&markdown);
    return page->root ? PN_OK : pn_fail_memory(error, markdown.size);
}

static void write_page(pn_page *page) {
    write_head(page);
    write_header(page);
    pn_text_adds(page->html, "<main>\n");
    write_contents(page);
    pn_html_prose(page);
    pn_text_adds(page->html, "</main>\n");
    pn_html_run(page);
    pn_text_adds(page->html, "</body>\n</html>\n");
}

static void free_page(pn_page *page) {
    if (page->root) cmark_node_free(page->root);
    for (int i = 0; i < page->heading_count; i++) {
        free(page->heading[i].id);
        free(page->heading[i].text);
    }
    free(page->heading);
    free(page->folder);
    free(page->cell);
}

pn_status pn_render_html(const pn_document *document, const pn_outcome *outcome, pn_text *html,
                         pn_error *error) {
    const char *slash = strrchr(document->path, '/');
    pn_page page = {.document = document, .outcome = outcome, .html = html};
    page.folder = pn_parse_copy(document->path, slash ? (size_t)(slash - document->path) + 1 : 0);
    page.cell = calloc((size_t)document->cell_count + 1, sizeof *page.cell);
    pn_status status =
        page.folder && page.cell ? build_tree(&page, error) : pn_fail_memory(error, sizeof page);
    if (status == PN_OK) status = pn_html_headings(&page, error);
    if (status == PN_OK) {
        write_page(&page);
        if (html->failed) status = pn_fail_memory(error, html->size);
    }
    free_page(&page);
    return status;
}
