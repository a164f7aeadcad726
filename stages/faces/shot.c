/* How one image shows its person: pose, mood, lamp, camera. Nothing here knows who it is, so that
 * none of it can give an identity away. */
#include "faces.h"

#include <math.h>

static void draw_pose(pn_face_pose *pose, pn_random *random, int size) {
    float side = (float)size, tilt = pn_face_around(random, 0, 0.11f);
    pose->scale = side * pn_face_between(random, 0.31f, 0.43f);
    pose->x = side * (0.5f + pn_face_around(random, 0, 0.045f));
    pose->y = side * (0.49f + pn_face_around(random, 0, 0.04f));
    pose->cosine = cosf(tilt);
    pose->sine = sinf(tilt);
    pose->yaw = sinf(pn_face_around(random, 0, 0.27f));
    pose->pitch = sinf(pn_face_around(random, 0, 0.13f));
}

static void draw_mood(pn_face_mood *mood, pn_random *random) {
    mood->smile = pn_face_between(random, -0.5f, 1);
    mood->open = pn_face_chance(random, 0.45f) ? pn_face_between(random, 0.1f, 1) : 0;
    mood->lids = pn_face_chance(random, 0.06f) ? 0.12f : pn_face_between(random, 0.6f, 1.15f);
    mood->lift = pn_face_between(random, -0.3f, 1);
    mood->frown = pn_face_between(random, -1, 1);
    mood->gaze_x = pn_face_between(random, -1, 1);
    mood->gaze_y = pn_face_between(random, -0.6f, 0.6f);
}

/* From a soft overcast to one hard lamp; mostly from above, warm to cold. */
static void draw_light(pn_face_light *light, pn_random *random) {
    float side = pn_face_between(random, -1.15f, 1.15f), up = pn_face_between(random, -0.35f, 1);
    light->x = sinf(side) * cosf(up);
    light->y = -sinf(up);
    light->z = cosf(side) * cosf(up);
    float hard = (float)pn_random_uniform(random);
    light->key = pn_face_mix(0.3f, 0.95f, hard);
    light->fill = pn_face_mix(0.75f, 0.22f, hard);
    light->rim = pn_face_chance(random, 0.3f) ? pn_face_between(random, 0.1f, 0.4f) : 0;
    light->key_color = pn_face_hsv(pn_face_chance(random, 0.7f) ? 0.09f : 0.58f,
                                   pn_face_between(random, 0, 0.22f), 1);
    light->fill_color =
        pn_face_hsv((float)pn_random_uniform(random), pn_face_between(random, 0, 0.16f), 1);
}

static void draw_camera(pn_face_camera *camera, pn_random *random) {
    camera->exposure = expf(pn_face_around(random, 0, 0.24f));
    camera->automatic = pn_face_between(random, 0.4f, 0.9f);
    camera->contrast = pn_face_between(random, 0.7f, 1.25f);
    camera->gamma = expf(pn_face_around(random, 0, 0.14f));
    camera->vignette = pn_face_chance(random, 0.5f) ? pn_face_between(random, 0, 0.5f) : 0;
    /* In shares of the image's size: a blurred image is so at any size. */
    camera->blur = pn_face_chance(random, 0.5f) ? pn_face_between(random, 0.001f, 0.009f) : 0;
    camera->noise = pn_face_chance(random, 0.7f) ? pn_face_between(random, 0, 0.045f) : 0.004f;
    for (int i = 0; i < 3; i++) camera->balance.c[i] = pn_face_around(random, 1, 0.07f);
}

static pn_face_cover draw_cover(pn_random *random) {
    if (!pn_face_chance(random, 0.14f)) return PN_COVER_NONE;
    static const pn_face_cover covers[] = {PN_COVER_BAR, PN_COVER_DISC, PN_COVER_DISC,
                                           PN_COVER_SHADES};
    return covers[pn_face_below(random, 4)];
}

void pn_face_shot_draw(pn_face_shot *shot, pn_random *random, int size) {
    *shot = (pn_face_shot){0};
    draw_pose(&shot->pose, random, size);
    draw_mood(&shot->mood, random);
    draw_light(&shot->light, random);
    draw_camera(&shot->camera, random);
    shot->cover = draw_cover(random);
    shot->glasses = pn_face_chance(random, 0.85f);
    shot->backdrop = pn_random_bits(random);
    shot->clothes = pn_random_bits(random);
    shot->grain = pn_random_bits(random);
    shot->cover_stream = pn_random_bits(random);
}
