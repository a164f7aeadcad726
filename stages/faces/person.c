/* Who a face belongs to: all that stays the same from image to image. The ranges are wide on
 * purpose: people drawn from them should be told apart by their features, as people are. */
#include "faces.h"

#include <math.h>

/* From light to dark; a person's tone lies between two neighbours. */
static const pn_face_color skins[] = {{{0.96f, 0.82f, 0.74f}}, {{0.93f, 0.75f, 0.62f}},
                                      {{0.86f, 0.66f, 0.50f}}, {{0.76f, 0.55f, 0.39f}},
                                      {{0.62f, 0.43f, 0.30f}}, {{0.47f, 0.32f, 0.23f}},
                                      {{0.35f, 0.24f, 0.18f}}};

static const pn_face_color hairs[] = {
    {{0.07f, 0.06f, 0.06f}}, {{0.13f, 0.09f, 0.07f}}, {{0.24f, 0.15f, 0.09f}},
    {{0.38f, 0.24f, 0.13f}}, {{0.55f, 0.38f, 0.20f}}, {{0.80f, 0.64f, 0.36f}},
    {{0.60f, 0.24f, 0.10f}}, {{0.62f, 0.61f, 0.60f}}, {{0.88f, 0.87f, 0.84f}}};

static const pn_face_color eyes[] = {{{0.20f, 0.11f, 0.06f}}, {{0.38f, 0.22f, 0.10f}},
                                     {{0.50f, 0.40f, 0.16f}}, {{0.30f, 0.46f, 0.24f}},
                                     {{0.28f, 0.50f, 0.68f}}, {{0.48f, 0.55f, 0.60f}}};

enum { SKINS = sizeof skins / sizeof *skins, EYES = sizeof eyes / sizeof *eyes };

/* What a person's features lean towards, 0 to 1; they are drawn around it, not fixed by it. */
typedef struct leaning {
    float broad, dark, age;
} leaning;

static float toward(pn_random *random, float low, float high, float lean, float share) {
    float t = pn_face_mix((float)pn_random_uniform(random), lean, share);
    return low + (high - low) * t;
}

static pn_face_color jitter(pn_random *random, pn_face_color color, float amount) {
    for (int i = 0; i < 3; i++)
        color.c[i] = fmaxf(0, fminf(1, color.c[i] * pn_face_around(random, 1, amount)));
    return color;
}

static void draw_skin(pn_face_person *p, const leaning *lean, pn_random *random) {
    float place = lean->dark * (SKINS - 1.001f);
    int i = (int)place;
    p->skin = jitter(random, pn_face_blend(skins[i], skins[i + 1], place - (float)i), 0.025f);
    p->blush = pn_face_between(random, 0, 0.35f);
    p->gloss = pn_face_between(random, 0.03f, 0.16f);
}

static void draw_head(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->head.width = toward(random, 0.63f, 0.83f, lean->broad, 0.3f);
    p->head.crown = pn_face_between(random, 2.0f, 2.7f);
    p->head.jaw = toward(random, 1.75f, 3.4f, lean->broad, 0.4f);
    p->head.taper = toward(random, 0.3f, 0.02f, lean->broad, 0.3f);
    p->head.cheek = pn_face_between(random, 0, 0.08f);
    p->head.temple = pn_face_between(random, 0, 0.12f);
    p->head.chin = pn_face_between(random, -0.03f, 0.06f);
    p->head.depth = pn_face_between(random, 0.5f, 0.68f);
    p->head.neck = p->head.width * toward(random, 0.46f, 0.74f, lean->broad, 0.5f);
}

static void draw_eye(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->eye.half = pn_face_between(random, 0.105f, 0.165f);
    p->eye.gap = p->head.width * pn_face_between(random, 0.385f, 0.53f);
    p->eye.y = pn_face_between(random, -0.12f, 0.06f);
    p->eye.up = pn_face_between(random, 0.045f, 0.095f);
    p->eye.low = pn_face_between(random, 0.022f, 0.055f);
    p->eye.tilt = pn_face_between(random, -0.2f, 0.24f);
    p->eye.peak = pn_face_between(random, -0.45f, 0.45f);
    p->eye.iris = pn_face_between(random, 0.05f, 0.072f);
    p->eye.crease = pn_face_chance(random, 0.3f) ? 0 : pn_face_between(random, 0.3f, 1);
    p->eye.lash = toward(random, 1, 0.2f, lean->broad, 0.5f);
    p->eye.bag = pn_face_between(random, -0.4f, 0.4f) + 0.5f * lean->age;
    p->eye.socket = pn_face_between(random, 0.2f, 1);
    int color = lean->dark > 0.45f && !pn_face_chance(random, 0.1f) ? pn_face_below(random, 2)
                                                                    : pn_face_below(random, EYES);
    p->eye.color = jitter(random, eyes[color], 0.08f);
}

