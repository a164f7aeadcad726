#define _GNU_SOURCE
#include "notebook/run.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "notebook/command_line.h"
#include "notebook/parameter_names.h"
#include "notebook/render.h"
#include "notebook/report_json.h"
#include "notebook/supervise.h"
#include "notebook/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A notebook that is to be run. */
typedef struct notebook {
    char *text;
    size_t size;
    pn_document *document;
    char stem[256]; /* the names of what it leaves in the output folder begin so */
} notebook;

typedef struct session {
    pn_run_options options;
    notebook *notebook;
    int signals;
    pn_progress progress;
    json_t *runs;
} session;

static int complain(const char *message) {
    fprintf(stderr, "pneuma run: %s\n", message);
    return 2;
}

/* ---- before anything runs ---- */

static const pn_block *parameters_cell(const pn_document *document) {
    for (size_t i = 0; i < document->block_count; i++)
        if (document->block[i].parameters) return &document->block[i];
    return NULL;
}

static int read_notebook(const pn_run_options *options, const char *path, notebook *n) {
    pn_error error;
    if (pn_file_read(path, 0, &n->text, &n->size, &error) != PN_OK ||
        pn_document_parse(path, n->text, n->size, &n->document, &error) != PN_OK)
        return complain(error.message);
    if (options->parameter_count == 0) return 0;
    const pn_block *cell = parameters_cell(n->document);
    if (cell) return pn_check_parameter_names(options, cell, path);
    fprintf(stderr,
            "pneuma run: -p %s: '%s' has no parameters; they are the variables of a cell that "
            "begins with the line `--| tags: parameters`\n",
            options->parameter[0], path);
    return 2;
}

/* The notebook's name without ".md"; one that an earlier notebook of this run has already gets a
 * number behind it. */
static int name_notebook(const session *s, size_t index) {
    notebook *n = &s->notebook[index];
    const char *name = pn_path_name(s->options.notebook[index]), *ending = pn_path_ending(name);
    int length = (int)(strcmp(ending, ".md") == 0 ? ending - name : (ptrdiff_t)strlen(name));
    if (length > 200) return complain("the notebook's name is too long");
    snprintf(n->stem, sizeof n->stem, "%.*s", length, name);
    for (size_t i = 0, number = 2; i < index; i++) {
        if (strcmp(s->notebook[i].stem, n->stem) != 0) continue;
        snprintf(n->stem, sizeof n->stem, "%.*s-%zu", length, name, number++);
        i = (size_t)-1; /* the new name may be taken too */
    }
    return 0;
}

/* All notebooks are looked at before the first is run. */
static int read_notebooks(session *s) {
    int code = 0;
    s->notebook = calloc(s->options.notebook_count, sizeof *s->notebook);
    if (!s->notebook) return complain("not enough memory");
    for (size_t i = 0; i < s->options.notebook_count; i++) {
        int one = read_notebook(&s->options, s->options.notebook[i], &s->notebook[i]);
        if (one == 0) one = name_notebook(s, i);
        if (one > code) code = one;
    }
    return code;
}

static void close_session(session *s) {
    for (size_t i = 0; s->notebook && i < s->options.notebook_count; i++) {
        pn_document_free(s->notebook[i].document);
        pn_free(s->notebook[i].text);
    }
    free(s->notebook);
    if (s->signals >= 0) close(s->signals);
    json_decref(s->runs);
    pn_run_options_free(&s->options);
}

/* ---- pages ---- */

static pn_status write_page(const pn_document *document, const pn_outcome *outcome,
                            const char *path, pn_error *error) {
    pn_text html = {0};
    pn_status status = pn_render_html(document, outcome, &html, error);
    if (status == PN_OK && html.failed)
        status = pn_fail(error, PN_E_MEMORY, "not enough memory for '%s'", path);
    if (status == PN_OK) status = pn_file_write(path, html.data, html.size, error);
    pn_text_free(&html);
    return status;
}

static pn_status read_journal(const char *path, pn_journal_content *content, pn_error *error) {
    char *bytes;
    size_t size;
    pn_status status = pn_file_read(path, 0, &bytes, &size, error);
    if (status != PN_OK) return status;
    status = pn_journal_read(bytes, size, content, error);
    pn_free(bytes);
    return status;
}

/* Which cell a torn journal broke off in. */
static char *torn_message(const pn_document *document, const pn_outcome *outcome) {
    pn_text text = {0};
    pn_text_adds(&text, "the run was killed");
    for (size_t i = 0; i < document->block_count; i++) {
        const pn_block *block = &document->block[i];
        if (block->kind != PN_BLOCK_CELL || block->number > outcome->cell_count) continue;
        if (outcome->cell[block->number - 1].state != PN_CELL_RUNNING) continue;
        pn_text_addf(&text, " in cell %d (%s:%d)", block->number, pn_path_name(document->path),
                     block->line);
    }
    return text.data;
}

/* A journal that a killed run left behind becomes a page of its own. */
static void rescue(const char *journal, const char *page) {
    pn_journal_content content;
    pn_document *document = NULL;
    pn_error error;
    pn_status status = read_journal(journal, &content, &error);
    if (status != PN_OK) return; /* nothing had begun */
    status =
        pn_document_parse(content.path, content.source, content.source_size, &document, &error);
    if (status == PN_OK && !content.outcome->message)
        content.outcome->message = torn_message(document, content.outcome);
    if (status == PN_OK) status = write_page(document, content.outcome, page, &error);
    if (status == PN_OK)
        fprintf(stderr, "pneuma run: the last run was killed; what it had put out is in %s\n",
                page);
    else
        fprintf(stderr, "pneuma run: the last run was killed and left nothing readable: %s\n",
                error.message);
    pn_document_free(document);
    pn_journal_content_free(&content);
}

