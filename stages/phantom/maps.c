#include "phantom.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

pn_status pn_phantom_map_new(pn_phantom_map *map, int width, int height, pn_error *error) {
    map->width = width;
    map->height = height;
    map->v = pn_calloc((size_t)width * (size_t)height, sizeof *map->v);
    if (!map->v)
        return pn_fail_memory(error, (unsigned long long)width * (unsigned)height * sizeof(float));
    return PN_OK;
}

void pn_phantom_map_free(pn_phantom_map *map) {
    pn_free(map->v);
    map->v = NULL;
}

static int clamp(int i, int count) {
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

static void blur_row(float *row, float *copy, int width, int radius) {
    memcpy(copy, row, (size_t)width * sizeof *copy);
    double sum = 0;
    for (int i = -radius; i <= radius; i++) sum += copy[clamp(i, width)];
    double share = 1.0 / (2 * radius + 1);
    for (int x = 0; x < width; x++) {
        row[x] = (float)(sum * share);
        sum += copy[clamp(x + radius + 1, width)] - copy[clamp(x - radius, width)];
    }
}

/* Down all columns at once, so that memory is read along its rows. `sum` holds a row. */
static void blur_columns(pn_phantom_map *map, const float *copy, double *sum, int radius) {
    int w = map->width, h = map->height;
    double share = 1.0 / (2 * radius + 1);
    for (int x = 0; x < w; x++) sum[x] = 0;
    for (int i = -radius; i <= radius; i++) {
        const float *row = copy + (size_t)clamp(i, h) * (size_t)w;
        for (int x = 0; x < w; x++) sum[x] += row[x];
    }
    for (int y = 0; y < h; y++) {
        float *row = map->v + (size_t)y * (size_t)w;
        const float *in = copy + (size_t)clamp(y + radius + 1, h) * (size_t)w;
        const float *out = copy + (size_t)clamp(y - radius, h) * (size_t)w;
        for (int x = 0; x < w; x++) {
            row[x] = (float)(sum[x] * share);
            sum[x] += (double)in[x] - out[x];
        }
    }
}

pn_status pn_phantom_map_blur(pn_phantom_map *map, int radius, int passes, pn_error *error) {
    size_t w = (size_t)map->width, size = w * (size_t)map->height;
    if (radius < 1 || passes < 1) return PN_OK;
    float *copy = pn_alloc(size * sizeof *copy);
    double *sum = pn_alloc(w * sizeof *sum);
    if (!copy || !sum) {
        pn_free(copy);
        pn_free(sum);
        return pn_fail_memory(error, size * sizeof *copy);
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < map->height; y++)
            blur_row(map->v + (size_t)y * w, copy, map->width, radius);
        memcpy(copy, map->v, size * sizeof *copy);
        blur_columns(map, copy, sum, radius);
    }
    pn_free(copy);
    pn_free(sum);
    return PN_OK;
}

void pn_phantom_cubic(float t, bool sharp, float weight[4]) {
    float s = 1 - t, t2 = t * t, t3 = t2 * t;
    if (sharp) {
        weight[0] = 0.5f * (-t3 + 2 * t2 - t);
        weight[1] = 0.5f * (3 * t3 - 5 * t2 + 2);
        weight[2] = 0.5f * (-3 * t3 + 4 * t2 + t);
        weight[3] = 0.5f * (t3 - t2);
    } else {
        weight[0] = s * s * s / 6;
        weight[1] = (3 * t3 - 6 * t2 + 4) / 6;
        weight[3] = t3 / 6;
        weight[2] = 1 - weight[0] - weight[1] - weight[3];
    }
}

/* One number of the grid: mean 0, deviation 1. The sum of four uniform numbers is normal enough
 * here, and fast. */
static float draw_one(pn_random *random) {
    uint64_t bits = pn_random_bits(random);
    int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) +
              (int)(bits >> 48);
    return ((float)sum - 131070.0f) / 37837.0f;
}

/* B-spline weights leave about 0.48 of the deviation of the grid's numbers. */
static const float noise_scale = 2.1f;

/* Draws a row of the grid and stretches it over a row of pixels. */
static void stretch_row(float *out, int width, float *line, int cells, float cell,
                        pn_random *random) {
    for (int i = 0; i < cells; i++) line[i] = noise_scale * draw_one(random);
    float step = 1 / cell, weight[4];
    for (int x = 0; x < width; x++) {
        float place = (float)x * step;
        int i = (int)place;
        pn_phantom_cubic(place - (float)i, false, weight);
        out[x] = weight[0] * line[i] + weight[1] * line[i + 1] + weight[2] * line[i + 2] +
                 weight[3] * line[i + 3];
    }
}

/* Between four stretched rows of the grid; most of the work, and plain vector arithmetic. */
static void blend_row(float *restrict out, const float *restrict rows, int width,
                      const float weight[4], float amplitude, bool ridged) {
    const float *a = rows, *b = a + width, *c = b + width, *d = c + width;
    float wa = weight[0], wb = weight[1], wc = weight[2], wd = weight[3];
    if (!ridged) {
        wa *= amplitude, wb *= amplitude, wc *= amplitude, wd *= amplitude;
        for (int x = 0; x < width; x++) out[x] += wa * a[x] + wb * b[x] + wc * c[x] + wd * d[x];
        return;
    }
    for (int x = 0; x < width; x++) {
        float n = wa * a[x] + wb * b[x] + wc * c[x] + wd * d[x];
        float ridge = 1 / (1 + 2.5f * n * n); /* its fourth power: a bell, highest where n is 0 */
        ridge *= ridge;
        out[x] += 3 * amplitude * ridge * ridge;
    }
}

pn_status pn_phantom_map_noise(pn_phantom_map *map, pn_random *random, float cell_x, float cell_y,
                               float amplitude, bool ridged, pn_error *error) {
    if (cell_x < 1) cell_x = 1;
    if (cell_y < 1) cell_y = 1;
    /* Rounding must not carry the last place beyond the grid: two columns and rows to spare. */
    int w = map->width, cells = (int)((float)w / cell_x) + 6;
    int rows = (int)((float)map->height / cell_y) + 6;
    size_t size = (size_t)w * (size_t)rows;
    float *grid = pn_alloc((size + (size_t)cells) * sizeof *grid);
    if (!grid) return pn_fail_memory(error, size * sizeof *grid);
    for (int i = 0; i < rows; i++)
        stretch_row(grid + (size_t)i * (size_t)w, w, grid + size, cells, cell_x, random);
    for (int y = 0; y < map->height; y++) {
        float place = (float)y / cell_y, weight[4];
        int i = (int)place;
        pn_phantom_cubic(place - (float)i, false, weight);
        blend_row(map->v + (size_t)y * (size_t)w, grid + (size_t)i * (size_t)w, w, weight,
                  amplitude, ridged);
    }
    pn_free(grid);
    return PN_OK;
}
