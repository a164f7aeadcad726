/* From attenuation to grey values: focal blur, edge enhancement, response curve, collimation,
 * grain; and from working resolution to the image's own. */
#include "phantom.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* The response curve is tabulated over this range of attenuation. */
enum { CURVE = 4096 };
static const float curve_low = -0.4f, curve_high = 3.6f;

void pn_phantom_film_draw(pn_phantom_film *film, pn_random *r) {
    film->mean = pn_phantom_around(r, 136, 15);
    film->gain = pn_phantom_around(r, 4.0f, 0.65f);
    film->detail = pn_phantom_between(r, 0.1f, 0.75f);
    film->grain = pn_phantom_between(r, 0.8f, 2.6f);
    film->fog = pn_phantom_between(r, 0, 9);
    film->blur = 1 + (int)pn_random_below(r, 2);
    film->stream = pn_random_bits(r);
    bool collimated = pn_random_uniform(r) < 0.35;
    film->border_tilt = pn_phantom_around(r, 0, 0.008f);
    for (int i = 0; i < 4; i++) {
        float width = pn_phantom_between(r, -0.04f, i % 2 ? 0.05f : 0.08f);
        film->border[i] = collimated && width > 0 ? width : 0;
    }
}

/* ---- the finished map of attenuation -------------------------------------------------------- */

/* Attenuation of one depth of lung filled with fluid; see torso.c. */
static const float filled = 0.6f;

static void add_up(pn_phantom_map *map, const pn_phantom_scene *scene, bool sick) {
    size_t count = (size_t)map->width * (size_t)map->height;
    for (size_t i = 0; i < count; i++) {
        float lung = scene->lung.v[i], inside = lung < 1 ? lung : 1;
        float share = sick ? scene->opacity.v[i] : 0;
        map->v[i] = scene->sum.v[i] + scene->vessels.v[i] * inside * (1 - 0.6f * share) +
                    filled * lung * share;
    }
}

static pn_status finish(pn_phantom_map *map, const pn_phantom_film *film, float unit,
                        pn_error *error) {
    pn_status status = pn_phantom_map_blur(map, 1, film->blur, error);
    pn_phantom_map wide = {0};
    if (status == PN_OK) status = pn_phantom_map_new(&wide, map->width, map->height, error);
    if (status == PN_OK) {
        size_t count = (size_t)map->width * (size_t)map->height;
        memcpy(wide.v, map->v, count * sizeof *wide.v);
        status = pn_phantom_map_blur(&wide, (int)(0.07f * unit), 2, error);
        for (size_t i = 0; i < count; i++) map->v[i] += film->detail * (map->v[i] - wide.v[i]);
    }
    pn_phantom_map_free(&wide);
    return status;
}

/* ---- exposure -------------------------------------------------------------------------------- */

typedef struct response {
    float middle, gain, fog;
} response;

static float respond(const response *r, float attenuation) {
    float air = 0.85f / (1 + expf(r->gain * r->middle));
    float s = 1 / (1 + expf(r->gain * (r->middle - attenuation)));
    s = (s - air) / (1 - air);
    return r->fog + (254 - r->fog) * (s > 0 ? s : 0);
}

static void make_curve(const response *r, float curve[CURVE]) {
    for (int i = 0; i < CURVE; i++)
        curve[i] = respond(r, curve_low + (curve_high - curve_low) * (float)i / (CURVE - 1));
}

static int curve_index(float attenuation) {
    float i = (attenuation - curve_low) * ((CURVE - 1) / (curve_high - curve_low));
    return i < 0 ? 0 : i > CURVE - 1 ? CURVE - 1 : (int)i;
}

/* How many pixels inside the collimation have which attenuation. */
static void count_levels(const pn_phantom_map *map, const pn_phantom_film *film,
                         float levels[CURVE]) {
    memset(levels, 0, CURVE * sizeof *levels);
    int x0 = (int)(film->border[0] * (float)map->width);
    int x1 = (int)((1 - film->border[2]) * (float)map->width);
    int y0 = (int)(film->border[1] * (float)map->height);
    int y1 = (int)((1 - film->border[3]) * (float)map->height);
    for (int y = y0; y < y1; y++) {
        const float *row = map->v + (size_t)y * (size_t)map->width;
        for (int x = x0; x < x1; x++) levels[curve_index(row[x])] += 1;
    }
}

static void moments(const float levels[CURVE], const response *r, float from, double *mean,
                    double *deviation) {
    double n = 0, sum = 0, squares = 0;
    for (int i = curve_index(from); i < CURVE; i++) {
        if (levels[i] == 0) continue;
        double v = respond(r, curve_low + (curve_high - curve_low) * (float)i / (CURVE - 1));
        n += levels[i];
        sum += levels[i] * v;
        squares += levels[i] * v * v;
    }
    *mean = n > 0 ? sum / n : 0;
    *deviation = n > 0 ? sqrt(fmax(0, squares / n - *mean * *mean)) : 0;
}

