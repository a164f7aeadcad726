#include "nn/layers/im2col.h"

#include <string.h>

/* The items of one row of a window, over `channels` each: those before the image, in it and behind
 * it. They lie side by side in the image unless the window is dilated. */
typedef struct strip {
    int64_t before, inside, after; /* numbers */
} strip;

static strip cut(const pn_windows *w, pn_span x) {
    return (strip){x.begin * w->channels, (x.end - x.begin) * w->channels,
                   (w->window.kernel[1] - x.end) * w->channels};
}

static void load(const pn_windows *w, const pn_real *line, pn_span x, pn_real *to) {
    const strip s = cut(w, x);
    const int64_t step = w->window.dilation[1], channels = w->channels;
    memset(to, 0, (size_t)s.before * sizeof *to);
    if (step == 1)
        memcpy(to + s.before, line + (x.start + x.begin) * channels, (size_t)s.inside * sizeof *to);
    else
        for (int64_t j = x.begin; j < x.end; j++)
            memcpy(to + j * channels, line + (x.start + j * step) * channels,
                   (size_t)channels * sizeof *to);
    memset(to + s.before + s.inside, 0, (size_t)s.after * sizeof *to);
}

void pn_im2col(const pn_windows *w, const pn_real *image, int64_t first, int64_t count,
               pn_real *rows) {
    const int64_t line = w->window.kernel[1] * w->channels; /* numbers in a window's row */
    pn_span y = pn_window_span(w, 0, first / w->columns);
    for (int64_t p = first; p < first + count; p++) {
        const int64_t column = p % w->columns;
        if (column == 0) y = pn_window_span(w, 0, p / w->columns);
        const pn_span x = pn_window_span(w, 1, column);
        for (int64_t i = 0; i < w->window.kernel[0]; i++, rows += line)
            if (i < y.begin || i >= y.end)
                memset(rows, 0, (size_t)line * sizeof *rows);
            else
                load(w, image + (y.start + i * w->window.dilation[0]) * w->width * w->channels, x,
                     rows);
    }
}

static void add(const pn_real *restrict from, int64_t count, pn_real *restrict to) {
    for (int64_t c = 0; c < count; c++) to[c] += from[c];
}

static void give(const pn_windows *w, const pn_real *from, pn_span x, pn_real *line) {
    const strip s = cut(w, x);
    const int64_t step = w->window.dilation[1], channels = w->channels;
    if (step == 1)
        add(from + s.before, s.inside, line + (x.start + x.begin) * channels);
    else
        for (int64_t j = x.begin; j < x.end; j++)
            add(from + j * channels, channels, line + (x.start + j * step) * channels);
}

void pn_col2im(const pn_windows *w, const pn_real *rows, int64_t first, int64_t count,
               pn_real *image) {
    const int64_t line = w->window.kernel[1] * w->channels;
    pn_span y = pn_window_span(w, 0, first / w->columns);
    for (int64_t p = first; p < first + count; p++) {
        const int64_t column = p % w->columns;
        if (column == 0) y = pn_window_span(w, 0, p / w->columns);
        const pn_span x = pn_window_span(w, 1, column);
        const pn_real *row = rows + (p - first) * w->window.kernel[0] * line;
        for (int64_t i = y.begin; i < y.end; i++)
            give(w, row + i * line, x,
                 image + (y.start + i * w->window.dilation[0]) * w->width * w->channels);
    }
}
