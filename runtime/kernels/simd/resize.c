#include "kernels/resize_parts.h"

#if defined(__AVX2__)
#include <immintrin.h>
#include <string.h>
#endif

/* The loops are written for the compiler to vectorise, with `channels` a constant in each copy;
 * those it cannot vectorise have an AVX2 version, which does what it may and returns how far it
 * came. */

#if defined(__AVX2__)

/* Grey. First each output item takes its two pixels, as bytes; then 8 items at a time become what
 * they are to be. (Gathering in registers is no faster than one load after the other.) */
static int64_t across_grey(const uint8_t *row, const pn_resize_tap *tap, int64_t width,
                           int16_t *out) {
    for (int64_t x = 0; x < width; x++) memcpy(out + x, row + tap[x].at, 2);
    int64_t x = 0;
    for (; x + 8 <= width; x += 8) {
        __m256 low = _mm256_loadu_ps((const float *)(tap + x));
        __m256 high = _mm256_loadu_ps((const float *)(tap + x + 4));
        /* The weights: of pixels 0 1 4 5 2 3 6 7, so the pixels follow suit. */
        __m256i weight = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0xDD));
        __m128i bytes = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(out + x)), 0xD8);
        __m256i sum = _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), weight);
        sum = _mm256_permute4x64_epi64(_mm256_srai_epi32(sum, 4), 0xD8);
        __m128i packed =
            _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        _mm_storeu_si128((__m128i *)(out + x), packed);
    }
    return x;
}

/* Any channels, a pixel at a time. Reads 8 bytes at each tap and writes 4 items, of which the next
 * pixel overwrites the surplus. */
static int64_t across_colour(const uint8_t *row, const pn_resize_tap *tap, int64_t width,
                             int channels, int16_t *out) {
    char order[16];
    for (int i = 0; i < 16; i++) order[i] = -1;
    for (int c = 0; c < channels; c++) {
        order[4 * c] = (char)c;
        order[4 * c + 2] = (char)(channels + c);
    }
    const __m128i pairs = _mm_loadu_si128((const __m128i *)order);
    for (int64_t x = 0; x < width; x++) {
        __m128i pixel = _mm_loadl_epi64((const __m128i *)(row + tap[x].at));
        __m128i weight = _mm_set1_epi32(
            (int32_t)((uint32_t)(uint16_t)tap[x].fixed[1] << 16 | (uint16_t)tap[x].fixed[0]));
        __m128i sum = _mm_madd_epi16(_mm_shuffle_epi8(pixel, pairs), weight);
        sum = _mm_srai_epi32(sum, 4);
        _mm_storel_epi64((__m128i *)(out + x * channels), _mm_packs_epi32(sum, sum));
    }
    return width;
}

static int64_t across_wide(const uint8_t *row, int64_t items, const pn_resize_tap *tap,
                           int64_t width, int channels, int16_t *out) {
    int64_t reach = channels == 1 ? 2 : 8;
    while (width > 0 && tap[width - 1].at + reach > items) width--;
    if (channels == 1) return across_grey(row, tap, width, out);
    return across_colour(row, tap, width, channels, out);
}

#else

static int64_t across_wide(const uint8_t *row, int64_t items, const pn_resize_tap *tap,
                           int64_t width, int channels, int16_t *out) {
    (void)row, (void)items, (void)tap, (void)width, (void)channels, (void)out;
    return 0;
}

#endif

static inline void across_u8(const uint8_t *restrict row, int64_t step,
                             const pn_resize_tap *restrict tap, int64_t x, int64_t width,
                             int channels, int16_t *restrict out) {
    for (; x < width; x++) {
        const uint8_t *p = row + tap[x].at;
        int32_t w0 = tap[x].fixed[0], w1 = tap[x].fixed[1];
        for (int c = 0; c < channels; c++)
            out[x * channels + c] = (int16_t)((p[c] * w0 + p[step + c] * w1) >> 4);
    }
}

void PN_LEVEL(pn_resize_across_u8)(const uint8_t *row, int64_t items, int64_t step,
                                   const pn_resize_tap *tap, int64_t width, int channels,
                                   int16_t *out) {
    int64_t x = across_wide(row, items, tap, width, channels, out);
    if (channels == 1) across_u8(row, step, tap, x, width, 1, out);
    if (channels == 2) across_u8(row, step, tap, x, width, 2, out);
    if (channels == 3) across_u8(row, step, tap, x, width, 3, out);
    if (channels == 4) across_u8(row, step, tap, x, width, 4, out);
}

