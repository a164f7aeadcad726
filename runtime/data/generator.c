#include "data/generator.h"

#include <math.h>
#include <string.h>

void pn_generator_preset(pn_generator *generator) {
    *generator = (pn_generator){.zoom_range = {1, 1}};
}

/* ---- fitting and checking ---- */

/* Keras divides by the deviation plus this, so that an even image does not divide by zero. */
static const double least_deviation = 1e-6;

static bool is_featurewise(const pn_generator *g) {
    return g->featurewise_center || g->featurewise_std_normalization;
}

pn_status pn_generator_check(const pn_generator *g, int64_t height, int64_t width, int64_t channels,
                             pn_error *error) {
    if (height > INT32_MAX / width || height * width > INT32_MAX / channels)
        return pn_fail(error, PN_E_UNSUPPORTED,
                       "ImageDataGenerator: images of %lld x %lld x %lld are too large",
                       (long long)height, (long long)width, (long long)channels);
    if (g->has_brightness && channels != 1 && channels != 3)
        return pn_fail(error, PN_E_ARGUMENT,
                       "ImageDataGenerator: brightness_range is for images of 1 or 3 channels, "
                       "these have %lld",
                       (long long)channels);
    if (!is_featurewise(g)) return PN_OK;
    const char *option =
        g->featurewise_std_normalization ? "featurewise_std_normalization" : "featurewise_center";
    if (g->channels == 0)
        return pn_fail(error, PN_E_ARGUMENT,
                       "ImageDataGenerator: %s needs the mean of the training images; call "
                       "gen:fit{x} with some of them first",
                       option);
    if (g->channels != channels)
        return pn_fail(error, PN_E_ARGUMENT,
                       "ImageDataGenerator: %s was fitted to images of %d channel%s, these have "
                       "%lld",
                       option, g->channels, g->channels == 1 ? "" : "s", (long long)channels);
    return PN_OK;
}

void pn_generator_fit(pn_generator *g, const float *images, int64_t count, int64_t pixels,
                      int channels) {
    double scale = g->rescale != 0 ? g->rescale : 1;
    for (int c = 0; c < channels; c++) {
        double mean, deviation;
        pn_augment_moments(images + c, count * pixels, channels, &mean, &deviation);
        g->mean[c] = (float)(mean * scale);
        g->std[c] = (float)(deviation * fabs(scale));
    }
    g->channels = channels;
}

/* ---- drawing ---- */

static double between(pn_random *random, double low, double high) {
    return low + (high - low) * pn_random_uniform(random);
}

static double draw_shift(const pn_shift_range *range, pn_random *random, int64_t size) {
    double u = pn_random_uniform(random), sign = pn_random_uniform(random) < 0.5 ? -1 : 1;
    double number = range->number[0], greatest = number;
    switch (range->kind) {
    case PN_SHIFT_WHOLE:
        return sign * floor(u * number);
    case PN_SHIFT_LIST:
        for (int i = 1; i < range->count; i++) greatest = fmax(greatest, range->number[i]);
        number = range->number[(int)(u * range->count)];
        break;
    default:
        number *= u;
    }
    return sign * number * (greatest < 1 ? (double)size : 1);
}

void pn_generator_draw(const pn_generator *g, pn_random *random, int64_t height, int64_t width,
                       pn_transform *t) {
    *t = (pn_transform){0};
    t->motion.theta = between(random, -g->rotation_range, g->rotation_range);
    t->motion.tx = draw_shift(&g->width_shift_range, random, width);
    t->motion.ty = draw_shift(&g->height_shift_range, random, height);
    t->motion.shear = between(random, -g->shear_range, g->shear_range);
    t->motion.zoom_x = between(random, g->zoom_range[0], g->zoom_range[1]);
    t->motion.zoom_y = between(random, g->zoom_range[0], g->zoom_range[1]);
    t->flip_horizontal = (pn_random_uniform(random) < 0.5) & g->horizontal_flip;
    t->flip_vertical = (pn_random_uniform(random) < 0.5) & g->vertical_flip;
    t->channel_shift = between(random, -g->channel_shift_range, g->channel_shift_range);
    t->has_brightness = g->has_brightness;
    t->brightness = between(random, g->brightness_range[0], g->brightness_range[1]);
}

/* ---- applying ---- */

bool pn_transform_moves(const pn_transform *transform) {
    const pn_motion *m = &transform->motion;
    return m->theta != 0 || m->tx != 0 || m->ty != 0 || m->shear != 0 || m->zoom_x != 1 ||
           m->zoom_y != 1;
}

void pn_generator_transform(const pn_generator *g, const pn_transform *t, int64_t height,
                            int64_t width, int channels, float *x, float *scratch) {
    int64_t count = height * width * channels;
    if (pn_transform_moves(t)) {
        pn_affine map;
        pn_augment_affine_map(&t->motion, height, width, &map);
        memcpy(scratch, x, (size_t)count * sizeof *x);
        pn_augment_affine(&map, g->fill_mode, (float)g->cval, height, width, channels, scratch, x);
    }
    if (t->channel_shift != 0) pn_augment_channel_shift((float)t->channel_shift, count, x);
    if (t->flip_horizontal) pn_augment_flip_columns(height, width, channels, x);
    if (t->flip_vertical) pn_augment_flip_rows(height, width, channels, x);
    if (t->has_brightness) pn_augment_brightness((float)t->brightness, count, x);
}

/* The same mean and divisor for every channel of one image. */
static void standardize_sample(const pn_generator *g, int64_t count, float *x) {
    double mean, deviation;
    pn_augment_moments(x, count, 1, &mean, &deviation);
    float center = g->samplewise_center ? (float)mean : 0;
    float divisor = g->samplewise_std_normalization ? (float)(deviation + least_deviation) : 1;
    pn_augment_standardize(count, 1, &center, &divisor, x);
}

static void standardize_features(const pn_generator *g, int64_t pixels, int channels, float *x) {
    float mean[PN_GENERATOR_CHANNELS], divisor[PN_GENERATOR_CHANNELS];
    for (int c = 0; c < channels; c++) {
        mean[c] = g->featurewise_center ? g->mean[c] : 0;
        divisor[c] = g->featurewise_std_normalization ? g->std[c] + (float)least_deviation : 1;
    }
    pn_augment_standardize(pixels, channels, mean, divisor, x);
}

void pn_generator_standardize(const pn_generator *g, int64_t pixels, int channels, float *x) {
    int64_t count = pixels * channels;
    if (g->rescale != 0) {
        float scale = (float)g->rescale;
        for (int64_t i = 0; i < count; i++) x[i] *= scale;
    }
    if (g->samplewise_center || g->samplewise_std_normalization) standardize_sample(g, count, x);
    if (is_featurewise(g)) standardize_features(g, pixels, channels, x);
}
