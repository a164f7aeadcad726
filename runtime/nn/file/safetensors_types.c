#include "nn/file/safetensors_types.h"

#include <string.h>

/* ---- to float32 ---- */

static float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
static float float_of_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) return float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f; /* zero and subnormal numbers */
    return sign ? -tiny : tiny;
}

static int64_t from_f16(const void *from, int64_t count, void *to) {
    const char *at = from;
    uint16_t x;
    for (int64_t i = 0; i < count; i++, at += sizeof x) {
        memcpy(&x, at, sizeof x);
        ((float *)to)[i] = float_of_half(x);
    }
    return count;
}

/* bfloat16 is the upper half of a float32. */
static int64_t from_bf16(const void *from, int64_t count, void *to) {
    const char *at = from;
    uint16_t x;
    for (int64_t i = 0; i < count; i++, at += sizeof x) {
        memcpy(&x, at, sizeof x);
        ((float *)to)[i] = float_of_bits((uint32_t)x << 16);
    }
    return count;
}

static int64_t from_f64(const void *from, int64_t count, void *to) {
    const char *at = from;
    double x;
    for (int64_t i = 0; i < count; i++, at += sizeof x) {
        memcpy(&x, at, sizeof x);
        ((float *)to)[i] = (float)x;
    }
    return count;
}

/* ---- to int32 ---- */

/* Little-endian integers of `bytes` bytes. */
static int64_t from_integers(const void *from, int64_t count, size_t bytes, int is_signed,
                             void *to) {
    const char *at = from;
    int shift = 64 - 8 * (int)bytes;
    for (int64_t i = 0; i < count; i++, at += bytes) {
        uint64_t bits = 0;
        memcpy(&bits, at, bytes);
        int64_t x = is_signed ? (int64_t)(bits << shift) >> shift : (int64_t)bits;
        if (x < INT32_MIN || x > INT32_MAX || (!is_signed && bits > INT32_MAX)) return i;
        ((int32_t *)to)[i] = (int32_t)x;
    }
    return count;
}

static int64_t from_i8(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 1, 1, to);
}

static int64_t from_i16(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 2, 1, to);
}

static int64_t from_u16(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 2, 0, to);
}

static int64_t from_u32(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 4, 0, to);
}

static int64_t from_i64(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 8, 1, to);
}

static int64_t from_u64(const void *from, int64_t count, void *to) {
    return from_integers(from, count, 8, 0, to);
}

/* ---- the table ---- */

static const pn_safetensors_type types[] = {
    {"F32", 4, 1, PN_F32, NULL},       {"F16", 2, 1, PN_F32, from_f16},
    {"BF16", 2, 1, PN_F32, from_bf16}, {"F64", 8, 1, PN_F32, from_f64},
    {"U8", 1, 1, PN_U8, NULL},         {"BOOL", 1, 1, PN_U8, NULL},
    {"I32", 4, 1, PN_I32, NULL},       {"I8", 1, 1, PN_I32, from_i8},
    {"I16", 2, 1, PN_I32, from_i16},   {"U16", 2, 1, PN_I32, from_u16},
    {"I64", 8, 1, PN_I32, from_i64},   {"U32", 4, 1, PN_I32, from_u32},
    {"U64", 8, 1, PN_I32, from_u64},   {"F8_E4M3", 1, 0, PN_F32, NULL},
    {"F8_E5M2", 1, 0, PN_F32, NULL},   {"F8_E8M0", 1, 0, PN_F32, NULL},
    {"C64", 8, 0, PN_F32, NULL},
};

const pn_safetensors_type *pn_safetensors_type_find(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const char *pn_safetensors_type_name(pn_dtype dtype) {
    return dtype == PN_F32 ? "F32" : dtype == PN_U8 ? "U8" : "I32";
}
