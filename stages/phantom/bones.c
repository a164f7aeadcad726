/* Spine, clavicles, shoulder blades, upper arms, jaw. */
#include "phantom.h"

#include <math.h>

/* Strips along a smooth curve through a few knots. */
static void add_smooth(pn_phantom_scene *scene, const pn_phantom_knot *k, int count,
                       pn_phantom_profile profile) {
    enum { PIECES = 7, MOST = 4 };
    pn_phantom_knot fine[PIECES * (MOST - 1) + 1];
    int n = PIECES * (count - 1) + 1;
    for (int j = 0; j < n; j++) {
        float field[4], points[MOST][2];
        for (int f = 0; f < 4; f++) {
            for (int i = 0; i < count; i++) {
                const float of[4] = {k[i].x, k[i].y, k[i].half, k[i].gain};
                points[i][0] = (float)i, points[i][1] = of[f];
            }
            field[f] = pn_phantom_curve((const float(*)[2])points, count, (float)j / PIECES);
        }
        fine[j] = (pn_phantom_knot){field[0], field[1], field[2], field[3]};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, fine, n, profile);
}

static void add(pn_phantom_scene *scene, pn_phantom_disc disc) {
    disc.fill *= scene->anatomy.bone;
    disc.rim *= scene->anatomy.bone;
    pn_phantom_disc_add(&scene->sum, &scene->pose.view, &disc);
}

static void vertebra(pn_phantom_scene *scene, float x, float y, float half, float gap,
                     pn_random *random) {
    float tilt = pn_phantom_around(random, 0, 0.03f), high = 0.43f * gap;
    float light = pn_phantom_around(random, 1, 0.15f);
    x += pn_phantom_around(random, 0, 0.004f);
    add(scene, (pn_phantom_disc){x, y, half, high, tilt, 0.35f, 0.075f * light, 0.015f, 0.02f});
    /* End plates, seen edge-on. */
    for (int end = -1; end <= 1; end += 2)
        add(scene, (pn_phantom_disc){x, y + (float)end * high * 0.92f, half * 0.92f, 0.009f, tilt,
                                     0.9f, 0.055f * light, 0, 0.009f});
    for (int sign = -1; sign <= 1; sign += 2) {
        float s = (float)sign;
        add(scene, (pn_phantom_disc){x + s * half * 0.74f, y - 0.01f, 0.022f, 0.03f, 0, 1, -0.02f,
                                     0.10f, 0.009f});
        pn_phantom_knot process[] = {
            {x + s * half * 0.8f, y - 0.02f, 0.024f, 0.10f},
            {x + s * half * 1.35f, y - 0.035f, 0.02f, 0.09f},
            {x + s * half * 1.85f, y - 0.055f, 0.024f, 0.05f},
        };
        pn_phantom_strip(&scene->sum, &scene->pose.view, process, 3, PN_BONE);
    }
    add(scene, (pn_phantom_disc){x, y + 0.045f, 0.016f, 0.034f, 0, 1, 0.02f, 0.06f, 0.009f});
}

static void spine(pn_phantom_scene *scene, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    for (int i = -5; i < 14; i++) {
        float n = (float)i, y = a->rib_first + a->rib_gap * (n + 0.1f);
        float half = a->spine_half * (1 + 0.016f * n) * (i < 0 ? 0.9f : 1);
        float x = a->spine_bend * sinf(1.6f * y) + scene->pose.turn * 0.6f;
        vertebra(scene, x, y, half, a->rib_gap * (i < 0 ? 0.85f : 1 + 0.01f * n), random);
    }
}

static void clavicle(pn_phantom_scene *scene, int side, pn_random *random) {
    enum { STEPS = 48 };
    const pn_phantom_anatomy *a = &scene->anatomy;
    pn_phantom_knot knots[STEPS];
    float sign = side ? 1 : -1, raised = scene->pose.arm_angle[side] > 1.5f ? 0.14f : 0;
    float rise = a->clavicle_rise + raised + pn_phantom_around(random, 0, 0.04f);
    float bend = pn_phantom_around(random, 0.02f, 0.012f), y0 = a->apex + 0.1f;
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1), x = 0.11f + 0.72f * t;
        float wide = 1.25f - 1.1f * t + 1.15f * t * t;
        float end = sqrtf(fminf(1, fminf(t, 1 - t) * 9 + 0.05f));
        knots[i] = (pn_phantom_knot){sign * x + scene->pose.turn * 1.5f,
                                     y0 - rise * t - bend * sinf(6.0f * t) * (0.6f + t),
                                     a->clavicle_half * wide * (0.4f + 0.6f * end),
                                     a->bone * 0.30f * end * (1.1f - 0.25f * t)};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, knots, STEPS, PN_BONE);
}

