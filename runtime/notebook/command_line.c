#include "notebook/command_line.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char pn_run_help[] =
    "usage: pneuma run NOTEBOOK.md... [options]\n"
    "\n"
    "Runs the Lua cells of each notebook and writes a report, out/NOTEBOOK.html.\n"
    "\n"
    "  -p, --parameter NAME=VALUE  set a variable of the cell tagged `parameters`\n"
    "  -o, --output DIR            folder for the reports (default: out)\n"
    "      --threads N             threads for the heavy work (default: all processors)\n"
    "      --seed N                seed of everything random (default: 0)\n"
    "      --timeout SECONDS       the longest a cell may take (default: no limit)\n"
    "      --keep-going            run the cells after one that failed, too\n"
    "      --no-cache              compute every stage again\n"
    "      --report FILE.json      write what happened for other programs\n"
    "      --show                  show the outputs in the terminal, too\n"
    "  -h, --help                  this text\n"
    "\n"
    "Exit codes: 0 done, 1 a cell failed, 2 wrong usage, 124 time-out, 130 Ctrl-C,\n"
    "128+n the notebook's process was killed by signal n. The names of the reports go\n"
    "to standard output, everything else to standard error.\n";

static const char *const names[] = {
    "--parameter",  "--output",   "--threads", "--seed", "--timeout",
    "--keep-going", "--no-cache", "--report",  "--show", "--help",
};

static int complain(const char *format, const char *what) {
    fputs("pneuma run: ", stderr);
    fprintf(stderr, format, what);
    fputs("\n", stderr);
    return -1;
}

static int read_integer(const char *option, const char *text, unsigned long long most,
                        unsigned long long *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value <= most) return 0;
    fprintf(stderr, "pneuma run: %s takes a whole number from 0 to %llu, not '%s'\n", option, most,
            text);
    return -1;
}

static int read_seconds(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    if (*text && *end == '\0' && isfinite(*value) && *value > 0 && *value <= 1e9) return 0;
    return complain("--timeout takes a number of seconds above 0, not '%s'", text);
}

static int add_parameter(pn_run_options *options, char *text) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return complain("-p takes NAME=VALUE, such as -p epochs=3, not '%s'", text);
    options->parameter[options->parameter_count++] = text;
    return 0;
}

/* An option's full name; NULL after a complaint. */
static const char *full_name(const char *given) {
    static const char *const letters[][2] = {
        {"-p", "--parameter"}, {"-o", "--output"}, {"-h", "--help"}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (strcmp(given, letters[i][0]) == 0) return letters[i][1];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(given, names[i]) == 0) return names[i];
    const char *near = pn_suggest(given, names, sizeof names / sizeof *names);
    fprintf(stderr, "pneuma run: there is no option '%s'", given);
    fprintf(stderr, near ? "; did you mean '%s'?\n" : "; see pneuma run --help\n", near);
    return NULL;
}

static int is(const char *name, const char *other) {
    return strcmp(name, other) == 0;
}

/* The options that stand alone; 1 when `name` is one. */
static int read_switch(pn_run_options *options, const char *name) {
    if (is(name, "--keep-going")) return options->keep_going = true, 1;
    if (is(name, "--no-cache")) return options->no_cache = true, 1;
    if (is(name, "--show")) return options->show = true, 1;
    if (is(name, "--help")) return options->help = true, 1;
    return 0;
}

static int read_value(pn_run_options *options, const char *name, char *value) {
    unsigned long long number;
    if (is(name, "--parameter")) return add_parameter(options, value);
    if (is(name, "--timeout")) return read_seconds(value, &options->timeout);
    if (is(name, "--threads")) {
        if (read_integer(name, value, 256, &number) != 0) return -1;
        options->threads = (int)number;
        return 0;
    }
    if (is(name, "--seed")) {
        if (read_integer(name, value, INT64_MAX, &number) != 0) return -1;
        options->seed = number;
        return 0;
    }
    if (*value == '\0') return complain("%s needs a name that is not empty", name);
    if (is(name, "--report"))
        options->report = value;
    else
        options->folder = value;
    return 0;
}

/* Reads argv[*at], an option, and its value, which may be the next argument. */
static int read_option(pn_run_options *options, int argc, char **argv, int *at) {
    char *given = argv[*at], *value = NULL;
    pn_text head = {0};
    if (given[1] == '-') {
        value = strchr(given, '=');
        pn_text_add(&head, given, value ? (size_t)(value - given) : strlen(given));
        if (value) value++;
    } else { /* -pNAME=VALUE */
        pn_text_add(&head, given, 2);
        if (given[2]) value = given + 2;
    }
    const char *name = full_name(pn_text_string(&head));
    pn_text_free(&head);
    if (!name) return -1;
    if (read_switch(options, name)) return value ? complain("%s takes no value", name) : 0;
    if (!value && *at + 1 < argc) value = argv[++*at];
    if (!value) return complain("%s needs a value behind it", name);
    return read_value(options, name, value);
}

int pn_run_options_read(int argc, char **argv, pn_run_options *options) {
    int only_names = 0;
    *options = (pn_run_options){.folder = "out"};
    options->notebook = calloc((size_t)argc + 1, sizeof(char *));
    options->parameter = calloc((size_t)argc + 1, sizeof(char *));
    if (!options->notebook || !options->parameter) return complain("%s", "not enough memory");
    for (int i = 0; i < argc; i++) {
        if (only_names || argv[i][0] != '-' || argv[i][1] == '\0')
            options->notebook[options->notebook_count++] = argv[i];
        else if (is(argv[i], "--"))
            only_names = 1;
        else if (read_option(options, argc, argv, &i) != 0)
            return -1;
        if (options->help) return 0;
    }
    if (options->notebook_count) return 0;
    return complain("%s", "which notebook? For example: pneuma run notebook.md");
}

void pn_run_options_free(pn_run_options *options) {
    free(options->notebook);
    free(options->parameter);
    options->notebook = options->parameter = NULL;
}