/* ---- one notebook ---- */

typedef struct paths {
    char journal[PN_PATH], page[PN_PATH], interrupted[PN_PATH], files[PN_PATH];
} paths;

static pn_status make_paths(const session *s, const notebook *n, paths *p, pn_error *error) {
    const struct {
        const char *format;
        char *out;
    } parts[] = {{".%s.journal", p->journal},
                 {"%s.html", p->page},
                 {"%s.interrupted.html", p->interrupted},
                 {"%s.files", p->files}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *name;
        if (asprintf(&name, parts[i].format, n->stem) < 0) return pn_fail_memory(error, PN_PATH);
        pn_status status = pn_path_join(parts[i].out, s->options.folder, name, error);
        free(name);
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

static int open_journal(const paths *p, pn_journal *journal) {
    pn_error error;
    pn_stamp stamp;
    pn_status status = pn_journal_open(journal, p->journal, &error);
    if (status == PN_E_UNSUPPORTED) {
        fprintf(stderr,
                "pneuma run: another run is writing '%s'; wait for it, or name another folder "
                "with -o\n",
                p->page);
        return 2;
    }
    if (status != PN_OK) return complain(error.message);
    pn_file_sweep(p->page);
    pn_file_sweep(p->interrupted);
    if (pn_file_stamp(p->journal, &stamp, NULL) == PN_OK && stamp.size)
        rescue(p->journal, p->interrupted);
    return 0;
}

static void begin_journal(const session *s, const notebook *n, pn_journal *journal) {
    char started[40];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%S%z", &local);
    pn_journal_start start = {
        .version = PNEUMA_VERSION,
        .started = started,
        .cpu = pn_cpu_name(pn_cpu()),
        .seed = s->options.seed,
        .threads = s->options.threads ? s->options.threads : pn_threads(),
        .cell_count = n->document->cell_count,
        .path = n->document->path,
        .source = n->text,
        .source_size = n->size,
    };
    pn_journal_begin(journal, &start);
}

/* What the journal could not take down (a full disk) is known here all the same. */
static void complete(pn_outcome *outcome, const pn_run_result *result) {
    if (outcome->end != PN_RUN_TORN) return;
    outcome->end = result->end;
    outcome->signal = result->signal;
    outcome->seconds = result->seconds;
    free(outcome->message);
    outcome->message = strdup(pn_text_string(&result->message));
}

/* From the journal to the page and the JSON; the exit code. */
static int report(session *s, const notebook *n, const paths *p, const pn_run_result *result) {
    pn_journal_content content;
    pn_error error;
    pn_status status = read_journal(p->journal, &content, &error);
    if (status == PN_OK) {
        complete(content.outcome, result);
        status = write_page(n->document, content.outcome, p->page, &error);
        if (s->options.report)
            json_array_append_new(
                s->runs, pn_report_json(n->document, content.outcome, result->exit_code, p->page));
        pn_journal_content_free(&content);
    }
    if (status != PN_OK) {
        complain(error.message);
        return result->exit_code ? result->exit_code : 1;
    }
    if (printf("report: %s\n", p->page) < 0 || fflush(stdout) != 0) {
        complain("cannot write to standard output");
        return result->exit_code ? result->exit_code : 1;
    }
    return result->exit_code;
}

/* Runs one notebook; its exit code. *stopped: a signal asked for the end of everything. */
static int run_notebook(session *s, const notebook *n, bool *stopped) {
    paths p;
    pn_journal journal;
    pn_outputs outputs;
    pn_error error;
    pn_run_result result = {.end = PN_RUN_DONE};
    if (make_paths(s, n, &p, &error) != PN_OK) return complain(error.message);
    int code = open_journal(&p, &journal);
    if (code) return code;
    begin_journal(s, n, &journal);
    if (pn_outputs_open(&outputs, &journal, p.files, &error) != PN_OK) {
        pn_journal_close(&journal, 1);
        return complain(error.message);
    }
    pn_progress_begin(&s->progress, pn_path_name(n->document->path), n->document->cell_count);
    pn_supervise(&s->options, n->document, s->signals, &journal, &outputs, &s->progress, &result);
    *stopped = result.end == PN_RUN_INTERRUPTED;
    code = report(s, n, &p, &result);
    pn_journal_close(&journal, 1);
    pn_text_free(&result.message);
    return code;
}

static int run_all(session *s) {
    int worst = 0;
    bool stopped = false;
    pn_error error;
    if (pn_folder_make(s->options.folder, &error) != PN_OK) return complain(error.message);
    signal(SIGPIPE, SIG_IGN); /* with `--show | head`, too, the report is to be written */
    s->signals = pn_supervise_signals();
    if (s->signals < 0) return complain("cannot set up the signals");
    /* For the worker: OpenBLAS reads it when it is loaded; the threads are ours. */
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    pn_progress_open(&s->progress);
    s->runs = json_array();
    for (size_t i = 0; i < s->options.notebook_count && !stopped; i++) {
        int code = run_notebook(s, &s->notebook[i], &stopped);
        if (code > worst) worst = code;
    }
    if (s->options.report && pn_report_json_write(s->options.report, s->runs, &error) != PN_OK) {
        complain(error.message);
        if (worst == 0) worst = 1;
    }
    return worst;
}

int pn_run_command(int argc, char **argv) {
    session s = {.signals = -1};
    int code = pn_run_options_read(argc, argv, &s.options) == 0 ? 0 : 2;
    if (code == 0 && s.options.help)
        fputs(pn_run_help, stdout);
    else if (code == 0 && (code = read_notebooks(&s)) == 0)
        code = run_all(&s);
    close_session(&s);
    return code;
}
