/* Glasses, marks on the skin, and things that get between face and camera. */
#include "faces.h"

#include <math.h>

/* ---- marks ---------------------------------------------------------------------------------- */

static void freckles(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    pn_random random; /* a stream of its own, so that a person's freckles keep their places */
    pn_random_seed(&random, p->hair.texture, 1);
    static const pn_face_color brown = {{0.55f, 0.32f, 0.2f}};
    for (int i = 0; i < 44; i++) {
        float x = pn_face_around(&random, 0, 0.27f), y = pn_face_around(&random, 0.2f, 0.11f);
        float r = pn_face_between(&random, 0.008f, 0.017f);
        pn_face_oval_on(&scene->canvas, (pn_face_oval){x, y, r, r, 0}, brown,
                        0.6f * p->mark.freckles, 0.004f);
    }
}

static void wrinkles(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    pn_face_color shade = pn_face_scaled(p->skin, 0.62f);
    float alpha = fminf(0.6f, p->mark.lines), lift = scene->shot.mood.lift;
    for (int i = 0; i < 3; i++) {
        float y = p->eye.y - p->brow.rise - 0.11f - 0.085f * (float)i - 0.03f * lift;
        float half = 0.34f - 0.05f * (float)i;
        pn_face_knot line[] = {
            {-half, y + 0.02f, 0.004f}, {0, y - 0.005f, 0.008f}, {half, y + 0.02f, 0.004f}};
        pn_face_stroke_on(&scene->canvas, line, 3, shade, alpha * (0.5f + 0.4f * fmaxf(0, lift)),
                          0.01f);
    }
    for (int side = -1; side <= 1; side += 2)
        for (int i = -1; i <= 1; i++) {
            float s = (float)side, n = (float)i, x = p->eye.gap + 1.15f * p->eye.half;
            pn_face_knot line[] = {{s * x, p->eye.y + 0.02f * n, 0.004f},
                                   {s * (x + 0.09f), p->eye.y + 0.055f * n, 0.003f}};
            pn_face_stroke_on(&scene->canvas, line, 2, shade, alpha, 0.007f);
        }
}

void pn_face_marks(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    pn_face_color dark = pn_face_scaled(p->skin, 0.32f);
    if (p->mark.lines > 0) wrinkles(scene);
    if (p->mark.freckles > 0) freckles(scene);
    for (int i = 0; i < p->mark.moles; i++) {
        float r = p->mark.mole_r[i];
        pn_face_oval_on(&scene->canvas,
                        (pn_face_oval){p->mark.mole_x[i], p->mark.mole_y[i], r, r, 0}, dark, 0.9f,
                        0.004f);
    }
    if (p->mark.scar > 0) {
        float dx = 0.14f * cosf(p->mark.scar_angle), dy = 0.14f * sinf(p->mark.scar_angle);
        pn_face_knot scar[] = {{p->mark.scar_x - dx, p->mark.scar_y - dy, 0.004f},
                               {p->mark.scar_x + 0.02f, p->mark.scar_y, 0.012f},
                               {p->mark.scar_x + dx, p->mark.scar_y + dy, 0.004f}};
        static const pn_face_color pink = {{0.78f, 0.45f, 0.42f}};
        pn_face_stroke_on(&scene->canvas, scar, 3, pink, 0.8f * p->mark.scar, 0.006f);
    }
}

/* ---- glasses -------------------------------------------------------------------------------- */

typedef struct lens {
    pn_face_oval oval;
    float box, thick; /* box: how square it is, 0 or 1; thick: of the frame, 0 for the glass */
} lens;

static float lens_distance(const void *context, const pn_face_point *at) {
    const lens *l = context;
    float d;
    if (l->box > 0) {
        float round = 0.3f * l->oval.ry;
        float x = fabsf(at->x - l->oval.x) - l->oval.rx + round;
        float y = fabsf(at->y - l->oval.y) - l->oval.ry + round;
        float a = fmaxf(0, x), b = fmaxf(0, y);
        d = sqrtf(a * a + b * b) + fminf(0, fmaxf(x, y)) - round;
    } else {
        d = pn_face_oval_distance(&l->oval, at->x, at->y);
    }
    return l->thick > 0 ? fabsf(d) - l->thick : d;
}

static void paint_lens(pn_face_canvas *canvas, const lens *l, pn_face_color color, float alpha) {
    pn_face_paint paint = {.left = l->oval.x - l->oval.rx - l->thick,
                           .top = l->oval.y - l->oval.ry - l->thick,
                           .right = l->oval.x + l->oval.rx + l->thick,
                           .bottom = l->oval.y + l->oval.ry + l->thick,
                           .distance = lens_distance,
                           .context = l,
                           .color = color,
                           .alpha = alpha};
    pn_face_paint_on(canvas, &paint);
}

typedef struct spectacles {
    float half, high, thick, y, box, glass;
    pn_face_color frame, tint;
} spectacles;

