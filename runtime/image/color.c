/* Grey, RGB and false colours. */
#include "image/image.h"

#include "base/pool.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 1 << 14 }; /* pixels that are worth a thread */

static pn_status fail_shape(const pn_tensor *image, const char *wanted, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE, "%s, not %s", wanted,
                   pn_shape_text(image->rank, image->shape, text, sizeof text));
}

typedef struct recolor {
    const pn_tensor *from;
    void *to;
    const uint8_t (*map)[3];
    double low, scale;
} recolor;

/* ---- grey ---- */

static void gray_pixels(void *context, int64_t begin, int64_t end) {
    recolor *r = context;
    if (r->from->dtype == PN_U8) {
        const uint8_t *p = (const uint8_t *)r->from->data + 3 * begin;
        for (int64_t i = begin; i < end; i++, p += 3)
            ((uint8_t *)r->to)[i] =
                (uint8_t)((p[0] * 4899 + p[1] * 9617 + p[2] * 1868 + 8192) >> 14);
    } else if (r->from->dtype == PN_I32) {
        const int32_t *p = (const int32_t *)r->from->data + 3 * begin;
        for (int64_t i = begin; i < end; i++, p += 3)
            ((int32_t *)r->to)[i] =
                (int32_t)((p[0] * 4899LL + p[1] * 9617LL + p[2] * 1868LL + 8192) >> 14);
    } else {
        const float *p = (const float *)r->from->data + 3 * begin;
        for (int64_t i = begin; i < end; i++, p += 3)
            ((float *)r->to)[i] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    }
}

/* Whether the last axis is that of the channels: (H,W,C) and (N,H,W,C). */
static int64_t channels_of(const pn_tensor *image) {
    return image->rank == 3 || image->rank == 4 ? image->shape[image->rank - 1] : 1;
}

pn_status pn_image_gray(pn_tensor *image, pn_tensor **out, pn_error *error) {
    int64_t channels = channels_of(image);
    if (image->rank < 2 || image->rank > 4 || (channels != 1 && channels != 3))
        return fail_shape(image, "an image to turn grey is (H, W), (H, W, 1) or (H, W, 3)", error);
    int rank = image->rank == 2 ? 2 : image->rank - 1;
    pn_tensor *from = NULL, *to = NULL;
    pn_status status = pn_tensor_dense(image, &from, error);
    if (status == PN_OK) status = pn_tensor_new(image->dtype, rank, image->shape, &to, error);
    if (status == PN_OK && channels == 1) {
        memcpy(to->data, from->data, pn_tensor_bytes(to));
    } else if (status == PN_OK) {
        recolor r = {.from = from, .to = to->data};
        pn_parallel_for(pn_tensor_count(to), GRAIN, gray_pixels, &r);
    }
    pn_tensor_release(from);
    if (status == PN_OK) *out = to;
    return status;
}

/* ---- RGB ---- */

/* Pixels of one channel, three times over; of three, as they are. */
static void spread_pixels(void *context, int64_t begin, int64_t end) {
    const recolor *r = context;
    size_t item = pn_dtype_size(r->from->dtype);
    const uint8_t *from = (const uint8_t *)r->from->data + (size_t)begin * item;
    uint8_t *to = (uint8_t *)r->to + 3 * (size_t)begin * item;
    if (item == 1) {
        for (int64_t i = begin; i < end; i++, to += 3) to[0] = to[1] = to[2] = *from++;
        return;
    }
    for (int64_t i = begin; i < end; i++, from += 4)
        for (int c = 0; c < 3; c++, to += 4) memcpy(to, from, 4);
}

pn_status pn_image_rgb(pn_tensor *image, pn_tensor **out, pn_error *error) {
    int64_t channels = channels_of(image), shape[4];
    if (image->rank < 2 || image->rank > 4 || (channels != 1 && channels != 3))
        return fail_shape(image, "an image to turn RGB is (H, W), (H, W, 1) or (H, W, 3)", error);
    int rank = image->rank == 2 ? 3 : image->rank;
    for (int i = 0; i < rank - 1; i++) shape[i] = image->shape[i];
    shape[rank - 1] = 3;
    pn_tensor *from = NULL, *to = NULL;
    pn_status status = pn_tensor_dense(image, &from, error);
    if (status == PN_OK) status = pn_tensor_new(image->dtype, rank, shape, &to, error);
    if (status == PN_OK && channels == 3) {
        memcpy(to->data, from->data, pn_tensor_bytes(to));
    } else if (status == PN_OK) {
        recolor r = {.from = from, .to = to->data};
        pn_parallel_for(pn_tensor_count(from), GRAIN, spread_pixels, &r);
    }
    pn_tensor_release(from);
    if (status == PN_OK) *out = to;
    return status;
}

