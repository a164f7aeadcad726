/* Eyes and brows. */
#include "faces.h"

#include <math.h>

/* One eye. Its own coordinates: x outwards from the nose, in shares of the half width, y down. */
typedef struct eye {
    const pn_face_person *person;
    float side, x, y, cosine, sine;
    float up, low; /* how far the lids are open above and below */
    float iris_x, iris_y, pixel;
    float glint_x, glint_y;
} eye;

static void to_eye(const eye *e, const pn_face_point *at, float *x, float *y) {
    float dx = e->side * (at->x - e->x), dy = at->y - e->y;
    *x = (e->cosine * dx - e->sine * dy) / e->person->eye.half;
    *y = e->cosine * dy + e->sine * dx;
}

static void from_eye(const eye *e, float x, float y, float *fx, float *fy) {
    x *= e->person->eye.half;
    *fx = e->x + e->side * (e->cosine * x + e->sine * y);
    *fy = e->y + e->cosine * y - e->sine * x;
}

static float upper_lid(const eye *e, float x) {
    float rest = fmaxf(0, 1 - x * x);
    return -e->up * powf(rest, 0.75f) * (1 + e->person->eye.peak * x);
}

static float lower_lid(const eye *e, float x) {
    return e->low * fmaxf(0, 1 - x * x) * (1 + 0.3f * x);
}

static float opening_distance(const void *context, const pn_face_point *at) {
    const eye *e = context;
    float x, y;
    to_eye(e, at, &x, &y);
    if (fabsf(x) >= 1) return (fabsf(x) - 1) * e->person->eye.half + fabsf(y);
    return fmaxf(upper_lid(e, x) - y, y - lower_lid(e, x));
}

static void mix_in(float color[3], pn_face_color other, float share) {
    for (int i = 0; i < 3; i++) color[i] = pn_face_mix(color[i], other.c[i], share);
}

/* White, iris with its dark rim, pupil, glint, and the shadow of the upper lid on all of it. */
static float opening_dye(const void *context, const pn_face_point *at, float distance,
                         float color[3]) {
    (void)distance;
    const eye *e = context;
    static const pn_face_color black = {{0.03f, 0.03f, 0.03f}}, white = {{1, 1, 1}};
    float x, y, soft = 0.7f * e->pixel, iris = e->person->eye.iris;
    to_eye(e, at, &x, &y);
    float dx = at->x - e->iris_x, dy = at->y - e->iris_y, r = sqrtf(dx * dx + dy * dy);
    pn_face_color inner =
        pn_face_scaled(e->person->eye.color, 1.25f - 0.7f * pn_face_ramp(0.6f, 1, r / iris));
    mix_in(color, inner, pn_face_ramp(iris + soft, iris - soft, r));
    mix_in(color, black, pn_face_ramp(0.45f * iris + soft, 0.45f * iris - soft, r));
    float shade = 0.6f + 0.4f * pn_face_ramp(0, 0.05f, y - upper_lid(e, x));
    for (int i = 0; i < 3; i++) color[i] *= shade;
    float gx = dx - e->glint_x * iris, gy = dy - e->glint_y * iris, g = sqrtf(gx * gx + gy * gy);
    mix_in(color, white, 0.85f * pn_face_ramp(0.22f * iris + soft, 0.22f * iris - soft, g));
    return 1;
}

enum { LID_KNOTS = 9 };

/* A line along a lid, moved by `above` in the middle, its width swelling outwards. */
static void lid_line(pn_face_canvas *canvas, const eye *e, bool upper, float above, float half,
                     float reach, pn_face_color color, float alpha) {
    pn_face_knot knots[LID_KNOTS];
    for (int i = 0; i < LID_KNOTS; i++) {
        float x = reach * (2 * (float)i / (LID_KNOTS - 1) - 1), inside = fmaxf(-1, fminf(1, x));
        float y = upper ? upper_lid(e, inside) : lower_lid(e, inside);
        y -= above * (1 - 0.6f * x * x);
        from_eye(e, x, y, &knots[i].x, &knots[i].y);
        knots[i].half = half * (0.7f + 0.3f * x) * (1 - 0.35f * x * x);
    }
    pn_face_stroke_on(canvas, knots, LID_KNOTS, color, alpha, 0.004f);
}

