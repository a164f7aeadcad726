/* AveragePooling2D: out (B, rows, columns, C) is the mean of each window of in (B, H, W, C); of a
 * window over the edge, of the pixels that are there. */
#include "nn/layers/window.h"

#include "base/pool.h"

#include <string.h>

typedef struct average_pooling2d {
    pn_window window;
} average_pooling2d;

static void configure(pn_layer *layer, pn_config *config) {
    static const int64_t two[2] = {2, 2};
    average_pooling2d *s = layer->settings;
    pn_window_read(config, "pool_size", two, NULL, &s->window);
    pn_config_only_word(config, "data_format", "channels_last");
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const average_pooling2d *s = layer->settings;
    pn_windows w;
    (void)inputs;
    pn_status status = pn_window_place(&s->window, in, &w, error);
    if (status == PN_OK) *out = (pn_dims){3, {w.rows, w.columns, w.channels}};
    return status;
}

typedef struct work {
    const pn_pass *pass;
    pn_windows w;
} work;

static work begin(const pn_layer *layer, const pn_pass *pass) {
    const average_pooling2d *s = layer->settings;
    work w = {.pass = pass};
    pn_window_place(&s->window, pass->in_dims, &w.w, NULL);
    return w;
}

/* to += factor * from */
static void add(const pn_real *restrict from, pn_real factor, int64_t channels,
                pn_real *restrict to) {
    for (int64_t c = 0; c < channels; c++) to[c] += factor * from[c];
}

static pn_real share(pn_span y, pn_span x) {
    return 1 / (pn_real)((y.end - y.begin) * (x.end - x.begin));
}

/* Rows of the output, counted over the whole batch. */
static void pool_rows(void *context, int64_t begin, int64_t end) {
    const work *p = context;
    const pn_windows *w = &p->w;
    for (int64_t r = begin; r < end; r++) {
        const pn_real *image = p->pass->in[0] + r / w->rows * w->height * w->width * w->channels;
        const pn_span y = pn_window_span(w, 0, r % w->rows);
        for (int64_t column = 0; column < w->columns; column++) {
            const pn_span x = pn_window_span(w, 1, column);
            pn_real *out = p->pass->out + (r * w->columns + column) * w->channels;
            memset(out, 0, (size_t)w->channels * sizeof *out);
            for (int64_t i = y.begin; i < y.end; i++)
                for (int64_t j = x.begin; j < x.end; j++)
                    add(image + ((y.start + i) * w->width + x.start + j) * w->channels, share(y, x),
                        w->channels, out);
        }
    }
}

static pn_status forward(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = begin(layer, pass);
    (void)error;
    pn_parallel_for(pass->batch * w.w.rows, 4, pool_rows, &w);
    return PN_OK;
}

static void spread_row(const work *p, int64_t row, const pn_real *d_out, pn_real *d_image) {
    const pn_windows *w = &p->w;
    const pn_span y = pn_window_span(w, 0, row);
    for (int64_t column = 0; column < w->columns; column++) {
        const pn_span x = pn_window_span(w, 1, column);
        for (int64_t i = y.begin; i < y.end; i++)
            for (int64_t j = x.begin; j < x.end; j++)
                add(d_out + (row * w->columns + column) * w->channels, share(y, x), w->channels,
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
            spread_row(p, row, p->pass->d_out + b * out, d_image);
        }
    }
}

static pn_status backward_input(const pn_layer *layer, const pn_pass *pass, pn_error *error) {
    work w = begin(layer, pass);
    (void)error;
    if (pass->d_in[0]) pn_parallel_for(pass->batch, 1, spread_images, &w);
    return PN_OK;
}

const pn_layer_type PN_LAYER(average_pooling2d) = {
    .class_name = "AveragePooling2D",
    .base_name = "average_pooling2d",
    .settings_size = sizeof(average_pooling2d),
    .min_inputs = 1,
    .max_inputs = 1,
    .configure = configure,
    .output = output,
    .forward = forward,
    .backward_input = backward_input,
};