static void draw_hair_color(pn_face_person *p, const leaning *lean, pn_random *random) {
    int color = pn_face_below(random, lean->dark > 0.5f ? 3 : 7);
    if (pn_face_chance(random, 0.5f * lean->age)) color = 7 + pn_face_below(random, 2);
    pn_face_color natural = jitter(random, hairs[color], 0.07f);
    bool dyed = pn_face_chance(random, 0.05f);
    pn_face_color dye = pn_face_hsv((float)pn_random_uniform(random), 0.6f, 0.6f);
    p->hair.color = dyed ? dye : natural;
    p->brow.color = pn_face_blend(jitter(random, natural, 0.05f), hairs[1],
                                  pn_face_between(random, 0.2f, 0.7f));
    p->beard.color =
        pn_face_blend(natural, hairs[pn_face_below(random, 4)], pn_face_between(random, 0, 0.5f));
}

static void draw_brow(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->brow.rise = pn_face_between(random, 0.135f, 0.235f);
    p->brow.half = p->eye.half * pn_face_between(random, 1.0f, 1.4f);
    p->brow.thick = toward(random, 0.014f, 0.056f, lean->broad, 0.4f);
    p->brow.arch = pn_face_between(random, 0, 0.075f);
    p->brow.slope = pn_face_between(random, -0.24f, 0.22f);
    p->brow.density = pn_face_between(random, 0.55f, 1);
    p->brow.inward = pn_face_between(random, -0.035f, 0.05f);
}

static void draw_nose(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->nose.base = pn_face_between(random, 0.25f, 0.42f);
    p->nose.half = toward(random, 0.085f, 0.185f, lean->broad, 0.2f);
    p->nose.bridge = p->nose.half * pn_face_between(random, 0.28f, 0.5f);
    p->nose.tip = p->nose.half * pn_face_between(random, 0.5f, 0.8f);
    p->nose.hump = pn_face_between(random, -0.6f, 1);
    p->nose.stand = pn_face_between(random, 0.1f, 0.22f);
    p->nose.nostril = pn_face_between(random, 0.35f, 1);
}

static void draw_mouth(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->mouth.y = pn_face_between(random, fmaxf(0.53f, p->nose.base + 0.17f), 0.67f);
    p->mouth.half = pn_face_between(random, 0.16f, 0.29f);
    p->mouth.upper = pn_face_between(random, 0.02f, 0.07f);
    p->mouth.lower = pn_face_between(random, 0.03f, 0.09f);
    p->mouth.bow = pn_face_between(random, 0, 1);
    p->mouth.corner = pn_face_between(random, -0.025f, 0.03f);
    p->mouth.philtrum = pn_face_between(random, 0, 1);
    static const pn_face_color red = {{0.72f, 0.25f, 0.25f}}, wine = {{0.55f, 0.10f, 0.18f}};
    pn_face_color natural = pn_face_scaled(p->skin, 0.82f);
    natural = pn_face_blend(natural, red, pn_face_between(random, 0.3f, 0.65f));
    bool painted = pn_face_chance(random, 0.4f * (1 - lean->broad));
    p->mouth.color = painted ? pn_face_blend(natural, pn_face_chance(random, 0.5f) ? red : wine,
                                             pn_face_between(random, 0.5f, 0.9f))
                             : natural;
}

static void draw_ear(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->ear.y = p->eye.y + pn_face_between(random, 0.08f, 0.2f);
    p->ear.size = pn_face_between(random, 0.15f, 0.25f);
    p->ear.out = pn_face_between(random, 0.01f, 0.1f);
    p->ear.lobe = pn_face_between(random, 0, 1);
    p->ear.ring = pn_face_chance(random, 0.45f * (1 - lean->broad));
    p->ear.metal = pn_face_hsv(pn_face_between(random, 0.08f, 0.15f),
                               pn_face_between(random, 0, 0.6f), pn_face_between(random, 0.7f, 1));
}

static pn_face_hairdo draw_style(const leaning *lean, pn_random *random) {
    static const pn_face_hairdo broad[] = {PN_HAIR_BALD,  PN_HAIR_RING,   PN_HAIR_BUZZ,
                                           PN_HAIR_SHORT, PN_HAIR_PARTED, PN_HAIR_QUIFF,
                                           PN_HAIR_CURLS, PN_HAIR_SHORT,  PN_HAIR_FRINGE};
    static const pn_face_hairdo slim[] = {PN_HAIR_LONG, PN_HAIR_WAVES,  PN_HAIR_BUN,
                                          PN_HAIR_BOB,  PN_HAIR_AFRO,   PN_HAIR_CURLS,
                                          PN_HAIR_LONG, PN_HAIR_PARTED, PN_HAIR_FRINGE};
    bool first = pn_face_chance(random, pn_face_ramp(0.3f, 0.7f, lean->broad));
    pn_face_hairdo style = first ? broad[pn_face_below(random, 9)] : slim[pn_face_below(random, 9)];
    bool bare = style == PN_HAIR_BALD || style == PN_HAIR_RING;
    return bare && pn_face_chance(random, 0.5f - 0.5f * lean->age) ? PN_HAIR_BUZZ : style;
}

