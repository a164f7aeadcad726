/* The finished map of attenuation (focal blur, edge enhancement) and its exposure: which response
 * curve gives the grey values aimed at. */
#include "develop.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

void pn_phantom_film_draw(pn_phantom_film *film, pn_random *r) {
    film->mean = pn_phantom_around(r, 130, 14);
    film->gain = pn_phantom_around(r, 3.3f, 0.5f);
    film->detail = pn_phantom_between(r, 0.1f, 0.75f);
    film->grain = pn_phantom_between(r, 0.8f, 2.6f);
    film->fog = pn_phantom_between(r, 0, 9);
    film->top = pn_phantom_between(r, 228, 254);
    film->blur = 1 + (int)pn_random_below(r, 2);
    film->stream = pn_random_bits(r);
    bool collimated = pn_random_uniform(r) < 0.35;
    film->border_tilt = pn_phantom_around(r, 0, 0.008f);
    for (int i = 0; i < 4; i++) {
        float width = pn_phantom_between(r, -0.04f, i % 2 ? 0.05f : 0.08f);
        film->border[i] = collimated && width > 0 ? width : 0;
    }
}

/* ---- the finished map of attenuation -------------------------------------------------------- */

/* Attenuation of one depth of lung filled with fluid; see torso.c. */
static const float filled = 0.6f;

static void add_up(pn_phantom_map *map, const pn_phantom_scene *scene, bool sick) {
    size_t count = (size_t)map->width * (size_t)map->height;
    for (size_t i = 0; i < count; i++) {
        float lung = scene->lung.v[i], inside = lung < 1 ? lung : 1;
        float share = sick ? scene->opacity.v[i] : 0;
        map->v[i] = scene->sum.v[i] + scene->vessels.v[i] * inside * (1 - 0.6f * share) +
                    filled * lung * share;
    }
}

static pn_status finish(pn_phantom_map *map, const pn_phantom_film *film, float unit,
                        pn_error *error) {
    pn_status status = pn_phantom_map_blur(map, 1, film->blur, error);
    pn_phantom_map wide = {0};
    if (status == PN_OK) status = pn_phantom_map_new(&wide, map->width, map->height, error);
    if (status == PN_OK) {
        size_t count = (size_t)map->width * (size_t)map->height;
        memcpy(wide.v, map->v, count * sizeof *wide.v);
        status = pn_phantom_map_blur(&wide, (int)(0.07f * unit), 2, error);
        for (size_t i = 0; i < count; i++) map->v[i] += film->detail * (map->v[i] - wide.v[i]);
    }
    pn_phantom_map_free(&wide);
    return status;
}

/* ---- exposure -------------------------------------------------------------------------------- */

static int curve_index(float attenuation) {
    float i = (attenuation - PN_PHANTOM_LOW) *
              ((PN_PHANTOM_CURVE - 1) / (PN_PHANTOM_HIGH - PN_PHANTOM_LOW));
    return i < 0 ? 0 : i > PN_PHANTOM_CURVE - 1 ? PN_PHANTOM_CURVE - 1 : (int)i;
}

/* How many pixels inside the collimation have which attenuation. */
static void count_levels(const pn_phantom_map *map, const pn_phantom_film *film,
                         float levels[PN_PHANTOM_CURVE]) {
    memset(levels, 0, PN_PHANTOM_CURVE * sizeof *levels);
    int x0 = (int)(film->border[0] * (float)map->width);
    int x1 = (int)((1 - film->border[2]) * (float)map->width);
    int y0 = (int)(film->border[1] * (float)map->height);
    int y1 = (int)((1 - film->border[3]) * (float)map->height);
    for (int y = y0; y < y1; y++) {
        const float *row = map->v + (size_t)y * (size_t)map->width;
        for (int x = x0; x < x1; x++) levels[curve_index(row[x])] += 1;
    }
}

