/* What a patient is, and how an image of them was taken. */
#include "phantom.h"

#include <math.h>

float pn_phantom_between(pn_random *random, float low, float high) {
    return low + (high - low) * (float)pn_random_uniform(random);
}

float pn_phantom_around(pn_random *random, float middle, float deviation) {
    double n = pn_random_normal(random);
    n = n < -2 ? -2 : n > 2 ? 2 : n;
    return middle + deviation * (float)n;
}

static void draw_lungs_and_heart(pn_phantom_anatomy *a, pn_random *r) {
    a->apex = pn_phantom_around(r, -1.1f, 0.035f);
    a->wall[0] = pn_phantom_around(r, 1.0f, 0.025f);
    a->wall[1] = pn_phantom_around(r, 0.98f, 0.025f);
    a->wall_shape = pn_phantom_around(r, 0.46f, 0.04f);
    float dome = pn_phantom_around(r, 0.12f, 0.07f);
    a->dome[0] = dome;
    a->dome[1] = dome + pn_phantom_around(r, 0.05f, 0.025f);
    a->dome_fall[0] = pn_phantom_around(r, 0.42f, 0.06f);
    a->dome_fall[1] = pn_phantom_around(r, 0.36f, 0.06f);
    /* The heart leans to the patient's left; a small child's is large against the chest. */
    float size = pn_phantom_around(r, 1, 0.07f);
    a->heart_x = pn_phantom_around(r, 0.14f, 0.035f);
    a->heart_y = dome + pn_phantom_around(r, -0.22f, 0.03f);
    a->heart_long = 0.54f * size;
    a->heart_wide = pn_phantom_around(r, 0.385f, 0.02f) * size;
    a->heart_angle = pn_phantom_around(r, 0.62f, 0.1f);
    a->vessel_half = pn_phantom_around(r, 0.235f, 0.035f);
    a->knob = pn_phantom_around(r, 0.022f, 0.012f);
    a->vessels = pn_phantom_around(r, 1, 0.17f);
}

static void draw_bones(pn_phantom_anatomy *a, pn_random *r) {
    a->rib_gap = pn_phantom_around(r, 0.157f, 0.008f);
    a->rib_first = a->apex + pn_phantom_around(r, 0.0f, 0.02f);
    a->rib_drop = pn_phantom_around(r, 0.56f, 0.1f);
    a->rib_half = pn_phantom_around(r, 0.041f, 0.004f);
    a->rib_thick = pn_phantom_around(r, 0.017f, 0.002f);
    a->rib_reach = pn_phantom_around(r, 2.46f, 0.1f);
    a->bone = pn_phantom_around(r, 1, 0.12f);
    a->spine_half = pn_phantom_around(r, 0.125f, 0.01f);
    a->spine_bend = pn_phantom_around(r, 0, 0.02f);
    a->clavicle_rise = pn_phantom_around(r, 0.17f, 0.09f);
    a->clavicle_half = pn_phantom_around(r, 0.035f, 0.004f);
}

void pn_phantom_anatomy_draw(pn_phantom_anatomy *a, pn_random *r) {
    draw_lungs_and_heart(a, r);
    draw_bones(a, r);
    a->fat = pn_phantom_around(r, 0.15f, 0.03f);
    a->depth = pn_phantom_around(r, 0.97f, 0.04f);
    a->head_x = pn_phantom_around(r, 0, 0.08f);
    a->head_y = pn_phantom_around(r, -2.02f, 0.14f);
    a->texture = pn_random_bits(r);
}

/* Wide images cut off more of the neck and the belly, high ones show more of them. */
static void draw_view(pn_phantom_view *view, pn_random *r, int width, int height) {
    float aspect = (float)width / (float)height, half = pn_phantom_around(r, 1.36f, 0.13f);
    half = fmaxf(half, 0.76f * aspect);
    half = fminf(half, fmaxf(1.22f * aspect, 1.1f));
    view->width = width;
    view->height = height;
    view->scale = (float)width / (2 * half);
    view->x = pn_phantom_around(r, 0, 0.06f);
    view->y = pn_phantom_around(r, -0.33f, 0.07f);
    float tilt = pn_phantom_around(r, 0, 0.035f);
    view->cosine = cosf(tilt);
    view->sine = sinf(tilt);
}

void pn_phantom_pose_draw(pn_phantom_pose *pose, pn_random *r, int width, int height) {
    draw_view(&pose->view, r, width, height);
    bool raised = pn_random_uniform(r) < 0.35;
    float angle = raised ? pn_phantom_between(r, 2.3f, 2.9f) : pn_phantom_between(r, 0.1f, 0.75f);
    for (int side = 0; side < 2; side++) {
        pose->arm_angle[side] = angle + pn_phantom_around(r, 0, 0.15f);
        pose->arm_out[side] = pn_phantom_around(r, 0, 0.04f);
    }
    pose->air = pn_phantom_around(r, 0.61f, 0.05f);
    pose->breath = pn_phantom_around(r, 0, 0.035f);
    pose->turn = pn_phantom_around(r, 0, 0.03f);
    pose->bubble = pn_random_uniform(r) < 0.5 ? pn_phantom_between(r, 0.4f, 1) : 0;
    pose->loops = (int)pn_random_below(r, 6);
}
