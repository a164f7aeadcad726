/* Resizing tensors: shapes and memory around kernels/resize.h. */
#include "image/image.h"

#include "base/memory.h"
#include "base/pool.h"

#include <math.h>

static pn_status fail_shape(const pn_tensor *image, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE,
                   "an image to resize is (H, W), (H, W, C) or (N, H, W, C) with 1 to 4 channels, "
                   "not %s",
                   pn_shape_text(image->rank, image->shape, text, sizeof text));
}

/* A batch of images in any of the accepted shapes. */
typedef struct batch {
    int64_t items;
    int height_axis;
    pn_resize_shape shape;
} batch;

static bool read_shape(const pn_tensor *image, batch *b) {
    int rank = image->rank;
    if (rank < 2 || rank > 4) return false;
    bool has_channels = rank == 4 || (rank == 3 && image->shape[2] <= 4);
    int64_t channels = has_channels ? image->shape[rank - 1] : 1;
    b->height_axis = rank - 2 - has_channels;
    b->items = b->height_axis == 1 ? image->shape[0] : 1;
    b->shape.height = image->shape[b->height_axis];
    b->shape.width = image->shape[b->height_axis + 1];
    b->shape.channels = (int)channels;
    return channels >= 1 && channels <= 4;
}

static pn_status resize_items(const batch *b, pn_filter filter, const pn_tensor *from,
                              pn_tensor *to, pn_error *error) {
    const pn_resize_shape *s = &b->shape;
    size_t item = pn_dtype_size(from->dtype);
    size_t step = (size_t)(s->height * s->width * s->channels) * item;
    size_t to_step = (size_t)(s->to_height * s->to_width * s->channels) * item;
    size_t bytes = pn_resize_scratch(s);
    void *scratch = pn_alloc(bytes);
    if (!scratch) return pn_fail_memory(error, bytes);
    pn_status status = PN_OK;
    for (int64_t n = 0; n < b->items && status == PN_OK; n++) {
        const char *in = (const char *)from->data + (size_t)n * step;
        char *out = (char *)to->data + (size_t)n * to_step;
        status = from->dtype == PN_U8
                     ? pn_resize_u8(filter, s, (const uint8_t *)in, scratch, (uint8_t *)out, error)
                     : pn_resize_f32(filter, s, (const float *)in, scratch, (float *)out, error);
    }
    pn_free(scratch);
    return status;
}

static pn_status resize_int32(pn_tensor *image, int64_t height, int64_t width, pn_filter filter,
                              pn_tensor **out, pn_error *error) {
    pn_tensor *from = NULL, *to = NULL;
    pn_status status = pn_tensor_cast(image, PN_F32, &from, error);
    if (status == PN_OK) status = pn_image_resize(from, height, width, filter, &to, error);
    if (status == PN_OK) {
        float *items = to->data;
        for (int64_t i = 0, count = pn_tensor_count(to); i < count; i++) items[i] = rintf(items[i]);
        status = pn_tensor_cast(to, PN_I32, out, error);
    }
    pn_tensor_release(from);
    pn_tensor_release(to);
    return status;
}

pn_status pn_image_resize(pn_tensor *image, int64_t height, int64_t width, pn_filter filter,
                          pn_tensor **out, pn_error *error) {
    batch b = {.shape = {.to_height = height, .to_width = width}};
    if (!read_shape(image, &b)) return fail_shape(image, error);
    if (height < 1 || width < 1 || height > PN_IMAGE_MAX_PIXELS / width)
        return pn_fail(error, PN_E_ARGUMENT, "an image cannot be resized to %lld x %lld",
                       (long long)height, (long long)width);
    if (image->dtype == PN_I32) return resize_int32(image, height, width, filter, out, error);
    int64_t shape[4];
    for (int i = 0; i < image->rank; i++) shape[i] = image->shape[i];
    shape[b.height_axis] = height;
    shape[b.height_axis + 1] = width;
    pn_tensor *from = NULL, *to = NULL;
    pn_status status = pn_tensor_dense(image, &from, error);
    if (status == PN_OK) status = pn_tensor_new(image->dtype, image->rank, shape, &to, error);
    if (status == PN_OK) status = resize_items(&b, filter, from, to, error);
    pn_tensor_release(from);
    if (status == PN_OK)
        *out = to;
    else
        pn_tensor_release(to);
    return status;
}

/* ---- shrinking for the eye ---- */

typedef struct shrinking {
    const uint8_t *from;
    uint8_t *to;
    int64_t height, width, to_height, to_width;
    int channels;
} shrinking;

/* Each new pixel stands for the whole pixels under it, rows y * H / h up to (y+1) * H / h: the root
 * of the mean of their squares. Values are about the square root of light, so this is the mean in
 * light, as the eye takes it from afar; the plain mean would swallow thin edges. */
static void shrink_rows(void *context, int64_t begin, int64_t end) {
    const shrinking *s = context;
    for (int64_t y = begin; y < end; y++) {
        int64_t top = y * s->height / s->to_height, bottom = (y + 1) * s->height / s->to_height;
        uint8_t *to = s->to + y * s->to_width * s->channels;
        for (int64_t x = 0; x < s->to_width; x++) {
            int64_t left = x * s->width / s->to_width, right = (x + 1) * s->width / s->to_width;
            int64_t sum[3] = {0}, count = (bottom - top) * (right - left);
            for (int64_t v = top; v < bottom; v++) {
                const uint8_t *p = s->from + (v * s->width + left) * s->channels;
                for (int64_t u = left; u < right; u++)
                    for (int c = 0; c < s->channels; c++, p++) sum[c] += *p * *p;
            }
            for (int c = 0; c < s->channels; c++)
                *to++ = (uint8_t)(sqrt((double)sum[c] / (double)count) + 0.5);
        }
    }
}

pn_status pn_image_shrink(pn_tensor *visible, int64_t height, int64_t width, pn_tensor **out,
                          pn_error *error) {
    int64_t h = visible->shape[0], w = visible->shape[1];
    if (h <= height && w <= width) return *out = pn_tensor_retain(visible), PN_OK;
    double scale = fmin((double)height / (double)h, (double)width / (double)w);
    int64_t to_height = (int64_t)(scale * (double)h + 0.5),
            to_width = (int64_t)(scale * (double)w + 0.5);
    to_height = to_height < 1 ? 1 : to_height > h ? h : to_height;
    to_width = to_width < 1 ? 1 : to_width > w ? w : to_width;
    int64_t shape[3] = {to_height, to_width, 3};
    pn_status status = pn_tensor_new(PN_U8, visible->rank, shape, out, error);
    if (status != PN_OK) return status;
    shrinking s = {
        visible->data, (*out)->data, h, w, to_height, to_width, visible->rank == 3 ? 3 : 1};
    pn_parallel_for(to_height, 4, shrink_rows, &s);
    return PN_OK;
}
