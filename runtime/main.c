/* pneuma: reads the command line and calls one module per command. */
#define _GNU_SOURCE
#include "base/text.h"
#include "notebook/cache_command.h"
#include "notebook/run.h"
#include "notebook/stage_command.h"
#include "notebook/worker.h"
#include "web/app.h"
#include "web/decode_worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int help(int argc, char **argv);

static int version(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("pneuma %s\n", PNEUMA_VERSION);
    return 0;
}

static int worker(int argc, char **argv) {
    (void)argc, (void)argv;
    return pn_worker_main();
}

/* Commands without a help text are the program's own. */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* with what stands after the name */
    const char *help;
} commands[] = {
    {"run", pn_run_command, "run notebooks and write their reports"},
    {"app", pn_app_command, "serve the page that answers X-rays with a probability and a heatmap"},
    {"stage", pn_stage_command, "list the stages there are, tell what one takes and returns"},
    {"cache", pn_cache_command, "show or clear the cache of stage results"},
    {"help", help, "this text; `pneuma COMMAND --help` tells more of a command"},
    {"--help", help, NULL},
    {"-h", help, NULL},
    {"--version", version, "the version"},
    {PN_WORKER_COMMAND, worker, NULL},
    {PN_STAGE_HELPER_COMMAND, pn_stage_helper, NULL},
    {PN_DECODE_WORKER_COMMAND, pn_decode_worker_main, NULL},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *file) {
    fputs("usage: pneuma COMMAND ...\n\n", file);
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].help) fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\nFor example: pneuma run notebooks/00_start_here.md\n", file);
}

/* `pneuma help app` is `pneuma app --help`. */
static int help(int argc, char **argv) {
    char of_command[] = "--help", *arguments[] = {of_command, NULL};
    for (int i = 0; argc > 0 && i < COMMANDS; i++)
        if (commands[i].help && commands[i].run != help && strcmp(commands[i].name, argv[0]) == 0)
            return commands[i].run(1, arguments);
    usage(stdout);
    return 0;
}

static int unknown(const char *name) {
    const char *names[COMMANDS], *ending = strrchr(name, '.');
    if (ending && strcmp(ending, ".md") == 0) {
        fprintf(stderr, "pneuma: a notebook needs a command: pneuma run %s\n", name);
        return 2;
    }
    size_t count = 0;
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].help) names[count++] = commands[i].name;
    const char *near = pn_suggest(name, names, count);
    fprintf(stderr, "pneuma: there is no command '%s'", name);
    fprintf(stderr, near ? "; did you mean '%s'?\n" : "; see pneuma --help\n", near);
    return 2;
}

/* Files we open must never become standard input, output or error. */
static void open_standard_files(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        (void)fcntl(fd, F_SETFD, 0);
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
    open_standard_files();
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
    return unknown(argv[1]);
}
