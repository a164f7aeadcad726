/* The planes, how the face's coordinates bend with the pose, and shapes painted through them. */
#include "faces.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { PLANES = 9 };

/* The relief that turning shifts: a bell over the face. `pivot` is the neck, about which the head
 * tilts. */
static const float relief = 0.62f, relief_x = 1.5f, relief_y = 0.5f, pivot = 0.95f;

pn_status pn_face_canvas_new(pn_face_canvas *canvas, int size, pn_error *error) {
    size_t area = (size_t)size * (size_t)size;
    *canvas = (pn_face_canvas){.size = size, .memory = pn_alloc(PLANES * area * sizeof(float))};
    if (!canvas->memory) return pn_fail_memory(error, PLANES * area * sizeof(float));
    float **planes[PLANES] = {&canvas->color[0], &canvas->color[1], &canvas->color[2],
                              &canvas->height,   &canvas->lit,      &canvas->x,
                              &canvas->y,        &canvas->radius,   &canvas->turn};
    for (size_t i = 0; i < PLANES; i++) *planes[i] = canvas->memory + i * area;
    return PN_OK;
}

void pn_face_canvas_free(pn_face_canvas *canvas) {
    pn_free(canvas->memory);
    *canvas = (pn_face_canvas){0};
}

/* How far a point of the face stands out, measured from half the way. */
static float stands_out(float x, float y) {
    return relief / (1 + relief_x * x * x + relief_y * y * y) - 0.5f * relief;
}

static void turn_point(const pn_face_pose *pose, float *x, float *y) {
    float z = stands_out(*x, *y);
    *x = *x * sqrtf(1 - pose->yaw * pose->yaw) + z * pose->yaw;
    *y = *y * sqrtf(1 - pose->pitch * pose->pitch) + z * pose->pitch;
}

/* The inverse of turn_point: the relief is flat enough for the iteration to contract. */
static void unturn_point(const pn_face_pose *pose, float *x, float *y) {
    float qx = *x, qy = *y;
    float a = 1 / sqrtf(1 - pose->yaw * pose->yaw), b = 1 / sqrtf(1 - pose->pitch * pose->pitch);
    for (int i = 0; i < 3; i++) {
        float z = stands_out(*x, *y);
        *x = a * (qx - z * pose->yaw);
        *y = b * (qy - z * pose->pitch);
    }
}

void pn_face_canvas_begin(pn_face_canvas *canvas, const pn_face_pose *pose) {
    size_t size = (size_t)canvas->size;
    canvas->pose = *pose;
    canvas->pixel = 1 / pose->scale;
    memset(canvas->memory, 0, 5 * size * size * sizeof(float)); /* all but the coordinates */
    for (size_t row = 0, i = 0; row < size; row++) {
        float by = ((float)row + 0.5f - pose->y) * canvas->pixel - pivot;
        for (size_t column = 0; column < size; column++, i++) {
            float bx = ((float)column + 0.5f - pose->x) * canvas->pixel;
            float x = pose->cosine * bx + pose->sine * by;
            float y = pose->cosine * by - pose->sine * bx + pivot;
            unturn_point(pose, &x, &y);
            canvas->x[i] = x;
            canvas->y[i] = y;
            canvas->radius[i] = sqrtf(x * x + y * y);
            canvas->turn[i] = (atan2f(x, -y) * 0.159154943f + 0.5f) * PN_FACE_TURNS;
        }
    }
}

/* ---- painting ------------------------------------------------------------------------------- */

typedef struct bounds {
    int left, top, right, bottom; /* the last two excluded */
} bounds;

static void to_pixel(const pn_face_canvas *canvas, pn_face_space space, float *x, float *y) {
    const pn_face_pose *pose = &canvas->pose;
    if (space == PN_SPACE_IMAGE) {
        *x *= (float)canvas->size;
        *y *= (float)canvas->size;
        return;
    }
    if (space == PN_SPACE_FACE) {
        turn_point(pose, x, y);
        float bx = *x, by = *y - pivot;
        *x = pose->cosine * bx - pose->sine * by;
        *y = pose->sine * bx + pose->cosine * by + pivot;
    }
    *x = pose->x + pose->scale * *x;
    *y = pose->y + pose->scale * *y;
}

