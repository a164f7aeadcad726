#include "kernels/canny_parts.h"
#include "kernels/simd/bits.h"

#include <string.h>

static int16_t limit_l1(int32_t threshold) {
    /* The largest L1 norm is 24,480 (aperture 5). */
    return (int16_t)(threshold < -1 ? -1 : threshold > INT16_MAX ? INT16_MAX : threshold);
}

static int32_t limit_l2(int32_t threshold) {
    return threshold;
}

#define MAGNITUDE int16_t
#define L2 0
#define NAMED(name) name##_l1
#include "kernels/simd/canny_rows.h"
#undef MAGNITUDE
#undef L2
#undef NAMED
#define MAGNITUDE int32_t
#define L2 1
#define NAMED(name) name##_l2
#include "kernels/simd/canny_rows.h"

/* ---- the gradient of one row ------------------------------------------------------------- */

/* Sums over the rows of the window: s smoothed, d differentiated. */
typedef void (*columns_fn)(const uint8_t *const r[7], int16_t *restrict s, int16_t *restrict d,
                           int64_t count);
/* The other way along the row. s and d start one margin before x = 0. */
typedef void (*across_fn)(const int16_t *restrict s, const int16_t *restrict d,
                          int16_t *restrict dx, int16_t *restrict dy, int64_t count);

static void columns_3(const uint8_t *const r[7], int16_t *restrict s, int16_t *restrict d,
                      int64_t count) {
    const uint8_t *restrict a = r[0], *restrict b = r[1], *restrict c = r[2];
    for (int64_t x = 0; x < count; x++) {
        s[x] = (int16_t)(a[x] + 2 * b[x] + c[x]);
        d[x] = (int16_t)(c[x] - a[x]);
    }
}

static void across_3(const int16_t *restrict s, const int16_t *restrict d, int16_t *restrict dx,
                     int16_t *restrict dy, int64_t count) {
    for (int64_t x = 0; x < count; x++) {
        dx[x] = (int16_t)(s[x + 1] - s[x - 1]);
        dy[x] = (int16_t)(d[x - 1] + 2 * d[x] + d[x + 1]);
    }
}

static void columns_5(const uint8_t *const r[7], int16_t *restrict s, int16_t *restrict d,
                      int64_t count) {
    const uint8_t *restrict a = r[0], *restrict b = r[1], *restrict c = r[2], *restrict e = r[3],
                            *restrict f = r[4];
    for (int64_t x = 0; x < count; x++) {
        s[x] = (int16_t)(a[x] + f[x] + 4 * (b[x] + e[x]) + 6 * c[x]);
        d[x] = (int16_t)(f[x] - a[x] + 2 * (e[x] - b[x]));
    }
}

static void across_5(const int16_t *restrict s, const int16_t *restrict d, int16_t *restrict dx,
                     int16_t *restrict dy, int64_t count) {
    for (int64_t x = 0; x < count; x++) {
        dx[x] = (int16_t)(s[x + 2] - s[x - 2] + 2 * (s[x + 1] - s[x - 1]));
        dy[x] = (int16_t)(d[x - 2] + d[x + 2] + 4 * (d[x - 1] + d[x + 1]) + 6 * d[x]);
    }
}

static void columns_7(const uint8_t *const r[7], int16_t *restrict s, int16_t *restrict d,
                      int64_t count) {
    const uint8_t *restrict a = r[0], *restrict b = r[1], *restrict c = r[2], *restrict e = r[3],
                            *restrict f = r[4], *restrict g = r[5], *restrict h = r[6];
    for (int64_t x = 0; x < count; x++) {
        s[x] = (int16_t)(a[x] + h[x] + 6 * (b[x] + g[x]) + 15 * (c[x] + f[x]) + 20 * e[x]);
        d[x] = (int16_t)(h[x] - a[x] + 4 * (g[x] - b[x]) + 5 * (f[x] - c[x]));
    }
}

/* v / 16 rounded to the nearest integer, halves to the even one. */
static inline int16_t sixteenth(int32_t v) {
    return (int16_t)((v + 7 + ((v >> 4) & 1)) >> 4);
}

