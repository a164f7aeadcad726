/* Hair: a mass behind the head, and a cap over it that ends at the hairline. */
#include "faces.h"

#include <math.h>

typedef struct hair {
    const pn_face_scene *scene;
    pn_face_outline cap;
    float side;              /* y down to which the hair reaches beside the ears */
    float drape, drape_half; /* of the mass behind: its lower end and half width; 0: none */
    float wave, curl;        /* how uneven borders and surface are */
} hair;

typedef struct style {
    float top, sides; /* thickness over the skull, at volume 1 */
    float curl, wave;
    bool over_ears; /* covers them, and falls down behind */
} style;

static const style styles[PN_HAIRDOS] = {
    [PN_HAIR_RING] = {0.03f, 0.05f, 0.1f, 0, false},
    [PN_HAIR_BUZZ] = {0.012f, 0.01f, 0, 0, false},
    [PN_HAIR_SHORT] = {0.07f, 0.03f, 0.1f, 0, false},
    [PN_HAIR_PARTED] = {0.1f, 0.04f, 0, 0, false},
    [PN_HAIR_QUIFF] = {0.2f, 0.02f, 0.1f, 0, false},
    [PN_HAIR_FRINGE] = {0.08f, 0.06f, 0.05f, 0, false},
    [PN_HAIR_CURLS] = {0.17f, 0.13f, 1, 0.03f, false},
    [PN_HAIR_AFRO] = {0.33f, 0.33f, 0.8f, 0.015f, false},
    [PN_HAIR_BOB] = {0.08f, 0.1f, 0, 0, true},
    [PN_HAIR_LONG] = {0.07f, 0.07f, 0, 0, true},
    [PN_HAIR_WAVES] = {0.09f, 0.12f, 0.3f, 0.05f, true},
    [PN_HAIR_BUN] = {0.035f, 0.02f, 0, 0, false},
};

static void make_cap(hair *h) {
    const pn_face_scene *scene = h->scene;
    const pn_face_person *p = &scene->person;
    const style *s = &styles[p->hair.style];
    for (int i = 0; i <= PN_FACE_TURNS; i++) {
        float x, y, turn = (float)(i % PN_FACE_TURNS);
        pn_face_direction(turn, &x, &y);
        float up = pn_face_ramp(0.5f, -0.9f, y), thick = pn_face_mix(s->sides, s->top, up);
        if (!s->over_ears) thick *= pn_face_ramp(0.65f, -0.1f, y);
        if (p->hair.style == PN_HAIR_PARTED)
            thick *= 1 + 0.5f * (p->hair.part > 0 ? -x : x) * pn_face_ramp(0.2f, -0.4f, y);
        float bumpy = pn_face_noise(p->hair.texture, 14 + 14 * x, 14 + 14 * y);
        thick = thick * p->hair.volume + s->wave * bumpy * pn_face_ramp(0.6f, 0, y);
        h->cap.r[i] = scene->head.r[i] + 0.012f + fmaxf(0, thick);
    }
    pn_face_outline_finish(&h->cap);
}

static hair make_hair(const pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    const style *s = &styles[p->hair.style];
    hair h = {.scene = scene, .curl = s->curl, .wave = s->wave};
    h.side = p->eye.y + 0.02f + 0.16f * p->hair.length;
    if (p->hair.style == PN_HAIR_AFRO) h.side += 0.15f;
    if (s->over_ears) {
        h.side = 3;
        h.drape = p->hair.style == PN_HAIR_BOB ? 0.55f + 0.4f * p->hair.length
                                               : 1.15f + 0.8f * p->hair.length;
        h.drape_half = p->head.width * 1.06f + s->sides * p->hair.volume + 0.02f;
    }
    make_cap(&h);
    return h;
}

/* Between two colours of the same head: strands run from the crown downwards. */
static float hair_dye(const void *context, const pn_face_point *at, float distance,
                      float color[3]) {
    (void)distance;
    const hair *h = context;
    const pn_face_person *p = &h->scene->person;
    float r = at->radius / pn_face_outline_radius(&h->cap, at->turn), strand;
    if (h->curl > 0.25f)
        strand = 0.6f * pn_face_noise(p->hair.texture, 11 * at->x, 11 * at->y) +
                 0.5f * pn_face_noise(p->hair.texture + 1, 24 * at->x, 24 * at->y);
    else if (at->y > 0.1f)
        strand = pn_face_noise(p->hair.texture, 26 * at->x, 2 * at->y);
    else
        strand = pn_face_noise(p->hair.texture, 0.5f * at->turn, 2 * r);
    float band = h->curl > 0.25f ? 0 : 0.35f * pn_face_bell((r - 0.78f) / 0.1f) * (at->y < 0.2f);
    float tone = 1 + 0.28f * p->hair.streak * strand + band;
    for (int i = 0; i < 3; i++)
        color[i] = color[i] * tone + 0.02f * p->hair.streak * strand + 0.08f * band;
    return 1;
}

static float hair_height(const void *context, const pn_face_point *at, float distance) {
    (void)distance;
    const hair *h = context;
    const pn_face_person *p = &h->scene->person;
    float r = at->radius / pn_face_outline_radius(&h->cap, at->turn);
    float rough = h->curl * 0.035f * pn_face_noise(p->hair.texture + 2, 12 * at->x, 12 * at->y);
    return p->head.depth * sqrtf(fmaxf(0, 1 - r * r * r)) + 0.05f + rough;
}

/* ---- behind --------------------------------------------------------------------------------- */

