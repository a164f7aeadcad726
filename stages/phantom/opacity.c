/* Pneumonia: where exudate fills the air spaces, the beam meets soft tissue. An opacity is a soft
 * share (0 to 1) of the lung's air that is filled; so it follows the depth of the lung and stays
 * inside it by construction. */
#include "phantom.h"

#include <math.h>

typedef struct blob {
    float x, y, rx, ry, angle, share, sharp;
} blob;

/* A place well inside a lung. Falls back on the lung's deepest point when luck fails. */
static void find_place(const pn_phantom_scene *scene, int side, float low, float high,
                       pn_random *random, float *x, float *y) {
    const pn_phantom_view *view = &scene->pose.view;
    float best = -1, bx = 0, by = 0;
    for (int attempt = 0; attempt < 60; attempt++) {
        float cx = (side ? 1.0f : -1.0f) * pn_phantom_between(random, 0.3f, 0.85f);
        float cy = pn_phantom_between(random, low, high), px, py;
        pn_phantom_to_pixel(view, cx, cy, &px, &py);
        if (px < 0 || py < 0 || px >= (float)view->width || py >= (float)view->height) continue;
        float depth = scene->lung.v[(size_t)py * (size_t)view->width + (size_t)px];
        if (depth > best) best = depth, bx = cx, by = cy;
        if (depth > 0.55f) break;
    }
    *x = bx;
    *y = by;
}

/* Lays a blob into the opacity map: the larger share wins where blobs meet. `noise` frays it. */
static void lay(pn_phantom_scene *scene, const blob *b, const pn_phantom_map *noise) {
    const pn_phantom_view *view = &scene->pose.view;
    float c = cosf(b->angle), s = sinf(b->angle);
    for (int py = 0; py < view->height; py++) {
        size_t row = (size_t)py * (size_t)view->width;
        for (int px = 0; px < view->width; px++) {
            if (scene->lung.v[row + (size_t)px] <= 0) continue;
            float x, y;
            pn_phantom_to_body(view, (float)px + 0.5f, (float)py + 0.5f, &x, &y);
            x -= b->x, y -= b->y;
            float u = (c * x + s * y) / b->rx, v = (c * y - s * x) / b->ry;
            float square = u * u + v * v;
            if (square > 5) continue;
            float n = noise->v[row + (size_t)px];
            float t = b->sharp * (1 - sqrtf(square) + 0.17f * n) + 0.5f;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            float share = b->share * t * t * (3 - 2 * t) * (1 + 0.16f * n);
            float *o = &scene->opacity.v[row + (size_t)px];
            if (share > *o) *o = share < 1 ? share : 1;
        }
    }
}

static blob draw_blob(const pn_phantom_scene *scene, int side, float size, float strength,
                      float low, float high, pn_random *random) {
    blob b = {.rx = size * pn_phantom_between(random, 0.75f, 1.2f),
              .ry = size * pn_phantom_between(random, 0.7f, 1.25f),
              .angle = pn_phantom_between(random, 0, 3.1f),
              .share = strength * pn_phantom_between(random, 0.4f, 0.68f),
              .sharp = pn_phantom_between(random, 0.8f, 1.4f)};
    find_place(scene, side, low, high, random, &b.x, &b.y);
    return b;
}

static void lobar(pn_phantom_scene *scene, float strength, const pn_phantom_map *noise,
                  pn_random *random) {
    int side = (int)pn_random_below(random, 2), lobe = (int)pn_random_below(random, 3);
    float low = lobe == 0 ? -0.85f : lobe == 1 ? -0.5f : -0.25f;
    blob b = draw_blob(scene, side, pn_phantom_between(random, 0.27f, 0.42f), strength, low,
                       low + 0.3f, random);
    b.share = strength * pn_phantom_between(random, 0.5f, 0.78f);
    b.sharp = pn_phantom_between(random, 0.9f, 1.7f);
    lay(scene, &b, noise);
    scene->opacities = 1;
}

static void patchy(pn_phantom_scene *scene, float strength, const pn_phantom_map *noise,
                   pn_random *random) {
    int count = 2 + (int)pn_random_below(random, 4), main = (int)pn_random_below(random, 2);
    for (int i = 0; i < count; i++) {
        int side = pn_random_uniform(random) < 0.65 ? main : 1 - main;
        blob b = draw_blob(scene, side, pn_phantom_between(random, 0.16f, 0.28f), strength, -0.8f,
                           0.1f, random);
        lay(scene, &b, noise);
    }
    scene->opacities = count;
}

/* Streaks around the vessels and a haze, on both sides. */
static pn_status interstitial(pn_phantom_scene *scene, float strength, pn_phantom_map *noise,
                              pn_random *random, pn_error *error) {
    float unit = scene->pose.view.scale;
    for (int side = 0; side < 2; side++) {
        blob b = draw_blob(scene, side, pn_phantom_between(random, 0.34f, 0.5f), strength, -0.55f,
                           -0.1f, random);
        b.x = (side ? 1.0f : -1.0f) * pn_phantom_between(random, 0.36f, 0.5f);
        b.share = strength * pn_phantom_between(random, 0.33f, 0.5f);
        b.sharp = pn_phantom_between(random, 0.7f, 1.1f);
        lay(scene, &b, noise);
    }
    scene->opacities = 2;
    size_t count = (size_t)noise->width * (size_t)noise->height;
    for (size_t i = 0; i < count; i++) noise->v[i] = 0.8f;
    pn_status status =
        pn_phantom_map_noise(noise, random, 0.05f * unit, 0.055f * unit, 0.12f, true, error);
    if (status == PN_OK)
        status =
            pn_phantom_map_noise(noise, random, 0.024f * unit, 0.024f * unit, 0.09f, true, error);
    if (status != PN_OK) return status;
    for (size_t i = 0; i < count; i++) {
        float share = scene->opacity.v[i] * noise->v[i];
        scene->opacity.v[i] = share < 1 ? share : 1;
    }
    return PN_OK;
}

pn_status pn_phantom_opacity(pn_phantom_scene *scene, bool virus, float strength, pn_random *random,
                             pn_error *error) {
    float unit = scene->pose.view.scale;
    pn_phantom_map noise = {0};
    pn_status status =
        pn_phantom_map_new(&noise, scene->pose.view.width, scene->pose.view.height, error);
    if (status == PN_OK)
        status =
            pn_phantom_map_noise(&noise, random, 0.12f * unit, 0.11f * unit, 0.8f, false, error);
    if (status == PN_OK)
        status =
            pn_phantom_map_noise(&noise, random, 0.035f * unit, 0.035f * unit, 0.45f, false, error);
    if (status == PN_OK) {
        bool fine = pn_random_uniform(random) < (virus ? 0.75 : 0.1);
        if (fine)
            status = interstitial(scene, strength, &noise, random, error);
        else if (pn_random_uniform(random) < (virus ? 0.2 : 0.55))
            lobar(scene, strength, &noise, random);
        else
            patchy(scene, strength, &noise, random);
    }
    if (status == PN_OK)
        status = pn_phantom_map_blur(&scene->opacity, (int)fmaxf(1, 0.008f * unit), 2, error);
    pn_phantom_map_free(&noise);
    return status;
}
