#include "base/pool.h"
#include "kernels/resize_parts.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A stripe is worth waking a thread for: this many items of the result. */
enum { MAX_STRIPES = 16, NEAREST_ITEMS = 65536, BILINEAR_ITEMS = 32768, ROW_SURPLUS = 4 };

typedef struct job {
    pn_filter filter;
    pn_resize_shape shape;
    size_t size; /* bytes of one item: 1 or 4 */
    bool halves; /* uint8, exactly half as high and as wide */
    const char *from;
    char *to;
    pn_resize_tap *column, *row;
    char *rows; /* two rows across for each stripe */
    size_t row_bytes;
    int64_t stripes;
} job;

static size_t align_up(size_t bytes) {
    return (bytes + 63) & ~(size_t)63;
}

static int64_t stripes_of(const pn_resize_shape *s, int64_t items_each) {
    int64_t stripes = s->to_height * s->to_width * s->channels / items_each;
    if (stripes > MAX_STRIPES) stripes = MAX_STRIPES;
    if (stripes > s->to_height) stripes = s->to_height;
    return stripes < 1 ? 1 : stripes;
}

/* The parts of `scratch`; returns their size. scratch may be NULL. */
static size_t lay_out(job *j, char *scratch) {
    const pn_resize_shape *s = &j->shape;
    size_t columns = align_up((size_t)s->to_width * sizeof(pn_resize_tap));
    size_t rows = align_up((size_t)s->to_height * sizeof(pn_resize_tap));
    j->row_bytes = align_up((size_t)(s->to_width * s->channels + ROW_SURPLUS) * sizeof(float));
    j->stripes = stripes_of(s, BILINEAR_ITEMS);
    if (scratch) {
        j->column = (pn_resize_tap *)scratch;
        j->row = (pn_resize_tap *)(scratch + columns);
        j->rows = scratch + columns + rows;
    }
    return columns + rows + (size_t)j->stripes * 2 * j->row_bytes;
}

static pn_status check(const pn_resize_shape *s, pn_error *error) {
    const int64_t most = INT32_MAX;
    if (s->channels < 1 || s->channels > 4)
        return pn_fail(error, PN_E_ARGUMENT, "resize: an image has 1 to 4 channels, not %d",
                       s->channels);
    if (s->height < 1 || s->width < 1 || s->to_height < 1 || s->to_width < 1)
        return pn_fail(error, PN_E_ARGUMENT,
                       "resize: sizes must be at least 1 x 1, not %lld x %lld to %lld x %lld",
                       (long long)s->height, (long long)s->width, (long long)s->to_height,
                       (long long)s->to_width);
    if (s->width > most / 16 || s->to_width > most / 16 || s->height > most || s->to_height > most)
        return pn_fail(error, PN_E_ARGUMENT,
                       "resize: %lld x %lld to %lld x %lld is beyond what it can count",
                       (long long)s->height, (long long)s->width, (long long)s->to_height,
                       (long long)s->to_width);
    return PN_OK;
}

size_t pn_resize_scratch(const pn_resize_shape *shape) {
    job j = {.shape = *shape};
    return check(shape, NULL) == PN_OK ? lay_out(&j, NULL) : 0;
}

/* ---- nearest ----------------------------------------------------------------------------- */

/* Pillow adds the step up in double instead of multiplying, so we do. The limit is for safety: the
 * sum's error is far below half a step for any image that fits in memory. */
static void nearest_taps(pn_resize_tap *tap, int64_t count, int64_t to_count, int64_t step) {
    double scale = (double)count / (double)to_count, at = scale * 0.5;
    for (int64_t i = 0; i < to_count; i++, at += scale) {
        int64_t item = (int64_t)at;
        tap[i].at = (int32_t)((item < count ? item : count - 1) * step);
    }
}

