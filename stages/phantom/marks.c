/* Letter marks and labels, as a system writes them on the finished image: strokes of a small font
 * on a grid 4 wide and 6 high. */
#include "phantom.h"

#include <math.h>
#include <string.h>

/* A stroke: a line from (x0, y0) to (x1, y1), bulging to its right by `bulge` times
 * half its length (1 is a half circle). */
typedef struct stroke {
    float x0, y0, x1, y1, bulge;
} stroke;

enum { STROKES = 7 };

typedef struct glyph {
    char letter;
    float width;
    stroke strokes[STROKES];
    int count;
} glyph;

static const glyph font[] = {
    {'R',
     4,
     {{0, 0, 0, 6, 0},
      {0, 0, 2.1f, 0, 0},
      {2.1f, 0, 2.1f, 3.1f, -1},
      {0, 3.1f, 2.1f, 3.1f, 0},
      {1.7f, 3.1f, 3.9f, 6, 0}},
     5},
    {'L', 3.4f, {{0, 0, 0, 6, 0}, {0, 6, 3.4f, 6, 0}}, 2},
    {'A', 4, {{0, 6, 2, 0, 0}, {2, 0, 4, 6, 0}, {0.8f, 4, 3.2f, 4, 0}}, 3},
    {'P', 3.6f, {{0, 0, 0, 6, 0}, {0, 0, 2, 0, 0}, {2, 0, 2, 3.2f, -1}, {0, 3.2f, 2, 3.2f, 0}}, 4},
    {'K', 3.8f, {{0, 0, 0, 6, 0}, {3.6f, 0, 0, 3.6f, 0}, {1.2f, 2.5f, 3.8f, 6, 0}}, 3},
    {'V', 4, {{0, 0, 2, 6, 0}, {2, 6, 4, 0, 0}}, 2},
    {'m',
     5,
     {{0, 2, 0, 6, 0},
      {0, 3.2f, 2.4f, 3.2f, -0.8f},
      {2.4f, 3.2f, 2.4f, 6, 0},
      {2.4f, 3.2f, 4.8f, 3.2f, -0.8f},
      {4.8f, 3.2f, 4.8f, 6, 0}},
     5},
    {'s',
     2.6f,
     {{2.5f, 2.7f, 0.7f, 2.7f, 0.6f}, {0.6f, 2.8f, 2.2f, 4.9f, 0}, {2.2f, 5.2f, 0.1f, 5.3f, -0.6f}},
     3},
    {':', 0.6f, {{0.3f, 2.3f, 0.3f, 2.5f, 0}, {0.3f, 5.6f, 0.3f, 5.8f, 0}}, 2},
    {'.', 0.6f, {{0.3f, 5.6f, 0.3f, 5.8f, 0}}, 1},
    {'-', 2.6f, {{0.2f, 3.6f, 2.4f, 3.6f, 0}}, 1},
    {' ', 2, {{0, 0, 0, 0, 0}}, 0},
    {'0', 3.6f, {{1.8f, 0, 1.8f, 6, -0.6f}, {1.8f, 6, 1.8f, 0, -0.6f}}, 2},
    {'1', 2, {{0.2f, 1.2f, 1.4f, 0, 0}, {1.4f, 0, 1.4f, 6, 0}}, 2},
    {'2',
     3.6f,
     {{0.2f, 1.7f, 3.4f, 1.7f, -1}, {3.4f, 1.7f, 0.1f, 6, 0.12f}, {0.1f, 6, 3.6f, 6, 0}},
     3},
    {'3', 3.6f, {{0.4f, 0.4f, 1.6f, 2.9f, -1.15f}, {1.6f, 2.9f, 0.2f, 5.4f, -1.25f}}, 2},
    {'4', 3.8f, {{2.8f, 6, 2.8f, 0, 0}, {2.8f, 0, 0, 4.2f, 0}, {0, 4.2f, 3.8f, 4.2f, 0}}, 3},
    {'5',
     3.6f,
     {{3.2f, 0, 0.6f, 0, 0}, {0.6f, 0, 0.4f, 2.8f, 0}, {0.4f, 2.8f, 0.2f, 5.6f, -1.2f}},
     3},
    {'6',
     3.6f,
     {{3, 0.1f, 0.1f, 4.2f, 0.3f}, {0.1f, 4.2f, 3.4f, 4.2f, 1}, {3.4f, 4.2f, 0.1f, 4.2f, 1}},
     3},
    {'7', 3.6f, {{0.1f, 0, 3.6f, 0, 0}, {3.6f, 0, 1.2f, 6, 0}}, 2},
    {'8',
     3.6f,
     {{1.8f, 0, 1.8f, 2.8f, -1},
      {1.8f, 2.8f, 1.8f, 0, -1},
      {1.8f, 2.8f, 1.8f, 6, -1},
      {1.8f, 6, 1.8f, 2.8f, -1}},
     4},
    {'9',
     3.6f,
     {{0.2f, 1.8f, 3.5f, 1.8f, 1}, {3.5f, 1.8f, 0.2f, 1.8f, 1}, {3.5f, 1.8f, 0.6f, 5.9f, -0.3f}},
     3},
};

typedef struct pen {
    uint8_t *pixels;
    int height, width;
    float size;      /* pixels per grid unit */
    float thickness; /* of a stroke, pixels */
    float level;     /* grey */
    float cosine, sine;
} pen;

