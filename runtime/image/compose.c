/* Pictures made of images: overlays, grids, text for terminals. */
#include "image/image.h"

#include "base/memory.h"
#include "base/pool.h"

#include <string.h>

/* ---- overlay ---- */

typedef struct mixing {
    uint8_t *image; /* [count][3], mixed in place */
    const float *heat;
    const uint8_t (*map)[3];
    float alpha;
    pn_overlay_mode mode;
} mixing;

static void mix_pixels(void *context, int64_t begin, int64_t end) {
    const mixing *m = context;
    float keep = m->mode == PN_OVERLAY_ADD ? 1 : 1 - m->alpha;
    float round = m->mode == PN_OVERLAY_ADD ? 0 : 0.5f;
    for (int64_t i = begin; i < end; i++) {
        float heat = m->heat[i];
        int entry = !(heat > 0) ? 0 : heat >= 1 ? 255 : (int)(255 * heat);
        for (int c = 0; c < 3; c++) {
            float v = keep * m->image[3 * i + c] + m->alpha * m->map[entry][c] + round;
            m->image[3 * i + c] = v >= 255 ? 255 : (uint8_t)v;
        }
    }
}

/* The heat as float32 (h,w) or (h,w,1); a batch of one map loses its first axis. */
static pn_status dense_heat(pn_tensor *heat, pn_tensor **out, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    bool is_map = heat->rank == 2 || (heat->rank == 3 && heat->shape[2] == 1);
    bool is_batch = heat->rank == 3 && heat->shape[0] == 1;
    if (!is_map && !is_batch)
        return pn_fail(error, PN_E_SHAPE,
                       "a heat map is (h, w), not %s; take one of a batch: maps[1]",
                       pn_shape_text(heat->rank, heat->shape, text, sizeof text));
    pn_tensor *cast = NULL;
    pn_status status = pn_tensor_cast(heat, PN_F32, &cast, error);
    if (status != PN_OK || is_map) return *out = cast, status;
    status = pn_tensor_reshape(cast, 2, heat->shape + 1, out, error);
    pn_tensor_release(cast);
    return status;
}

/* The heat as float32 0..1 in the size of the image. */
static pn_status fit_heat(pn_tensor *heat, int64_t height, int64_t width, pn_tensor **out,
                          pn_error *error) {
    pn_tensor *dense = NULL;
    double low, high;
    pn_status status = dense_heat(heat, &dense, error);
    if (status != PN_OK) return status;
    pn_image_range(heat, &low, &high);
    float *items = dense->data, scale = high > low ? (float)(1 / (high - low)) : 0;
    for (int64_t i = 0; heat->dtype != PN_F32 && i < pn_tensor_count(dense); i++)
        items[i] = (items[i] - (float)low) * scale;
    if (dense->shape[0] == height && dense->shape[1] == width) return *out = dense, PN_OK;
    status = pn_image_resize(dense, height, width, PN_BILINEAR, out, error);
    pn_tensor_release(dense);
    return status;
}

pn_status pn_image_overlay(pn_tensor *image, pn_tensor *heat, double alpha, pn_overlay_mode mode,
                           const uint8_t (*map)[3], pn_tensor **out, pn_error *error) {
    if (!(alpha >= 0 && alpha <= 1))
        return pn_fail(error, PN_E_ARGUMENT, "alpha lies between 0 and 1, not %g", alpha);
    pn_tensor *visible = NULL, *mixed = NULL, *fitted = NULL;
    pn_status status = pn_image_visible(image, NULL, &visible, error);
    if (status == PN_OK) status = pn_image_rgb(visible, &mixed, error);
    if (status == PN_OK) status = fit_heat(heat, mixed->shape[0], mixed->shape[1], &fitted, error);
    if (status == PN_OK) {
        mixing m = {mixed->data, fitted->data, map, (float)alpha, mode};
        pn_parallel_for(mixed->shape[0] * mixed->shape[1], 1 << 14, mix_pixels, &m);
        *out = pn_tensor_retain(mixed);
    }
    pn_tensor_release(visible);
    pn_tensor_release(fitted);
    pn_tensor_release(mixed);
    return status;
}

/* ---- grid ---- */

typedef struct grid {
    pn_tensor **cells; /* [count] visible images in their final size */
    int64_t count, rows, columns, gap;
    int64_t width, *heights; /* of a column; of each row */
    int channels;
} grid;

/* An image as it stands in its cell. The colour map comes after the shrinking: the colour of a mean
 * is on the map, the mean of colours is not. */
static pn_status make_cell(pn_tensor *image, const pn_grid_options *o, pn_tensor **out,
                           pn_error *error) {
    pn_tensor *visible = NULL, *small = NULL;
    pn_status status = pn_image_visible(image, NULL, &visible, error);
    if (status == PN_OK && (visible->shape[0] < 1 || visible->shape[1] < 1))
        status = pn_fail(error, PN_E_SHAPE, "an image without pixels cannot be shown");
    if (status == PN_OK) status = pn_image_shrink(visible, o->size, o->size, &small, error);
    if (status == PN_OK && small == visible)
        status = pn_image_visible(image, o->map, out, error);
    else if (status == PN_OK)
        status = pn_image_visible(small, o->map, out, error);
    pn_tensor_release(visible);
    pn_tensor_release(small);
    return status;
}

