#define _GNU_SOURCE
#include "notebook/progress.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The first line comes late, so that quick notebooks draw none. */
static const double first_draw = 0.3, redraw = 0.1, plain_line = 5;

double pn_progress_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void pn_progress_open(pn_progress *progress) {
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    *progress = (pn_progress){0};
    progress->terminal = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
    progress->colour = progress->terminal && !(no_colour && *no_colour);
}

/* Names come from file systems and plugins: nothing that could steer the terminal passes. */
static void copy_printable(char *out, size_t room, const char *text) {
    pn_text clean = {0};
    pn_text_add_utf8(&clean, text, strlen(text));
    const char *from = pn_text_string(&clean);
    size_t used = 0;
    while (*from) {
        size_t n = pn_utf8_length(from, strlen(from));
        if (n == 0 || used + n >= room) break;
        bool control = (unsigned char)*from < 0x20 || *from == 0x7f ||
                       ((unsigned char)*from == 0xc2 && (unsigned char)from[1] < 0xa0);
        if (control)
            out[used++] = '?';
        else
            memcpy(out + used, from, n), used += n;
        from += n;
    }
    out[used] = '\0';
    pn_text_free(&clean);
}

void pn_progress_begin(pn_progress *progress, const char *notebook, int cells) {
    copy_printable(progress->name, sizeof progress->name, notebook);
    progress->cells = cells;
    progress->cell = 0;
    progress->what[0] = '\0';
    progress->held = false;
    progress->started = pn_progress_clock();
    progress->next = progress->started + (progress->terminal ? first_draw : plain_line);
}

void pn_progress_cell(pn_progress *progress, int number) {
    progress->cell = number;
    progress->what[0] = '\0';
}

void pn_progress_work(pn_progress *progress, const char *what, int64_t done, int64_t total) {
    char name[sizeof progress->what];
    copy_printable(name, sizeof name, what);
    if (strcmp(name, progress->what) != 0 || done < progress->done) {
        memcpy(progress->what, name, sizeof name);
        progress->work_started = pn_progress_clock();
    }
    progress->done = done;
    progress->total = total;
    if (done >= total) progress->what[0] = '\0';
}

static void add_duration(pn_text *text, double seconds) {
    if (seconds < 60)
        pn_text_addf(text, "%.0f s", seconds);
    else if (seconds < 3600)
        pn_text_addf(text, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else
        pn_text_addf(text, "%d h %02d min", (int)seconds / 3600, (int)seconds / 60 % 60);
}

static void add_bar(pn_text *text, double share) {
    enum { WIDTH = 20 };
    int full = (int)(share * WIDTH);
    pn_text_addc(text, '[');
    for (int i = 0; i < WIDTH; i++) pn_text_addc(text, i < full ? '=' : i == full ? '>' : ' ');
    pn_text_adds(text, "] ");
}

static void add_work(pn_text *text, const pn_progress *progress, double now, bool bar) {
    if (!progress->what[0] || progress->total <= 0) return;
    double share = (double)progress->done / (double)progress->total;
    pn_text_addf(text, "  %s ", progress->what);
    if (bar) add_bar(text, share);
    pn_text_addf(text, "%.0f %%", share * 100);
    if (share <= 0.02) return;
    pn_text_adds(text, ", ");
    add_duration(text, (now - progress->work_started) * (1 - share) / share);
    pn_text_adds(text, " left");
}

static size_t columns(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

/* Cuts the text to `room` characters. */
static void cut(pn_text *text, size_t room) {
    size_t at = 0;
    while (at < text->size && room--) at += pn_utf8_length(text->data + at, text->size - at);
    if (at < text->size) text->size = at;
}

static void draw(pn_progress *progress, double now) {
    size_t width = columns();
    pn_text line = {0};
    pn_text_addf(&line, "%s  cell %d of %d", progress->name, progress->cell, progress->cells);
    add_work(&line, progress, now, progress->terminal && width >= 72);
    pn_text_adds(&line, progress->terminal ? "  " : ", ");
    add_duration(&line, now - progress->started);
    if (progress->terminal) {
        cut(&line, width - 1);
        fprintf(stderr, "\r%.*s\033[K", (int)line.size, pn_text_string(&line));
    } else {
        fprintf(stderr, "%s\n", pn_text_string(&line));
    }
    fflush(stderr);
    progress->drawn = progress->terminal;
    pn_text_free(&line);
}

void pn_progress_tick(pn_progress *progress) {
    double now = pn_progress_clock();
    if (now < progress->next) return;
    progress->next = now + (progress->terminal ? redraw : plain_line);
    /* In the background the terminal belongs to others. */
    if (progress->terminal && (progress->held || tcgetpgrp(STDERR_FILENO) != getpgrp())) return;
    draw(progress, now);
}

double pn_progress_due(const pn_progress *progress) {
    double left = progress->next - pn_progress_clock();
    return left > 0 ? left : 0;
}

void pn_progress_clear(pn_progress *progress) {
    if (!progress->drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}
