/* 64 bytes that are 0 or 255 to and from the bits of a word; byte i is bit i. */
#ifndef PN_KERNELS_SIMD_BITS_H
#define PN_KERNELS_SIMD_BITS_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#endif

static inline uint64_t pack_bits(const uint8_t flags[64]) {
#if defined(__AVX512BW__)
    return _mm512_movepi8_mask(_mm512_loadu_si512(flags));
#elif defined(__AVX2__)
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)flags));
    uint32_t high =
        (uint32_t)_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(flags + 32)));
    return (uint64_t)high << 32 | low;
#else
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) {
        const uint8_t *f = flags + 8 * i;
        uint64_t bytes = 0;
        for (int k = 0; k < 8; k++) bytes |= (uint64_t)f[k] << (8 * k);
        /* One bit of each byte, gathered in the top byte: no two products meet. */
        uint64_t bits = ((bytes & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
        word |= bits << (8 * i);
    }
    return word;
#endif
}

static inline void unpack_bits(uint64_t word, uint8_t flags[64]) {
#if defined(__AVX512BW__)
    _mm512_storeu_si512(flags, _mm512_movm_epi8(word));
#elif defined(__AVX2__)
    const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201u);
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    for (int half = 0; half < 2; half++) {
        __m256i bytes = _mm256_set1_epi32((int32_t)(word >> (32 * half)));
        bytes = _mm256_and_si256(_mm256_shuffle_epi8(bytes, spread), bit);
        _mm256_storeu_si256((__m256i *)(flags + 32 * half), _mm256_cmpeq_epi8(bytes, bit));
    }
#else
    for (int i = 0; i < 64; i++) flags[i] = (uint8_t) - (int)(word >> i & 1);
#endif
}

#endif
