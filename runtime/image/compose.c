/* Pictures made of images: overlays, grids, text for terminals. */
#include "image/image.h"

#include "base/pool.h"

#include <math.h>
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

/* The heat as float32 0..1 in the size of the image. */
static pn_status fit_heat(pn_tensor *heat, int64_t height, int64_t width, pn_tensor **out,
                          pn_error *error) {
    char text[PN_SHAPE_TEXT];
    if (heat->rank != 2 && !(heat->rank == 3 && heat->shape[2] == 1))
        return pn_fail(error, PN_E_SHAPE, "a heat map is (h, w), not %s",
                       pn_shape_text(heat->rank, heat->shape, text, sizeof text));
    pn_tensor *dense = NULL;
    double low, high;
    pn_status status = pn_tensor_cast(heat, PN_F32, &dense, error);
    if (status != PN_OK) return status;
    pn_image_range(heat, &low, &high);
    float *items = dense->data, scale = high > low ? (float)(1 / (high - low)) : 0;
    for (int64_t i = 0; heat->dtype != PN_F32 && i < pn_tensor_count(dense); i++)
        items[i] = (items[i] - (float)low) * scale;
    if (heat->shape[0] == height && heat->shape[1] == width) return *out = dense, PN_OK;
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

/* Copies an image into the middle of a cell. */
static void place(const pn_tensor *image, pn_tensor *canvas, int64_t top, int64_t left,
                  const pn_grid_options *o) {
    int64_t height = image->shape[0], width = image->shape[1];
    const uint8_t *from = image->data;
    top += (o->height - height) / 2;
    left += (o->width - width) / 2;
    for (int64_t y = 0; y < height; y++) {
        uint8_t *to = (uint8_t *)canvas->data + ((top + y) * canvas->shape[1] + left) * 3;
        if (image->rank == 3) {
            memcpy(to, from, (size_t)width * 3);
            from += width * 3;
            continue;
        }
        for (int64_t x = 0; x < width; x++, to += 3) memset(to, *from++, 3);
    }
}

static pn_status draw_cell(pn_tensor *image, int64_t index, const pn_grid_options *o,
                           pn_tensor *canvas, pn_error *error) {
    pn_tensor *visible = NULL, *small = NULL;
    pn_status status = pn_image_visible(image, o->map, &visible, error);
    if (status == PN_OK) status = pn_image_shrink(visible, o->height, o->width, &small, error);
    if (status == PN_OK)
        place(small, canvas, index / o->columns * (o->height + o->gap),
              index % o->columns * (o->width + o->gap), o);
    pn_tensor_release(visible);
    pn_tensor_release(small);
    return status;
}

pn_status pn_image_grid(pn_tensor *const *images, int64_t count, const pn_grid_options *options,
                        pn_tensor **out, pn_error *error) {
    pn_grid_options o = *options;
    if (count < 1 || o.columns < 1 || o.gap < 0 || o.height < 1 || o.width < 1)
        return pn_fail(error, PN_E_ARGUMENT,
                       "a grid has at least one image, one column and one pixel, and no negative "
                       "gap");
    if (count < o.columns) o.columns = (int)count;
    int64_t rows = (count + o.columns - 1) / o.columns;
    int64_t height = rows * (o.height + o.gap) - o.gap;
    int64_t width = o.columns * (o.width + o.gap) - o.gap;
    if (o.height > 65535 || o.width > 65535 || o.gap > 65535 ||
        height > PN_IMAGE_MAX_PIXELS / width)
        return pn_fail(error, PN_E_ARGUMENT, "a grid of %lld x %lld pixels is too large",
                       (long long)width, (long long)height);
    pn_tensor *canvas = NULL;
    pn_status status = pn_tensor_new(PN_U8, 3, (int64_t[]){height, width, 3}, &canvas, error);
    if (status != PN_OK) return status;
    memset(canvas->data, 255, pn_tensor_bytes(canvas));
    for (int64_t i = 0; i < count && status == PN_OK; i++)
        status = draw_cell(images[i], i, &o, canvas, error);
    if (status == PN_OK)
        *out = canvas;
    else
        pn_tensor_release(canvas);
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