static float behind_distance(const void *context, const pn_face_point *at) {
    const hair *h = context;
    float cap = pn_face_outline_distance(&h->cap, at);
    if (h->drape <= 0) return cap;
    uint32_t texture = h->scene->person.hair.texture;
    float edge = h->wave * (sinf(9 * at->y + (float)(texture % 7)) +
                            pn_face_noise(texture, 5 * at->y, at->x > 0 ? 3.5f : 9.5f));
    float out = fabsf(at->x) - h->drape_half - edge - 0.08f * fmaxf(0, at->y);
    float end = at->y - h->drape - 0.05f * pn_face_noise(texture, 9 * at->x, 0.5f);
    /* Rounded lower corners: the two distances join as the sides of a box do. */
    float round = 0.14f, a = fmaxf(0, out + round), b = fmaxf(0, end + round);
    float box = sqrtf(a * a + b * b) + fminf(0, fmaxf(out + round, end + round)) - round;
    return fminf(cap, fmaxf(box, -0.15f - at->y));
}

static float flat_height(const void *context, const pn_face_point *at, float distance) {
    const hair *h = context;
    float rough =
        h->curl * 0.03f * pn_face_noise(h->scene->person.hair.texture + 2, 9 * at->x, 9 * at->y);
    return 0.2f * sqrtf(fmaxf(0, fminf(1, -2 * distance))) - 0.1f + rough;
}

void pn_face_hair_behind(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    if (p->hair.style == PN_HAIR_BUN) {
        float size = 0.2f + 0.1f * p->hair.volume * 0.7f;
        pn_face_oval bun = {0.2f * p->hair.part, -1.02f - 0.4f * size, size, 0.85f * size, 0};
        pn_face_oval_on(&scene->canvas, bun, pn_face_scaled(p->hair.color, 0.9f), 1, 0);
        pn_face_bump(&scene->canvas, bun, 0.25f);
    }
    if (!styles[p->hair.style].over_ears) return;
    hair h = make_hair(scene);
    float half = h.drape_half + 0.35f;
    pn_face_paint paint = {.left = -half,
                           .top = -1.6f,
                           .right = half,
                           .bottom = h.drape + 0.2f,
                           .distance = behind_distance,
                           .dye = hair_dye,
                           .height = flat_height,
                           .context = &h,
                           .color = pn_face_scaled(p->hair.color, 0.75f),
                           .alpha = 1};
    pn_face_paint_on(&scene->canvas, &paint);
}

/* ---- the cap -------------------------------------------------------------------------------- */

/* Where hair that falls from a part ends: high at the part, low beside the eyes. */
static float parted(const pn_face_person *p, float x, float steep) {
    float away = x - p->hair.part;
    return p->hair.line + steep * powf(fabsf(away), 1.3f);
}

/* y of the hair's lower border; x in shares of the head's half width. */
static float hairline(const hair *h, float x) {
    const pn_face_person *p = &h->scene->person;
    float out = fabsf(x), y = p->hair.line, fringe = p->eye.y - p->brow.rise - 0.01f;
    float jag = pn_face_noise(p->hair.texture, 7 * x, 0.5f);
    y +=
        p->hair.peak * pn_face_bell(x / 0.13f) - p->hair.recede * pn_face_bell((out - 0.5f) / 0.2f);
    switch (p->hair.style) {
    case PN_HAIR_PARTED:
        y = fminf(parted(p, x, 0.2f + 0.12f * p->hair.volume), fringe + 0.1f);
        break;
    case PN_HAIR_LONG:
    case PN_HAIR_WAVES:
        y = parted(p, x, 0.38f);
        break;
    case PN_HAIR_BOB:
        y = p->hair.curl > 0.4f ? fringe - 0.03f + 0.02f * jag : parted(p, x, 0.34f);
        break;
    case PN_HAIR_FRINGE:
        y = fringe - 0.04f + 0.06f * jag + 0.06f * p->hair.part * x;
        break;
    case PN_HAIR_CURLS:
    case PN_HAIR_AFRO:
        y += 0.05f * jag;
        break;
    case PN_HAIR_RING:
        y = -2;
        break;
    default:
        break;
    }
    float from = styles[p->hair.style].over_ears ? 0.66f : 0.78f;
    return pn_face_mix(y, h->side, pn_face_ramp(from, 1, out));
}

static float cap_distance(const void *context, const pn_face_point *at) {
    const hair *h = context;
    const pn_face_person *p = &h->scene->person;
    float x = at->x / p->head.width, cap = pn_face_outline_distance(&h->cap, at);
    /* Single strands reach beyond the line. */
    float strands = 0.022f * pn_face_noise(p->hair.texture + 3, 34 * at->x, 4 * at->y);
    float d = fmaxf(cap, 0.7f * (at->y - hairline(h, x)) + strands);
    if (p->hair.style == PN_HAIR_RING) d = fmaxf(d, -0.42f - 0.2f * fabsf(x) - at->y);
    return d;
}

void pn_face_hair(pn_face_scene *scene) {
    const pn_face_person *p = &scene->person;
    if (p->hair.style == PN_HAIR_BALD) return;
    bool buzz = p->hair.style == PN_HAIR_BUZZ;
    hair h = make_hair(scene);
    pn_face_paint paint = {.left = -1.5f,
                           .top = -1.8f,
                           .right = 1.5f,
                           .bottom = h.side < 1.2f ? h.side + 0.05f : 1.2f,
                           .distance = cap_distance,
                           .dye = hair_dye,
                           .height = hair_height,
                           .context = &h,
                           .color = p->hair.color,
                           .alpha = buzz ? 0.72f : 1,
                           .soft = buzz ? 0.03f : 0.012f};
    pn_face_paint_on(&scene->canvas, &paint);
}
