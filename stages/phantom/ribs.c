/* The rib cage: every rib is a flattened tube along an inclined ellipse around the chest. Its
 * projection follows from the geometry: wide and faint behind the lungs, where the beam crosses
 * its thin side, narrow and bright at the flanks, where the beam runs along it. */
#include "phantom.h"

#include <math.h>

enum { STEPS = 72, RIBS = 12 };

/* A rib's attenuation per length of the beam in it, and the most that the flank may show. */
static const float bone_density = 5.2f, steepest = 4.2f;

typedef struct rib {
    float y, drop, half_width, half_depth; /* of the ellipse */
    float half, thick;                     /* of the rib itself */
    float reach;                           /* angle at which cartilage begins */
    float bone;                            /* mineral */
    float wave, phase;
} rib;

static void place(const rib *r, float sign, float angle, float *x, float *y, float *z) {
    float rise = 0.035f * expf(-(angle - 0.25f) * (angle - 0.25f) * 14);
    *x = sign * (r->half_width * sinf(angle) + 0.05f * expf(-6 * angle));
    *y = r->y + r->drop * 0.5f * (1 - cosf(angle)) - rise + r->wave * sinf(2.3f * angle + r->phase);
    *z = -r->half_depth * cosf(angle);
}

static void draw_rib(pn_phantom_scene *scene, const rib *r, int side) {
    pn_phantom_knot knots[STEPS];
    float sign = side ? 1 : -1, start = 0.13f / r->half_width, turn = scene->pose.turn;
    for (int i = 0; i < STEPS; i++) {
        float t = (float)i / (STEPS - 1), angle = start + (r->reach - start) * t, d = 0.01f;
        float x, y, z, xb, yb, zb;
        place(r, sign, angle, &x, &y, &z);
        place(r, sign, angle + d, &xb, &yb, &zb);
        float dx = xb - x, dy = yb - y, dz = zb - z;
        float flat = sqrtf(dx * dx + dy * dy), length = sqrtf(flat * flat + dz * dz);
        float nx = dy / flat, ny = dx / flat;
        float half = sqrtf(r->half * r->half * ny * ny + r->thick * r->thick * nx * nx);
        /* Area of the section over its projected width is the mean path; along the beam longer. */
        float path = r->half * r->thick / half * fminf(length / flat, steepest);
        float fade = t < 0.04f ? 0.4f + 15 * t : 1;
        if (t > 0.82f) fade *= 1 - 0.75f * (t - 0.82f) / 0.18f; /* towards the cartilage */
        if (angle > 1.7f) fade *= 1 - 0.45f * fminf(1, (angle - 1.7f) / 0.3f);
        float flare = angle > 2 ? 1 + 0.25f * (angle - 2) : 1;
        knots[i] = (pn_phantom_knot){x - turn * cosf(angle), y, half * flare,
                                     r->bone * bone_density * path * fade};
    }
    pn_phantom_strip(&scene->sum, &scene->pose.view, knots, STEPS, PN_BONE);
}

void pn_phantom_cage(pn_phantom_scene *scene, pn_random *random) {
    const pn_phantom_anatomy *a = &scene->anatomy;
    for (int i = 0; i < RIBS; i++) {
        float n = (float)i;
        for (int side = 0; side < 2; side++) {
            rib r = {.y = a->rib_first + a->rib_gap * n + pn_phantom_around(random, 0, 0.006f),
                     .half = a->rib_half * (i == 0 ? 0.9f : 1),
                     .thick = a->rib_thick,
                     .bone = a->bone * (i > 7 ? 1.56f - 0.08f * n : 1),
                     .wave = pn_phantom_around(random, 0, 0.006f),
                     .phase = pn_phantom_between(random, 0, 6.3f)};
            r.drop =
                a->rib_drop * (0.62f + 0.09f * fminf(n, 6)) + pn_phantom_around(random, 0, 0.015f);
            /* The flank stands where the rib is at half its drop. */
            float wall = pn_phantom_wall(a, side, r.y + 0.5f * r.drop);
            r.half_width = fmaxf(wall, 0.3f + 0.06f * n) + 0.015f;
            r.half_depth = 0.72f * r.half_width;
            r.reach = a->rib_reach - (i > 6 ? 0.16f * (n - 6) : 0) - (i > 9 ? 0.35f : 0) -
                      (i == 0 ? 0.25f : 0) + pn_phantom_around(random, 0, 0.05f);
            draw_rib(scene, &r, side);
        }
    }
}
