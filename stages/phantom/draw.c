/* Shapes added to a map of attenuation. */
#include "phantom.h"

#include <math.h>

void pn_phantom_to_pixel(const pn_phantom_view *view, float x, float y, float *px, float *py) {
    float dx = x - view->x, dy = y - view->y;
    *px = (float)view->width * 0.5f + view->scale * (view->cosine * dx - view->sine * dy);
    *py = (float)view->height * 0.5f + view->scale * (view->sine * dx + view->cosine * dy);
}

void pn_phantom_to_body(const pn_phantom_view *view, float px, float py, float *x, float *y) {
    float dx = (px - (float)view->width * 0.5f) / view->scale;
    float dy = (py - (float)view->height * 0.5f) / view->scale;
    *x = view->x + view->cosine * dx + view->sine * dy;
    *y = view->y - view->sine * dx + view->cosine * dy;
}

/* Attenuation across a strip; u is 0 in the middle and 1 at the border. */
static float profile_at(pn_phantom_profile profile, float u) {
    float outer = 1 - u * u;
    if (outer <= 0) return 0;
    switch (profile) {
    case PN_TUBE:
        return sqrtf(outer);
    case PN_BONE: {
        float v = u / 0.8f, inner = 1 - v * v;
        return sqrtf(outer) - 0.6f * sqrtf(inner > 0 ? inner : 0);
    }
    case PN_PLATE:
        return u < 0.85f ? 1 : (1 - u) / 0.15f;
    }
    return 0;
}

typedef struct corner {
    float x, y, u, gain;
} corner;

static float cross(const corner *a, const corner *b, float x, float y) {
    return (b->x - a->x) * (y - a->y) - (b->y - a->y) * (x - a->x);
}

/* Adds the profile over a triangle; u and gain run linearly between the corners. */
static void add_triangle(pn_phantom_map *map, const corner *a, const corner *b, const corner *c,
                         pn_phantom_profile profile) {
    float area = cross(a, b, c->x, c->y);
    if (area < 0) {
        const corner *swap = b;
        b = c;
        c = swap;
        area = -area;
    }
    if (area < 1e-9f) return;
    float top = fminf(a->y, fminf(b->y, c->y)), bottom = fmaxf(a->y, fmaxf(b->y, c->y));
    float left = fminf(a->x, fminf(b->x, c->x)), right = fmaxf(a->x, fmaxf(b->x, c->x));
    if (bottom < 0 || right < 0 || top >= (float)map->height || left >= (float)map->width) return;
    int y0 = top > 0 ? (int)top : 0,
        y1 = bottom < (float)map->height ? (int)bottom : map->height - 1;
    int x0 = left > 0 ? (int)left : 0, x1 = right < (float)map->width ? (int)right : map->width - 1;
    float share = 1 / area;
    for (int y = y0; y <= y1; y++) {
        float *row = map->v + (size_t)y * (size_t)map->width;
        for (int x = x0; x <= x1; x++) {
            float fx = (float)x + 0.5f, fy = (float)y + 0.5f;
            float wa = cross(b, c, fx, fy), wb = cross(c, a, fx, fy), wc = cross(a, b, fx, fy);
            if (wa < 0 || wb < 0 || wc < 0) continue;
            wa *= share, wb *= share, wc *= share;
            float u = wa * a->u + wb * b->u + wc * c->u;
            row[x] += profile_at(profile, fabsf(u)) * (wa * a->gain + wb * b->gain + wc * c->gain);
        }
    }
}

/* The two border points at knot i. A strip thinner than a pixel would fall between the samples: it
 * is widened and dimmed. */
static void border(const pn_phantom_view *view, const pn_phantom_knot *knots, int count, int i,
                   corner out[2]) {
    const pn_phantom_knot *before = &knots[i > 0 ? i - 1 : i];
    const pn_phantom_knot *after = &knots[i + 1 < count ? i + 1 : i];
    float ax, ay, bx, by, px, py;
    pn_phantom_to_pixel(view, before->x, before->y, &ax, &ay);
    pn_phantom_to_pixel(view, after->x, after->y, &bx, &by);
    pn_phantom_to_pixel(view, knots[i].x, knots[i].y, &px, &py);
    float dx = bx - ax, dy = by - ay, length = sqrtf(dx * dx + dy * dy) + 1e-9f;
    float half = knots[i].half * view->scale, gain = knots[i].gain;
    if (half < 0.9f) {
        gain *= half / 0.9f;
        half = 0.9f;
    }
    float nx = -dy / length * half, ny = dx / length * half;
    out[0] = (corner){px + nx, py + ny, 1, gain};
    out[1] = (corner){px - nx, py - ny, -1, gain};
}

