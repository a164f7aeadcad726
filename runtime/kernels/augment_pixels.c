/* What does not interpolate: flips, brightness, standardizing. */
#include "kernels/augment.h"

#include <math.h>

static void swap_items(float *a, float *b, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float item = a[i];
        a[i] = b[i];
        b[i] = item;
    }
}

void pn_augment_flip_columns(int64_t height, int64_t width, int channels, float *x) {
    for (int64_t y = 0; y < height; y++, x += width * channels)
        for (int64_t left = 0, right = width - 1; left < right; left++, right--)
            swap_items(x + left * channels, x + right * channels, channels);
}

void pn_augment_flip_rows(int64_t height, int64_t width, int channels, float *x) {
    int64_t row = width * channels;
    for (int64_t top = 0, bottom = height - 1; top < bottom; top++, bottom--)
        swap_items(x + top * row, x + bottom * row, row);
}

static void find_range(const float *x, int64_t count, float *low, float *high) {
    *low = *high = count ? x[0] : 0;
    for (int64_t i = 1; i < count; i++) {
        *low = x[i] < *low ? x[i] : *low;
        *high = x[i] > *high ? x[i] : *high;
    }
}

void pn_augment_channel_shift(float intensity, int64_t count, float *x) {
    float low, high;
    find_range(x, count, &low, &high);
    for (int64_t i = 0; i < count; i++) {
        float v = x[i] + intensity;
        x[i] = v < low ? low : v > high ? high : v;
    }
}

/* An item as 8 bits hold it; NaN is 0. */
static float cut_to_byte(float v) {
    return v >= 255 ? 255 : v > 0 ? (float)(int32_t)v : 0;
}

void pn_augment_brightness(float factor, int64_t count, float *x) {
    float low, high;
    find_range(x, count, &low, &high);
    if (low >= 0 && high <= 255) {
        for (int64_t i = 0; i < count; i++) x[i] = cut_to_byte(factor * cut_to_byte(x[i]));
        return;
    }
    float span = high - low, divisor = span != 0 ? span : 1;
    for (int64_t i = 0; i < count; i++) {
        float v = cut_to_byte(factor * cut_to_byte((x[i] - low) / divisor * 255));
        x[i] = v / 255 * span + low;
    }
}

void pn_augment_moments(const float *x, int64_t count, int64_t stride, double *mean,
                        double *deviation) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) sum += x[i * stride];
    *mean = count ? sum / (double)count : 0;
    for (int64_t i = 0; i < count; i++) {
        double d = x[i * stride] - *mean;
        squares += d * d;
    }
    *deviation = count ? sqrt(squares / (double)count) : 0;
}

void pn_augment_standardize(int64_t pixels, int channels, const float *mean, const float *divisor,
                            float *x) {
    for (int64_t i = 0; i < pixels; i++, x += channels)
        for (int c = 0; c < channels; c++) x[c] = (x[c] - mean[c]) / divisor[c];
}

void pn_augment_repeat(int64_t pixels, int channels, float *x) {
    /* From the end, so that nothing is overwritten before it is read. */
    for (int64_t i = pixels - 1; i >= 0; i--) {
        float item = x[i];
        for (int c = 0; c < channels; c++) x[i * channels + c] = item;
    }
}