/* A straight line with round ends. */
static void draw_line(const pen *p, float x0, float y0, float x1, float y1) {
    float r = 0.5f * p->thickness + 1;
    int left = (int)fmaxf(0, fminf(x0, x1) - r), top = (int)fmaxf(0, fminf(y0, y1) - r);
    int right = (int)fminf((float)p->width - 1, fmaxf(x0, x1) + r);
    int bottom = (int)fminf((float)p->height - 1, fmaxf(y0, y1) + r);
    float dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy + 1e-6f;
    for (int y = top; y <= bottom; y++) {
        uint8_t *row = p->pixels + (size_t)y * (size_t)p->width;
        for (int x = left; x <= right; x++) {
            float ex = (float)x + 0.5f - x0, ey = (float)y + 0.5f - y0;
            float t = (ex * dx + ey * dy) / square;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            ex -= t * dx, ey -= t * dy;
            float cover = 0.5f * p->thickness + 0.5f - sqrtf(ex * ex + ey * ey);
            if (cover <= 0) continue;
            cover = cover > 1 ? 1 : cover;
            float v = (float)row[x] + cover * (p->level - (float)row[x]);
            if (v > (float)row[x]) row[x] = (uint8_t)v;
        }
    }
}

static void draw_stroke(const pen *p, const stroke *s, float x, float y) {
    enum { PIECES = 10 };
    float dx = s->x1 - s->x0, dy = s->y1 - s->y0, lastx = 0, lasty = 0;
    int pieces = s->bulge == 0 ? 1 : PIECES;
    for (int i = 0; i <= pieces; i++) {
        /* Half an ellipse over the stroke as its long axis. */
        float t = (float)i / (float)pieces, along = t, across = 0;
        if (s->bulge != 0) {
            along = 0.5f - 0.5f * cosf(3.14159265f * t);
            across = 0.5f * s->bulge * sinf(3.14159265f * t);
        }
        float gx = (s->x0 + along * dx - across * dy) * p->size;
        float gy = (s->y0 + along * dy + across * dx) * p->size;
        float px = x + p->cosine * gx - p->sine * gy, py = y + p->sine * gx + p->cosine * gy;
        if (i > 0) draw_line(p, lastx, lasty, px, py);
        lastx = px, lasty = py;
    }
}

static const glyph *find_glyph(char letter) {
    for (size_t i = 0; i < sizeof font / sizeof *font; i++)
        if (font[i].letter == letter) return &font[i];
    return NULL;
}

static float text_width(const char *text) {
    float width = 0;
    for (; *text; text++) {
        const glyph *g = find_glyph(*text);
        if (g) width += g->width + 1.4f;
    }
    return width;
}

static void draw_text(const pen *p, const char *text, float x, float y) {
    for (; *text; text++) {
        const glyph *g = find_glyph(*text);
        if (!g) continue;
        for (int i = 0; i < g->count; i++) draw_stroke(p, &g->strokes[i], x, y);
        float step = (g->width + 1.4f) * p->size;
        x += p->cosine * step;
        y += p->sine * step;
    }
}

/* The side mark: mostly an R beside the patient's right shoulder. */
static void side_mark(pen *p, pn_random *random) {
    float small = (float)(p->width < p->height ? p->width : p->height);
    float size = small * pn_phantom_between(random, 0.035f, 0.085f);
    float x = (float)p->width * pn_phantom_between(random, 0.015f, 0.1f);
    float y = (float)p->height * pn_phantom_between(random, 0.03f, 0.5f);
    bool left = pn_random_uniform(random) < 0.14, none = pn_random_uniform(random) < 0.06;
    float thick = pn_phantom_between(random, 0.11f, 0.17f);
    float turn = pn_random_uniform(random) < 0.2 ? pn_phantom_around(random, 0, 0.12f) : 0;
    p->level = pn_phantom_between(random, 225, 254);
    p->size = size / 6;
    p->thickness = size * thick;
    p->cosine = cosf(turn);
    p->sine = sinf(turn);
    if (none) return;
    draw_text(p, left ? "L" : "R", left ? (float)p->width - x - size : x, y);
}

/* Small print in a corner: the time, or what the tube was set to. */
static void small_print(pen *p, pn_random *random) {
    char text[16] = "";
    int kind = (int)pn_random_below(random, 3), a = (int)pn_random_below(random, 24);
    int b = (int)pn_random_below(random, 60), c = (int)pn_random_below(random, 60);
    int digits[6] = {a / 10, a % 10, b / 10, b % 10, c / 10, c % 10};
    if (kind == 0) {
        memcpy(text, "00:00:00", 9);
        for (int i = 0; i < 6; i++) text[i + i / 2] = (char)('0' + digits[i]);
    } else if (kind == 1) {
        memcpy(text, "KV50", 5);
        text[2] = (char)('5' + digits[0]);
        text[3] = (char)('0' + digits[3]);
    } else {
        memcpy(text, "A-P", 4);
    }
    float size = fmaxf(9, 0.02f * (float)p->width);
    bool right = pn_random_below(random, 2) == 0, low = pn_random_below(random, 2) == 0;
    p->size = size / 6;
    p->thickness = fmaxf(1.2f, 0.14f * size);
    p->cosine = 1, p->sine = 0;
    float room = text_width(text) * p->size, margin = 0.6f * size;
    draw_text(p, text, right ? (float)p->width - room - margin : margin,
              low ? (float)p->height - size - margin : margin);
}

void pn_phantom_marks(uint8_t *pixels, int height, int width, pn_random *random) {
    pen p = {.pixels = pixels, .height = height, .width = width};
    side_mark(&p, random);
    if (pn_random_uniform(random) < 0.18) small_print(&p, random);
}