void pn_phantom_strip(pn_phantom_map *map, const pn_phantom_view *view,
                      const pn_phantom_knot *knots, int count, pn_phantom_profile profile) {
    corner last[2], next[2];
    border(view, knots, count, 0, last);
    for (int i = 1; i < count; i++) {
        border(view, knots, count, i, next);
        add_triangle(map, &last[0], &last[1], &next[0], profile);
        add_triangle(map, &last[1], &next[1], &next[0], profile);
        last[0] = next[0];
        last[1] = next[1];
    }
}

static float smooth(float t) {
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

/* Distance to the border of the disc in body units, negative inside: exact for the box, close
 * enough for the ellipse. */
static float disc_distance(const pn_phantom_disc *disc, float x, float y) {
    if (disc->corner >= 1) {
        float r = sqrtf(x * x / (disc->rx * disc->rx) + y * y / (disc->ry * disc->ry));
        return (r - 1) * fminf(disc->rx, disc->ry);
    }
    float round = disc->corner * fminf(disc->rx, disc->ry);
    float qx = fabsf(x) - disc->rx + round, qy = fabsf(y) - disc->ry + round;
    float ox = qx > 0 ? qx : 0, oy = qy > 0 ? qy : 0;
    return sqrtf(ox * ox + oy * oy) + fminf(fmaxf(qx, qy), 0) - round;
}

void pn_phantom_disc_add(pn_phantom_map *map, const pn_phantom_view *view,
                         const pn_phantom_disc *disc) {
    float cx, cy, soft = disc->soft > 1e-4f ? disc->soft : 1e-4f;
    float c = cosf(disc->angle), s = sinf(disc->angle);
    /* The upright box around the disc and its soft border, turned as the view is. */
    float rx = disc->rx + 2 * soft, ry = disc->ry + 2 * soft;
    if (disc->corner >= 1)
        rx = disc->rx * (1 + 2 * soft / fminf(disc->rx, disc->ry)) + soft,
        ry = disc->ry * (1 + 2 * soft / fminf(disc->rx, disc->ry)) + soft;
    float vc = view->cosine * c - view->sine * s, vs = view->sine * c + view->cosine * s;
    float wide = (fabsf(rx * vc) + fabsf(ry * vs)) * view->scale + 1;
    float high = (fabsf(rx * vs) + fabsf(ry * vc)) * view->scale + 1;
    pn_phantom_to_pixel(view, disc->x, disc->y, &cx, &cy);
    if (cx + wide < 0 || cy + high < 0 || cx - wide >= (float)map->width ||
        cy - high >= (float)map->height)
        return;
    int x0 = (int)fmaxf(0, cx - wide), x1 = (int)fminf((float)map->width - 1, cx + wide);
    int y0 = (int)fmaxf(0, cy - high), y1 = (int)fminf((float)map->height - 1, cy + high);
    for (int py = y0; py <= y1; py++) {
        float *row = map->v + (size_t)py * (size_t)map->width;
        for (int px = x0; px <= x1; px++) {
            float x, y;
            pn_phantom_to_body(view, (float)px + 0.5f, (float)py + 0.5f, &x, &y);
            x -= disc->x, y -= disc->y;
            float d = disc_distance(disc, c * x + s * y, c * y - s * x) / soft;
            if (d > 2) continue;
            row[px] += disc->fill * smooth(0.5f - 0.5f * d) + disc->rim * expf(-(d + 1) * (d + 1));
        }
    }
}

float pn_phantom_curve(const float (*points)[2], int count, float x) {
    if (x <= points[0][0]) return points[0][1];
    if (x >= points[count - 1][0]) return points[count - 1][1];
    int i = 0;
    while (x >= points[i + 1][0]) i++;
    float step = points[i + 1][0] - points[i][0], t = (x - points[i][0]) / step;
    /* Hermite form; slopes from the neighbours. */
    float a = points[i][1], b = points[i + 1][1];
    float sa = i > 0 ? (b - points[i - 1][1]) / (points[i + 1][0] - points[i - 1][0]) : 0;
    float sb = i + 2 < count ? (points[i + 2][1] - a) / (points[i + 2][0] - points[i][0]) : 0;
    float t2 = t * t, t3 = t2 * t;
    return (2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * step * sa + (3 * t2 - 2 * t3) * b +
           (t3 - t2) * step * sb;
}