static inline void across_f32(const float *restrict row, int64_t step,
                              const pn_resize_tap *restrict tap, int64_t width, int channels,
                              float *restrict out) {
    for (int64_t x = 0; x < width; x++) {
        const float *p = row + tap[x].at;
        float w1 = tap[x].weight, w0 = 1.0f - w1;
        for (int c = 0; c < channels; c++) out[x * channels + c] = p[c] * w0 + p[step + c] * w1;
    }
}

void PN_LEVEL(pn_resize_across_f32)(const float *row, int64_t step, const pn_resize_tap *tap,
                                    int64_t width, int channels, float *out) {
    if (channels == 1) across_f32(row, step, tap, width, 1, out);
    if (channels == 2) across_f32(row, step, tap, width, 2, out);
    if (channels == 3) across_f32(row, step, tap, width, 3, out);
    if (channels == 4) across_f32(row, step, tap, width, 4, out);
}

/* Each product is cut to 16 bits less before the sum, as OpenCV does. */
void PN_LEVEL(pn_resize_mix_u8)(const int16_t *restrict a, const int16_t *restrict b,
                                const int16_t weight[2], int64_t count, uint8_t *restrict out) {
    int16_t wa = weight[0], wb = weight[1];
    for (int64_t i = 0; i < count; i++) {
        int16_t high_a = (int16_t)((a[i] * wa) >> 16), high_b = (int16_t)((b[i] * wb) >> 16);
        out[i] = (uint8_t)((high_a + high_b + 2) >> 2);
    }
}

void PN_LEVEL(pn_resize_mix_f32)(const float *restrict a, const float *restrict b, float weight,
                                 int64_t count, float *restrict out) {
    float rest = 1.0f - weight;
    for (int64_t i = 0; i < count; i++) out[i] = a[i] * rest + b[i] * weight;
}

#if defined(__AVX2__)

/* 16 bytes of each row (12 with 3 channels) make 8 (6) of the result. */
static int64_t halve_wide(const uint8_t *a, const uint8_t *b, int64_t width, int channels,
                          uint8_t *out) {
    int made = channels == 3 ? 6 : 8;
    char order[16] = {0}; /* brings each item and its right neighbour together */
    for (int i = 0; i < made; i++) {
        order[2 * i] = (char)(i / channels * 2 * channels + i % channels);
        order[2 * i + 1] = (char)(order[2 * i] + channels);
    }
    const __m128i pairs = _mm_loadu_si128((const __m128i *)order), ones = _mm_set1_epi8(1);
    int64_t i = 0;
    for (; i + 8 <= width * channels; i += made) {
        __m128i above = _mm_loadu_si128((const __m128i *)(a + 2 * i));
        __m128i below = _mm_loadu_si128((const __m128i *)(b + 2 * i));
        __m128i sum = _mm_add_epi16(_mm_maddubs_epi16(_mm_shuffle_epi8(above, pairs), ones),
                                    _mm_maddubs_epi16(_mm_shuffle_epi8(below, pairs), ones));
        __m128i even = _mm_and_si128(_mm_srli_epi16(sum, 2), _mm_set1_epi16(1));
        __m128i round = channels == 2 ? _mm_add_epi16(even, _mm_set1_epi16(1)) : _mm_set1_epi16(2);
        sum = _mm_srli_epi16(_mm_add_epi16(sum, round), 2);
        _mm_storel_epi64((__m128i *)(out + i), _mm_packus_epi16(sum, sum));
    }
    return i / channels;
}

#else

static int64_t halve_wide(const uint8_t *a, const uint8_t *b, int64_t width, int channels,
                          uint8_t *out) {
    (void)a, (void)b, (void)width, (void)channels, (void)out;
    return 0;
}

#endif

static inline void halve_u8(const uint8_t *restrict a, const uint8_t *restrict b, int64_t x,
                            int64_t width, int channels, uint8_t *restrict out) {
    for (; x < width; x++)
        for (int c = 0; c < channels; c++) {
            int64_t i = 2 * x * channels + c, j = i + channels;
            int sum = a[i] + a[j] + b[i] + b[j];
            int round = channels == 2 ? 1 + (sum >> 2 & 1) : 2;
            out[x * channels + c] = (uint8_t)((sum + round) >> 2);
        }
}

void PN_LEVEL(pn_resize_halve_u8)(const uint8_t *a, const uint8_t *b, int64_t width, int channels,
                                  uint8_t *out) {
    int64_t x = halve_wide(a, b, width, channels, out);
    if (channels == 1) halve_u8(a, b, x, width, 1, out);
    if (channels == 2) halve_u8(a, b, x, width, 2, out);
    if (channels == 3) halve_u8(a, b, x, width, 3, out);
    if (channels == 4) halve_u8(a, b, x, width, 4, out);
}