/* Blade: a faint plate with brighter borders, outside the ribs; socket, acromion and ridge. */
static void shoulder_blade(pn_phantom_scene *scene, int side, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    float s = side ? 1 : -1, raised = scene->pose.arm_angle[side] > 1.5f ? 1 : 0;
    float out = pn_phantom_around(random, 0.06f, 0.035f) + 0.05f * raised, top = a->apex - 0.02f;
    float x = 0.98f + out, tip = top + 0.78f, tx = x - 0.06f + 0.12f * raised, k = a->bone;
    pn_phantom_knot blade[] = {{s * (x - 0.14f), top + 0.02f, 0.16f, 0.035f * k},
                               {s * (x - 0.12f), top + 0.2f, 0.17f, 0.04f * k},
                               {s * (x - 0.09f), top + 0.45f, 0.11f, 0.035f * k},
                               {s * tx, tip, 0.02f, 0.03f * k}};
    add_smooth(scene, blade, 4, PN_PLATE);
    pn_phantom_knot lateral[] = {{s * (x + 0.05f), top + 0.1f, 0.035f, 0.15f * k},
                                 {s * (x + 0.02f), top + 0.28f, 0.022f, 0.13f * k},
                                 {s * (x + 0.0f), top + 0.5f, 0.02f, 0.08f * k},
                                 {s * tx, tip, 0.016f, 0.03f * k}};
    add_smooth(scene, lateral, 4, PN_BONE);
    pn_phantom_knot medial[] = {{s * (x - 0.3f), top + 0.05f, 0.01f, 0.025f * k},
                                {s * (x - 0.27f), top + 0.3f, 0.01f, 0.035f * k},
                                {s * (x - 0.17f), top + 0.58f, 0.01f, 0.03f * k},
                                {s * tx, tip, 0.01f, 0.02f * k}};
    add_smooth(scene, medial, 4, PN_TUBE);
    pn_phantom_knot ridge[] = {{s * (x - 0.3f), top + 0.14f, 0.014f, 0.05f * k},
                               {s * (x - 0.1f), top + 0.03f, 0.024f, 0.13f * k},
                               {s * (x + 0.08f), top - 0.05f, 0.04f, 0.15f * k},
                               {s * (x + 0.16f), top - 0.03f, 0.035f, 0.1f * k}};
    add_smooth(scene, ridge, 4, PN_BONE);
    add(scene,
        (pn_phantom_disc){s * (x + 0.06f), top + 0.09f, 0.035f, 0.08f, 0, 1, 0.03f, 0.05f, 0.015f});
}

static void upper_arm(pn_phantom_scene *scene, int side) {
    enum { STEPS = 60 };
    const pn_phantom_anatomy *a = &scene->anatomy;
    float s = side ? 1 : -1, angle = scene->pose.arm_angle[side];
    float x = s * (1.14f + scene->pose.arm_out[side]), y = a->apex + 0.06f;
    float dx = s * sinf(angle), dy = cosf(angle), k = a->bone;
    add(scene, (pn_phantom_disc){x, y, 0.085f, 0.08f, angle, 1, 0.13f, 0.015f, 0.03f});
    pn_phantom_knot shaft[STEPS];
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1), from = 0.1f + 2 * t;
        float half = (0.048f + 0.05f * expf(-22 * t)) * fminf(1, 0.75f + 8 * t);
        float end = fminf(1, 0.55f + 12 * t);
        shaft[i] = (pn_phantom_knot){x + dx * from, y + dy * from, half, 0.24f * k * end};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, shaft, STEPS, PN_BONE);
    /* The growth plate keeps the head of a child's arm apart from the shaft. */
    add(scene, (pn_phantom_disc){x + dx * 0.1f, y + dy * 0.1f, 0.09f, 0.012f, -s * angle, 0.9f,
                                 0.05f, 0, 0.012f});
}

static void jaw(pn_phantom_scene *scene) {
    enum { STEPS = 30 };
    const pn_phantom_anatomy *a = &scene->anatomy;
    pn_phantom_knot knots[STEPS];
    for (int i = 0; i < STEPS; i++) {
        float angle = 0.25f + 2.64f * (float)i / (STEPS - 1);
        knots[i] =
            (pn_phantom_knot){a->head_x - 0.4f * cosf(angle),
                              a->head_y + 0.2f + 0.38f * sinf(angle), 0.05f, 0.12f * a->bone};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, knots, STEPS, PN_BONE);
    add(scene,
        (pn_phantom_disc){a->head_x, a->head_y - 0.08f, 0.46f, 0.5f, 0, 1, 0.2f, 0.02f, 0.12f});
}

void pn_phantom_bones(pn_phantom_scene *scene, pn_random *random) {
    spine(scene, random);
    for (int side = 0; side < 2; side++) {
        clavicle(scene, side, random);
        shoulder_blade(scene, side, random);
        upper_arm(scene, side);
    }
    jaw(scene);
}
