/* Whiskers: cheeks and chin, round the mouth, above the lip. */
#include "faces.h"

#include <math.h>

typedef struct beard {
    const pn_face_scene *scene;
    pn_face_oval lips, chin; /* what stays free; what a goatee covers */
    bool full;
    float length;
} beard;

/* y of the upper border: below the cheekbones, under the nose. */
static float upper_border(const beard *b, float x) {
    const pn_face_person *p = &b->scene->person;
    float share = pn_face_smooth(fabsf(x) / (0.8f * p->head.width));
    float side = p->beard.line - 0.5f * pn_face_ramp(0.8f, 1, fabsf(x) / p->head.width);
    return pn_face_mix(p->nose.base + 0.09f, side, share);
}

static float beard_distance(const void *context, const pn_face_point *at) {
    const beard *b = context;
    float ragged = 0.02f * pn_face_noise(b->scene->person.hair.texture + 5, 16 * at->x, 16 * at->y);
    float grown = b->length * pn_face_ramp(0.2f, 0.9f, at->y);
    float out = pn_face_outline_distance(&b->scene->head, at) - grown + ragged;
    float inside =
        b->full ? upper_border(b, at->x) - at->y : pn_face_oval_distance(&b->chin, at->x, at->y);
    return fmaxf(fmaxf(out, inside + ragged), -pn_face_oval_distance(&b->lips, at->x, at->y));
}

static float beard_dye(const void *context, const pn_face_point *at, float distance,
                       float color[3]) {
    (void)distance;
    const beard *b = context;
    const pn_face_person *p = &b->scene->person;
    float strand = pn_face_noise(p->hair.texture + 6, 30 * at->x, 9 * at->y);
    for (int i = 0; i < 3; i++) color[i] *= 1 + 0.3f * strand;
    return p->beard.density + (1 - p->beard.density) * fmaxf(0, strand);
}

static float beard_height(const void *context, const pn_face_point *at, float distance) {
    (void)distance;
    const beard *b = context;
    float rough = pn_face_noise(b->scene->person.hair.texture + 7, 14 * at->x, 10 * at->y);
    return pn_face_skull(b->scene, at) + 0.03f + 0.015f * rough;
}

static void moustache(pn_face_scene *scene, float gape) {
    const pn_face_person *p = &scene->person;
    float y = pn_face_mix(p->nose.base + 0.05f, p->mouth.y + 0.1f * gape - p->mouth.upper, 0.6f);
    float thick = 0.022f + 0.2f * p->beard.length, x = 0.05f * scene->shot.pose.yaw;
    float end = p->mouth.half * (0.85f + 2 * p->beard.length);
    pn_face_knot knots[] = {{x - end, y + 0.05f, 0.3f * thick},
                            {x - 0.5f * end, y + 0.005f, thick},
                            {x, y - 0.01f, 0.8f * thick},
                            {x + 0.5f * end, y + 0.005f, thick},
                            {x + end, y + 0.05f, 0.3f * thick}};
    pn_face_stroke_on(&scene->canvas, knots, 5, p->beard.color, 0.95f * p->beard.density, 0.012f);
}

void pn_face_beard(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    if (p->beard.style == PN_BEARD_NONE) return;
    float gape = pn_face_gape(scene), low = p->mouth.y + gape;
    bool stubble = p->beard.style == PN_BEARD_STUBBLE;
    beard b = {.scene = scene,
               .lips = {0, low + 0.015f, p->mouth.half * 1.12f, 0.085f + gape, 0},
               .chin = {0, low + 0.16f, p->mouth.half + 0.08f, 0.34f, 0},
               .full = p->beard.style != PN_BEARD_GOATEE,
               .length = stubble ? 0 : p->beard.length};
    if (stubble) b.lips.rx *= 0.7f, b.lips.ry *= 0.6f;
    if (p->beard.style != PN_BEARD_MOUSTACHE) {
        pn_face_paint paint = {.left = -1,
                               .top = -0.3f,
                               .right = 1,
                               .bottom = 1.3f + b.length,
                               .distance = beard_distance,
                               .dye = beard_dye,
                               .height = stubble ? NULL : beard_height,
                               .context = &b,
                               .color = p->beard.color,
                               .alpha = stubble ? 0.38f : 0.95f,
                               .soft = stubble ? 0.06f : 0.015f};
        pn_face_paint_on(&scene->canvas, &paint);
    }
    if (!stubble && p->beard.style != PN_BEARD_GOATEE) moustache(scene, gape);
}
