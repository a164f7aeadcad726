#include "web/picture_url.h"

#include "base/memory.h"
#include "image/image.h"

#include <string.h>

static void add_base64(pn_text *to, const unsigned char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t count = size - i < 3 ? size - i : 3;
        unsigned value = (unsigned)bytes[i] << 16;
        if (count > 1) value |= (unsigned)bytes[i + 1] << 8;
        if (count > 2) value |= bytes[i + 2];
        char four[4] = {digits[value >> 18], digits[value >> 12 & 63],
                        count > 1 ? digits[value >> 6 & 63] : '=',
                        count > 2 ? digits[value & 63] : '='};
        pn_text_add(to, four, sizeof four);
    }
}

pn_status pn_picture_url(const uint8_t *pixels, int64_t height, int64_t width, int channels,
                         pn_text *url, pn_error *error) {
    pn_text file = {0};
    pn_status status = pn_image_encode_png(pixels, height, width, channels, &file, error);
    if (status == PN_OK) {
        pn_text_adds(url, "data:image/png;base64,");
        add_base64(url, (const unsigned char *)file.data, file.size);
        if (url->failed) status = pn_fail_memory(error, file.size);
    }
    pn_text_free(&file);
    return status;
}

/* The longest side is enough for a smooth map, which a browser stretches further. */
static void fit(int64_t height, int64_t width, int64_t *to_height, int64_t *to_width) {
    enum { LONGEST = 256 };
    const int64_t longest = height > width ? height : width;
    *to_height = height * LONGEST / longest;
    *to_width = width * LONGEST / longest;
    if (*to_height < 1) *to_height = 1;
    if (*to_width < 1) *to_width = 1;
}

static pn_status color(const pn_tensor *map, pn_text *url, pn_error *error) {
    const uint8_t(*colors)[3] = pn_colormap("jet");
    const int64_t height = map->shape[0], width = map->shape[1];
    const float *v = map->data;
    uint8_t *pixels = pn_alloc((size_t)(height * width) * 3);
    if (!pixels) return pn_fail_memory(error, (size_t)(height * width) * 3);
    for (int64_t i = 0; i < height * width; i++) {
        const float x = v[i] > 0 ? v[i] < 1 ? v[i] : 1 : 0; /* NaN is 0 */
        memcpy(pixels + 3 * i, colors[(int)(255 * x)], 3);
    }
    pn_status status = pn_picture_url(pixels, height, width, 3, url, error);
    pn_free(pixels);
    return status;
}

pn_status pn_heatmap_url(const float *map, int64_t height, int64_t width, int64_t image_height,
                         int64_t image_width, pn_text *url, pn_error *error) {
    const int64_t shape[] = {height, width};
    int64_t to_height, to_width;
    pn_tensor *small, *large;
    pn_status status = pn_tensor_new(PN_F32, 2, shape, &small, error);
    if (status != PN_OK) return status;
    memcpy(small->data, map, (size_t)(height * width) * sizeof *map);
    fit(image_height, image_width, &to_height, &to_width);
    status = pn_image_resize(small, to_height, to_width, PN_BILINEAR, &large, error);
    pn_tensor_release(small);
    if (status != PN_OK) return status;
    status = color(large, url, error);
    pn_tensor_release(large);
    return status;
}