static eye place_eye(const pn_face_scene *scene, float side) {
    const pn_face_person *p = &scene->person;
    const pn_face_mood *mood = &scene->shot.mood;
    float tilt = p->eye.tilt, squint = 0.25f * fmaxf(0, mood->smile);
    eye e = {.person = p,
             .side = side,
             .x = side * p->eye.gap,
             .y = p->eye.y,
             .cosine = cosf(tilt),
             .sine = sinf(tilt),
             .up = p->eye.up * mood->lids * (1 - 0.4f * squint),
             .low = p->eye.low * fminf(1, 0.3f + mood->lids) * (1 - 2 * squint * 0.7f),
             .pixel = scene->canvas.pixel,
             .glint_x = 0.45f * scene->shot.light.x,
             .glint_y = 0.45f * scene->shot.light.y - 0.15f};
    e.iris_x = e.x + 0.32f * mood->gaze_x * (p->eye.half - 0.5f * p->eye.iris);
    e.iris_y = e.y - 0.3f * (e.up - e.low) + 0.2f * mood->gaze_y * p->eye.up;
    return e;
}

static void one_eye(pn_face_scene *scene, float side) {
    pn_face_canvas *canvas = &scene->canvas;
    const pn_face_person *p = &scene->person;
    static const pn_face_color lash = {{0.06f, 0.04f, 0.04f}};
    pn_face_color fold = pn_face_scaled(p->skin, 0.55f);
    eye e = place_eye(scene, side);
    float reach = 1.4f * p->eye.half;
    pn_face_oval_on(canvas, (pn_face_oval){e.x, e.y - 0.03f, p->eye.half, 0.09f, 0},
                    pn_face_scaled(p->skin, 0.7f), 0.28f * p->eye.socket, 0.08f);
    if (p->eye.bag > 0) lid_line(canvas, &e, false, -0.045f, 0.012f, 0.9f, fold, 0.5f * p->eye.bag);
    pn_face_paint opening = {.left = e.x - reach,
                             .top = e.y - reach,
                             .right = e.x + reach,
                             .bottom = e.y + reach,
                             .distance = opening_distance,
                             .dye = opening_dye,
                             .context = &e,
                             .color = {{0.93f, 0.91f, 0.9f}},
                             .alpha = 1};
    pn_face_paint_on(canvas, &opening);
    if (p->eye.crease > 0)
        lid_line(canvas, &e, true, 0.038f, 0.008f, 1.02f, fold, 0.7f * p->eye.crease);
    lid_line(canvas, &e, false, 0, 0.006f, 0.97f, fold, 0.55f);
    lid_line(canvas, &e, true, 0, 0.008f + 0.012f * p->eye.lash, 1.03f + 0.12f * p->eye.lash, lash,
             0.6f + 0.35f * p->eye.lash);
}

void pn_face_eyes(pn_face_scene *scene) {
    one_eye(scene, -1);
    one_eye(scene, 1);
}

static void brow(pn_face_scene *scene, float side) {
    const pn_face_person *p = &scene->person;
    const pn_face_mood *mood = &scene->shot.mood;
    enum { KNOTS = 7 };
    pn_face_knot knots[KNOTS];
    float slope = p->brow.slope + 0.16f * mood->frown;
    float y = p->eye.y - p->brow.rise - 0.045f * mood->lift;
    for (int i = 0; i < KNOTS; i++) {
        float t = 2 * (float)i / (KNOTS - 1) - 1; /* from the nose outwards */
        float x = p->eye.gap - p->brow.inward + t * p->brow.half;
        float bend = p->brow.arch * (1 - (t - 0.25f) * (t - 0.25f));
        knots[i] =
            (pn_face_knot){side * x, y - bend + 0.5f * p->brow.arch - slope * t * p->brow.half,
                           p->brow.thick * (0.8f - 0.15f * t - 0.5f * fmaxf(0, t) * t)};
    }
    pn_face_stroke_on(&scene->canvas, knots, KNOTS, p->brow.color, p->brow.density,
                      0.006f + 0.2f * p->brow.thick);
}

void pn_face_brows(pn_face_scene *scene) {
    brow(scene, -1);
    brow(scene, 1);
}
