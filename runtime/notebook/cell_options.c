/* The option lines at the top of a cell: "--| key: value". */
#include "notebook/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const option_names[] = {"id",     "tags",         "timeout", "echo",
                                           "output", "expect-error", "fold",    "caption"};
enum { OPTION_COUNT = sizeof option_names / sizeof *option_names };

/* Where an option stands, for messages. */
typedef struct place {
    const pn_document *document;
    int line;
    const char *key;
    pn_error *error;
} place;

/* Cuts blanks off both ends, in place. */
static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size && strchr(" \t", text[size - 1])) size--;
    text[size] = '\0';
    return text;
}

/* The value without one pair of quotes around it. */
static char *unquote(char *text) {
    size_t size = strlen(text);
    if (size < 2 || text[0] != text[size - 1] || (text[0] != '"' && text[0] != '\'')) return text;
    text[size - 1] = '\0';
    return text + 1;
}

/* A word that may stand in an HTML id: a letter, then letters, digits, '_', '.', '-'. */
static bool is_word(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && strchr(letters, *text) &&
           text[strspn(
               text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

static pn_status expected(const place *at, const char *what, const char *value) {
    return pn_parse_fail(at->document, at->line, at->error, "option '%s' should be %s, not '%s'",
                         at->key, what, value);
}

static pn_status set_text(const place *at, char **field, const char *value) {
    *field = pn_parse_copy(value, strlen(value));
    return *field ? PN_OK : pn_fail_memory(at->error, strlen(value));
}

static pn_status set_flag(const place *at, bool *field, const char *value) {
    *field = strcmp(value, "true") == 0;
    if (*field || strcmp(value, "false") == 0) return PN_OK;
    return expected(at, "true or false", value);
}

static pn_status set_timeout(const place *at, double *field, const char *value) {
    char *end;
    *field = strtod(value, &end);
    if (end != value && *end == '\0' && isfinite(*field) && (*field > 0 || *field == -1))
        return PN_OK;
    return expected(at, "a number of seconds, or -1 for no limit", value);
}

static pn_status add_tag(const place *at, pn_block *block, const char *tag) {
    if (!is_word(tag)) return expected(at, "words like: parameters, slow", tag);
    pn_cell_options *options = &block->options;
    char **grown = realloc(options->tags, (options->tag_count + 1) * sizeof *grown);
    if (!grown) return pn_fail_memory(at->error, sizeof *grown);
    options->tags = grown;
    pn_status status = set_text(at, &options->tags[options->tag_count], tag);
    if (status != PN_OK) return status;
    options->tag_count++;
    if (strcmp(tag, "parameters") == 0) block->parameters = true;
    return PN_OK;
}

static pn_status set_tags(const place *at, pn_block *block, char *value) {
    size_t size = strlen(value);
    if (*value == '[') {
        if (value[size - 1] != ']') return expected(at, "a list like [a, b]", value);
        value[size - 1] = '\0';
        value++;
    }
    for (char *tag = value, *next; tag; tag = next) {
        next = strchr(tag, ',');
        if (next) *next++ = '\0';
        pn_status status = add_tag(at, block, unquote(trim(tag)));
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

static pn_status set_option(const place *at, pn_block *block, int option, char *value) {
    pn_cell_options *options = &block->options;
    if (option == 1) return set_tags(at, block, value);
    value = unquote(value);
    switch (option) {
    case 0:
        if (!is_word(value))
            return expected(at, "a word of letters, digits, '_', '.' and '-' (a letter first)",
                            value);
        return set_text(at, &options->id, value);
    case 2:
        return set_timeout(at, &options->timeout, value);
    case 3:
        return set_flag(at, &options->echo, value);
    case 4:
        return set_flag(at, &options->output, value);
    case 5:
        return set_flag(at, &options->expect_error, value);
    case 6:
        return set_flag(at, &options->fold, value);
    default:
        return set_text(at, &options->caption, value);
    }
}

/* One line behind its "--|", a copy that may be written to. `seen` tells options apart that were
 * given before. */
static pn_status read_line(place *at, pn_block *block, char *text, bool seen[OPTION_COUNT]) {
    char *colon = strchr(text, ':');
    if (!colon)
        return pn_parse_fail(at->document, at->line, at->error,
                             "an option line should be '--| key: value', not '--|%s'", text);
    *colon = '\0';
    at->key = trim(text);
    int option = 0;
    while (option < OPTION_COUNT && strcmp(at->key, option_names[option]) != 0) option++;
    if (option == OPTION_COUNT) {
        const char *near = pn_suggest(at->key, option_names, OPTION_COUNT);
        if (near)
            return pn_parse_fail(at->document, at->line, at->error,
                                 "there is no cell option '%s'; did you mean '%s'?", at->key, near);
        return pn_parse_fail(at->document, at->line, at->error,
                             "there is no cell option '%s'; there are id, tags, timeout, echo, "
                             "output, expect-error, fold and caption",
                             at->key);
    }
    if (seen[option])
        return pn_parse_fail(at->document, at->line, at->error, "option '%s' is given twice",
                             at->key);
    seen[option] = true;
    char *value = trim(colon + 1);
    if (*value == '\0')
        return pn_parse_fail(at->document, at->line, at->error, "option '%s' has no value",
                             at->key);
    return set_option(at, block, option, value);
}

static bool is_blank(const char *line, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (line[i] != ' ' && line[i] != '\t') return false;
    return true;
}

pn_status pn_parse_cell_options(const pn_document *document, pn_block *block, pn_error *error) {
    block->options.echo = block->options.output = true;
    place at = {.document = document, .line = block->line, .error = error};
    bool seen[OPTION_COUNT] = {false}, behind = false;
    const char *line = block->text, *end = block->text + block->size;
    for (; line < end; at.line++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line);
        bool comment = size >= 2 && memcmp(line, "--", 2) == 0 && (size == 2 || line[2] != '[');
        if (!comment && !is_blank(line, size)) break;
        bool option = comment && size > 2 && line[2] == '|';
        if (option && behind)
            return pn_parse_fail(document, at.line, error,
                                 "option lines come first in a cell, before comments and code");
        behind = behind || !option;
        if (option) {
            char *copy = pn_parse_copy(line + 3, size - 3);
            if (!copy) return pn_fail_memory(error, size);
            pn_status status = read_line(&at, block, copy, seen);
            free(copy);
            if (status != PN_OK) return status;
        }
        line += size + 1;
    }
    return PN_OK;
}
