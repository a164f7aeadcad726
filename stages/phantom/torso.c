/* Soft tissue and the air in the lungs. Their outlines are functions of the height in the body and
 * are tabulated, so that a pixel costs a few look-ups and square roots. */
#include "phantom.h"

#include <math.h>

/* Tables over y from table_low to table_high. */
enum { ENTRIES = 1024 };
static const float table_low = -2.6f, table_high = 1.9f;

typedef struct outline {
    float skin, depth; /* half width of the torso and neck, thickness along the beam */
    float wall[2];     /* half inner width of the rib cage */
    float medial[2];   /* where the lungs end towards the middle */
} outline;

typedef struct limb {
    float ax, ay, bx, by, r;
} limb;

typedef struct body {
    const pn_phantom_anatomy *a;
    const pn_phantom_pose *pose;
    outline table[ENTRIES];
    limb arm[2];
    float heart_cosine, heart_sine;
} body;

float pn_phantom_wall(const pn_phantom_anatomy *a, int side, float y) {
    float t = (y - a->apex) / 1.55f;
    if (t <= 0) return 0;
    if (t > 1) return a->wall[side] * (1 - 0.04f * (t - 1));
    return a->wall[side] * powf(1 - powf(1 - t, 2.5f), a->wall_shape);
}

static float skin_half(const pn_phantom_anatomy *a, float y) {
    float fat = a->fat;
    const float points[][2] = {{-2.4f, 0.34f}, {-1.7f, 0.36f},       {-1.5f, 0.48f},
                               {-1.3f, 0.85f}, {-1.1f, 1.02f + fat}, {-0.7f, 0.99f + fat},
                               {0, 1 + fat},   {1, 0.99f + fat}};
    return pn_phantom_curve(points, sizeof points / sizeof *points, y);
}

static float medial_edge(const pn_phantom_anatomy *a, int side, float y) {
    float v = a->vessel_half, top = a->apex;
    const float right[][2] = {{top, 0.17f},        {top + 0.2f, v - 0.03f}, {-0.6f, v},
                              {-0.42f, v + 0.03f}, {-0.2f, v + 0.01f},      {0.1f, 0.2f},
                              {0.5f, 0.18f}};
    const float left[][2] = {{top, 0.15f},
                             {top + 0.17f, v - 0.04f},
                             {-0.8f, v - 0.005f + a->knob},
                             {-0.66f, v + 0.01f},
                             {-0.5f, v + 0.07f},
                             {-0.32f, v + 0.15f},
                             {0.1f, 0.24f},
                             {0.5f, 0.2f}};
    return side ? pn_phantom_curve(left, sizeof left / sizeof *left, y)
                : pn_phantom_curve(right, sizeof right / sizeof *right, y);
}

static void prepare(body *b, const pn_phantom_anatomy *a, const pn_phantom_pose *pose) {
    b->a = a;
    b->pose = pose;
    for (int i = 0; i < ENTRIES; i++) {
        float y = table_low + (table_high - table_low) * (float)i / (ENTRIES - 1);
        outline *o = &b->table[i];
        o->skin = skin_half(a, y);
        const float depth[][2] = {{-2, 0.62f}, {-1.4f, 0.66f}, {-0.9f, 0.93f},
                                  {0, 1},      {0.4f, 1.06f},  {1.2f, 1.05f}};
        o->depth = a->depth * pn_phantom_curve(depth, sizeof depth / sizeof *depth, y);
        for (int side = 0; side < 2; side++) {
            o->wall[side] = pn_phantom_wall(a, side, y);
            o->medial[side] = medial_edge(a, side, y) + (side ? pose->turn : -pose->turn);
        }
    }
    for (int side = 0; side < 2; side++) {
        float sign = side ? 1 : -1, angle = pose->arm_angle[side];
        limb *arm = &b->arm[side];
        arm->ax = sign * (1.06f + pose->arm_out[side]);
        arm->ay = a->apex + 0.06f;
        arm->bx = arm->ax + sign * 1.3f * sinf(angle);
        arm->by = arm->ay + 1.3f * cosf(angle);
        arm->r = 0.2f + 0.5f * a->fat;
    }
    b->heart_cosine = cosf(a->heart_angle);
    b->heart_sine = sinf(a->heart_angle);
}

