/* Air outside the lungs: gas in stomach and bowel under the left dome, the windpipe. */
#include "phantom.h"

#include <math.h>

/* Bubbles are laid into a map of their own and cut at a level: where they meet they merge, and
 * noise makes their borders uneven. */
static void bubbles(pn_phantom_map *map, const pn_phantom_view *view, float x, float y, float size,
                    pn_random *random) {
    for (int i = 0; i < 5; i++) {
        float rx = size * pn_phantom_between(random, 0.6f, 1.2f);
        pn_phantom_disc disc = {.x = x + pn_phantom_around(random, 0, 0.45f * size),
                                .y = y + pn_phantom_around(random, 0, 0.25f * size),
                                .rx = rx,
                                .ry = rx * pn_phantom_between(random, 0.45f, 0.8f),
                                .angle = pn_phantom_around(random, 0, 0.4f),
                                .corner = 1,
                                .fill = 0.6f,
                                .soft = 0.5f * rx};
        pn_phantom_disc_add(map, view, &disc);
    }
}

static void take_away(pn_phantom_scene *scene, const pn_phantom_map *gas) {
    size_t count = (size_t)gas->width * (size_t)gas->height;
    for (size_t i = 0; i < count; i++) {
        float g = gas->v[i] - 0.75f;
        if (g <= 0) continue;
        scene->sum.v[i] -= 0.1f * fminf(1, g / 0.3f) + 0.16f * fminf(1, g);
    }
}

static pn_status gas(pn_phantom_scene *scene, pn_random *random, pn_error *error) {
    const pn_phantom_pose *pose = &scene->pose;
    pn_phantom_map map = {0};
    pn_status status = pn_phantom_map_new(&map, pose->view.width, pose->view.height, error);
    if (status != PN_OK) return status;
    float under = scene->anatomy.dome[1] + pose->breath, unit = pose->view.scale;
    if (pose->bubble > 0) {
        float x = pn_phantom_between(random, 0.34f, 0.6f);
        bubbles(&map, &pose->view, x, under + pn_phantom_between(random, 0.14f, 0.22f),
                0.19f * pose->bubble, random);
    }
    for (int i = 0; i < pose->loops; i++)
        bubbles(&map, &pose->view, pn_phantom_between(random, -0.35f, 0.8f),
                under + pn_phantom_between(random, 0.38f, 0.9f),
                pn_phantom_between(random, 0.06f, 0.13f), random);
    for (int octave = 0; octave < 2 && status == PN_OK; octave++) {
        float cell = (octave ? 0.03f : 0.09f) * unit;
        status =
            pn_phantom_map_noise(&map, random, cell, cell, octave ? 0.07f : 0.16f, false, error);
    }
    if (status == PN_OK) take_away(scene, &map);
    pn_phantom_map_free(&map);
    return status;
}

static void windpipe(pn_phantom_scene *scene, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    float x = pn_phantom_around(random, -0.025f, 0.02f) + scene->pose.turn, fork = -0.58f;
    pn_phantom_knot pipe[] = {{x, a->apex - 0.6f, 0.055f, -0.13f},
                              {x, a->apex, 0.055f, -0.14f},
                              {x - 0.012f, 0.5f * (a->apex + fork), 0.055f, -0.12f},
                              {x - 0.02f, fork, 0.06f, -0.09f}};
    pn_phantom_strip(&scene->sum, &scene->pose.view, pipe, 4, PN_TUBE);
    for (int side = 0; side < 2; side++) {
        float s = side ? 1 : -1;
        pn_phantom_knot branch[] = {{x - 0.02f, fork - 0.02f, 0.035f, -0.07f},
                                    {x + s * 0.1f, fork + 0.1f, 0.033f, -0.06f},
                                    {x + s * 0.22f, fork + 0.19f, 0.022f, -0.03f}};
        pn_phantom_strip(&scene->sum, &scene->pose.view, branch, 3, PN_TUBE);
    }
}

pn_status pn_phantom_abdomen(pn_phantom_scene *scene, pn_random *random, pn_error *error) {
    windpipe(scene, random);
    if (scene->pose.bubble <= 0 && scene->pose.loops == 0) return PN_OK;
    return gas(scene, random, error);
}