static void pick(const char *restrict row, const pn_resize_tap *tap, int64_t width, size_t pixel,
                 char *restrict out) {
    switch (pixel) {
    case 1:
        for (int64_t x = 0; x < width; x++) out[x] = row[tap[x].at];
        break;
    case 3:
        for (int64_t x = 0; x < width; x++) memcpy(out + 3 * x, row + tap[x].at, 3);
        break;
    case 4:
        for (int64_t x = 0; x < width; x++) memcpy(out + 4 * x, row + tap[x].at, 4);
        break;
    case 12:
        for (int64_t x = 0; x < width; x++) memcpy(out + 12 * x, row + tap[x].at, 12);
        break;
    default:
        for (int64_t x = 0; x < width; x++) memcpy(out + pixel * (size_t)x, row + tap[x].at, pixel);
    }
}

static void nearest_rows(const job *j, int64_t begin, int64_t end) {
    const pn_resize_shape *s = &j->shape;
    size_t pixel = (size_t)s->channels * j->size, bytes = pixel * (size_t)s->to_width;
    for (int64_t y = begin; y < end; y++) {
        char *out = j->to + (size_t)y * bytes;
        const char *row = j->from + (size_t)j->row[y].at * pixel * (size_t)s->width;
        if (y > begin && j->row[y].at == j->row[y - 1].at)
            memcpy(out, out - bytes, bytes);
        else
            pick(row, j->column, s->to_width, pixel, out);
    }
}

/* ---- bilinear ---------------------------------------------------------------------------- */

/* OpenCV's arithmetic: the scale as the inverse of the inverse, the coordinate in float. Along a
 * row (step > 0) the weight is 0 outside; the last pixel is then reached as somebody's right
 * neighbour, so that at + step stays inside. Between rows (step 0) it keeps the weight and repeats
 * the row, which is not the same after rounding. */
static void fixed_taps(pn_resize_tap *tap, int64_t count, int64_t to_count, int64_t step) {
    double scale = 1.0 / ((double)to_count / (double)count);
    for (int64_t i = 0; i < to_count; i++) {
        float at = (float)(((double)i + 0.5) * scale - 0.5);
        int64_t item = (int64_t)floorf(at);
        float weight = at - (float)item;
        if (step && (item < 0 || item >= count - 1)) {
            weight = item < 0 || count == 1 ? 0.0f : 1.0f;
            item = item < 0 || count == 1 ? 0 : count - 2;
        }
        tap[i].at = (int32_t)(step ? item * step : item);
        tap[i].fixed[0] = (int16_t)rintf((1.0f - weight) * RESIZE_ONE);
        tap[i].fixed[1] = (int16_t)rintf(weight * RESIZE_ONE);
    }
}

static void float_taps(pn_resize_tap *tap, int64_t count, int64_t to_count, int64_t step) {
    double scale = (double)count / (double)to_count;
    for (int64_t i = 0; i < to_count; i++) {
        double at = ((double)i + 0.5) * scale - 0.5;
        if (at < 0) at = 0;
        if (at > (double)(count - 1)) at = (double)(count - 1);
        int64_t item = (int64_t)at;
        if (item == count - 1 && item > 0) item--;
        tap[i].at = (int32_t)(item * step);
        tap[i].weight = (float)(at - (double)item);
    }
}

/* Source rows already resized across, so that neighbours share the work. */
typedef struct pair {
    char *across[2];
    int64_t row[2]; /* -1: none */
} pair;

