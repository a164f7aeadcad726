#define _GNU_SOURCE
#include "notebook/ending.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

void pn_ending_cell(pn_text *text, const char *name, const pn_block *block) {
    pn_text_addf(text, "cell %d (", block->number);
    pn_text_add_utf8(text, name, strlen(name));
    pn_text_addf(text, ":%d)", block->line);
}

void pn_ending_timeout(pn_text *text, double seconds, bool killed) {
    pn_text_addf(text, " took longer than %g s and was %s", seconds, killed ? "killed" : "stopped");
}

void pn_ending_signal(pn_text *text, int signal, bool killed) {
    const char *word = signal == SIGINT    ? "Ctrl-C"
                       : signal == SIGTERM ? "SIGTERM"
                       : signal == SIGHUP  ? "SIGHUP"
                                           : strsignal(signal);
    pn_text_addf(text, " was %s by %s", killed ? "killed" : "interrupted", word);
}

void pn_ending_death(pn_text *text, int status, bool running) {
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        pn_text_addf(text, ": the worker process was killed by signal %d (%s)", number,
                     strsignal(number));
        if (number == SIGKILL) pn_text_adds(text, ", from outside or for want of memory");
    } else if (running) {
        pn_text_addf(text, " called os.exit: the worker process ended with status %d",
                     WEXITSTATUS(status));
    } else {
        pn_text_addf(text, ": the worker process ended with status %d", WEXITSTATUS(status));
    }
}
