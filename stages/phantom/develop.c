/* The film itself: from working resolution to the image's own, response curve, grain, the shadow
 * of the collimator. */
#include "develop.h"

#include "base/memory.h"

#include <math.h>

enum { GRAIN = 1 << 15 };

typedef struct sheet {
    const pn_phantom_map *map;
    const pn_phantom_film *film;
    int height, width;
    const float *curve;
    float grain[GRAIN];
    pn_random random;
    float *line;        /* (map->width + 3): a row between the map's rows, edges repeated */
    int32_t *column;    /* (width): first of the four samples of each pixel */
    float (*weight)[4]; /* (width) */
} sheet;

/* Neighbouring grains share a part, as the light of a screen spreads. */
static void make_grain(sheet *s) {
    float last = 0;
    for (int i = 0; i < GRAIN; i++) {
        uint64_t bits = pn_random_bits(&s->random);
        int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) +
                  (int)(bits >> 48);
        float white = ((float)sum - 131070.0f) / 37837.0f;
        s->grain[i] = 0.6f * last + 0.8f * white;
        last = s->grain[i] * 0.8f;
    }
}

static void make_columns(sheet *s) {
    float ratio = (float)s->map->width / (float)s->width;
    for (int x = 0; x < s->width; x++) {
        float place = ((float)x + 0.5f) * ratio - 0.5f, whole = floorf(place);
        pn_phantom_cubic(place - whole, true, s->weight[x]);
        s->column[x] = (int32_t)whole; /* -1 to map->width - 1; line[] begins at -1 */
        if (s->column[x] > s->map->width - 1) s->column[x] = s->map->width - 1;
    }
}

static const float *map_row(const pn_phantom_map *map, int y) {
    y = y < 0 ? 0 : y >= map->height ? map->height - 1 : y;
    return map->v + (size_t)y * (size_t)map->width;
}

static void blend_rows(sheet *s, int y) {
    float ratio = (float)s->map->height / (float)s->height, weight[4];
    float place = ((float)y + 0.5f) * ratio - 0.5f, whole = floorf(place);
    pn_phantom_cubic(place - whole, true, weight);
    int w = s->map->width, top = (int)whole;
    const float *a = map_row(s->map, top - 1), *b = map_row(s->map, top);
    const float *c = map_row(s->map, top + 1), *d = map_row(s->map, top + 2);
    float *line = s->line + 2;
    for (int x = 0; x < w; x++)
        line[x] = weight[0] * a[x] + weight[1] * b[x] + weight[2] * c[x] + weight[3] * d[x];
    line[-2] = line[-1] = line[0];
    line[w] = line[w + 1] = line[w - 1];
}

static float fade(float t) {
    return t <= 0 ? 0 : t >= 1 ? 1 : t;
}

/* How open the collimator is at a pixel of this row: 1 inside, 0 in its shadow. */
static void collimate(const sheet *s, int y, uint8_t *row) {
    const float *border = s->film->border;
    float w = (float)s->width, h = (float)s->height, soft = 0.004f * w;
    float lean = s->film->border_tilt * ((float)y - 0.5f * h);
    float left = border[0] > 0 ? border[0] * w + lean : -soft - w;
    float right = border[2] > 0 ? (1 - border[2]) * w + lean : 2 * w;
    for (int x = 0; x < s->width; x++) {
        float slope = s->film->border_tilt * ((float)x - 0.5f * w), open = 1;
        if (border[1] > 0) open *= fade(((float)y - border[1] * h + slope) / soft);
        if (border[3] > 0) open *= fade(((1 - border[3]) * h - (float)y - slope) / soft);
        open *= fade(((float)x - left) / soft) * fade((right - (float)x) / soft);
        if (open < 1) row[x] = (uint8_t)((float)row[x] * open);
    }
}

static void expose_row(sheet *s, int y, size_t grain_a, size_t grain_b, uint8_t *row) {
    blend_rows(s, y);
    const float scale = (PN_PHANTOM_CURVE - 1) / (PN_PHANTOM_HIGH - PN_PHANTOM_LOW);
    const float *ga = s->grain + grain_a, *gb = s->grain + grain_b;
    float amount = s->film->grain;
    for (int x = 0; x < s->width; x++) {
        const float *from = s->line + 1 + s->column[x], *k = s->weight[x];
        float a = k[0] * from[0] + k[1] * from[1] + k[2] * from[2] + k[3] * from[3];
        float place = (a - PN_PHANTOM_LOW) * scale;
        place = place < 0 ? 0 : place > PN_PHANTOM_CURVE - 2 ? PN_PHANTOM_CURVE - 2 : place;
        int i = (int)place;
        float v = s->curve[i] + (place - (float)i) * (s->curve[i + 1] - s->curve[i]);
        v += amount * (0.75f * ga[x] + 0.55f * gb[x]) * (v < 40 ? 0.4f + 0.015f * v : 1);
        row[x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
    }
    const float *border = s->film->border;
    if (border[0] + border[1] + border[2] + border[3] > 0) collimate(s, y, row);
}

static pn_status develop(sheet *s, uint8_t *pixels, pn_phantom_poll poll, pn_error *error) {
    size_t before = 0, room = GRAIN > s->width ? (size_t)(GRAIN - s->width) : 1;
    for (int y = 0; y < s->height; y++) {
        if (poll.stop && poll.stop(poll.context)) return pn_fail(error, PN_E_CANCELLED, "stopped");
        size_t now = (size_t)pn_random_below(&s->random, room);
        expose_row(s, y, now, before, pixels + (size_t)y * (size_t)s->width);
        before = now;
    }
    return PN_OK;
}

pn_status pn_phantom_develop(const pn_phantom_map *map, const pn_phantom_film *film,
                             const float curve[PN_PHANTOM_CURVE], uint64_t seed, uint8_t *pixels,
                             int height, int width, pn_phantom_poll poll, pn_error *error) {
    sheet *s = pn_alloc(sizeof *s);
    float *line = pn_alloc(((size_t)map->width + 5) * sizeof *line);
    int32_t *column = pn_alloc((size_t)width * sizeof *column);
    float(*weight)[4] = pn_alloc((size_t)width * sizeof *weight);
    pn_status status;
    if (!s || !line || !column || !weight) {
        status = pn_fail_memory(error, (unsigned long long)width * 20 + sizeof *s);
    } else {
        s->map = map, s->film = film, s->height = height, s->width = width;
        s->curve = curve, s->line = line, s->column = column, s->weight = weight;
        pn_random_seed(&s->random, seed, film->stream);
        make_grain(s);
        make_columns(s);
        status = develop(s, pixels, poll, error);
    }
    pn_free(weight);
    pn_free(column);
    pn_free(line);
    pn_free(s);
    return status;
}