/* ---- false colours ---- */

void pn_image_range(const pn_tensor *image, double *low, double *high) {
    *low = 0;
    *high = image->dtype == PN_U8 ? 255 : 1;
    if (image->dtype != PN_I32) return;
    /* Over the items in any layout: an odometer over all axes. */
    int64_t at[PN_MAX_RANK] = {0}, offset = 0, count = pn_tensor_count(image);
    const int32_t *p = image->data;
    if (count > 0) *low = *high = p[0];
    for (int64_t i = 0; i < count; i++) {
        int32_t v = p[offset];
        if (v < *low) *low = v;
        if (v > *high) *high = v;
        for (int axis = image->rank - 1; axis >= 0; axis--) {
            offset += image->stride[axis];
            if (++at[axis] < image->shape[axis]) break;
            offset -= image->stride[axis] * image->shape[axis];
            at[axis] = 0;
        }
    }
}

static double item(const pn_tensor *t, int64_t i) {
    switch (t->dtype) {
    case PN_U8:
        return ((const uint8_t *)t->data)[i];
    case PN_I32:
        return ((const int32_t *)t->data)[i];
    default:
        return ((const float *)t->data)[i];
    }
}

static void color_pixels(void *context, int64_t begin, int64_t end) {
    recolor *r = context;
    uint8_t(*to)[3] = r->to;
    for (int64_t i = begin; i < end; i++) {
        double entry = (item(r->from, i) - r->low) * r->scale;
        int index = !(entry > 0) ? 0 : entry >= 255 ? 255 : (int)entry;
        memcpy(to[i], r->map[index], 3);
    }
}

pn_status pn_image_colormap(pn_tensor *image, const uint8_t (*map)[3], double low, double high,
                            pn_tensor **out, pn_error *error) {
    if (image->rank != 2 && !(image->rank == 3 && image->shape[2] == 1))
        return fail_shape(image, "an image to colour is (H, W) or (H, W, 1)", error);
    if (!isfinite(low) || !isfinite(high) || high < low)
        return pn_fail(error, PN_E_ARGUMENT,
                       "the range of a colour map runs from low to high, not "
                       "from %g to %g",
                       low, high);
    int64_t shape[3] = {image->shape[0], image->shape[1], 3};
    pn_tensor *from = NULL, *to = NULL;
    pn_status status = pn_tensor_dense(image, &from, error);
    if (status == PN_OK) status = pn_tensor_new(PN_U8, 3, shape, &to, error);
    if (status == PN_OK) {
        /* An image of one value (low = high) is all low, as with matplotlib. */
        double scale = high > low ? 256 / (high - low) : 0;
        recolor r = {.from = from, .to = to->data, .map = map, .low = low, .scale = scale};
        pn_parallel_for(shape[0] * shape[1], GRAIN, color_pixels, &r);
        *out = to;
    }
    pn_tensor_release(from);
    return status;
}

static void scale_items(void *context, int64_t begin, int64_t end) {
    recolor *r = context;
    for (int64_t i = begin; i < end; i++) {
        double v = (item(r->from, i) - r->low) * r->scale;
        ((uint8_t *)r->to)[i] = !(v > 0) ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5);
    }
}

pn_status pn_image_visible(pn_tensor *image, const uint8_t (*map)[3], pn_tensor **out,
                           pn_error *error) {
    double low, high;
    int64_t channels = image->rank == 3 ? image->shape[2] : 1;
    if ((image->rank != 2 && image->rank != 3) || (channels != 1 && channels != 3))
        return fail_shape(image, "an image to show is (H, W), (H, W, 1) or (H, W, 3)", error);
    pn_image_range(image, &low, &high);
    if (map && channels == 1) return pn_image_colormap(image, map, low, high, out, error);
    pn_tensor *from = NULL, *to = NULL;
    int rank = channels == 1 ? 2 : 3;
    pn_status status = pn_tensor_dense(image, &from, error);
    if (status == PN_OK && image->dtype == PN_U8)
        status = pn_tensor_reshape(from, rank, image->shape, &to, error);
    else if (status == PN_OK)
        status = pn_tensor_new(PN_U8, rank, image->shape, &to, error);
    if (status == PN_OK && image->dtype != PN_U8) {
        double scale = high > low ? 255 / (high - low) : 0;
        recolor r = {.from = from, .to = to->data, .low = low, .scale = scale};
        pn_parallel_for(pn_tensor_count(to), GRAIN, scale_items, &r);
    }
    pn_tensor_release(from);
    if (status == PN_OK) *out = to;
    return status;
}
