#define _GNU_SOURCE
#include "notebook/parameter_names.h"

#include "notebook/cell_syntax.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says that no variable of the parameters cell has this name, and which there are. */
static int refuse_parameter(const char *path, const char *name, const pn_cell_syntax *syntax) {
    const char **names = calloc(syntax->declared_count + 1, sizeof *names);
    pn_text text = {0}, list = {0};
    for (size_t i = 0; i < syntax->declared_count; i++) {
        const pn_span *span = &syntax->declared[i].name;
        pn_text_addf(&list, "%s%.*s", i ? ", " : "", (int)span->size, span->at);
        if (names) names[i] = strndup(span->at, span->size);
    }
    const char *near = names ? pn_suggest(name, names, syntax->declared_count) : NULL;
    pn_text_addf(&text, "'%s' has no parameter '%s'", path, name);
    if (near) pn_text_addf(&text, "; did you mean '%s'?", near);
    if (list.size) pn_text_addf(&text, "%s has: %s", near ? " It" : "; it", pn_text_string(&list));
    fprintf(stderr, "pneuma run: %s\n", pn_text_string(&text));
    for (size_t i = 0; names && i < syntax->declared_count; i++) free((char *)names[i]);
    free(names);
    pn_text_free(&text);
    pn_text_free(&list);
    return 2;
}

int pn_check_parameter_names(const pn_run_options *options, const pn_block *cell,
                             const char *path) {
    pn_cell_syntax syntax;
    int code = 0;
    pn_cell_syntax_read(cell->text, cell->size, &syntax);
    for (size_t i = 0; syntax.valid && code == 0 && i < options->parameter_count; i++) {
        const char *given = options->parameter[i];
        char *name = strndup(given, strcspn(given, "="));
        bool found = name == NULL;
        for (size_t k = 0; !found && k < syntax.declared_count; k++) {
            const pn_span *span = &syntax.declared[k].name;
            found = strlen(name) == span->size && memcmp(name, span->at, span->size) == 0;
        }
        if (!found) code = refuse_parameter(path, name, &syntax);
        free(name);
    }
    pn_cell_syntax_free(&syntax);
    return code;
}

static bool is_given(const pn_run_options *options, const char *line) {
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < options->parameter_count; i++) {
        const char *given = options->parameter[i];
        if (strcspn(given, "=") == length && memcmp(given, line, length) == 0) return true;
    }
    return false;
}

void pn_list_overridden(const pn_run_options *options, char *const *lines, size_t count,
                        pn_text *text) {
    for (size_t i = 0; i < count; i++)
        if (is_given(options, lines[i]))
            pn_text_addf(text, "%s%s (from -p)", text->size ? ", " : "", lines[i]);
}
