/* What is behind: seldom plain, and drawn without a look at the person. */
#include "faces.h"

#include <math.h>

typedef enum backdrop_kind { GRADIENT, CLOUDS, STRIPES, TILES, GRAIN, KINDS } backdrop_kind;

typedef struct backdrop {
    backdrop_kind kind;
    pn_face_color second;
    float cosine, sine, period, rough;
    uint32_t seed;
} backdrop;

static float everywhere(const void *context, const pn_face_point *at) {
    (void)context;
    (void)at;
    return -1;
}

static float pattern(const backdrop *b, float x, float y) {
    float u = b->cosine * x + b->sine * y, v = b->cosine * y - b->sine * x;
    switch (b->kind) {
    case GRADIENT:
        return 0.5f + 0.6f * (u - 0.3f);
    case CLOUDS: {
        float sum = 0, weight = 0.5f, detail = 2.5f;
        for (uint32_t i = 0; i < 4; i++, weight *= 0.6f, detail *= 2.1f)
            sum += weight * pn_face_noise(b->seed + i, detail * x, detail * y);
        return 0.5f + sum;
    }
    case STRIPES:
        return pn_face_ramp(-0.3f, 0.3f, sinf(b->period * u));
    case TILES: {
        float high = b->period * v / 3, wide = b->period * u / 6 + 0.5f * floorf(high);
        float joint = fminf(fabsf(high - roundf(high)), 1.5f * fabsf(wide - roundf(wide)));
        return 0.3f * pn_face_noise(b->seed, floorf(wide) + 0.5f, floorf(high) + 0.5f) + 0.5f +
               0.5f * pn_face_ramp(0.12f, 0.04f, joint);
    }
    case GRAIN:
        return 0.5f + 0.5f * pn_face_noise(b->seed, b->period * u, 0.3f * b->period * v);
    case KINDS:
        break;
    }
    return 0;
}

static float backdrop_dye(const void *context, const pn_face_point *at, float distance,
                          float color[3]) {
    (void)distance;
    const backdrop *b = context;
    float share = fmaxf(0, fminf(1, pattern(b, at->x, at->y)));
    float tone = 1 + b->rough * pn_face_noise(b->seed + 9, 7 * at->x, 7 * at->y);
    for (int i = 0; i < 3; i++) color[i] = pn_face_mix(color[i], b->second.c[i], share) * tone;
    return 1;
}

static pn_face_color any_color(pn_random *random) {
    return pn_face_hsv((float)pn_random_uniform(random), pn_face_between(random, 0, 0.75f),
                       pn_face_between(random, 0.08f, 1));
}

/* Things and lights out of focus. */
static void blobs(pn_face_scene *scene, pn_random *random) {
    int count = pn_face_below(random, 9);
    float soft = pn_face_between(random, 0.002f, 0.06f);
    for (int i = 0; i < count; i++) {
        float r = pn_face_between(random, 0.04f, 0.28f);
        pn_face_oval oval = {.x = (float)pn_random_uniform(random),
                             .y = (float)pn_random_uniform(random),
                             .rx = r,
                             .ry = r * pn_face_between(random, 0.3f, 1),
                             .angle = pn_face_between(random, 0, 3.14f)};
        pn_face_blob_on(&scene->canvas, oval, any_color(random),
                        pn_face_between(random, 0.3f, 0.9f), soft);
    }
}

void pn_face_backdrop(pn_face_scene *scene) {
    pn_random random;
    pn_random_seed(&random, scene->shot.backdrop, 0);
    float angle = pn_face_between(&random, 0, 6.28f);
    backdrop b = {.kind = (backdrop_kind)pn_face_below(&random, KINDS),
                  .second = any_color(&random),
                  .cosine = cosf(angle),
                  .sine = sinf(angle),
                  .period = pn_face_between(&random, 12, 60),
                  .rough = pn_face_between(&random, 0, 0.2f),
                  .seed = (uint32_t)pn_random_bits(&random)};
    pn_face_paint paint = {.space = PN_SPACE_IMAGE,
                           .right = 1,
                           .bottom = 1,
                           .distance = everywhere,
                           .dye = backdrop_dye,
                           .context = &b,
                           .color = any_color(&random),
                           .alpha = 1,
                           .unlit = true};
    pn_face_paint_on(&scene->canvas, &paint);
    if (pn_face_chance(&random, 0.5f)) blobs(scene, &random);
}