static float smooth(float t) {
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

/* Square of the path length through a cylinder around a limb's axis. */
static float limb_square(const limb *l, float x, float y) {
    float dx = l->bx - l->ax, dy = l->by - l->ay;
    float t = ((x - l->ax) * dx + (y - l->ay) * dy) / (dx * dx + dy * dy);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    float ex = x - l->ax - t * dx, ey = y - l->ay - t * dy;
    float rest = l->r * l->r - ex * ex - ey * ey;
    return rest > 0 ? 2.6f * rest : 0;
}

/* Thickness of all soft tissue: the parts' squares add up, which joins them smoothly. */
static float soft_tissue(const body *b, const outline *o, float x, float y) {
    float u = x / o->skin, square = 1 - u * u;
    square = square > 0 ? o->depth * o->depth * square : 0;
    if (fabsf(x) > 0.6f) square += limb_square(&b->arm[x > 0], x, y);
    float hx = (x - b->a->head_x) / 0.56f, hy = (y - b->a->head_y) / 0.68f;
    float head = 1 - hx * hx - hy * hy;
    if (head > 0) square += 1.3f * head;
    return sqrtf(square);
}

/* Height of the diaphragm over x: two domes that fall off towards the ribs. */
static float dome(const body *b, int side, float ax) {
    float out = (ax - 0.36f) / 0.6f, in = (0.36f - ax) / 0.36f;
    float y = b->a->dome[side] + b->pose->breath;
    if (out > 0) return y + b->a->dome_fall[side] * out * out * (0.3f + 0.7f * out);
    return y + 0.035f * in * in;
}

/* Share of the depth that the heart takes: rounded in the middle, steep at its border. */
static float heart_share(const body *b, float x, float y) {
    const pn_phantom_anatomy *a = b->a;
    float dx = x - a->heart_x - b->pose->turn, dy = y - a->heart_y - b->pose->breath;
    float u = (b->heart_cosine * dx + b->heart_sine * dy) / a->heart_long;
    float v = (b->heart_cosine * dy - b->heart_sine * dx) / a->heart_wide;
    float inside = 1 - u * u - v * v;
    if (inside <= 0) return 0;
    float share = 1.35f * sqrtf(inside);
    return share > 1 ? 1 : share;
}

static float lung_air(const body *b, const outline *o, float x, float y) {
    int side = x > 0;
    float ax = fabsf(x), wall = o->wall[side];
    if (ax >= wall) return 0;
    float u = ax / wall, depth = sqrtf(1 - u * u * u);
    /* The mediastinum has a soft border; some lung reaches behind and before it. */
    float medial = smooth((ax - o->medial[side]) / 0.07f + 0.5f);
    float above = (dome(b, side, ax) - y) / 0.022f;
    /* Below the dome lies a wedge of lung behind the liver: it fades downwards. */
    float dome_share = above > 1 ? 1 : smooth(0.5f + 0.5f * above);
    float wedge = above < 0 ? 0.16f * smooth(1 + above * 0.022f / 0.34f) : 0.16f;
    float kept = dome_share * (1 - wedge) + wedge;
    float behind = 0.13f + 0.87f * medial * (1 - heart_share(b, x, y));
    return depth * kept * behind;
}

/* A denser belly, and the great vessels' and heart's own blood. */
static float organs(const body *b, float x, float y) {
    float ax = fabsf(x), below = (y - dome(b, x > 0, ax)) / 0.3f;
    float belly = below > 0 ? 0.06f * smooth(below) : 0;
    float middle = ax < 0.24f && y > -1.2f ? 0.05f * smooth((0.24f - ax) / 0.08f) : 0;
    return belly + middle + 0.03f * heart_share(b, x, y);
}

void pn_phantom_torso(pn_phantom_scene *scene) {
    body b;
    prepare(&b, &scene->anatomy, &scene->pose);
    const pn_phantom_view *view = &scene->pose.view;
    float per_unit = (ENTRIES - 1) / (table_high - table_low);
    for (int py = 0; py < view->height; py++) {
        float *sum = scene->sum.v + (size_t)py * (size_t)view->width;
        float *lung = scene->lung.v + (size_t)py * (size_t)view->width;
        for (int px = 0; px < view->width; px++) {
            float x, y;
            pn_phantom_to_body(view, (float)px + 0.5f, (float)py + 0.5f, &x, &y);
            float entry = (y - table_low) * per_unit;
            int i = entry < 0 ? 0 : entry > ENTRIES - 1 ? ENTRIES - 1 : (int)entry;
            const outline *o = &b.table[i];
            float soft = soft_tissue(&b, o, x, y);
            if (soft <= 0) continue;
            float l = lung_air(&b, o, x, y);
            lung[px] = l;
            float bend = scene->anatomy.spine_bend; /* keeps left and right apart a little */
            sum[px] = soft - scene->pose.air * l + organs(&b, x - bend, y);
        }
    }
}
