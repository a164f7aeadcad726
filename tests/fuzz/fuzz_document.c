/* Fuzzes the parser and the page: the input is a notebook up to its first 0x01 byte, and what each
 * of its cells left behind (as text, figure, table and picture) after it. */
#include "notebook/document.h"
#include "notebook/outcome.h"
#include "notebook/render.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_of(const void *bytes, size_t size) {
    char *copy = malloc(size + 1);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

static void fill(pn_cell_outcome *cell, const char *data, size_t size) {
    static const char *const types[] = {"text/plain", "text/html", "image/svg+xml", "image/png"};
    cell->state = PN_CELL_DONE;
    cell->output_count = 8;
    cell->output = calloc(cell->output_count, sizeof *cell->output);
    if (!cell->output) abort();
    for (size_t i = 0; i < cell->output_count; i++) {
        pn_output *output = &cell->output[i];
        output->kind = i < 4 ? PN_OUTPUT_SHOWN : (pn_output_kind)(i - 4);
        output->count = 1;
        output->mime[0] = copy_of(types[i % 4], strlen(types[i % 4]));
        output->data[0] = copy_of(data, size);
        output->size[0] = size;
    }
}

/* A tag that must never be on a page, wherever it came from. */
static void check(const char *html) {
    static const char *const banned[] = {"<script", "<iframe", "<object", "<form", "<base"};
    for (size_t i = 0; i < sizeof banned / sizeof *banned; i++)
        if (strstr(html, banned[i])) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    const uint8_t *mark = size ? memchr(bytes, 1, size) : NULL;
    size_t notebook = mark ? (size_t)(mark - bytes) : size;
    size_t rest = mark ? size - notebook - 1 : 0;
    pn_document *document = NULL;
    pn_error error;
    char *text = copy_of(bytes, notebook);
    pn_status status = pn_document_parse("fuzz/nb.md", text, notebook, &document, &error);
    free(text);
    if (status != PN_OK) return 0;
    pn_outcome *outcome = calloc(1, sizeof *outcome);
    if (!outcome) abort();
    outcome->cell_count = document->cell_count < 4 ? document->cell_count : 4;
    outcome->cell = calloc((size_t)outcome->cell_count + 1, sizeof *outcome->cell);
    for (int i = 0; i < outcome->cell_count; i++)
        fill(&outcome->cell[i], (const char *)bytes + size - rest, rest);
    pn_text html = {0};
    if (pn_render_html(document, outcome, &html, &error) == PN_OK) check(html.data);
    pn_text_free(&html);
    pn_outcome_free(outcome);
    pn_document_free(document);
    return 0;
}
