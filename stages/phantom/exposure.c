/* Exposure: which curve turns attenuation into the grey values that the film aims at, and which one
 * keeps an image's grey values when opacities come in. */
#include "develop.h"

#include <math.h>
#include <string.h>

/* A logistic curve, as film has, and a gamma: `middle` is the attenuation of medium grey. */
static float respond(const pn_phantom_film *film, float middle, float attenuation) {
    float air = 0.85f / (1 + expf(film->gain * middle));
    float s = 1 / (1 + expf(film->gain * (middle - attenuation)));
    s = (s - air) / (1 - air);
    if (s <= 0) return film->fog;
    return film->fog + (film->top - film->fog) * powf(s, film->gamma);
}

static float level_of(float attenuation) {
    float i = (attenuation - PN_PHANTOM_LOW) *
              ((PN_PHANTOM_CURVE - 1) / (PN_PHANTOM_HIGH - PN_PHANTOM_LOW));
    return i < 0 ? 0 : i > PN_PHANTOM_CURVE - 1 ? PN_PHANTOM_CURVE - 1 : i;
}

static float attenuation_of(float level) {
    return PN_PHANTOM_LOW +
           (PN_PHANTOM_HIGH - PN_PHANTOM_LOW) * level / (float)(PN_PHANTOM_CURVE - 1);
}

void pn_phantom_count(const pn_phantom_map *map, const pn_phantom_film *film,
                      pn_phantom_levels *levels) {
    memset(levels, 0, sizeof *levels);
    int x0 = (int)(film->border[0] * (float)map->width);
    int x1 = (int)((1 - film->border[2]) * (float)map->width);
    int y0 = (int)(film->border[1] * (float)map->height);
    int y1 = (int)((1 - film->border[3]) * (float)map->height);
    for (int y = y0; y < y1; y++) {
        const float *row = map->v + (size_t)y * (size_t)map->width;
        for (int x = x0; x < x1; x++) levels->pixels[(int)level_of(row[x])] += 1;
    }
}

/* Mean grey of what attenuates at all, the body. */
static double body_mean(const pn_phantom_levels *levels, const pn_phantom_film *film,
                        float middle) {
    double n = 0, sum = 0;
    for (int i = (int)level_of(0.1f); i < PN_PHANTOM_CURVE; i++) {
        if (levels->pixels[i] == 0) continue;
        n += levels->pixels[i];
        sum += levels->pixels[i] * respond(film, middle, attenuation_of((float)i));
    }
    return n > 0 ? sum / n : 0;
}

void pn_phantom_curve_for(const pn_phantom_levels *levels, const pn_phantom_film *film,
                          float curve[PN_PHANTOM_CURVE]) {
    float low = 0, high = 2;
    for (int i = 0; i < 16; i++) {
        float middle = 0.5f * (low + high);
        if (body_mean(levels, film, middle) > film->mean)
            low = middle;
        else
            high = middle;
    }
    for (int i = 0; i < PN_PHANTOM_CURVE; i++)
        curve[i] = respond(film, low, attenuation_of((float)i));
}

/* A mean over 2 * radius + 1 neighbours, the ends repeated. */
static void smooth(double *values, double *copy, int radius) {
    memcpy(copy, values, PN_PHANTOM_CURVE * sizeof *copy);
    double sum = 0;
    for (int i = -radius; i <= radius; i++) sum += copy[i < 0 ? 0 : i];
    for (int i = 0; i < PN_PHANTOM_CURVE; i++) {
        values[i] = sum / (2 * radius + 1);
        int in = i + radius + 1, out = i - radius;
        sum += copy[in < PN_PHANTOM_CURVE ? in : PN_PHANTOM_CURVE - 1] - copy[out < 0 ? 0 : out];
    }
}

/* shift[i]: how far from level i lies the level that as many pixels of `healthy` stay under as
 * pixels of `sick` stay under i. A few imaginary pixels at every level keep it small where there
 * are hardly any real ones. */
static void find_shifts(const pn_phantom_levels *healthy, const pn_phantom_levels *sick,
                        double shift[PN_PHANTOM_CURVE]) {
    double total = 0, under = 0, reached = 0;
    for (int i = 0; i < PN_PHANTOM_CURVE; i++) total += sick->pixels[i];
    double extra = 0.01 * total / PN_PHANTOM_CURVE + 1e-9;
    for (int i = 0, k = 0; i < PN_PHANTOM_CURVE; i++) {
        double here = sick->pixels[i] + extra, wanted = under + 0.5 * here;
        while (k + 1 < PN_PHANTOM_CURVE && reached + healthy->pixels[k] + extra < wanted)
            reached += healthy->pixels[k++] + extra;
        shift[i] = k + (wanted - reached) / (healthy->pixels[k] + extra) - (i + 0.5);
        under += here;
    }
}

void pn_phantom_match(const pn_phantom_levels *healthy, const pn_phantom_levels *sick,
                      float curve[PN_PHANTOM_CURVE]) {
    enum { RADIUS = 16 };
    double shift[PN_PHANTOM_CURVE], copy[PN_PHANTOM_CURVE];
    float before[PN_PHANTOM_CURVE];
    find_shifts(healthy, sick, shift);
    smooth(shift, copy, RADIUS);
    smooth(shift, copy, RADIUS);
    memcpy(before, curve, sizeof before);
    float highest = 0;
    for (int i = 0; i < PN_PHANTOM_CURVE; i++) {
        double place = fmax(0, fmin(PN_PHANTOM_CURVE - 2, i + shift[i]));
        int k = (int)place;
        float v = before[k] + (float)(place - k) * (before[k + 1] - before[k]);
        highest = v > highest ? v : highest; /* denser is never darker */
        curve[i] = highest;
    }
}
