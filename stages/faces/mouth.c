/* Nose and mouth. */
#include "faces.h"

#include <math.h>

/* What stands out further than the face's own relief moves on with a turn. */
static float lead_x(const pn_face_scene *scene, float out) {
    return out * scene->shot.pose.yaw;
}

void pn_face_nose(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    pn_face_canvas *canvas = &scene->canvas;
    float top = p->eye.y - 0.08f, base = p->nose.base, stand = p->nose.stand, half = p->nose.half;
    float x = lead_x(scene, 0.55f * stand), y = base + 0.35f * stand * scene->shot.pose.pitch;
    pn_face_color shade = pn_face_scaled(p->skin, 0.6f), dark = pn_face_scaled(p->skin, 0.28f);
    enum { STEPS = 5 };
    for (int i = 0; i < STEPS; i++) {
        float t = ((float)i + 0.5f) / STEPS, hump = p->nose.hump * pn_face_bell((t - 0.4f) / 0.25f);
        pn_face_bump(canvas,
                     (pn_face_oval){x * t, pn_face_mix(top, y - 0.05f, t), 1.1f * p->nose.bridge,
                                    0.16f * (y - top), 0},
                     stand * (0.12f + 0.3f * t + 0.13f * hump));
    }
    pn_face_bump(canvas, (pn_face_oval){x, y - 0.03f, p->nose.tip, 0.07f, 0}, 0.6f * stand);
    for (int side = -1; side <= 1; side += 2) {
        float s = (float)side, wing = x * 0.8f + s * 0.78f * half;
        pn_face_bump(canvas, (pn_face_oval){wing, y - 0.005f, 0.36f * half, 0.05f, 0},
                     0.35f * stand);
        pn_face_knot ridge[] = {
            {x * 0.1f + s * 0.075f, top + 0.02f, 0.02f},
            {x * 0.4f + s * (p->nose.bridge + 0.03f), pn_face_mix(top, y, 0.5f), 0.012f},
            {x * 0.8f + s * 0.7f * half, y - 0.07f, 0.012f}};
        pn_face_stroke_on(canvas, ridge, 3, shade, 0.2f, 0.03f);
        pn_face_knot edge[] = {{wing + s * 0.1f * half, y - 0.055f, 0.006f},
                               {x * 0.8f + s * half, y - 0.01f, 0.01f},
                               {wing, y + 0.035f, 0.006f}};
        pn_face_stroke_on(canvas, edge, 3, shade, 0.55f, 0.012f);
        pn_face_oval_on(
            canvas,
            (pn_face_oval){x + s * 0.45f * half, y + 0.02f, 0.26f * half, 0.022f, s * 0.25f}, dark,
            0.4f + 0.5f * p->nose.nostril, 0.012f);
    }
    pn_face_knot under[] = {{x - 0.5f * half, y + 0.035f, 0.008f},
                            {x, y + 0.055f, 0.012f},
                            {x + 0.5f * half, y + 0.035f, 0.008f}};
    pn_face_stroke_on(canvas, under, 3, shade, 0.45f, 0.025f);
}

/* ---- mouth ---------------------------------------------------------------------------------- */

typedef struct mouth {
    const pn_face_person *person;
    float x, y, half, lift,
        gap; /* lift: how much higher the corners are; gap: how far it is open */
    float pixel, teeth;
} mouth;

typedef struct lips {
    float t, top, upper, lower, bottom; /* t: -1 to 1 between the corners; heights of the borders */
} lips;

static lips lips_at(const mouth *m, float x) {
    float t = (x - m->x) / m->half, inside = fmaxf(0, 1 - t * t), round = sqrtf(inside);
    float line = m->y - m->lift * t * t, away = fabsf(t) - 0.24f;
    float bow = m->person->mouth.bow;
    float shape =
        1 - 0.45f * bow * pn_face_bell(t / 0.13f) + 0.12f * bow * pn_face_bell(away / 0.14f);
    lips l = {.t = t, .upper = line - 0.3f * m->gap * round, .lower = line + 0.7f * m->gap * round};
    l.top = l.upper - m->person->mouth.upper * inside * shape;
    l.bottom = l.lower + m->person->mouth.lower * round * (0.35f + 0.65f * inside);
    return l;
}

static float mouth_distance(const void *context, const pn_face_point *at) {
    const mouth *m = context;
    lips l = lips_at(m, at->x);
    if (fabsf(l.t) >= 1) return (fabsf(l.t) - 1) * m->half + fabsf(at->y - l.upper);
    return fmaxf(l.top - at->y, at->y - l.bottom);
}

