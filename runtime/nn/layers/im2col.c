#include "nn/layers/im2col.h"

#include <string.h>

/* The image's pixel under kernel item (i, j) at position (row, column), or -1 outside. */
static int64_t pixel(const pn_windows *w, int64_t row, int64_t column, int64_t i, int64_t j) {
    int64_t y = row * w->window.stride[0] - w->top + i * w->window.dilation[0];
    int64_t x = column * w->window.stride[1] - w->left + j * w->window.dilation[1];
    if (y < 0 || y >= w->height || x < 0 || x >= w->width) return -1;
    return (y * w->width + x) * w->channels;
}

void pn_im2col(const pn_windows *w, const pn_real *image, pn_real *rows) {
    const size_t bytes = (size_t)w->channels * sizeof *rows;
    for (int64_t row = 0; row < w->rows; row++)
        for (int64_t column = 0; column < w->columns; column++)
            for (int64_t i = 0; i < w->window.kernel[0]; i++)
                for (int64_t j = 0; j < w->window.kernel[1]; j++) {
                    int64_t from = pixel(w, row, column, i, j);
                    if (from < 0)
                        memset(rows, 0, bytes);
                    else
                        memcpy(rows, image + from, bytes);
                    rows += w->channels;
                }
}

void pn_col2im(const pn_windows *w, const pn_real *rows, pn_real *image) {
    for (int64_t row = 0; row < w->rows; row++)
        for (int64_t column = 0; column < w->columns; column++)
            for (int64_t i = 0; i < w->window.kernel[0]; i++)
                for (int64_t j = 0; j < w->window.kernel[1]; j++) {
                    int64_t to = pixel(w, row, column, i, j);
                    if (to >= 0)
                        for (int64_t c = 0; c < w->channels; c++) image[to + c] += rows[c];
                    rows += w->channels;
                }
}
