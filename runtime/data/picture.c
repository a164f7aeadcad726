#include "data/picture.h"

#include "image/image.h"

/* 16 bits to 8: 65535 becomes 255. */
static pn_status halve_depth(pn_tensor **image, pn_error *error) {
    pn_tensor *wide = *image, *narrow = NULL;
    pn_status status = pn_tensor_new(PN_U8, wide->rank, wide->shape, &narrow, error);
    if (status != PN_OK) return status;
    const int32_t *from = wide->data;
    uint8_t *to = narrow->data;
    for (int64_t i = 0, count = pn_tensor_count(wide); i < count; i++)
        to[i] = (uint8_t)((from[i] + 128) / 257);
    pn_tensor_release(wide);
    *image = narrow;
    return PN_OK;
}

static pn_status fit(pn_tensor **image, int64_t height, int64_t width, pn_filter filter,
                     pn_error *error) {
    pn_tensor *whole = *image, *fitted = NULL;
    if (whole->shape[0] == height && whole->shape[1] == width) return PN_OK;
    pn_status status = pn_image_resize(whole, height, width, filter, &fitted, error);
    if (status != PN_OK) return status;
    pn_tensor_release(whole);
    *image = fitted;
    return PN_OK;
}

static pn_status finish(pn_status status, pn_tensor *image, pn_tensor **out) {
    if (status == PN_OK)
        *out = image;
    else
        pn_tensor_release(image);
    return status;
}

pn_status pn_picture_fit(pn_tensor *image, int64_t height, int64_t width, pn_filter filter,
                         pn_tensor **out, pn_error *error) {
    pn_tensor *fitted = pn_tensor_retain(image);
    pn_status status = image->dtype == PN_I32 ? halve_depth(&fitted, error) : PN_OK;
    if (status == PN_OK) status = fit(&fitted, height, width, filter, error);
    return finish(status, fitted, out);
}

pn_status pn_picture_decode(const void *bytes, size_t size, const char *name, int channels,
                            int64_t height, int64_t width, pn_filter filter, pn_tensor **out,
                            pn_error *error) {
    pn_tensor *image = NULL;
    pn_status status = pn_image_decode(bytes, size, name, channels == 1 ? 1 : 0, &image, error);
    if (status == PN_OK && image->dtype == PN_I32) status = halve_depth(&image, error);
    if (status == PN_OK) status = fit(&image, height, width, filter, error);
    return finish(status, image, out);
}