/* Lips, between them teeth and the dark, or one dark line. */
static float mouth_dye(const void *context, const pn_face_point *at, float distance,
                       float color[3]) {
    (void)distance;
    const mouth *m = context;
    static const pn_face_color cavity = {{0.16f, 0.05f, 0.06f}}, ivory = {{0.92f, 0.9f, 0.84f}};
    lips l = lips_at(m, at->x);
    float soft = 0.8f * m->pixel, y = at->y, middle = 0.5f * (l.upper + l.lower);
    float tone =
        y < middle ? 0.88f : 1 + 0.12f * pn_face_bell((y - 0.5f * (l.lower + l.bottom)) / 0.025f);
    for (int i = 0; i < 3; i++) color[i] *= tone;
    float low = fminf(l.upper, middle - 0.007f), high = fmaxf(l.lower, middle + 0.007f);
    float inner =
        pn_face_ramp(low - soft, low + soft, y) * pn_face_ramp(high + soft, high - soft, y);
    pn_face_color behind = cavity;
    float teeth = l.upper + fminf(m->teeth, 0.75f * (l.lower - l.upper));
    if (m->gap > 0.02f && fabsf(l.t) < 0.9f)
        behind = pn_face_blend(
            cavity, ivory, pn_face_ramp(teeth + soft, teeth - soft, y) * (1 - 0.6f * l.t * l.t));
    for (int i = 0; i < 3; i++)
        color[i] = pn_face_mix(color[i], behind.c[i], inner * (m->gap > 0.02f ? 1 : 0.75f));
    return 1;
}

static mouth place_mouth(const pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    const pn_face_mood *mood = &scene->shot.mood;
    return (mouth){.person = p,
                   .x = lead_x(scene, 0.05f),
                   .y = p->mouth.y + 0.25f * pn_face_gape(scene),
                   .half = p->mouth.half * (1 + 0.14f * mood->smile - 0.12f * mood->open),
                   .lift = p->mouth.corner + 0.06f * mood->smile,
                   .gap = 1.7f * pn_face_gape(scene) * (0.6f + 2 * p->mouth.half),
                   .pixel = scene->canvas.pixel,
                   .teeth = 0.02f + 0.05f * fmaxf(0, mood->smile)};
}

/* Folds beside a smiling mouth, the groove above it. */
static void folds(pn_face_scene *scene, const mouth *m) {
    const pn_face_person *p = &scene->person;
    pn_face_color shade = pn_face_scaled(p->skin, 0.62f);
    float strong = 0.12f + 0.3f * p->mark.lines + 0.3f * fmaxf(0, scene->shot.mood.smile);
    for (int side = -1; side <= 1; side += 2) {
        float s = (float)side;
        pn_face_knot fold[] = {
            {s * (p->nose.half + 0.04f), p->nose.base - 0.03f, 0.008f},
            {s * (m->half + 0.03f), pn_face_mix(p->nose.base, m->y, 0.55f), 0.012f},
            {s * (m->half + 0.06f), m->y + 0.02f, 0.006f}};
        pn_face_stroke_on(&scene->canvas, fold, 3, shade, fminf(0.7f, strong), 0.018f);
        pn_face_oval_on(
            &scene->canvas,
            (pn_face_oval){m->x + s * (m->half + 0.012f), m->y - m->lift, 0.014f, 0.018f, 0}, shade,
            0.45f, 0.014f);
        if (p->mark.dimple > 0 && scene->shot.mood.smile > 0)
            pn_face_oval_on(&scene->canvas,
                            (pn_face_oval){s * (m->half + 0.11f), m->y - 0.03f, 0.01f, 0.03f, 0},
                            shade, p->mark.dimple * scene->shot.mood.smile, 0.012f);
    }
    pn_face_knot groove[] = {{0.7f * m->x, p->nose.base + 0.07f, 0.01f},
                             {m->x, m->y - p->mouth.upper - 0.015f, 0.016f}};
    pn_face_stroke_on(&scene->canvas, groove, 2, shade, 0.3f * p->mouth.philtrum, 0.014f);
}

void pn_face_mouth(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    mouth m = place_mouth(scene);
    float high = p->mouth.upper + fabsf(m.lift) + 0.3f * m.gap + 0.03f;
    float deep = p->mouth.lower + fabsf(m.lift) + m.gap + 0.03f;
    folds(scene, &m);
    pn_face_oval_on(&scene->canvas,
                    (pn_face_oval){m.x, m.y + 0.75f * m.gap + p->mouth.lower + 0.035f,
                                   0.5f * m.half, 0.016f, 0},
                    pn_face_scaled(p->skin, 0.6f), 0.45f, 0.025f);
    pn_face_paint paint = {.left = m.x - m.half,
                           .top = m.y - high,
                           .right = m.x + m.half,
                           .bottom = m.y + deep,
                           .distance = mouth_distance,
                           .dye = mouth_dye,
                           .context = &m,
                           .color = p->mouth.color,
                           .alpha = 0.95f,
                           .soft = 0.006f};
    pn_face_paint_on(&scene->canvas, &paint);
    pn_face_bump(&scene->canvas,
                 (pn_face_oval){m.x, m.y + 0.7f * m.gap + 0.5f * p->mouth.lower, 0.6f * m.half,
                                0.6f * p->mouth.lower, 0},
                 0.3f * p->mouth.lower);
}