static int64_t clamp(int64_t i, int64_t count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static const void *row_across(const job *j, pair *p, int64_t row, int64_t other) {
    const pn_resize_shape *s = &j->shape;
    if (p->row[0] == row) return p->across[0];
    if (p->row[1] == row) return p->across[1];
    int slot = p->row[0] == other ? 1 : 0;
    int64_t items = s->width * s->channels, step = s->width > 1 ? s->channels : 0;
    const char *from = j->from + (size_t)(row * items) * j->size;
    p->row[slot] = row;
    if (j->size == 1) PN_PICK(pn_resize_across_u8)
    ((const uint8_t *)from, items, step, j->column, s->to_width, s->channels,
     (int16_t *)p->across[slot]);
    else PN_PICK(pn_resize_across_f32)((const float *)from, step, j->column, s->to_width,
                                       s->channels, (float *)p->across[slot]);
    return p->across[slot];
}

static void bilinear_rows(const job *j, int64_t begin, int64_t end, char *rows) {
    const pn_resize_shape *s = &j->shape;
    int64_t items = s->to_width * s->channels;
    pair p = {.across = {rows, rows + j->row_bytes}, .row = {-1, -1}};
    for (int64_t y = begin; y < end; y++) {
        const pn_resize_tap *tap = &j->row[y];
        int64_t first = clamp(tap->at, s->height), second = clamp((int64_t)tap->at + 1, s->height);
        const void *a = row_across(j, &p, first, second);
        const void *b = row_across(j, &p, second, first);
        if (j->size == 1)
            PN_PICK(pn_resize_mix_u8)(a, b, tap->fixed, items, (uint8_t *)j->to + y * items);
        else
            PN_PICK(pn_resize_mix_f32)(a, b, tap->weight, items, (float *)j->to + y * items);
    }
}

static void halve_rows(const job *j, int64_t begin, int64_t end) {
    const pn_resize_shape *s = &j->shape;
    int64_t items = s->width * s->channels, to_items = s->to_width * s->channels;
    for (int64_t y = begin; y < end; y++) {
        const uint8_t *a = (const uint8_t *)j->from + 2 * y * items;
        PN_PICK(pn_resize_halve_u8)
        (a, a + items, s->to_width, s->channels, (uint8_t *)j->to + y * to_items);
    }
}

/* ---- both -------------------------------------------------------------------------------- */

static void do_stripes(void *context, int64_t first, int64_t last) {
    const job *j = context;
    for (int64_t i = first; i < last; i++) {
        int64_t begin = j->shape.to_height * i / j->stripes;
        int64_t end = j->shape.to_height * (i + 1) / j->stripes;
        if (j->filter == PN_NEAREST)
            nearest_rows(j, begin, end);
        else if (j->halves)
            halve_rows(j, begin, end);
        else
            bilinear_rows(j, begin, end, j->rows + (size_t)i * 2 * j->row_bytes);
    }
}

static pn_status resize(job *j, void *scratch, pn_error *error) {
    const pn_resize_shape *s = &j->shape;
    pn_status status = check(s, error);
    if (status != PN_OK) return status;
    lay_out(j, scratch);
    if (j->filter == PN_NEAREST) {
        j->stripes = stripes_of(s, NEAREST_ITEMS);
        nearest_taps(j->column, s->width, s->to_width, s->channels * (int64_t)j->size);
        nearest_taps(j->row, s->height, s->to_height, 1);
    } else if (j->size == 1) {
        fixed_taps(j->column, s->width, s->to_width, s->channels);
        fixed_taps(j->row, s->height, s->to_height, 0);
    } else {
        float_taps(j->column, s->width, s->to_width, s->channels);
        float_taps(j->row, s->height, s->to_height, 1);
    }
    j->halves = j->size == 1 && s->height == 2 * s->to_height && s->width == 2 * s->to_width;
    pn_parallel_for_each(j->stripes, do_stripes, j);
    return PN_OK;
}

pn_status pn_resize_u8(pn_filter filter, const pn_resize_shape *shape, const uint8_t *from,
                       void *scratch, uint8_t *to, pn_error *error) {
    job j = {.filter = filter, .shape = *shape, .size = 1};
    j.from = (const char *)from;
    j.to = (char *)to;
    return resize(&j, scratch, error);
}

pn_status pn_resize_f32(pn_filter filter, const pn_resize_shape *shape, const float *from,
                        void *scratch, float *to, pn_error *error) {
    job j = {.filter = filter, .shape = *shape, .size = sizeof(float)};
    j.from = (const char *)from;
    j.to = (char *)to;
    return resize(&j, scratch, error);
}
