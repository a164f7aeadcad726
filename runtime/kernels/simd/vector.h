/* Vectors of floats, as wide as the level has them, for the kernels that the compiler does not
 * vectorise by itself. */
#ifndef PN_KERNELS_SIMD_VECTOR_H
#define PN_KERNELS_SIMD_VECTOR_H

#include "kernels/simd/level.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float vf __attribute__((vector_size(sizeof(float) * LANES)));
typedef int32_t vi __attribute__((vector_size(sizeof(int32_t) * LANES)));
typedef uint8_t vb __attribute__((vector_size(LANES)));

#define PN_INLINE static inline __attribute__((always_inline, unused))

PN_INLINE vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

PN_INLINE void vf_store(float *p, vf v) {
    memcpy(p, &v, sizeof v);
}

/* To memory past the caches: p is a multiple of the vector's size. Before others read it,
 * vf_stream_end. */
PN_INLINE void vf_stream(float *p, vf v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#else
    vf_store(p, v);
#endif
}

PN_INLINE void vf_stream_end(void) {
#if defined(__AVX2__)
    _mm_sfence();
#endif
}

/* The first `count` items, 0 < count < LANES, and zeros. */
PN_INLINE vf vf_load_part(const float *p, int64_t count) {
    vf v = {0};
    memcpy(&v, p, (size_t)count * sizeof *p);
    return v;
}

PN_INLINE void vf_store_part(float *p, vf v, int64_t count) {
    memcpy(p, &v, (size_t)count * sizeof *p);
}

/* Items from `at` on, of a row of `count`. Where the caller says by a constant that all are there
 * (`whole`), nothing is asked. */
PN_INLINE vf vf_load_in(const float *row, int64_t at, int64_t count, const bool whole) {
    return whole || at + LANES <= count ? vf_load(row + at) : vf_load_part(row + at, count - at);
}

PN_INLINE void vf_store_in(float *row, int64_t at, int64_t count, const bool whole, vf v) {
    if (whole || at + LANES <= count)
        vf_store(row + at, v);
    else
        vf_store_part(row + at, v, count - at);
}

PN_INLINE vf vf_load_at(const float *row, int64_t at, int64_t count) {
    return vf_load_in(row, at, count, false);
}

PN_INLINE void vf_store_at(float *row, int64_t at, int64_t count, vf v) {
    vf_store_in(row, at, count, false, v);
}

PN_INLINE vf vf_all(float x) {
    return x - (vf){0};
}

/* a * b + c, rounded once where the processor can. */
PN_INLINE vf vf_fma(vf a, vf b, vf c) {
#if defined(__AVX512F__)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* The sum of all items: halves are added until one is left. */
PN_INLINE float vf_sum(vf v) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
    const __m256 w =
        _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
#else
    const __m256 w = (__m256)v;
#endif
    const __m128 x = _mm_add_ps(_mm256_castps256_ps128(w), _mm256_extractf128_ps(w, 1));
    const __m128 y = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
#else
    return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

/* Masks are all ones or all zeros in each item. */
PN_INLINE vf vf_pick(vi mask, vf yes, vf no) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return (vf)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)mask);
#else
    return (vf)(((vi)yes & mask) | ((vi)no & ~mask));
#endif
}

PN_INLINE vi vf_pick_int(vi mask, vi yes, vi no) {
    return (vi)vf_pick(mask, (vf)yes, (vf)no);
}

PN_INLINE vf vf_where(vi mask, vf yes) {
    return (vf)((vi)yes & mask);
}

/* The larger one; b where one of them is NaN. */
PN_INLINE vf vf_max(vf a, vf b) {
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vf_pick(a > b, a, b);
#endif
}

/* Where a or b is NaN. */
PN_INLINE vi vf_unordered(vf a, vf b) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return (vi)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q);
#else
    return (a != a) | (b != b);
#endif
}

/* NaN stays NaN. */
PN_INLINE vf vf_relu(vf x) {
    return vf_max((vf){0}, x);
}

/* Whether a mask is set anywhere. */
PN_INLINE bool vi_any(vi mask) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    int32_t any = 0;
    for (int l = 0; l < LANES; l++) any |= mask[l];
    return any != 0;
#endif
}

/* Items 0 to 127 as bytes. */
PN_INLINE vb vb_from(vi v) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    const __m128i low = _mm256_castsi256_si128((__m256i)v);
    const __m128i words = _mm_packs_epi32(low, _mm256_extracti128_si256((__m256i)v, 1));
    const __m128i bytes = _mm_packs_epi16(words, words);
    vb b;
    memcpy(&b, &bytes, sizeof b);
    return b;
#else
    return __builtin_convertvector(v, vb);
#endif
}

PN_INLINE vi vi_from(vb b) {
    return __builtin_convertvector(b, vi);
}

#endif
