/* Tensors to files. */
#include "image/image.h"
#include "image/stb.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static pn_status check_size(int64_t height, int64_t width, int64_t channels, int64_t longest,
                            pn_error *error) {
    if (channels != 1 && channels != 3)
        return pn_fail(error, PN_E_ARGUMENT, "an image to encode has 1 or 3 channels, not %lld",
                       (long long)channels);
    if (height < 1 || width < 1)
        return pn_fail(error, PN_E_ARGUMENT, "an image of %lld x %lld pixels cannot be encoded",
                       (long long)width, (long long)height);
    /* stb counts bytes in an int, and needs room for a row's filter and its own growth. */
    if (height > longest || width > longest || height > INT_MAX / 4 / (width * channels + 1))
        return pn_fail(error, PN_E_UNSUPPORTED,
                       "an image of %lld x %lld pixels is too large to encode", (long long)width,
                       (long long)height);
    return PN_OK;
}

static pn_status encoded(int done, pn_error *error) {
    return done ? PN_OK : pn_fail(error, PN_E_MEMORY, "out of memory while encoding an image");
}

pn_status pn_image_encode_jpeg(const uint8_t *pixels, int64_t height, int64_t width,
                               int64_t channels, int quality, pn_text *out, pn_error *error) {
    pn_status status = check_size(height, width, channels, 65535, error);
    if (status != PN_OK) return status;
    if (quality < 1 || quality > 100)
        return pn_fail(error, PN_E_ARGUMENT, "the quality of a JPEG is 1 to 100, not %d", quality);
    return encoded(pn_stb_encode_jpeg(pixels, (int)height, (int)width, (int)channels, quality, out),
                   error);
}

pn_status pn_image_encode_png(const uint8_t *pixels, int64_t height, int64_t width,
                              int64_t channels, pn_text *out, pn_error *error) {
    pn_status status = check_size(height, width, channels, INT_MAX, error);
    if (status != PN_OK) return status;
    return encoded(pn_stb_encode_png(pixels, (int)height, (int)width, (int)channels, out), error);
}

static pn_status encode_bmp(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels,
                            pn_text *out, pn_error *error) {
    pn_status status = check_size(height, width, channels, INT_MAX, error);
    if (status != PN_OK) return status;
    return encoded(pn_stb_encode_bmp(pixels, (int)height, (int)width, (int)channels, out), error);
}

/* ---- PGM and PPM ---- */

static pn_status encode_pnm(const pn_tensor *image, int64_t channels, pn_text *out,
                            pn_error *error) {
    bool wide = image->dtype == PN_I32;
    int64_t count = pn_tensor_count(image);
    pn_text_addf(out, "P%c\n%lld %lld\n%d\n", channels == 1 ? '5' : '6', (long long)image->shape[1],
                 (long long)image->shape[0], wide ? 65535 : 255);
    if (!wide) pn_text_add(out, image->data, (size_t)count);
    for (int64_t i = 0; wide && i < count; i++) {
        int32_t v = ((const int32_t *)image->data)[i];
        v = v < 0 ? 0 : v > 65535 ? 65535 : v;
        pn_text_addc(out, (char)(v >> 8));
        pn_text_addc(out, (char)(v & 255));
    }
    return encoded(!out->failed, error);
}

/* ---- files ---- */

static int64_t channels_of(const pn_tensor *image) {
    return image->rank == 2 ? 1 : image->rank == 3 ? image->shape[2] : 0;
}

static bool ends_with(const char *path, const char *ending) {
    return strcasecmp(pn_path_ending(path), ending) == 0;
}

static bool is_pnm(const char *path) {
    return ends_with(path, ".pgm") || ends_with(path, ".ppm");
}

static pn_status encode(const char *path, const pn_tensor *image, int quality, pn_text *out,
                        pn_error *error) {
    int64_t height = image->shape[0], width = image->shape[1], channels = channels_of(image);
    if (is_pnm(path)) return encode_pnm(image, channels, out, error);
    if (ends_with(path, ".png"))
        return pn_image_encode_png(image->data, height, width, channels, out, error);
    if (ends_with(path, ".bmp"))
        return encode_bmp(image->data, height, width, channels, out, error);
    return pn_image_encode_jpeg(image->data, height, width, channels, quality, out, error);
}

static pn_status check_write(const char *path, const pn_tensor *image, pn_error *error) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".bmp", ".pgm", ".ppm", NULL};
    char text[PN_SHAPE_TEXT];
    int64_t channels = channels_of(image);
    bool known = false;
    for (int i = 0; endings[i]; i++) known |= ends_with(path, endings[i]);
    if (!known)
        return pn_fail_path(error, PN_E_ARGUMENT, path,
                            "'%s' names no image format: .jpg, .png, .bmp, .pgm and .ppm can be "
                            "written",
                            path);
    if (channels != 1 && channels != 3)
        return pn_fail(error, PN_E_SHAPE, "an image is (H, W), (H, W, 1) or (H, W, 3), not %s",
                       pn_shape_text(image->rank, image->shape, text, sizeof text));
    if (image->dtype == PN_I32 && !is_pnm(path))
        return pn_fail_path(error, PN_E_UNSUPPORTED, path,
                            "int32 images keep their 16 bits in .pgm and .ppm files; scale the "
                            "image to uint8 or float32 to write '%s'",
                            path);
    return PN_OK;
}

pn_status pn_image_write(const char *path, pn_tensor *image, int quality, pn_error *error) {
    pn_tensor *dense = NULL;
    pn_text out = {0};
    pn_status status = check_write(path, image, error);
    if (status != PN_OK) return status;
    status = image->dtype == PN_F32 ? pn_image_visible(image, NULL, &dense, error)
                                    : pn_tensor_dense(image, &dense, error);
    if (status == PN_OK) status = encode(path, dense, quality, &out, error);
    if (status == PN_OK) status = pn_folder_make_for(path, error);
    if (status == PN_OK) status = pn_file_write(path, out.data, out.size, error);
    pn_text_free(&out);
    pn_tensor_release(dense);
    return status;
}
