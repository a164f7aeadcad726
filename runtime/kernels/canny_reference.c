#include "kernels/canny_parts.h"

#include <stdlib.h>
#include <string.h>

/* The Sobel kernels by radius (1, 2, 3): a derivative one way, a binomial smoothing the other. */
static const int derivative[4][7] = {{0}, {-1, 0, 1}, {-1, -2, 0, 2, 1}, {-1, -4, -5, 0, 5, 4, 1}};
static const int smoothing[4][7] = {{0}, {1, 2, 1}, {1, 4, 6, 4, 1}, {1, 6, 15, 20, 15, 6, 1}};

/* The gradient of each pixel, (H,W) each, and what became of the pixel. */
typedef struct maps {
    int64_t height, width;
    int32_t *dx, *dy, *magnitude;
    uint8_t *state;
    int64_t *stack;
} maps;

enum { NOT_AN_EDGE, MAYBE, EDGE };

static int64_t clamp(int64_t i, int64_t count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
}

/* v / 16 rounded to the nearest integer, halves to the even one. */
static int32_t sixteenth(int32_t v) {
    return (v + 7 + ((v >> 4) & 1)) >> 4;
}

static void sobel(const uint8_t *image, const maps *m, int channels, int channel, int64_t y,
                  int64_t x, int aperture, int32_t *dx, int32_t *dy) {
    int r = aperture / 2;
    int32_t sx = 0, sy = 0;
    for (int i = -r; i <= r; i++) {
        const uint8_t *row = image + clamp(y + i, m->height) * m->width * channels + channel;
        for (int j = -r; j <= r; j++) {
            int32_t v = row[clamp(x + j, m->width) * channels];
            sx += v * smoothing[r][i + r] * derivative[r][j + r];
            sy += v * derivative[r][i + r] * smoothing[r][j + r];
        }
    }
    *dx = aperture == 7 ? sixteenth(sx) : sx;
    *dy = aperture == 7 ? sixteenth(sy) : sy;
}

static void gradient(const uint8_t *image, const maps *m, int channels,
                     const pn_canny_options *options) {
    for (int64_t y = 0; y < m->height; y++)
        for (int64_t x = 0; x < m->width; x++) {
            int64_t at = y * m->width + x;
            m->magnitude[at] = -1;
            for (int c = 0; c < channels; c++) {
                int32_t dx, dy;
                sobel(image, m, channels, c, y, x, options->aperture, &dx, &dy);
                int32_t magnitude = options->l2 ? dx * dx + dy * dy : abs(dx) + abs(dy);
                if (magnitude <= m->magnitude[at]) continue;
                m->magnitude[at] = magnitude;
                m->dx[at] = dx;
                m->dy[at] = dy;
            }
        }
}

static int32_t magnitude_at(const maps *m, int64_t y, int64_t x) {
    if (y < 0 || x < 0 || y >= m->height || x >= m->width) return 0;
    return m->magnitude[y * m->width + x];
}

/* Is the gradient a maximum along its own direction, rounded to one of four? tan(22.5 degrees) is
 * 13573 / 2^15, tan(67.5 degrees) is 2 more. */
static bool is_maximum(const maps *m, int64_t y, int64_t x) {
    int64_t at = y * m->width + x;
    int32_t here = m->magnitude[at];
    int64_t across = llabs(m->dx[at]), down = llabs(m->dy[at]) * 32768;
    if (down < across * 13573)
        return here > magnitude_at(m, y, x - 1) && here >= magnitude_at(m, y, x + 1);
    if (down > across * (13573 + 65536))
        return here > magnitude_at(m, y - 1, x) && here >= magnitude_at(m, y + 1, x);
    int s = (m->dx[at] ^ m->dy[at]) < 0 ? -1 : 1;
    return here > magnitude_at(m, y - 1, x - s) && here > magnitude_at(m, y + 1, x + s);
}

/* Every candidate that touches an edge is an edge. */
static void follow(const maps *m, int64_t start) {
    int64_t depth = 0;
    m->stack[depth++] = start;
    while (depth > 0) {
        int64_t at = m->stack[--depth], y = at / m->width, x = at % m->width;
        for (int64_t v = clamp(y - 1, m->height); v <= clamp(y + 1, m->height); v++)
            for (int64_t u = clamp(x - 1, m->width); u <= clamp(x + 1, m->width); u++)
                if (m->state[v * m->width + u] == MAYBE) {
                    m->state[v * m->width + u] = EDGE;
                    m->stack[depth++] = v * m->width + u;
                }
    }
}

size_t pn_canny_reference_scratch(int64_t height, int64_t width, int channels,
                                  const pn_canny_options *options) {
    int32_t low, high;
    if (pn_canny_prepare(height, width, channels, options, &low, &high, NULL) != PN_OK) return 0;
    return (size_t)(height * width) * (3 * sizeof(int32_t) + sizeof(int64_t) + 1);
}

pn_status pn_canny_reference(const uint8_t *image, int64_t height, int64_t width, int channels,
                             const pn_canny_options *options, void *scratch, uint8_t *edges,
                             pn_error *error) {
    int32_t low, high;
    pn_status status = pn_canny_prepare(height, width, channels, options, &low, &high, error);
    if (status != PN_OK) return status;

    int64_t count = height * width;
    maps m = {.height = height, .width = width, .stack = scratch};
    m.dx = (int32_t *)(m.stack + count);
    m.dy = m.dx + count;
    m.magnitude = m.dy + count;
    m.state = (uint8_t *)(m.magnitude + count);

    gradient(image, &m, channels, options);
    for (int64_t at = 0; at < count; at++)
        m.state[at] =
            m.magnitude[at] > low && is_maximum(&m, at / width, at % width) ? MAYBE : NOT_AN_EDGE;
    for (int64_t at = 0; at < count; at++)
        if (m.state[at] == MAYBE && m.magnitude[at] > high) {
            m.state[at] = EDGE;
            follow(&m, at);
        }
    for (int64_t at = 0; at < count; at++) edges[at] = m.state[at] == EDGE ? 255 : 0;
    return PN_OK;
}
