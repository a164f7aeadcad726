/* Now and then things lie on or in the patient: wires with electrodes, a tube. */
#include "phantom.h"

#include <math.h>

enum { STEPS = 40 };

/* A cubic Bezier curve as a strip. */
static void wire(pn_phantom_scene *scene, const float p[8], float half, float gain) {
    pn_phantom_knot knots[STEPS];
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1), s = 1 - t;
        float b0 = s * s * s, b1 = 3 * s * s * t, b2 = 3 * s * t * t, b3 = t * t * t;
        knots[i] = (pn_phantom_knot){b0 * p[0] + b1 * p[2] + b2 * p[4] + b3 * p[6],
                                     b0 * p[1] + b1 * p[3] + b2 * p[5] + b3 * p[7], half, gain};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, knots, STEPS, PN_TUBE);
}

static void electrode(pn_phantom_scene *scene, pn_random *random) {
    float side = pn_random_below(random, 2) ? 1 : -1;
    float x = side * pn_phantom_between(random, 0.6f, 1.15f);
    float y = pn_phantom_between(random, -0.95f, 0.45f);
    pn_phantom_disc ring = {.x = x,
                            .y = y,
                            .rx = 0.04f,
                            .ry = 0.045f,
                            .corner = 1,
                            .fill = 0.22f,
                            .rim = 0.35f,
                            .soft = 0.01f};
    pn_phantom_disc_add(&scene->sum, &scene->pose.view, &ring);
    ring.rx = 0.016f, ring.ry = 0.018f, ring.fill = 0.7f, ring.rim = 0;
    pn_phantom_disc_add(&scene->sum, &scene->pose.view, &ring);
    const float p[8] = {x,
                        y,
                        x + side * 0.15f,
                        y + pn_phantom_around(random, 0, 0.2f),
                        side * pn_phantom_between(random, 0.9f, 1.4f),
                        y + pn_phantom_around(random, 0.2f, 0.3f),
                        side * 1.7f,
                        y + pn_phantom_around(random, 0.3f, 0.5f)};
    wire(scene, p, 0.009f, 0.33f);
}

/* Two thin walls and a marker line, from the mouth down the middle. */
static void tube(pn_phantom_scene *scene, pn_random *random) {
    float x = pn_phantom_around(random, 0, 0.02f), end = pn_phantom_between(random, -0.8f, 0.55f);
    float wander = pn_phantom_around(random, 0.03f, 0.03f);
    for (int wall = -1; wall <= 1; wall += 2) {
        float w = x + (float)wall * 0.016f;
        const float p[8] = {
            w + wander, -2.2f, w - wander, -1.4f, w + wander, end - 0.4f, w + (end > 0 ? 0.2f : 0),
            end};
        wire(scene, p, 0.005f, 0.22f);
    }
}

void pn_phantom_devices(pn_phantom_scene *scene, pn_random *random) {
    if (pn_random_uniform(random) < 0.14) {
        int count = 1 + (int)pn_random_below(random, 3);
        for (int i = 0; i < count; i++) electrode(scene, random);
    }
    if (pn_random_uniform(random) < 0.08) tube(scene, random);
}
