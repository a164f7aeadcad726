#include "nn/layers/window.h"

#include <inttypes.h>
#include <string.h>

static const char *const paddings[] = {"valid", "same", NULL};

void pn_window_read(pn_config *config, const char *size, const int64_t size_preset[2],
                    const int64_t stride_preset[2], pn_window *window) {
    pn_config_pair(config, size, size_preset, 1, window->kernel);
    pn_config_pair(config, "strides", stride_preset ? stride_preset : window->kernel, 1,
                   window->stride);
    window->padding = pn_config_choice(config, "padding", paddings, PN_VALID);
    window->dilation[0] = window->dilation[1] = 1;
}

static void place_axis(const pn_window *window, int axis, int64_t size, int64_t *positions,
                       int64_t *before) {
    int64_t extent = (window->kernel[axis] - 1) * window->dilation[axis] + 1;
    int64_t stride = window->stride[axis];
    *before = 0;
    if (window->padding == PN_VALID) {
        *positions = size < extent ? 0 : (size - extent) / stride + 1;
        return;
    }
    *positions = (size + stride - 1) / stride;
    int64_t padding = (*positions - 1) * stride + extent - size;
    if (padding > 0) *before = padding / 2;
}

pn_status pn_window_image(const pn_dims *in, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    if (in->rank == 3) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "expected an image (None, height, width, channels), got %s",
                   pn_dims_text(in, text, sizeof text));
}

pn_status pn_window_place(const pn_window *window, const pn_dims *in, pn_windows *windows,
                          pn_error *error) {
    char text[PN_SHAPE_TEXT];
    pn_status status = pn_window_image(in, error);
    if (status != PN_OK) return status;
    *windows = (pn_windows){
        .height = in->size[0], .width = in->size[1], .channels = in->size[2], .window = *window};
    place_axis(window, 0, in->size[0], &windows->rows, &windows->top);
    place_axis(window, 1, in->size[1], &windows->columns, &windows->left);
    if (windows->rows > 0 && windows->columns > 0) return PN_OK;
    return pn_fail(error, PN_E_SHAPE,
                   "its window of (%" PRId64 ", %" PRId64 ") does not fit into the input %s",
                   window->kernel[0], window->kernel[1], pn_dims_text(in, text, sizeof text));
}

/* Items of a window, `step` apart, that stand on `size` pixels. */
static int64_t items_on(int64_t size, int64_t step) {
    return step == 1 ? size : (size + step - 1) / step;
}

pn_span pn_window_span(const pn_windows *windows, int axis, int64_t position) {
    const pn_window *w = &windows->window;
    const int64_t size = axis ? windows->width : windows->height, step = w->dilation[axis];
    pn_span span = {0, w->kernel[axis], 0};
    span.start = position * w->stride[axis] - (axis ? windows->left : windows->top);
    if (span.start < 0) span.begin = items_on(-span.start, step);
    const int64_t inside = items_on(size - span.start, step); /* before the image's end */
    if (inside < span.end) span.end = inside;
    if (span.begin > span.end) span.begin = span.end;
    return span;
}

void pn_window_zero(const pn_windows *windows, int64_t row, pn_real *image, int64_t *zeroed) {
    const pn_span y = pn_window_span(windows, 0, row);
    const int64_t items = windows->width * windows->channels;
    int64_t end = y.start + (y.end - 1) * windows->window.dilation[0] + 1;
    if (row == windows->rows - 1) end = windows->height;
    if (end <= *zeroed) return;
    memset(image + *zeroed * items, 0, (size_t)((end - *zeroed) * items) * sizeof *image);
    *zeroed = end;
}
