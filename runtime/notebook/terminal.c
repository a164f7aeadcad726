#define _GNU_SOURCE
#include "notebook/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void pn_terminal_stream(pn_progress *progress, int which, const char *bytes, size_t size) {
    FILE *file = which ? stderr : stdout;
    if (size == 0) return;
    pn_progress_clear(progress);
    fwrite(bytes, 1, size, file);
    fflush(file);
    progress->held = bytes[size - 1] != '\n' && isatty(which ? STDERR_FILENO : STDOUT_FILENO);
}

void pn_terminal_shown(pn_progress *progress, int count, const char *const *mime,
                       const char *const *data, const size_t *size) {
    int best = -1;
    for (int i = 0; i < count; i++) {
        if (strcmp(mime[i], "text/x-terminal") == 0) best = i;
        if (best < 0 && strcmp(mime[i], "text/plain") == 0) best = i;
    }
    if (best < 0) return;
    pn_terminal_stream(progress, 0, data[best], size[best]);
    if (size[best] == 0 || data[best][size[best] - 1] != '\n')
        pn_terminal_stream(progress, 0, "\n", 1);
}

void pn_terminal_remark(pn_progress *progress, const char *kind, const char *text, size_t size) {
    pn_progress_clear(progress);
    fprintf(stderr, "%s: %.*s\n", kind, (int)size, text);
}

void pn_terminal_error(pn_progress *progress, const char *message, const char *traceback) {
    const char *red = progress->colour ? "\033[31m" : "", *plain = progress->colour ? "\033[m" : "";
    pn_progress_clear(progress);
    if (progress->held) fputc('\n', stderr);
    progress->held = false;
    fprintf(stderr, "%spneuma: %s%s\n", red, message, plain);
    if (traceback && strchr(traceback, '\n')) { /* one line says no more than the message */
        for (const char *line = traceback; *line;) {
            size_t length = strcspn(line, "\n");
            fprintf(stderr, "    %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
    }
    fflush(stderr);
}