static void wear(pn_face_scene *scene, const spectacles *g) {
    const pn_face_person *p = &scene->person;
    pn_face_canvas *canvas = &scene->canvas;
    float shift = 0.07f * scene->shot.pose.yaw, y = p->eye.y + g->y;
    static const pn_face_color white = {{1, 1, 1}};
    for (int side = -1; side <= 1; side += 2) {
        float s = (float)side, x = s * p->eye.gap + shift;
        lens l = {.oval = {x, y, g->half, g->high, 0}, .box = g->box};
        paint_lens(canvas, &l, g->tint, g->glass);
        pn_face_knot glint[] = {{x - 0.4f * g->half, y - 0.1f * g->high, 0.006f},
                                {x - 0.1f * g->half, y - 0.6f * g->high, 0.01f}};
        pn_face_stroke_on(canvas, glint, 2, white, 0.3f, 0.01f);
        l.thick = g->thick;
        paint_lens(canvas, &l, g->frame, 0.95f);
        pn_face_knot arm[] = {{x + s * g->half, y - 0.3f * g->high, g->thick},
                              {s * (p->head.width + 0.01f), y - 0.02f, 0.8f * g->thick}};
        pn_face_stroke_on(canvas, arm, 2, g->frame, 0.95f, 0);
    }
    float inner = p->eye.gap - g->half;
    pn_face_knot bridge[] = {{shift - inner, y - 0.2f * g->high, g->thick},
                             {shift, y - 0.2f * g->high - 0.02f, g->thick},
                             {shift + inner, y - 0.2f * g->high, g->thick}};
    pn_face_stroke_on(canvas, bridge, 3, g->frame, 0.95f, 0);
}

void pn_face_glasses(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    if (p->glasses.shape == PN_FRAMES_NONE || !scene->shot.glasses) return;
    spectacles g = {.half = p->glasses.half,
                    .high = p->glasses.high,
                    .thick = p->glasses.thick,
                    .y = p->glasses.y,
                    .box = p->glasses.shape == PN_FRAMES_BOX,
                    .glass = p->glasses.tint,
                    .frame = p->glasses.color,
                    .tint = {{0.2f, 0.25f, 0.3f}}};
    wear(scene, &g);
}

/* ---- covers --------------------------------------------------------------------------------- */

typedef struct cover {
    pn_face_oval shape;
    bool bar;
    uint32_t seed;
} cover;

static float cover_distance(const void *context, const pn_face_point *at) {
    const cover *c = context;
    if (!c->bar) return pn_face_oval_distance(&c->shape, at->x, at->y);
    float x = at->x - c->shape.x, y = at->y - c->shape.y;
    return fabsf(cosf(c->shape.angle) * y - sinf(c->shape.angle) * x) - c->shape.ry;
}

static float cover_dye(const void *context, const pn_face_point *at, float distance,
                       float color[3]) {
    (void)distance;
    const cover *c = context;
    float tone = 1 + 0.25f * pn_face_noise(c->seed, 9 * at->x, 9 * at->y);
    for (int i = 0; i < 3; i++) color[i] *= tone;
    return 1;
}

/* Something in the way: it covers a part of the face, never most of it. */
void pn_face_covering(pn_face_scene *scene) {
    pn_random random;
    pn_random_seed(&random, scene->shot.cover_stream, 0);
    pn_face_color color =
        pn_face_hsv((float)pn_random_uniform(&random), pn_face_between(&random, 0, 0.7f),
                    pn_face_between(&random, 0.1f, 0.9f));
    float edge = pn_face_between(&random, 0, 6.28f);
    cover c = {.shape = {.x = 0.5f + 0.36f * cosf(edge),
                         .y = 0.55f + 0.36f * sinf(edge),
                         .rx = pn_face_between(&random, 0.1f, 0.2f),
                         .ry = pn_face_between(&random, 0.08f, 0.16f),
                         .angle = pn_face_between(&random, 0, 3.14f)},
               .bar = scene->shot.cover == PN_COVER_BAR,
               .seed = (uint32_t)pn_random_bits(&random)};
    if (c.bar) c.shape.ry *= 0.35f;
    pn_face_paint paint = {.space = PN_SPACE_IMAGE,
                           .right = 1,
                           .bottom = 1,
                           .distance = cover_distance,
                           .dye = cover_dye,
                           .context = &c,
                           .color = color,
                           .alpha = 1,
                           .soft = pn_face_between(&random, 0, 0.02f),
                           .unlit = true};
    if (scene->shot.cover == PN_COVER_SHADES) {
        spectacles g = {.half = fminf(scene->person.eye.gap - 0.03f, 0.24f),
                        .high = 0.15f,
                        .thick = 0.014f,
                        .y = 0.02f,
                        .box = (float)pn_face_below(&random, 2),
                        .glass = 0.93f,
                        .frame = pn_face_scaled(color, 0.3f),
                        .tint = {{0.05f, 0.05f, 0.07f}}};
        wear(scene, &g);
    } else if (scene->shot.cover != PN_COVER_NONE) {
        pn_face_paint_on(&scene->canvas, &paint);
    }
}