static void draw_hair(pn_face_person *p, const leaning *lean, pn_random *random) {
    p->hair.style = draw_style(lean, random);
    p->hair.volume = pn_face_between(random, 0.5f, 1.6f);
    p->hair.line = pn_face_between(random, -0.74f, -0.5f);
    p->hair.part = pn_face_between(random, -0.6f, 0.6f);
    p->hair.peak = pn_face_between(random, -0.03f, 0.09f);
    p->hair.recede =
        pn_face_chance(random, 0.2f + 0.5f * lean->age) * pn_face_between(random, 0.05f, 0.17f);
    p->hair.length = pn_face_between(random, 0, 1);
    p->hair.curl = pn_face_between(random, 0, 1);
    p->hair.streak = pn_face_between(random, 0.5f, 1.2f);
    p->hair.texture = (uint32_t)pn_random_bits(random);
}

static void draw_beard(pn_face_person *p, const leaning *lean, pn_random *random) {
    static const pn_face_whiskers styles[] = {PN_BEARD_STUBBLE, PN_BEARD_MOUSTACHE, PN_BEARD_GOATEE,
                                              PN_BEARD_FULL, PN_BEARD_FULL};
    bool grows = pn_face_chance(random, 0.75f * pn_face_ramp(0.45f, 0.75f, lean->broad));
    p->beard.style = styles[pn_face_below(random, 5)];
    if (!grows) p->beard.style = PN_BEARD_NONE;
    p->beard.length = pn_face_between(random, 0.01f, 0.16f);
    p->beard.line = pn_face_between(random, 0.22f, 0.5f);
    p->beard.density = pn_face_between(random, 0.6f, 1);
}

static void draw_glasses(pn_face_person *p, pn_random *random) {
    bool has = pn_face_chance(random, 0.24f);
    p->glasses.shape = pn_face_chance(random, 0.5f) ? PN_FRAMES_ROUND : PN_FRAMES_BOX;
    if (!has) p->glasses.shape = PN_FRAMES_NONE;
    p->glasses.half = fminf(p->eye.gap - 0.035f, pn_face_between(random, 0.17f, 0.25f));
    p->glasses.high = p->glasses.half * pn_face_between(random, 0.65f, 1);
    p->glasses.thick = pn_face_between(random, 0.009f, 0.026f);
    p->glasses.y = pn_face_between(random, 0.0f, 0.05f);
    p->glasses.tint = pn_face_between(random, 0, 0.14f);
    p->glasses.color =
        pn_face_chance(random, 0.5f)
            ? pn_face_hsv(0.08f, 0.3f, pn_face_between(random, 0.05f, 0.2f))
            : pn_face_hsv((float)pn_random_uniform(random), pn_face_between(random, 0.2f, 0.8f),
                          pn_face_between(random, 0.3f, 0.8f));
}

static void draw_marks(pn_face_person *p, const leaning *lean, pn_random *random) {
    int moles = pn_face_below(random, 6) - 2;
    p->mark.moles = moles < 0 ? 0 : moles;
    for (int i = 0; i < PN_FACE_MOLES; i++) {
        p->mark.mole_x[i] = pn_face_between(random, -0.6f, 0.6f) * p->head.width;
        p->mark.mole_y[i] = pn_face_between(random, 0.12f, 0.85f);
        p->mark.mole_r[i] = pn_face_between(random, 0.012f, 0.028f);
    }
    bool pale = lean->dark < 0.4f;
    p->mark.freckles = pale && pn_face_chance(random, 0.35f) ? pn_face_between(random, 0.4f, 1) : 0;
    p->mark.lines = fmaxf(0, lean->age - 0.35f) * pn_face_between(random, 0.6f, 1.5f);
    p->mark.dimple = pn_face_chance(random, 0.2f) ? pn_face_between(random, 0.4f, 1) : 0;
    p->mark.scar = pn_face_chance(random, 0.1f) ? pn_face_between(random, 0.5f, 1) : 0;
    p->mark.scar_x = pn_face_between(random, -0.5f, 0.5f);
    p->mark.scar_y = pn_face_between(random, -0.35f, 0.5f);
    p->mark.scar_angle = pn_face_between(random, 0, 3.14f);
}

void pn_face_person_draw(pn_face_person *person, pn_random *random) {
    *person = (pn_face_person){0};
    leaning lean = {.broad = (float)pn_random_uniform(random),
                    .dark = (float)pn_random_uniform(random),
                    .age = (float)pn_random_uniform(random)};
    draw_skin(person, &lean, random);
    draw_head(person, &lean, random);
    draw_eye(person, &lean, random);
    draw_hair_color(person, &lean, random);
    draw_brow(person, &lean, random);
    draw_nose(person, &lean, random);
    draw_mouth(person, &lean, random);
    draw_ear(person, &lean, random);
    draw_hair(person, &lean, random);
    draw_beard(person, &lean, random);
    draw_glasses(person, random);
    draw_marks(person, &lean, random);
}