/* Sets the middle of the response so that the body has the film's mean grey. */
static response aim(const float levels[CURVE], const pn_phantom_film *film) {
    response r = {.gain = film->gain, .fog = film->fog};
    float low = 0, high = 2;
    for (int i = 0; i < 16; i++) {
        double mean, deviation;
        r.middle = 0.5f * (low + high);
        moments(levels, &r, 0.1f, &mean, &deviation);
        if (mean > film->mean)
            low = r.middle;
        else
            high = r.middle;
    }
    return r;
}

/* Newton's method in two variables: the same mean and deviation as the healthy chest had. */
static response compensate(const float levels[CURVE], response r, double mean, double deviation) {
    const float step = 0.004f;
    for (int i = 0; i < 6; i++) {
        double m, d, mm, dm, mg, dg;
        response by_middle = r, by_gain = r;
        by_middle.middle += step;
        by_gain.gain += 10 * step;
        moments(levels, &r, curve_low, &m, &d);
        moments(levels, &by_middle, curve_low, &mm, &dm);
        moments(levels, &by_gain, curve_low, &mg, &dg);
        double a = (mm - m) / step, b = (mg - m) / (10 * step);
        double c = (dm - d) / step, e = (dg - d) / (10 * step), determinant = a * e - b * c;
        if (fabs(determinant) < 1e-6) break;
        double middle = ((mean - m) * e - (deviation - d) * b) / determinant;
        double gain = ((deviation - d) * a - (mean - m) * c) / determinant;
        r.middle += (float)fmax(-0.1, fmin(0.1, middle));
        r.gain += (float)fmax(-0.6, fmin(0.6, gain));
    }
    return r;
}

/* ---- the film itself ----------------------------------------------------------------------------
 */

enum { GRAIN = 1 << 15 };

typedef struct sheet {
    const pn_phantom_map *map;
    const pn_phantom_film *film;
    int height, width;
    float curve[CURVE];
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
    const float scale = (CURVE - 1) / (curve_high - curve_low);
    const float *ga = s->grain + grain_a, *gb = s->grain + grain_b;
    float amount = s->film->grain;
    for (int x = 0; x < s->width; x++) {
        const float *from = s->line + 1 + s->column[x], *k = s->weight[x];
        float a = k[0] * from[0] + k[1] * from[1] + k[2] * from[2] + k[3] * from[3];
        float place = (a - curve_low) * scale;
        place = place < 0 ? 0 : place > CURVE - 2 ? CURVE - 2 : place;
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

static pn_status print(const pn_phantom_map *map, const pn_phantom_film *film, const response *r,
                       uint64_t seed, uint8_t *pixels, int height, int width, pn_phantom_poll poll,
                       pn_error *error) {
    sheet *s = pn_alloc(sizeof *s);
    float *line = pn_alloc(((size_t)map->width + 5) * sizeof *line);
    int32_t *column = pn_alloc((size_t)width * sizeof *column);
    float(*weight)[4] = pn_alloc((size_t)width * sizeof *weight);
    pn_status status;
    if (!s || !line || !column || !weight) {
        status = pn_fail_memory(error, (unsigned long long)width * 20 + sizeof *s);
    } else {
        s->map = map, s->film = film, s->height = height, s->width = width;
        s->line = line, s->column = column, s->weight = weight;
        pn_random_seed(&s->random, seed, film->stream);
        make_curve(r, s->curve);
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

pn_status pn_phantom_expose(const pn_phantom_scene *scene, const pn_phantom_film *film,
                            uint64_t seed, uint8_t *pixels, int height, int width,
                            pn_phantom_poll poll, pn_error *error) {
    pn_phantom_map map = {0};
    float levels[CURVE], unit = scene->pose.view.scale;
    pn_status status = pn_phantom_map_new(&map, scene->sum.width, scene->sum.height, error);
    if (status == PN_OK) {
        add_up(&map, scene, false);
        status = finish(&map, film, unit, error);
    }
    response r = {0};
    if (status == PN_OK) {
        count_levels(&map, film, levels);
        r = aim(levels, film);
    }
    if (status == PN_OK && scene->opacities > 0) {
        double mean, deviation;
        moments(levels, &r, curve_low, &mean, &deviation);
        add_up(&map, scene, true);
        status = finish(&map, film, unit, error);
        count_levels(&map, film, levels);
        r = compensate(levels, r, mean, deviation);
    }
    if (status == PN_OK) status = print(&map, film, &r, seed, pixels, height, width, poll, error);
    pn_phantom_map_free(&map);
    return status;
}
