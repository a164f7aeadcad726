/* From a journal's bytes to the outcome of a run. Every length is checked against what is there:
 * the bytes may be damaged anywhere. */
#define _GNU_SOURCE
#include "notebook/journal.h"

#include "base/hash.h"
#include "notebook/journal_format.h"
#include "notebook/record.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 1000000 };

typedef struct reader {
    pn_journal_content *content;
    pn_outcome *outcome;
    pn_cell_outcome *cell; /* begun last, or NULL */
    int failed;            /* memory is out */
} reader;

/* Takes the next whole and undamaged record; 0 at the end or the first damage. */
static int next_record(const char **at, size_t *left, pn_journal_header *head, pn_fields *fields) {
    if (*left < sizeof *head) return 0;
    memcpy(head, *at, sizeof *head);
    if (head->size > *left - sizeof *head) return 0;
    size_t covered = sizeof *head - sizeof head->check + head->size;
    if (pn_hash_bytes(*at + sizeof head->check, covered).low != head->check) return 0;
    *fields = (pn_fields){.next = *at + sizeof *head, .left = head->size};
    *at += sizeof *head + head->size;
    *left -= sizeof *head + head->size;
    return 1;
}

/* An empty string becomes NULL: "not there" in the outcome. */
static char *copy_or_null(pn_fields *fields) {
    size_t size;
    char *copy = pn_fields_copy(fields, &size);
    if (!copy || size) return copy;
    free(copy);
    return NULL;
}

static void read_start(reader *r, pn_fields *fields) {
    pn_outcome *o = r->outcome;
    o->version = pn_fields_copy(fields, NULL);
    o->started = pn_fields_copy(fields, NULL);
    o->cpu = pn_fields_copy(fields, NULL);
    o->seed = (unsigned long long)pn_fields_int(fields);
    o->threads = (int)pn_fields_int(fields);
    int64_t count = pn_fields_int(fields);
    r->content->path = pn_fields_copy(fields, NULL);
    r->content->source = pn_fields_copy(fields, &r->content->source_size);
    if (fields->bad || count < 0 || count > MOST_CELLS) {
        r->failed = 1;
        return;
    }
    o->cell = calloc((size_t)count + 1, sizeof *o->cell);
    if (o->cell)
        o->cell_count = (int)count;
    else
        r->failed = 1;
}

static pn_output *add_output(reader *r, pn_output_kind kind) {
    if (!r->cell) return NULL;
    size_t count = r->cell->output_count;
    if ((count & (count - 1)) == 0) { /* grows at each power of two */
        size_t capacity = count ? count * 2 : 1;
        pn_output *grown = realloc(r->cell->output, capacity * sizeof *grown);
        if (!grown) {
            r->failed = 1;
            return NULL;
        }
        r->cell->output = grown;
    }
    pn_output *output = &r->cell->output[r->cell->output_count++];
    *output = (pn_output){.kind = kind};
    return output;
}

static void set_form(reader *r, pn_output *output, int index, const char *mime, const char *data,
                     size_t size) {
    output->mime[index] = strdup(mime);
    output->data[index] = malloc(size + 1);
    if (!output->mime[index] || !output->data[index]) {
        r->failed = 1;
        return;
    }
    if (size) memcpy(output->data[index], data, size);
    output->data[index][size] = '\0';
    output->size[index] = size;
    output->count = index + 1;
}

/* The stream output that text of this name goes on, or NULL: the cell's last output, or with
 * `anywhere` the last one that is of that stream. */
static pn_output *open_stream(reader *r, const char *name, int anywhere) {
    for (size_t i = r->cell ? r->cell->output_count : 0; i > 0; i--) {
        pn_output *output = &r->cell->output[i - 1];
        if (output->kind == PN_OUTPUT_STREAM && strcmp(output->name, name) == 0) return output;
        if (!anywhere) return NULL;
    }
    return NULL;
}

static pn_output *stream_output(reader *r, const char *name, int anywhere) {
    pn_output *output = open_stream(r, name, anywhere);
    if (output) return output;
    output = add_output(r, PN_OUTPUT_STREAM);
    if (!output) return NULL;
    output->name = strdup(name);
    set_form(r, output, 0, "text/plain", "", 0);
    if (!output->name) r->failed = 1;
    return r->failed ? NULL : output;
}

static void append_text(reader *r, pn_output *output, const char *bytes, size_t size) {
    char *grown = realloc(output->data[0], output->size[0] + size + 1);
    if (!grown) {
        r->failed = 1;
        return;
    }
    if (size) memcpy(grown + output->size[0], bytes, size);
    output->data[0] = grown;
    output->size[0] += size;
    grown[output->size[0]] = '\0';
}

static void read_stream(reader *r, pn_fields *fields, int anywhere) {
    size_t size;
    char *name = pn_fields_copy(fields, NULL);
    const char *bytes = pn_fields_bytes(fields, &size);
    if (name && !fields->bad) {
        pn_output *output = stream_output(r, name, anywhere);
        if (output) append_text(r, output, bytes, size);
    }
    free(name);
}

/* The last output of that stream in the cell names the file; an empty path takes it back. */
static void read_spill(reader *r, pn_fields *fields) {
    char *name = pn_fields_copy(fields, NULL), *path = copy_or_null(fields);
    int64_t bytes = pn_fields_int(fields);
    pn_output *found = name ? open_stream(r, name, 1) : NULL;
    if (!found && path && name) found = stream_output(r, name, 0);
    if (found) {
        free(found->spilled);
        found->spilled = NULL;
        found->spilled_bytes = 0;
    }
    if (found && path) {
        found->spilled = path;
        found->spilled_bytes = bytes > 0 ? (size_t)bytes : 0;
        path = NULL;
    }
    free(path);
    free(name);
}

