/* Fine structure: the lungs' vessels, which branch from the hila and thin out, the texture of lung
 * and soft tissue. */
#include "phantom.h"

#include <math.h>

typedef struct branch {
    float x, y, angle, half, length;
    int depth;
} branch;

static void grow(pn_phantom_scene *scene, branch b, pn_random *random) {
    enum { STEPS = 6 };
    pn_phantom_knot knots[STEPS];
    float bend = pn_phantom_around(random, 0, 0.5f), step = b.length / (STEPS - 1);
    float next = b.half * pn_phantom_between(random, 0.68f, 0.82f);
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1), half = b.half + (next - b.half) * t;
        /* A vessel is a cylinder of blood: its path length goes with its width. */
        knots[i] = (pn_phantom_knot){b.x, b.y, half, scene->anatomy.vessels * 5.0f * half};
        if (i == STEPS - 1) break;
        b.angle += bend / STEPS;
        b.x += step * cosf(b.angle);
        b.y += step * sinf(b.angle);
    }
    pn_phantom_strip(&scene->vessels, &scene->pose.view, knots, STEPS, PN_TUBE);
    if (b.depth == 0 || next < 0.003f) return;
    float spread = pn_phantom_between(random, 0.35f, 0.7f);
    float lean = pn_phantom_between(random, 0.3f, 0.7f);
    for (int child = 0; child < 2; child++) {
        branch c = b;
        c.angle += child ? spread * lean : -spread * (1 - lean);
        c.half = next * (child ? 0.95f : 0.85f);
        c.length = b.length * pn_phantom_between(random, 0.6f, 1);
        c.depth = b.depth - 1;
        grow(scene, c, random);
    }
}

static void tree(pn_phantom_scene *scene, int side, pn_random *random) {
    float sign = side ? 1 : -1;
    float x = sign * pn_phantom_around(random, side ? 0.27f : 0.24f, 0.02f) + scene->pose.turn;
    float y = pn_phantom_around(random, side ? -0.47f : -0.42f, 0.03f);
    enum { STEMS = 11 };
    for (int i = 0; i < STEMS; i++) {
        /* From steeply up to steeply down; the lower lobe's are the larger. */
        float fan = -1.25f + 2.6f * ((float)i + 0.5f) / STEMS + pn_phantom_around(random, 0, 0.16f);
        branch b = {.x = x + pn_phantom_around(random, 0, 0.02f),
                    .y = y + 0.1f * fan + pn_phantom_around(random, 0, 0.02f),
                    .angle = side ? fan : 3.14159265f - fan,
                    .half =
                        pn_phantom_between(random, 0.012f, 0.019f) * (fan > 0.2f ? 1.12f : 0.9f),
                    .length = pn_phantom_between(random, 0.13f, 0.2f),
                    .depth = 5};
        grow(scene, b, random);
    }
    for (int i = 0; i < 5; i++) { /* vessels seen end-on, nodes */
        float r = pn_phantom_between(random, 0.01f, 0.024f);
        pn_phantom_disc disc = {.x = x + pn_phantom_around(random, sign * 0.05f, 0.05f),
                                .y = y + pn_phantom_around(random, 0.05f, 0.09f),
                                .rx = r,
                                .ry = r * 0.85f,
                                .corner = 1,
                                .fill = 4.5f * r,
                                .soft = 0.01f};
        pn_phantom_disc_add(&scene->vessels, &scene->pose.view, &disc);
    }
    pn_phantom_disc hilum = {.x = x + sign * 0.04f,
                             .y = y + 0.06f,
                             .rx = 0.17f,
                             .ry = 0.26f,
                             .angle = -sign * 0.25f,
                             .corner = 1,
                             .fill = 0.11f,
                             .soft = 0.1f};
    pn_phantom_disc_add(&scene->vessels, &scene->pose.view, &hilum);
}

/* Noise of several scales: detail in body units along both axes, and how strong. */
typedef struct octave {
    float x, y, amplitude;
} octave;

static pn_status add_octaves(pn_phantom_map *map, float unit, const octave *octaves, int count,
                             pn_random *random, pn_error *error) {
    pn_status status = PN_OK;
    for (int i = 0; i < count && status == PN_OK; i++)
        status = pn_phantom_map_noise(map, random, octaves[i].x * unit, octaves[i].y * unit,
                                      octaves[i].amplitude, false, error);
    return status;
}

pn_status pn_phantom_vessels(pn_phantom_scene *scene, pn_random *random, pn_error *error) {
    static const octave texture[] = {
        {0.16f, 0.2f, 0.024f}, {0.035f, 0.035f, 0.016f}, {0.013f, 0.013f, 0.009f}};
    for (int side = 0; side < 2; side++) tree(scene, side, random);
    pn_status status = pn_phantom_map_blur(&scene->vessels, 1, 2, error);
    if (status != PN_OK) return status;
    return add_octaves(&scene->vessels, scene->pose.view.scale, texture, 3, random, error);
}

pn_status pn_phantom_tissue(pn_phantom_scene *scene, pn_random *random, pn_error *error) {
    static const octave texture[] = {
        {0.3f, 0.35f, 0.024f}, {0.1f, 0.08f, 0.016f}, {0.02f, 0.03f, 0.012f}};
    pn_phantom_map noise = {0};
    pn_status status =
        pn_phantom_map_new(&noise, scene->pose.view.width, scene->pose.view.height, error);
    if (status == PN_OK)
        status = add_octaves(&noise, scene->pose.view.scale, texture, 3, random, error);
    if (status == PN_OK) {
        size_t count = (size_t)noise.width * (size_t)noise.height;
        for (size_t i = 0; i < count; i++) {
            float s = scene->sum.v[i]; /* none in the air beside the body */
            scene->sum.v[i] += noise.v[i] * (s < 1 ? s : 1);
        }
    }
    pn_phantom_map_free(&noise);
    return status;
}
