/* The bare head: outline, ears, skin and its relief; the neck and the clothes below it. */
#include "faces.h"

#include <math.h>

float pn_face_gape(const pn_face_scene *scene) {
    return 0.085f * scene->shot.mood.open;
}

/* Half width of the head at a height y between -1 and 1. */
static float half_width(const pn_face_person *p, float y) {
    float t = fabsf(y), power = y < 0 ? p->head.crown : p->head.jaw;
    if (t >= 1) return 0;
    float w = p->head.width * powf(1 - powf(t, power), y < 0 ? 1 / power : 0.55f);
    w *= 1 + p->head.cheek * pn_face_bell((y - 0.12f) / 0.22f);
    w *= 1 - p->head.temple * pn_face_bell((y + 0.42f) / 0.25f);
    return y > 0 ? w * (1 - p->head.taper * t * t) : w;
}

/* How far the outline is from (0, 0) along a direction. */
static float reach(const pn_face_person *p, float x, float y) {
    float low = 0, high = 1.3f;
    for (int i = 0; i < 18; i++) {
        float r = 0.5f * (low + high);
        if (x * r < half_width(p, y * r))
            low = r;
        else
            high = r;
    }
    return low;
}

void pn_face_outline_head(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    float gape = pn_face_gape(scene);
    for (int i = 0; i <= PN_FACE_TURNS / 2; i++) {
        float x, y;
        pn_face_direction((float)(PN_FACE_TURNS / 2 + i), &x, &y);
        float r = reach(p, fmaxf(x, 1e-3f), y), low = pn_face_ramp(0.2f, 1, y);
        r *= 1 + low * gape + p->head.chin * pn_face_bell(x / 0.22f) * (y > 0);
        scene->head.r[PN_FACE_TURNS / 2 + i] = r;
        scene->head.r[PN_FACE_TURNS / 2 - i] = r;
    }
    pn_face_outline_finish(&scene->head);
}

/* An egg: flat in front, round to the sides. */
float pn_face_skull(const pn_face_scene *scene, const pn_face_point *at) {
    float r = at->radius / pn_face_outline_radius(&scene->head, at->turn);
    float inside = 1 - r * r * sqrtf(r);
    return scene->person.head.depth * sqrtf(inside > 0 ? inside : 0);
}

/* ---- skin ----------------------------------------------------------------------------------- */

static float skin_distance(const void *context, const pn_face_point *at) {
    const pn_face_scene *scene = context;
    return pn_face_outline_distance(&scene->head, at);
}

static float skin_height(const void *context, const pn_face_point *at, float distance) {
    (void)distance;
    return pn_face_skull(context, at);
}

/* Uneven as skin is: redder in the middle of the face, paler on the forehead. */
static float skin_dye(const void *context, const pn_face_point *at, float distance,
                      float color[3]) {
    (void)distance;
    const pn_face_scene *scene = context;
    uint32_t texture = scene->person.hair.texture;
    float patch = 0.025f * pn_face_noise(texture, 5 * at->x, 5 * at->y);
    float warm = 0.05f * pn_face_bell((at->y - 0.2f) / 0.3f) - 0.02f;
    color[0] *= 1 + patch + 0.5f * warm;
    color[1] *= 1 + patch - warm;
    color[2] *= 1 + patch - warm;
    return 1;
}