static pn_status make_cells(pn_tensor *const *images, const pn_grid_options *o, grid *g,
                            pn_error *error) {
    pn_status status = PN_OK;
    for (int64_t i = 0; i < g->count && status == PN_OK; i++) {
        status = make_cell(images[i], o, &g->cells[i], error);
        if (status != PN_OK) break;
        const pn_tensor *cell = g->cells[i];
        int64_t *height = &g->heights[i / g->columns];
        if (cell->shape[0] > *height) *height = cell->shape[0];
        if (cell->shape[1] > g->width) g->width = cell->shape[1];
        if (cell->rank == 3) g->channels = 3;
    }
    return status;
}

/* Copies an image to where its top left corner stands on the canvas. */
static void place(const pn_tensor *image, pn_tensor *canvas, int channels, int64_t top,
                  int64_t left) {
    int64_t height = image->shape[0], width = image->shape[1];
    bool spread = channels == 3 && image->rank == 2;
    const uint8_t *from = image->data;
    for (int64_t y = 0; y < height; y++) {
        uint8_t *to = (uint8_t *)canvas->data + ((top + y) * canvas->shape[1] + left) * channels;
        if (spread)
            for (int64_t x = 0; x < width; x++, to += 3) memset(to, *from++, 3);
        else
            memcpy(to, from, (size_t)(width * channels)), from += width * channels;
    }
}

static pn_status draw_grid(const grid *g, pn_tensor **out, pn_error *error) {
    int64_t height = (g->rows - 1) * g->gap, width = g->columns * (g->width + g->gap) - g->gap;
    for (int64_t i = 0; i < g->rows; i++) height += g->heights[i];
    if (height > PN_IMAGE_MAX_PIXELS / width)
        return pn_fail(error, PN_E_ARGUMENT, "a grid of %lld x %lld pixels is too large",
                       (long long)width, (long long)height);
    pn_status status =
        pn_tensor_new(PN_U8, g->channels == 3 ? 3 : 2, (int64_t[]){height, width, 3}, out, error);
    if (status != PN_OK) return status;
    memset((*out)->data, 255, pn_tensor_bytes(*out));
    for (int64_t i = 0, top = 0; i < g->count; i++) {
        const pn_tensor *cell = g->cells[i];
        int64_t row_height = g->heights[i / g->columns];
        place(cell, *out, g->channels, top + (row_height - cell->shape[0]) / 2,
              i % g->columns * (g->width + g->gap) + (g->width - cell->shape[1]) / 2);
        if ((i + 1) % g->columns == 0) top += row_height + g->gap;
    }
    return PN_OK;
}

pn_status pn_image_grid(pn_tensor *const *images, int64_t count, const pn_grid_options *o,
                        pn_tensor **out, pn_error *error) {
    if (count < 1 || o->columns < 1 || o->gap < 0 || o->size < 1 || o->gap > 65535)
        return pn_fail(error, PN_E_ARGUMENT,
                       "a grid has at least one image, one column and one pixel, and a gap of 0 to "
                       "65535");
    grid g = {.count = count, .gap = o->gap, .channels = 1};
    g.columns = count < o->columns ? count : o->columns;
    g.rows = (count + g.columns - 1) / g.columns;
    g.cells = pn_calloc((size_t)count, sizeof *g.cells);
    g.heights = pn_calloc((size_t)g.rows, sizeof *g.heights);
    pn_status status = g.cells && g.heights ? PN_OK : pn_fail_memory(error, (size_t)count * 8);
    if (status == PN_OK) status = make_cells(images, o, &g, error);
    if (status == PN_OK) status = draw_grid(&g, out, error);
    for (int64_t i = 0; g.cells && i < count; i++) pn_tensor_release(g.cells[i]);
    pn_free(g.cells);
    pn_free(g.heights);
    return status;
}

/* ---- terminal ---- */

static const uint8_t *pixel(const pn_tensor *image, int64_t y, int64_t x, uint8_t gray[3]) {
    const uint8_t *p =
        (const uint8_t *)image->data + (y * image->shape[1] + x) * (image->rank == 3 ? 3 : 1);
    if (image->rank == 3) return p;
    memset(gray, *p, 3);
    return gray;
}

pn_status pn_image_terminal(pn_tensor *visible, int columns, pn_text *out, pn_error *error) {
    pn_tensor *small = NULL;
    pn_status status = pn_image_shrink(visible, INT32_MAX, columns, &small, error);
    if (status != PN_OK) return status;
    for (int64_t y = 0; y < small->shape[0]; y += 2) {
        for (int64_t x = 0; x < small->shape[1]; x++) {
            uint8_t a[3], b[3];
            const uint8_t *p = pixel(small, y, x, a);
            pn_text_addf(out, "\x1b[38;2;%d;%d;%d", p[0], p[1], p[2]);
            if (y + 1 < small->shape[0]) {
                p = pixel(small, y + 1, x, b);
                pn_text_addf(out, ";48;2;%d;%d;%d", p[0], p[1], p[2]);
            }
            pn_text_adds(out, "m\xe2\x96\x80"); /* the upper half block */
        }
        pn_text_adds(out, "\x1b[0m\n");
    }
    pn_tensor_release(small);
    return out->failed ? pn_fail(error, PN_E_MEMORY, "out of memory while drawing an image")
                       : PN_OK;
}