static void moments(const float levels[PN_PHANTOM_CURVE], const pn_phantom_response *r, float from,
                    double *mean, double *deviation) {
    double n = 0, sum = 0, squares = 0;
    for (int i = curve_index(from); i < PN_PHANTOM_CURVE; i++) {
        if (levels[i] == 0) continue;
        double v = pn_phantom_respond(r, PN_PHANTOM_LOW + (PN_PHANTOM_HIGH - PN_PHANTOM_LOW) *
                                                              (float)i / (PN_PHANTOM_CURVE - 1));
        n += levels[i];
        sum += levels[i] * v;
        squares += levels[i] * v * v;
    }
    *mean = n > 0 ? sum / n : 0;
    *deviation = n > 0 ? sqrt(fmax(0, squares / n - *mean * *mean)) : 0;
}

/* Sets the middle of the response so that the body has the film's mean grey. */
static pn_phantom_response aim(const float levels[PN_PHANTOM_CURVE], const pn_phantom_film *film) {
    pn_phantom_response r = {.gain = film->gain, .fog = film->fog, .top = film->top};
    float low = 0, high = 2;
    for (int i = 0; i < 16; i++) {
        double mean, deviation;
        r.middle = 0.5f * (low + high);
        moments(levels, &r, 0.1f, &mean, &deviation);
        if (mean > film->mean)
            low = r.middle;
        else
            high = r.middle;
    }
    return r;
}

/* Newton's method in two variables: the same mean and deviation as the healthy chest had. */
static pn_phantom_response compensate(const float levels[PN_PHANTOM_CURVE], pn_phantom_response r,
                                      double mean, double deviation) {
    const float step = 0.004f;
    for (int i = 0; i < 6; i++) {
        double m, d, mm, dm, mg, dg;
        pn_phantom_response by_middle = r, by_gain = r;
        by_middle.middle += step;
        by_gain.gain += 10 * step;
        moments(levels, &r, PN_PHANTOM_LOW, &m, &d);
        moments(levels, &by_middle, PN_PHANTOM_LOW, &mm, &dm);
        moments(levels, &by_gain, PN_PHANTOM_LOW, &mg, &dg);
        double a = (mm - m) / step, b = (mg - m) / (10 * step);
        double c = (dm - d) / step, e = (dg - d) / (10 * step), determinant = a * e - b * c;
        if (fabs(determinant) < 1e-6) break;
        double middle = ((mean - m) * e - (deviation - d) * b) / determinant;
        double gain = ((deviation - d) * a - (mean - m) * c) / determinant;
        r.middle += (float)fmax(-0.1, fmin(0.1, middle));
        r.gain += (float)fmax(-0.6, fmin(0.6, gain));
    }
    return r;
}

pn_status pn_phantom_expose(const pn_phantom_scene *scene, const pn_phantom_film *film,
                            uint64_t seed, uint8_t *pixels, int height, int width,
                            pn_phantom_poll poll, pn_error *error) {
    pn_phantom_map map = {0};
    float levels[PN_PHANTOM_CURVE], unit = scene->pose.view.scale;
    pn_status status = pn_phantom_map_new(&map, scene->sum.width, scene->sum.height, error);
    if (status == PN_OK) {
        add_up(&map, scene, false);
        status = finish(&map, film, unit, error);
    }
    pn_phantom_response r = {0};
    if (status == PN_OK) {
        count_levels(&map, film, levels);
        r = aim(levels, film);
    }
    if (status == PN_OK && scene->opacities > 0) {
        double mean, deviation;
        moments(levels, &r, PN_PHANTOM_LOW, &mean, &deviation);
        add_up(&map, scene, true);
        status = finish(&map, film, unit, error);
        count_levels(&map, film, levels);
        r = compensate(levels, r, mean, deviation);
    }
    if (status == PN_OK)
        status = pn_phantom_develop(&map, film, &r, seed, pixels, height, width, poll, error);
    pn_phantom_map_free(&map);
    return status;
}