static void relief(pn_face_scene *scene) {
    pn_face_canvas *canvas = &scene->canvas;
    const pn_face_person *p = &scene->person;
    float cheek = 0.025f + 0.35f * p->head.cheek + 0.02f * fmaxf(0, scene->shot.mood.smile);
    for (int side = -1; side <= 1; side += 2) {
        float x = (float)side * p->eye.gap;
        pn_face_bump(canvas, (pn_face_oval){x, p->eye.y, 0.17f, 0.12f, 0}, -0.055f * p->eye.socket);
        pn_face_bump(canvas, (pn_face_oval){x, p->eye.y - 0.19f, 0.22f, 0.08f, 0},
                     0.03f * p->eye.socket);
        pn_face_bump(canvas, (pn_face_oval){1.1f * x, p->eye.y + 0.3f, 0.16f, 0.14f, 0}, cheek);
    }
    float gape = pn_face_gape(scene);
    pn_face_bump(canvas, (pn_face_oval){0, 0.87f + gape, 0.16f, 0.09f, 0},
                 0.04f + 0.4f * p->head.chin);
    pn_face_bump(canvas, (pn_face_oval){0, p->mouth.y + 0.14f + gape, 0.2f, 0.05f, 0}, -0.025f);
}

static void ear(pn_face_scene *scene, float side) {
    const pn_face_person *p = &scene->person;
    pn_face_canvas *canvas = &scene->canvas;
    float size = p->ear.size, edge = half_width(p, p->ear.y) + p->ear.out;
    /* The ear lies further back than the face's side: turning away hides it. */
    float x = side * (edge - 0.05f) - 0.14f * canvas->pose.yaw, tilt = side * (0.15f + p->ear.out);
    pn_face_color rim = pn_face_scaled(p->skin, 0.95f), inner = pn_face_scaled(p->skin, 0.68f);
    pn_face_oval_on(canvas, (pn_face_oval){x, p->ear.y, 0.52f * size, size, tilt}, rim, 1, 0);
    pn_face_oval_on(canvas,
                    (pn_face_oval){x - side * 0.02f, p->ear.y + 0.7f * size, 0.35f * size,
                                   (0.25f + 0.25f * p->ear.lobe) * size, 0},
                    rim, 1, 0);
    pn_face_oval_on(canvas,
                    (pn_face_oval){x, p->ear.y - 0.08f * size, 0.28f * size, 0.66f * size, tilt},
                    inner, 0.6f, 0.12f * size);
    if (p->ear.ring)
        pn_face_oval_on(
            canvas,
            (pn_face_oval){x, p->ear.y + (1.15f + 0.2f * p->ear.lobe) * size, 0.035f, 0.04f, 0},
            p->ear.metal, 1, 0);
}

void pn_face_head(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    ear(scene, -1);
    ear(scene, 1);
    pn_face_paint skin = {.left = -1,
                          .top = -1.1f,
                          .right = 1,
                          .bottom = 1.25f,
                          .distance = skin_distance,
                          .dye = skin_dye,
                          .height = skin_height,
                          .context = scene,
                          .color = p->skin,
                          .alpha = 1};
    pn_face_paint_on(&scene->canvas, &skin);
    relief(scene);
    static const pn_face_color red = {{0.85f, 0.32f, 0.28f}};
    for (int side = -1; side <= 1; side += 2) {
        float x = 1.15f * (float)side * p->eye.gap;
        pn_face_oval_on(&scene->canvas, (pn_face_oval){x, p->eye.y + 0.36f, 0.1f, 0.08f, 0}, red,
                        p->blush, 0.13f);
    }
}

/* ---- neck and clothes ----------------------------------------------------------------------- */

typedef struct outfit {
    const pn_face_scene *scene;
    float slope, collar, deep, stripe;
    pn_face_color second;
    int pattern;
    uint32_t seed;
} outfit;

static float neck_distance(const void *context, const pn_face_point *at) {
    const outfit *o = context;
    float flare = 0.25f * pn_face_ramp(1.0f, 1.5f, at->y);
    return fmaxf(fabsf(at->x) - o->scene->person.head.neck - flare, 0.2f - at->y);
}

/* The chin's shadow lies on the neck. */
static float neck_dye(const void *context, const pn_face_point *at, float distance,
                      float color[3]) {
    (void)distance;
    const outfit *o = context;
    float chin = 1 + pn_face_gape(o->scene);
    float shade =
        0.55f + 0.4f * pn_face_ramp(chin - 0.1f, chin + 0.35f, at->y + 0.2f * at->x * at->x);
    for (int i = 0; i < 3; i++) color[i] *= shade;
    return 1;
}