static void across_7(const int16_t *restrict s, const int16_t *restrict d, int16_t *restrict dx,
                     int16_t *restrict dy, int64_t count) {
    for (int64_t x = 0; x < count; x++) {
        dx[x] =
            sixteenth(s[x + 3] - s[x - 3] + 4 * (s[x + 2] - s[x - 2]) + 5 * (s[x + 1] - s[x - 1]));
        dy[x] = sixteenth(d[x - 3] + d[x + 3] + 6 * (d[x - 2] + d[x + 2]) +
                          15 * (d[x - 1] + d[x + 1]) + 20 * d[x]);
    }
}

/* ---- a stripe ---------------------------------------------------------------------------- */

/* The buffers of a stripe. Rings hold the rows last seen, by row number modulo their length; all
 * rows start CANNY_MARGIN items into their buffer. */
typedef struct stripe {
    const pn_canny_job *job;
    uint8_t *plane[7][3];   /* ring over the window: the row's channels apart, ends repeated */
    bool grey[7];           /* all channels of that row are equal */
    int16_t *smooth, *diff; /* columns_fn's results */
    int16_t *dx[2], *dy[2]; /* ring: this row and the next */
    char *magnitude[3];     /* ring: int16_t or int32_t */
    int16_t *dx2, *dy2;     /* another channel */
    char *magnitude2;
    int64_t loaded; /* rows before this one are in the ring of planes, as far as needed */
} stripe;

static size_t norm_bytes(const pn_canny_job *job) {
    return job->l2 ? sizeof(int32_t) : sizeof(int16_t);
}

/* The next buffer of `size`-byte items, its margin skipped; counts alone where *at is NULL. */
static char *take(char **at, size_t *total, const pn_canny_job *job, size_t size) {
    size_t bytes = (size_t)(job->padded + 2 * CANNY_MARGIN) * size;
    char *row = *at ? *at + CANNY_MARGIN * size : NULL;
    if (*at) *at += bytes;
    *total += bytes;
    return row;
}

static size_t divide(stripe *s, const pn_canny_job *job, char *at) {
    size_t total = 0;
    s->job = job;
    for (int i = 0; i < job->aperture; i++)
        for (int c = 0; c < job->channels; c++)
            s->plane[i][c] = (uint8_t *)take(&at, &total, job, 1);
    int16_t **row[] = {&s->smooth, &s->diff,  &s->dx[0], &s->dx[1],
                       &s->dy[0],  &s->dy[1], &s->dx2,   &s->dy2};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        *row[i] = (int16_t *)take(&at, &total, job, 2);
    for (int i = 0; i < 3; i++) s->magnitude[i] = take(&at, &total, job, norm_bytes(job));
    s->magnitude2 = take(&at, &total, job, norm_bytes(job));
    return total;
}

size_t PN_LEVEL(pn_canny_row_bytes)(const pn_canny_job *job) {
    stripe s;
    return divide(&s, job, NULL);
}

static bool separate(const uint8_t *restrict from, int64_t width, uint8_t *restrict r,
                     uint8_t *restrict g, uint8_t *restrict b) {
    uint8_t differ = 0;
    for (int64_t x = 0; x < width; x++) {
        uint8_t v0 = from[3 * x], v1 = from[3 * x + 1], v2 = from[3 * x + 2];
        r[x] = v0;
        g[x] = v1;
        b[x] = v2;
        differ |= (uint8_t)((v0 ^ v1) | (v0 ^ v2));
    }
    return differ == 0;
}

static void load_row(stripe *s, int64_t y) {
    const pn_canny_job *job = s->job;
    int slot = (int)(y % job->aperture), channels = job->channels;
    int64_t width = job->width;
    const uint8_t *from = job->image + y * width * channels;
    uint8_t **to = s->plane[slot];
    s->grey[slot] = true;
    if (channels == 1)
        memcpy(to[0], from, (size_t)width);
    else
        s->grey[slot] = separate(from, width, to[0], to[1], to[2]);
    for (int c = 0; c < channels; c++) {
        memset(to[c] - 4, to[c][0], 4);
        memset(to[c] + width, to[c][width - 1], (size_t)(job->padded - width + 4));
    }
}