/* The pixels that a box may touch: a box of the face bends, so its sides' middles count as well. */
static bounds find_bounds(const pn_face_canvas *canvas, pn_face_space space, const float box[4],
                          float margin) {
    float low_x = 1e9f, low_y = 1e9f, high_x = -1e9f, high_y = -1e9f;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            float x = box[0] + 0.5f * (float)i * (box[2] - box[0]);
            float y = box[1] + 0.5f * (float)k * (box[3] - box[1]);
            to_pixel(canvas, space, &x, &y);
            low_x = fminf(low_x, x), high_x = fmaxf(high_x, x);
            low_y = fminf(low_y, y), high_y = fmaxf(high_y, y);
        }
    float more =
        space == PN_SPACE_FACE ? margin + 0.05f * (high_x - low_x + high_y - low_y) : margin;
    float size = (float)canvas->size;
    return (bounds){.left = (int)fmaxf(0, fminf(size, low_x - more)),
                    .top = (int)fmaxf(0, fminf(size, low_y - more)),
                    .right = (int)fmaxf(0, fminf(size, high_x + more + 1)),
                    .bottom = (int)fmaxf(0, fminf(size, high_y + more + 1))};
}

static pn_face_point point_at(const pn_face_canvas *canvas, pn_face_space space, int column,
                              int row) {
    size_t i = (size_t)row * (size_t)canvas->size + (size_t)column;
    float px = (float)column + 0.5f, py = (float)row + 0.5f;
    switch (space) {
    case PN_SPACE_FACE:
        return (pn_face_point){canvas->x[i], canvas->y[i], canvas->radius[i], canvas->turn[i]};
    case PN_SPACE_BODY:
        return (pn_face_point){(px - canvas->pose.x) * canvas->pixel,
                               (py - canvas->pose.y) * canvas->pixel, 0, 0};
    case PN_SPACE_IMAGE:
        return (pn_face_point){px / (float)canvas->size, py / (float)canvas->size, 0, 0};
    }
    return (pn_face_point){0};
}

static void paint_pixel(pn_face_canvas *canvas, const pn_face_paint *paint, size_t i,
                        const pn_face_point *at, float distance, float alpha) {
    float color[3] = {paint->color.c[0], paint->color.c[1], paint->color.c[2]};
    if (paint->dye) alpha *= paint->dye(paint->context, at, distance, color);
    for (int k = 0; k < 3; k++)
        canvas->color[k][i] = pn_face_mix(canvas->color[k][i], color[k], alpha);
    canvas->lit[i] = pn_face_mix(canvas->lit[i], paint->unlit ? 0 : 1, alpha);
    /* A surface begins at once, without a slope: that would be lit as a wall. */
    if (paint->height && alpha > 0.5f)
        canvas->height[i] = paint->height(paint->context, at, distance);
}

void pn_face_paint_on(pn_face_canvas *canvas, const pn_face_paint *paint) {
    const float box[4] = {paint->left, paint->top, paint->right, paint->bottom};
    float unit = paint->space == PN_SPACE_IMAGE ? 1 / (float)canvas->size : canvas->pixel;
    float edge = paint->soft + 0.7f * unit, share = 0.5f / edge;
    bounds b = find_bounds(canvas, paint->space, box, edge / unit + 1);
    for (int row = b.top; row < b.bottom; row++)
        for (int column = b.left; column < b.right; column++) {
            pn_face_point at = point_at(canvas, paint->space, column, row);
            float distance = paint->distance(paint->context, &at);
            if (distance >= edge) continue;
            float alpha = paint->alpha * pn_face_smooth((edge - distance) * share);
            size_t i = (size_t)row * (size_t)canvas->size + (size_t)column;
            paint_pixel(canvas, paint, i, &at, distance, alpha);
        }
}

void pn_face_bump(pn_face_canvas *canvas, pn_face_oval oval, float height) {
    float c = cosf(oval.angle), s = sinf(oval.angle), reach = 2.6f * fmaxf(oval.rx, oval.ry);
    const float box[4] = {oval.x - reach, oval.y - reach, oval.x + reach, oval.y + reach};
    bounds b = find_bounds(canvas, PN_SPACE_FACE, box, 1);
    for (int row = b.top; row < b.bottom; row++)
        for (int column = b.left; column < b.right; column++) {
            size_t i = (size_t)row * (size_t)canvas->size + (size_t)column;
            float x = canvas->x[i] - oval.x, y = canvas->y[i] - oval.y;
            float p = (c * x + s * y) / oval.rx, q = (c * y - s * x) / oval.ry;
            float square = p * p + q * q;
            if (square < 6.7f) canvas->height[i] += height * expf(-square);
        }
}

/* ---- shapes --------------------------------------------------------------------------------- */

float pn_face_oval_distance(const pn_face_oval *oval, float x, float y) {
    float c = 1, s = 0;
    if (oval->angle != 0) c = cosf(oval->angle), s = sinf(oval->angle);
    x -= oval->x, y -= oval->y;
    float p = (c * x + s * y) / oval->rx, q = (c * y - s * x) / oval->ry;
    float r = sqrtf(p * p + q * q),
          slope = sqrtf(p * p / (oval->rx * oval->rx) + q * q / (oval->ry * oval->ry));
    /* First order: the value over its gradient. */
    return slope > 1e-6f ? r * (r - 1) / slope : -fminf(oval->rx, oval->ry);
}