static float neck_height(const void *context, const pn_face_point *at, float distance) {
    (void)distance;
    const outfit *o = context;
    float u = at->x / (o->scene->person.head.neck + 0.2f);
    return 0.3f * sqrtf(fmaxf(0, 1 - u * u)) - 0.5f;
}

static float clothes_distance(const void *context, const pn_face_point *at) {
    const outfit *o = context;
    float x = fabsf(at->x), neck = o->scene->person.head.neck;
    float shoulder = 1.16f + o->slope * x + 0.5f * pn_face_ramp(1.0f, 1.6f, x);
    float opening = o->collar + o->deep * (1 - x / (neck + 0.12f)); /* below it there is cloth */
    return fmaxf(shoulder - at->y, x < neck + 0.12f ? opening - at->y : -1);
}

static float clothes_dye(const void *context, const pn_face_point *at, float distance,
                         float color[3]) {
    const outfit *o = context;
    float share = 0, fold = 0.1f * pn_face_noise(o->seed, 4 * at->x, 3 * at->y);
    if (o->pattern == 1) share = pn_face_ramp(-0.2f, 0.2f, sinf(o->stripe * at->y));
    if (o->pattern == 2) share = pn_face_ramp(-0.2f, 0.2f, sinf(o->stripe * at->x));
    if (o->pattern == 3)
        share = pn_face_ramp(0, 0.2f, pn_face_noise(o->seed + 1, 6 * at->x, 6 * at->y));
    if (o->pattern == 4) share = pn_face_ramp(-0.05f, -0.03f, distance);
    for (int i = 0; i < 3; i++)
        color[i] = pn_face_mix(color[i], o->second.c[i], share) * (1 + fold);
    return 1;
}

static float clothes_height(const void *context, const pn_face_point *at, float distance) {
    (void)context;
    return 0.05f + 0.3f * sqrtf(fmaxf(0, fminf(1, -distance))) - 0.08f * at->x * at->x;
}

void pn_face_body(pn_face_scene *scene) {
    pn_random random;
    pn_random_seed(&random, scene->shot.clothes, 0);
    outfit o = {.scene = scene,
                .slope = pn_face_between(&random, 0.2f, 0.55f),
                .collar = pn_face_between(&random, 1.1f, 1.35f),
                .deep =
                    pn_face_chance(&random, 0.4f) ? pn_face_between(&random, 0.2f, 0.6f) : 0.08f,
                .stripe = pn_face_between(&random, 15, 45),
                .pattern = pn_face_below(&random, 6),
                .seed = (uint32_t)pn_random_bits(&random)};
    o.second = pn_face_hsv((float)pn_random_uniform(&random), pn_face_between(&random, 0, 0.8f),
                           pn_face_between(&random, 0.1f, 1));
    pn_face_paint neck = {.space = PN_SPACE_BODY,
                          .left = -1,
                          .top = 0.2f,
                          .right = 1,
                          .bottom = 3,
                          .distance = neck_distance,
                          .dye = neck_dye,
                          .height = neck_height,
                          .context = &o,
                          .color = scene->person.skin,
                          .alpha = 1};
    pn_face_paint_on(&scene->canvas, &neck);
    pn_face_paint clothes = {.space = PN_SPACE_BODY,
                             .left = -3,
                             .top = 1,
                             .right = 3,
                             .bottom = 3,
                             .distance = clothes_distance,
                             .dye = clothes_dye,
                             .height = clothes_height,
                             .context = &o,
                             .alpha = 1};
    clothes.color =
        pn_face_hsv((float)pn_random_uniform(&random), pn_face_between(&random, 0, 0.8f),
                    pn_face_between(&random, 0.05f, 0.95f));
    pn_face_paint_on(&scene->canvas, &clothes);
}
