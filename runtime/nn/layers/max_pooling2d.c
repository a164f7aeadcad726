/* MaxPooling2D: out (B, rows, columns, C) is the largest number of each window of in (B, H, W, C),
 * channel by channel; the first where several are equal, and NaN where there is one. Its gradient
 * goes to that number alone. */
#include "nn/layers/settings.h"
#include "nn/layers/window.h"

#include "base/pool.h"

#include <string.h>

static void configure(pn_layer *layer, pn_config *config) {
    static const int64_t two[2] = {2, 2};
    pn_max_pooling2d *s = layer->settings;
    pn_window_read(config, "pool_size", two, NULL, &s->window);
    pn_config_only_word(config, "data_format", "channels_last");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const pn_max_pooling2d *s = layer->settings;
    pn_windows w;
    (void)inputs;
    pn_status status = pn_window_place(&s->window, in, &w, error);
    if (status != PN_OK) return status;
    /* A float must be able to count a window's items. */
    if (s->window.kernel[0] * s->window.kernel[1] > 1 << 24)
        return pn_fail(error, PN_E_UNSUPPORTED, "its window has more than 2^24 pixels");
    *out = (pn_dims){3, {w.rows, w.columns, w.channels}};
    return PN_OK;
}

/* saved (B, rows, columns, C): which item of its window is the largest, row by row from 0. */
static pn_need need(const pn_layer *layer, const pn_dims *in, const pn_dims *out, int64_t batch,
                    int threads) {
    (void)layer, (void)in, (void)threads;
    return (pn_need){.saved = batch * pn_dims_count(out)};
}

typedef struct work {
    const pn_pass *pass;
    pn_windows w;
} work;

static work begin(const pn_layer *layer, const pn_pass *pass) {
    const pn_max_pooling2d *s = layer->settings;
    work w = {.pass = pass};
    pn_window_place(&s->window, pass->in_dims, &w.w, NULL);
    return w;
}

/* ---- forward ---- */

/* NaN counts as larger. Two plain choices in a row become vector instructions, a condition of two
 * parts does not. */
static void take_larger(const pn_real *restrict x, pn_real number, int64_t channels,
                        pn_real *restrict best, pn_real *restrict place) {
    for (int64_t c = 0; c < channels; c++) {
        const pn_real p = x[c] > best[c] ? number : place[c];
        const pn_real b = x[c] > best[c] ? x[c] : best[c];
        place[c] = x[c] != x[c] ? number : p;
        best[c] = x[c] != x[c] ? x[c] : b;
    }
}

/* One window: best[C] and place[C]. */
static void pool(const pn_windows *w, const pn_real *image, pn_span y, pn_span x, pn_real *best,
                 pn_real *place) {
    const int64_t channels = w->channels;
    const pn_real *first = image + ((y.start + y.begin) * w->width + x.start + x.begin) * channels;
    const pn_real number = (pn_real)(y.begin * w->window.kernel[1] + x.begin);
    memcpy(best, first, (size_t)channels * sizeof *best);
    for (int64_t c = 0; c < channels; c++) place[c] = number;
    for (int64_t i = y.begin; i < y.end; i++)
        for (int64_t j = x.begin + (i == y.begin); j < x.end; j++)
            take_larger(image + ((y.start + i) * w->width + x.start + j) * channels,
                        (pn_real)(i * w->window.kernel[1] + j), channels, best, place);
}

/* Rows of the output, counted over the whole batch. */
static void pool_rows(void *context, int64_t begin, int64_t end) {
    const work *p = context;
    const pn_windows *w = &p->w;
    for (int64_t r = begin; r < end; r++) {
        const pn_real *image = p->pass->in[0] + r / w->rows * w->height * w->width * w->channels;
        const pn_span y = pn_window_span(w, 0, r % w->rows);
        for (int64_t column = 0; column < w->columns; column++) {
            int64_t at = (r * w->columns + column) * w->channels;
            pool(w, image, y, pn_window_span(w, 1, column), p->pass->out + at, p->pass->saved + at);
        }
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = begin(layer, pass);
    (void)error;
    pn_parallel_for(pass->batch * w.w.rows, 4, pool_rows, &w);
    return PN_OK;
}

/* ---- backward ---- */

static void give_back(const pn_real *restrict d_out, const pn_real *restrict place, pn_real number,
                      int64_t channels, pn_real *restrict d_in) {
    for (int64_t c = 0; c < channels; c++) {
        const pn_real d = d_out[c]; /* read in any case: no branch */
        d_in[c] += place[c] == number ? d : 0;
    }
}

static void spread_row(const work *p, int64_t row, pn_real *d_image, const pn_real *d_out,
                       const pn_real *place) {
    const pn_windows *w = &p->w;
    const pn_span y = pn_window_span(w, 0, row);
    for (int64_t column = 0; column < w->columns; column++) {
        const pn_span x = pn_window_span(w, 1, column);
        int64_t at = (row * w->columns + column) * w->channels;
        for (int64_t i = y.begin; i < y.end; i++)
            for (int64_t j = x.begin; j < x.end; j++)
                give_back(d_out + at, place + at, (pn_real)(i * w->window.kernel[1] + j),
                          w->channels,
                          d_image + ((y.start + i) * w->width + x.start + j) * w->channels);
    }
}

/* Windows of one image may overlap: an image is one thread's. */
static void spread_images(void *context, int64_t begin, int64_t end) {
    const work *p = context;
    const pn_windows *w = &p->w;
    const int64_t in = w->height * w->width * w->channels, out = w->rows * w->columns * w->channels;
    for (int64_t b = begin; b < end; b++) {
        pn_real *d_image = p->pass->d_in[0] + b * in;
        int64_t zeroed = 0;
        for (int64_t row = 0; row < w->rows; row++) {
            pn_window_zero(w, row, d_image, &zeroed);
            spread_row(p, row, d_image, p->pass->d_out + b * out, p->pass->saved + b * out);
        }
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = begin(layer, pass);
    (void)error;
    if (pass->d_in[0]) pn_parallel_for(pass->batch, 1, spread_images, &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(max_pooling2d) = {
    .class_name = "MaxPooling2D",
    .base_name = "max_pooling2d",
    .settings_size = sizeof(pn_max_pooling2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = output,
    .need = need,
    .forward = forward,
    .backward_input = backward_input,
};