static void gradient(stripe *s, const uint8_t *const rows[7], int16_t *dx, int16_t *dy, char *m) {
    static const columns_fn columns[] = {columns_3, columns_5, columns_7};
    static const across_fn across[] = {across_3, across_5, across_7};
    const pn_canny_job *job = s->job;
    int kind = job->aperture / 2 - 1;
    const uint8_t *shifted[7];
    for (int i = 0; i < job->aperture; i++) shifted[i] = rows[i] - 4;
    columns[kind](shifted, s->smooth - 4, s->diff - 4, job->padded + 8);
    across[kind](s->smooth, s->diff, dx, dy, job->padded);
    if (job->l2)
        norm_l2(dx, dy, (int32_t *)m, job->padded);
    else
        norm_l1(dx, dy, (int16_t *)m, job->padded);
}

static int64_t clamp(int64_t y, int64_t height) {
    return y < 0 ? 0 : y < height ? y : height - 1;
}

/* Row y of the gradient; outside the image its magnitude is 0, as it is left and right of it. */
static void gradient_row(stripe *s, int64_t y) {
    const pn_canny_job *job = s->job;
    size_t size = norm_bytes(job);
    char *m = s->magnitude[(y + 3) % 3];
    if (y < 0 || y >= job->height) {
        memset(m - size, 0, (size_t)(job->padded + 2) * size);
        return;
    }
    int radius = job->aperture / 2;
    int64_t first = clamp(y - radius, job->height), last = clamp(y + radius, job->height);
    for (s->loaded = s->loaded < first ? first : s->loaded; s->loaded <= last; s->loaded++)
        load_row(s, s->loaded);

    bool grey = true;
    for (int64_t i = first; i <= last; i++) grey = grey && s->grey[i % job->aperture];
    int16_t *dx = s->dx[y % 2], *dy = s->dy[y % 2];
    for (int c = 0; c < (grey ? 1 : job->channels); c++) {
        const uint8_t *rows[7];
        for (int i = -radius; i <= radius; i++)
            rows[i + radius] = s->plane[clamp(y + i, job->height) % job->aperture][c];
        if (c == 0) {
            gradient(s, rows, dx, dy, m);
            continue;
        }
        gradient(s, rows, s->dx2, s->dy2, s->magnitude2);
        if (job->l2)
            strongest_l2(s->dx2, s->dy2, (int32_t *)s->magnitude2, dx, dy, (int32_t *)m,
                         job->padded);
        else
            strongest_l1(s->dx2, s->dy2, (int16_t *)s->magnitude2, dx, dy, (int16_t *)m,
                         job->padded);
    }
    memset(m - size, 0, size);
    memset(m + (size_t)job->width * size, 0, (size_t)(job->padded + 1 - job->width) * size);
}

static void maxima_row(stripe *s, int64_t y) {
    const pn_canny_job *job = s->job;
    char *up = s->magnitude[(y + 2) % 3], *m = s->magnitude[y % 3],
         *down = s->magnitude[(y + 1) % 3];
    uint64_t *candidate = job->candidate + y * job->pitch;
    uint64_t *accepted = job->accepted + y * job->pitch;
    candidate[0] = candidate[job->pitch - 1] = accepted[0] = accepted[job->pitch - 1] = 0;
    if (job->l2)
        maxima_row_l2((int32_t *)up, (int32_t *)m, (int32_t *)down, s->dx[y % 2], s->dy[y % 2], job,
                      candidate + 1, accepted + 1);
    else
        maxima_row_l1((int16_t *)up, (int16_t *)m, (int16_t *)down, s->dx[y % 2], s->dy[y % 2], job,
                      candidate + 1, accepted + 1);
}

void PN_LEVEL(pn_canny_find)(const pn_canny_job *job, int64_t begin, int64_t end, char *rows) {
    stripe s = {.loaded = 0};
    divide(&s, job, rows);
    gradient_row(&s, begin - 1);
    gradient_row(&s, begin);
    for (int64_t y = begin; y < end; y++) {
        gradient_row(&s, y + 1);
        maxima_row(&s, y);
    }
}

void PN_LEVEL(pn_canny_write)(const pn_canny_job *job, int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y++) {
        const uint64_t *accepted = job->accepted + y * job->pitch + 1;
        uint8_t *edges = job->edges + y * job->width;
        int64_t x = 0;
        for (; x + CANNY_BLOCK <= job->width; x += CANNY_BLOCK)
            unpack_bits(accepted[x / CANNY_BLOCK], edges + x);
        if (x < job->width) {
            uint8_t flags[CANNY_BLOCK];
            unpack_bits(accepted[x / CANNY_BLOCK], flags);
            memcpy(edges + x, flags, (size_t)(job->width - x));
        }
    }
}
