/* Lights the surface: a lamp, the light of the surroundings, a rim from behind, a soft gloss. */
#include "faces.h"

#include <math.h>

static const float steepest = 2.5f;

typedef struct normal {
    float x, y, z;
} normal;

/* The slope at h[0] along neighbours `step` apart, `before` and `after` of which there are. Where a
 * layer ends, the step to the next is no slope: of both sides the one that goes on more evenly
 * counts. */
static float slope(const float *h, ptrdiff_t step, int before, int after, float scale) {
    float a = before > 0 ? h[0] - h[-step] : 0, b = after > 0 ? h[step] - h[0] : 0;
    float uneven_a = before > 1 ? fabsf(a - h[-step] + h[-2 * step]) : 1e9f;
    float uneven_b = after > 1 ? fabsf(h[2 * step] - h[step] - b) : 1e9f;
    float even = scale * (uneven_a < uneven_b ? a : b);
    /* A pixel of one layer alone within another. */
    if (a * b < 0 && fminf(fabsf(a), fabsf(b)) * scale > 1) return 0;
    return fmaxf(-steepest, fminf(steepest, even));
}

static normal normal_at(const pn_face_canvas *canvas, int column, int row) {
    int size = canvas->size;
    const float *h = canvas->height + (size_t)row * (size_t)size + (size_t)column;
    float scale = 1 / canvas->pixel;
    float dx = slope(h, 1, column, size - 1 - column, scale);
    float dy = slope(h, size, row, size - 1 - row, scale);
    float z = 1 / sqrtf(1 + dx * dx + dy * dy);
    return (normal){-dx * z, -dy * z, z};
}

static float sixteenth_power(float t) {
    t *= t, t *= t, t *= t;
    return t * t;
}

void pn_face_lighting(pn_face_scene *scene) {
    pn_face_canvas *canvas = &scene->canvas;
    const pn_face_light *light = &scene->shot.light;
    /* Halfway between lamp and camera. */
    float hx = light->x, hy = light->y, hz = light->z + 1;
    float share = 1 / sqrtf(hx * hx + hy * hy + hz * hz);
    for (int row = 0; row < canvas->size; row++)
        for (int column = 0; column < canvas->size; column++) {
            size_t i = (size_t)row * (size_t)canvas->size + (size_t)column;
            float lit = canvas->lit[i];
            if (lit <= 0) continue;
            normal n = normal_at(canvas, column, row);
            float lamp = (n.x * light->x + n.y * light->y + n.z * light->z + 0.2f) / 1.2f;
            lamp = light->key * fmaxf(0, lamp);
            float around = light->fill * (0.85f - 0.15f * n.y), edge = 1 - n.z;
            float rim = light->rim * edge * edge * (n.x * light->x < 0);
            float gloss = scene->person.gloss * light->key *
                          sixteenth_power(fmaxf(0, (n.x * hx + n.y * hy + n.z * hz) * share));
            for (int k = 0; k < 3; k++) {
                float shade = lamp * light->key_color.c[k] + around * light->fill_color.c[k] + rim;
                float *c = &canvas->color[k][i];
                *c = pn_face_mix(*c, *c * shade + gloss, lit);
            }
        }
}
