#define _GNU_SOURCE
#include "notebook/report_json.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static json_t *text_json(const char *bytes, size_t size) {
    pn_text clean = {0};
    pn_text_add_utf8(&clean, bytes, size);
    json_t *json = clean.failed ? NULL : json_stringn(pn_text_string(&clean), clean.size);
    pn_text_free(&clean);
    return json;
}

static json_t *string_json(const char *string) {
    return string ? text_json(string, strlen(string)) : json_null();
}

static json_t *base64_json(const char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = (const unsigned char *)bytes;
    size_t length = (size + 2) / 3 * 4, at = 0;
    char *text = malloc(length + 1);
    if (!text) return NULL;
    for (size_t i = 0; i < size; i += 3) {
        unsigned long bits = (unsigned long)from[i] << 16;
        if (i + 1 < size) bits |= (unsigned long)from[i + 1] << 8;
        if (i + 2 < size) bits |= from[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) text[at++] = digits[bits >> shift & 63];
    }
    if (size % 3) text[length - 1] = '=';
    if (size % 3 == 1) text[length - 2] = '=';
    json_t *json = json_stringn(text, length);
    free(text);
    return json;
}

static json_t *form_json(const char *mime, const char *data, size_t size) {
    if (strncmp(mime, "image/png", 9) == 0) return base64_json(data, size);
    return text_json(data, size);
}

static json_t *output_json(const pn_output *output) {
    static const char *const kinds[] = {"stream", "shown", "remark", "error"};
    json_t *forms = json_object(), *json = json_object();
    for (int i = 0; i < output->count; i++)
        json_object_set_new(forms, output->mime[i],
                            form_json(output->mime[i], output->data[i], output->size[i]));
    json_object_set_new(json, "kind", json_string(kinds[output->kind]));
    json_object_set_new(json, "mime", forms);
    if (output->name) json_object_set_new(json, "name", string_json(output->name));
    if (output->spilled) {
        json_object_set_new(json, "spilled", string_json(output->spilled));
        json_object_set_new(json, "spilled_bytes", json_integer((json_int_t)output->spilled_bytes));
    }
    return json;
}

static json_t *error_json(const pn_output *output, int line) {
    json_t *json = json_object();
    json_object_set_new(json, "message", text_json(output->data[0], output->size[0]));
    json_object_set_new(json, "line", line ? json_integer(line) : json_null());
    json_object_set_new(json, "traceback", string_json(output->count > 1 ? output->data[1] : NULL));
    return json;
}

/* Sorts the cell's outputs into outputs, errors, and the stages that were cached or computed. */
static void add_outputs(json_t *json, const pn_cell_outcome *cell) {
    json_t *outputs = json_array(), *errors = json_array();
    json_t *cached = json_array(), *computed = json_array();
    for (size_t i = 0; i < cell->output_count; i++) {
        const pn_output *output = &cell->output[i];
        const char *name = output->name ? output->name : "";
        if (output->kind == PN_OUTPUT_ERROR)
            json_array_append_new(errors, error_json(output, cell->error_line));
        else if (output->kind == PN_OUTPUT_REMARK && strcmp(name, "cached") == 0)
            json_array_append_new(cached, text_json(output->data[0], output->size[0]));
        else if (output->kind == PN_OUTPUT_REMARK && strcmp(name, "computed") == 0)
            json_array_append_new(computed, text_json(output->data[0], output->size[0]));
        else
            json_array_append_new(outputs, output_json(output));
    }
    json_object_set_new(json, "outputs", outputs);
    json_object_set_new(json, "errors", errors);
    json_object_set_new(json, "cached", cached);
    json_object_set_new(json, "computed", computed);
}

static json_t *cell_json(const pn_block *block, const pn_cell_outcome *cell) {
    static const char *const states[] = {"waiting", "running", "done", "failed", "expected"};
    json_t *json = json_object();
    json_object_set_new(json, "number", json_integer(block->number));
    json_object_set_new(json, "id", string_json(block->options.id));
    json_object_set_new(json, "line", json_integer(block->line));
    json_object_set_new(json, "state", json_string(states[cell->state]));
    json_object_set_new(json, "seconds", json_real(cell->seconds));
    json_object_set_new(json, "peak_megabytes", json_real(cell->peak_megabytes));
    add_outputs(json, cell);
    return json;
}

static json_t *cells_json(const pn_document *document, const pn_outcome *outcome) {
    json_t *cells = json_array();
    for (size_t i = 0; i < document->block_count; i++) {
        const pn_block *block = &document->block[i];
        if (block->kind == PN_BLOCK_CELL && block->number <= outcome->cell_count)
            json_array_append_new(cells, cell_json(block, &outcome->cell[block->number - 1]));
    }
    return cells;
}

static json_t *parameters_json(const pn_outcome *outcome) {
    json_t *parameters = json_object();
    for (size_t i = 0; i < outcome->parameter_count; i++) {
        const char *line = outcome->parameter[i], *equals = strstr(line, " = ");
        if (!equals) continue;
        char *name = strndup(line, (size_t)(equals - line));
        if (name) json_object_set_new(parameters, name, string_json(equals + 3));
        free(name);
    }
    return parameters;
}

json_t *pn_report_json(const pn_document *document, const pn_outcome *outcome, int exit_code,
                       const char *page) {
    static const char *const ends[] = {"done",        "failed",  "timeout",
                                       "interrupted", "crashed", "torn"};
    json_t *json = json_object();
    if (!json) return NULL;
    json_object_set_new(json, "notebook", string_json(document->path));
    json_object_set_new(json, "title", string_json(document->title));
    json_object_set_new(json, "report", string_json(page));
    json_object_set_new(json, "end", json_string(ends[outcome->end]));
    json_object_set_new(json, "signal", json_integer(outcome->signal));
    json_object_set_new(json, "exit", json_integer(exit_code));
    json_object_set_new(json, "message", string_json(outcome->message));
    json_object_set_new(json, "seconds", json_real(outcome->seconds));
    json_object_set_new(json, "version", string_json(outcome->version));
    json_object_set_new(json, "started", string_json(outcome->started));
    json_object_set_new(json, "seed", json_integer((json_int_t)outcome->seed));
    json_object_set_new(json, "threads", json_integer(outcome->threads));
    json_object_set_new(json, "cpu", string_json(outcome->cpu));
    json_object_set_new(json, "parameters", parameters_json(outcome));
    json_object_set_new(json, "cells", cells_json(document, outcome));
    return json;
}

pn_status pn_report_json_write(const char *path, const json_t *runs, pn_error *error) {
    const json_t *top = json_array_size(runs) == 1 ? json_array_get(runs, 0) : runs;
    char *text = json_dumps(top, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (!text) return pn_fail(error, PN_E_MEMORY, "not enough memory to write '%s'", path);
    pn_status status = pn_file_write(path, text, strlen(text), error);
    free(text);
    return status;
}
