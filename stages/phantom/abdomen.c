/* Air outside the lungs: gas in stomach and bowel under the left dome, the windpipe. */
#include "phantom.h"

#include <math.h>

/* Gas with an uneven border: a few overlapping bubbles. */
static void gas(pn_phantom_scene *scene, float x, float y, float size, float depth,
                pn_random *random) {
    for (int i = 0; i < 4; i++) {
        float rx = size * pn_phantom_between(random, 0.5f, 1);
        float angle = pn_phantom_around(random, 0, 0.4f);
        float shift = size * 0.5f;
        pn_phantom_disc disc = {.x = x + pn_phantom_around(random, 0, shift),
                                .y = y + pn_phantom_around(random, 0, 0.4f * shift),
                                .rx = rx,
                                .ry = rx * pn_phantom_between(random, 0.4f, 0.75f),
                                .angle = angle,
                                .corner = 1,
                                .fill = -depth * pn_phantom_between(random, 0.3f, 0.6f),
                                .rim = 0.1f * depth,
                                .soft = 0.018f};
        pn_phantom_disc_add(&scene->sum, &scene->pose.view, &disc);
    }
}

static void windpipe(pn_phantom_scene *scene, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    float x = pn_phantom_around(random, -0.025f, 0.02f) + scene->pose.turn, fork = -0.58f;
    pn_phantom_knot pipe[] = {{x, a->apex - 0.6f, 0.05f, -0.1f},
                              {x, a->apex, 0.05f, -0.12f},
                              {x - 0.012f, 0.5f * (a->apex + fork), 0.052f, -0.11f},
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

void pn_phantom_abdomen(pn_phantom_scene *scene, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    float under = a->dome[1] + scene->pose.breath;
    windpipe(scene, random);
    if (scene->pose.bubble > 0) {
        float x = pn_phantom_between(random, 0.36f, 0.6f);
        gas(scene, x, under + pn_phantom_between(random, 0.13f, 0.22f), 0.17f,
            0.30f * scene->pose.bubble, random);
    }
    for (int i = 0; i < scene->pose.loops; i++)
        gas(scene, pn_phantom_between(random, -0.3f, 0.8f),
            under + pn_phantom_between(random, 0.38f, 0.9f),
            pn_phantom_between(random, 0.06f, 0.13f), pn_phantom_between(random, 0.1f, 0.28f),
            random);
}