static float oval_distance(const void *context, const pn_face_point *at) {
    return pn_face_oval_distance(context, at->x, at->y);
}

static void paint_oval(pn_face_canvas *canvas, pn_face_space space, const pn_face_oval *oval,
                       pn_face_color color, float alpha, float soft) {
    float reach = fmaxf(oval->rx, oval->ry);
    float rx = oval->angle == 0 ? oval->rx : reach, ry = oval->angle == 0 ? oval->ry : reach;
    pn_face_paint paint = {.space = space,
                           .left = oval->x - rx,
                           .top = oval->y - ry,
                           .right = oval->x + rx,
                           .bottom = oval->y + ry,
                           .distance = oval_distance,
                           .context = oval,
                           .color = color,
                           .alpha = alpha,
                           .soft = soft,
                           .unlit = space == PN_SPACE_IMAGE};
    pn_face_paint_on(canvas, &paint);
}

void pn_face_oval_on(pn_face_canvas *canvas, pn_face_oval oval, pn_face_color color, float alpha,
                     float soft) {
    paint_oval(canvas, PN_SPACE_FACE, &oval, color, alpha, soft);
}

void pn_face_blob_on(pn_face_canvas *canvas, pn_face_oval oval, pn_face_color color, float alpha,
                     float soft) {
    paint_oval(canvas, PN_SPACE_IMAGE, &oval, color, alpha, soft);
}

typedef struct stroke {
    const pn_face_knot *knots;
    int count;
} stroke;

static float stroke_distance(const void *context, const pn_face_point *at) {
    const stroke *s = context;
    float best = 1e9f;
    for (int i = 0; i + 1 < s->count; i++) {
        const pn_face_knot *a = &s->knots[i], *b = a + 1;
        float dx = b->x - a->x, dy = b->y - a->y, ex = at->x - a->x, ey = at->y - a->y;
        float t = (ex * dx + ey * dy) / (dx * dx + dy * dy + 1e-12f);
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        ex -= t * dx, ey -= t * dy;
        float d = sqrtf(ex * ex + ey * ey) - pn_face_mix(a->half, b->half, t);
        if (d < best) best = d;
    }
    return best;
}

void pn_face_stroke_on(pn_face_canvas *canvas, const pn_face_knot *knots, int count,
                       pn_face_color color, float alpha, float soft) {
    stroke s = {knots, count};
    pn_face_paint paint = {.left = 1e9f,
                           .top = 1e9f,
                           .right = -1e9f,
                           .bottom = -1e9f,
                           .distance = stroke_distance,
                           .context = &s,
                           .color = color,
                           .alpha = alpha,
                           .soft = soft};
    for (int i = 0; i < count; i++) {
        paint.left = fminf(paint.left, knots[i].x - knots[i].half);
        paint.right = fmaxf(paint.right, knots[i].x + knots[i].half);
        paint.top = fminf(paint.top, knots[i].y - knots[i].half);
        paint.bottom = fmaxf(paint.bottom, knots[i].y + knots[i].half);
    }
    pn_face_paint_on(canvas, &paint);
}

/* ---- outlines ------------------------------------------------------------------------------- */

void pn_face_direction(float turn, float *x, float *y) {
    float angle = (turn / PN_FACE_TURNS - 0.5f) * 6.2831853f;
    *x = sinf(angle);
    *y = -cosf(angle);
}

void pn_face_outline_finish(pn_face_outline *outline) {
    float step = 6.2831853f / PN_FACE_TURNS;
    for (int i = 0; i <= PN_FACE_TURNS; i++) {
        float before = outline->r[i > 0 ? i - 1 : PN_FACE_TURNS - 1];
        float after = outline->r[i < PN_FACE_TURNS ? i + 1 : 1];
        float slope = (after - before) / (2 * step), r = outline->r[i];
        outline->lean[i] = r / sqrtf(r * r + slope * slope);
    }
}

static float table_at(const float *table, float turn) {
    int i = (int)turn;
    i = i < 0 ? 0 : i >= PN_FACE_TURNS ? PN_FACE_TURNS - 1 : i;
    return table[i] + (table[i + 1] - table[i]) * (turn - (float)i);
}

float pn_face_outline_radius(const pn_face_outline *outline, float turn) {
    return table_at(outline->r, turn);
}

float pn_face_outline_distance(const pn_face_outline *outline, const pn_face_point *at) {
    return (at->radius - table_at(outline->r, at->turn)) * table_at(outline->lean, at->turn);
}
