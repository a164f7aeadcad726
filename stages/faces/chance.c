/* Random numbers of the usual forms, smooth functions, smooth noise, colours. */
#include "faces.h"

#include <math.h>

float pn_face_between(pn_random *random, float low, float high) {
    return low + (high - low) * (float)pn_random_uniform(random);
}

float pn_face_around(pn_random *random, float middle, float deviation) {
    float n = (float)pn_random_normal(random);
    return middle + deviation * fmaxf(-2, fminf(2, n));
}

bool pn_face_chance(pn_random *random, float probability) {
    return pn_random_uniform(random) < (double)probability;
}

int pn_face_below(pn_random *random, int count) {
    return (int)pn_random_below(random, (uint64_t)count);
}

float pn_face_smooth(float t) {
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

float pn_face_ramp(float low, float high, float x) {
    return pn_face_smooth((x - low) / (high - low));
}

float pn_face_mix(float a, float b, float share) {
    return a + (b - a) * share;
}

float pn_face_bell(float x) {
    float t = 1 / (1 + x * x);
    return t * t;
}

/* A number between -1 and 1 for each point of the grid. The mixing is MurmurHash3's (Appleby). */
static float grid_value(uint32_t seed, int x, int y) {
    uint32_t h = seed + (uint32_t)x * 0x9e3779b1u + (uint32_t)y * 0x85ebca77u;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    h ^= h >> 16;
    return (float)(h >> 8) * (2.0f / 16777216.0f) - 1;
}

float pn_face_noise(uint32_t seed, float x, float y) {
    int ix = (int)x, iy = (int)y;
    ix -= x < (float)ix; /* floorf would be a call */
    iy -= y < (float)iy;
    float tx = pn_face_smooth(x - (float)ix), ty = pn_face_smooth(y - (float)iy);
    float above = pn_face_mix(grid_value(seed, ix, iy), grid_value(seed, ix + 1, iy), tx);
    float below = pn_face_mix(grid_value(seed, ix, iy + 1), grid_value(seed, ix + 1, iy + 1), tx);
    return pn_face_mix(above, below, ty);
}

pn_face_color pn_face_blend(pn_face_color a, pn_face_color b, float share) {
    for (int i = 0; i < 3; i++) a.c[i] = pn_face_mix(a.c[i], b.c[i], share);
    return a;
}

pn_face_color pn_face_scaled(pn_face_color color, float factor) {
    for (int i = 0; i < 3; i++) color.c[i] *= factor;
    return color;
}

pn_face_color pn_face_hsv(float hue, float saturation, float value) {
    pn_face_color color;
    for (int i = 0; i < 3; i++) {
        /* Each channel is full within a sixth of the circle round its own hue. */
        float away = fabsf(6 * (hue - (float)i / 3));
        away = fminf(away, 6 - away);
        float part = fmaxf(0, fminf(1, 2 - away));
        color.c[i] = value * (1 - saturation * (1 - part));
    }
    return color;
}
