/* How a film is drawn, and the finished map of attenuation: focal blur, edge enhancement. */
#include "develop.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

void pn_phantom_film_draw(pn_phantom_film *film, pn_random *r) {
    film->mean = pn_phantom_around(r, 130, 16);
    film->gain = pn_phantom_around(r, 3.3f, 0.6f);
    film->gamma = expf(pn_phantom_around(r, 0, 0.2f));
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

static void add_up(pn_phantom_map *map, const pn_phantom_scene *scene, bool sick) {
    size_t count = (size_t)map->width * (size_t)map->height;
    for (size_t i = 0; i < count; i++) {
        float lung = scene->lung.v[i], inside = lung < 1 ? lung : 1;
        float share = sick ? scene->opacity.v[i] : 0;
        map->v[i] = scene->sum.v[i] + scene->vessels.v[i] * inside * (1 - 0.6f * share) +
                    scene->pose.air * lung * share;
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

pn_status pn_phantom_expose(const pn_phantom_scene *scene, const pn_phantom_film *film,
                            uint64_t seed, uint8_t *pixels, int height, int width,
                            pn_phantom_poll poll, pn_error *error) {
    pn_phantom_map map = {0};
    pn_phantom_levels healthy, sick;
    float curve[PN_PHANTOM_CURVE], unit = scene->pose.view.scale;
    pn_status status = pn_phantom_map_new(&map, scene->sum.width, scene->sum.height, error);
    if (status == PN_OK) {
        add_up(&map, scene, false);
        status = finish(&map, film, unit, error);
    }
    if (status == PN_OK) {
        pn_phantom_count(&map, film, &healthy);
        pn_phantom_curve_for(&healthy, film, curve);
    }
    if (status == PN_OK && scene->opacities > 0) {
        add_up(&map, scene, true);
        status = finish(&map, film, unit, error);
        pn_phantom_count(&map, film, &sick);
        pn_phantom_match(&healthy, &sick, curve);
    }
    if (status == PN_OK)
        status = pn_phantom_develop(&map, film, curve, seed, pixels, height, width, poll, error);
    pn_phantom_map_free(&map);
    return status;
}
