#include "nn/explain/cam.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

const char *const pn_cam_methods[] = {"gradcam",  "gradcam++", "hirescam",
                                      "layercam", "xgradcam",  (const char *)0};

/* What the functions below work on: `places` is height * width. */
typedef struct maps {
    const float *a, *g; /* (places, channels) */
    int64_t places, channels;
} maps;

/* ---- one weight a channel ---- */

static void mean_weights(const maps *m, double *weight) {
    for (int64_t c = 0; c < m->channels; c++) weight[c] = 0;
    for (int64_t i = 0; i < m->places * m->channels; i += m->channels)
        for (int64_t c = 0; c < m->channels; c++) weight[c] += m->g[i + c];
    for (int64_t c = 0; c < m->channels; c++) weight[c] /= (double)m->places;
}

static double plus_plus_weight(const maps *m, int64_t c) {
    double sum_a = 0, weight = 0;
    for (int64_t i = 0; i < m->places; i++) sum_a += m->a[i * m->channels + c];
    for (int64_t i = 0; i < m->places; i++) {
        double g = m->g[i * m->channels + c], below = 2 + g * sum_a;
        /* G^2 cancels; where nothing is left to divide by, the place counts for nothing. */
        if (g > 0 && fabs(below) > 1e-12) weight += g / below;
    }
    return weight;
}

static double xgrad_weight(const maps *m, int64_t c) {
    double sum_a = 0, sum_ag = 0;
    for (int64_t i = 0; i < m->places; i++) {
        double a = m->a[i * m->channels + c];
        sum_a += a;
        sum_ag += a * m->g[i * m->channels + c];
    }
    return fabs(sum_a) > 1e-7 ? sum_ag / sum_a : 0;
}

static void find_weights(pn_cam_method method, const maps *m, double *weight) {
    if (method == PN_CAM_GRAD) {
        mean_weights(m, weight);
        return;
    }
    for (int64_t c = 0; c < m->channels; c++)
        weight[c] = method == PN_CAM_XGRAD ? xgrad_weight(m, c) : plus_plus_weight(m, c);
}

/* ---- the map ---- */

/* The sum over the channels at one place. */
static double weighted(const maps *m, int64_t place, const double *weight) {
    const float *a = m->a + place * m->channels;
    double sum = 0;
    for (int64_t c = 0; c < m->channels; c++) sum += weight[c] * a[c];
    return sum;
}

static double place_by_place(const maps *m, int64_t place, bool positive) {
    const float *a = m->a + place * m->channels, *g = m->g + place * m->channels;
    double sum = 0;
    for (int64_t c = 0; c < m->channels; c++)
        if (!positive || g[c] > 0) sum += (double)a[c] * g[c];
    return sum;
}

static void divide_by_most(float *map, int64_t places) {
    float most = 0;
    for (int64_t i = 0; i < places; i++) most = map[i] > most ? map[i] : most;
    for (int64_t i = 0; most > 0 && i < places; i++) map[i] /= most;
}

static float cut_off(double sum) {
    return sum > FLT_MAX ? FLT_MAX : sum > 0 ? (float)sum : 0;
}

void pn_cam_map_weighted(const float *a, const double *weight, int64_t height, int64_t width,
                         int64_t channels, bool normalize, float *map) {
    const maps m = {a, NULL, height * width, channels};
    for (int64_t i = 0; i < m.places; i++) map[i] = cut_off(weighted(&m, i, weight));
    if (normalize) divide_by_most(map, m.places);
}

void pn_cam_map(pn_cam_method method, const float *a, const float *g, int64_t height, int64_t width,
                int64_t channels, bool normalize, double *scratch, float *map) {
    const maps m = {a, g, height * width, channels};
    if (method != PN_CAM_HIRES && method != PN_CAM_LAYER) {
        find_weights(method, &m, scratch);
        pn_cam_map_weighted(a, scratch, height, width, channels, normalize, map);
        return;
    }
    for (int64_t i = 0; i < m.places; i++)
        map[i] = cut_off(place_by_place(&m, i, method == PN_CAM_LAYER));
    if (normalize) divide_by_most(map, m.places);
}