static void read_shown(reader *r, pn_fields *fields) {
    int64_t count = pn_fields_int(fields);
    pn_output *output = add_output(r, PN_OUTPUT_SHOWN);
    if (!output) return;
    for (int i = 0; i < count && i < PN_REPRESENTATIONS && !r->failed; i++) {
        size_t size;
        char *mime = pn_fields_copy(fields, NULL);
        const char *data = pn_fields_bytes(fields, &size);
        if (mime) set_form(r, output, i, mime, data, size);
        free(mime);
    }
    output->spilled = copy_or_null(fields);
    output->spilled_bytes = (size_t)pn_fields_int(fields);
}

static void read_remark(reader *r, pn_fields *fields) {
    size_t size;
    pn_output *output = add_output(r, PN_OUTPUT_REMARK);
    if (!output) return;
    output->name = pn_fields_copy(fields, NULL);
    const char *text = pn_fields_bytes(fields, &size);
    set_form(r, output, 0, "text/plain", text, size);
}

static void read_error(reader *r, pn_fields *fields) {
    pn_output *output = add_output(r, PN_OUTPUT_ERROR);
    if (!output) return;
    size_t size;
    const char *message = pn_fields_bytes(fields, &size);
    set_form(r, output, 0, "text/plain", message, size);
    const char *traceback = pn_fields_bytes(fields, &size);
    if (size) set_form(r, output, 1, "text/plain", traceback, size);
    r->cell->error_line = (int)pn_fields_int(fields);
}

static void read_parameters(reader *r, pn_fields *fields) {
    int64_t count = pn_fields_int(fields);
    if (count < 0 || (uint64_t)count > fields->left || r->outcome->parameter) return;
    r->outcome->parameter = calloc((size_t)count + 1, sizeof(char *));
    if (!r->outcome->parameter) {
        r->failed = 1;
        return;
    }
    for (int64_t i = 0; i < count && !fields->bad; i++) {
        char *line = pn_fields_copy(fields, NULL);
        if (line) r->outcome->parameter[r->outcome->parameter_count++] = line;
    }
}

static void read_cell(reader *r, pn_fields *fields) {
    int64_t number = pn_fields_int(fields);
    r->cell = NULL;
    if (number < 1 || number > r->outcome->cell_count) return;
    r->cell = &r->outcome->cell[number - 1];
    r->cell->state = PN_CELL_RUNNING;
}

static void read_cell_end(reader *r, pn_fields *fields) {
    if (!r->cell) return;
    r->cell->state = (pn_cell_state)pn_fields_int(fields);
    r->cell->seconds = pn_fields_real(fields);
    r->cell->peak_megabytes = pn_fields_real(fields);
}

static void read_end(reader *r, pn_fields *fields) {
    r->outcome->end = (pn_run_end)pn_fields_int(fields);
    r->outcome->signal = (int)pn_fields_int(fields);
    free(r->outcome->message);
    r->outcome->message = copy_or_null(fields);
    r->outcome->seconds = pn_fields_real(fields);
}

static void apply(reader *r, uint32_t type, pn_fields *fields) {
    switch (type) {
    case PN_JOURNAL_CELL:
        read_cell(r, fields);
        break;
    case PN_JOURNAL_CELL_END:
        read_cell_end(r, fields);
        break;
    case PN_JOURNAL_STREAM:
        read_stream(r, fields, 0);
        break;
    case PN_JOURNAL_TAIL:
        read_stream(r, fields, 1);
        break;
    case PN_JOURNAL_SPILL:
        read_spill(r, fields);
        break;
    case PN_JOURNAL_SHOWN:
        read_shown(r, fields);
        break;
    case PN_JOURNAL_REMARK:
        read_remark(r, fields);
        break;
    case PN_JOURNAL_ERROR:
        read_error(r, fields);
        break;
    case PN_JOURNAL_PARAMETERS:
        read_parameters(r, fields);
        break;
    case PN_JOURNAL_END:
        read_end(r, fields);
        break;
    default:
        break; /* from a newer program: skip */
    }
}

pn_status pn_journal_read(const void *bytes, size_t size, pn_journal_content *content,
                          pn_error *error) {
    *content = (pn_journal_content){0};
    reader r = {.content = content};
    const char *at = bytes;
    pn_journal_header head;
    pn_fields fields;
    if (size < PN_JOURNAL_MAGIC_SIZE || memcmp(at, PN_JOURNAL_MAGIC, PN_JOURNAL_MAGIC_SIZE) != 0)
        return pn_fail(error, PN_E_FORMAT, "this is no journal of a run");
    at += PN_JOURNAL_MAGIC_SIZE;
    size -= PN_JOURNAL_MAGIC_SIZE;
    if (!next_record(&at, &size, &head, &fields) || head.type != PN_JOURNAL_START)
        return pn_fail(error, PN_E_FORMAT, "the journal's first record is damaged");
    r.outcome = content->outcome = calloc(1, sizeof *r.outcome);
    if (!r.outcome) return pn_fail_memory(error, sizeof *r.outcome);
    r.outcome->end = PN_RUN_TORN;
    read_start(&r, &fields);
    while (!r.failed && next_record(&at, &size, &head, &fields)) apply(&r, head.type, &fields);
    if (!r.failed) return PN_OK;
    pn_journal_content_free(content);
    return pn_fail(error, PN_E_MEMORY, "not enough memory to read the journal");
}

void pn_journal_content_free(pn_journal_content *content) {
    pn_outcome_free(content->outcome);
    free(content->path);
    free(content->source);
    *content = (pn_journal_content){0};
}
