#include "plot/raster.h"

#include "base/pool.h"

#include <math.h>

typedef struct fit {
    const pn_array *image;
    int64_t rows, columns, channels; /* of the image */
    int64_t height, width;
    pn_raster_reduce reduce;
    float *out;
} fit;

/* The items [first, last) of n that output item i of m covers, and how much of each end. */
typedef struct cover {
    int64_t first, last;
    double head, tail; /* share of the first and of the last item */
} cover;

static cover cover_of(int64_t i, int64_t m, int64_t n) {
    double begin = (double)i * (double)n / (double)m, end = (double)(i + 1) * (double)n / (double)m;
    cover c = {.first = (int64_t)floor(begin), .last = (int64_t)ceil(end)};
    if (c.last > n) c.last = n;
    if (c.last <= c.first) c.last = c.first + 1;
    c.head = (double)(c.first + 1) - begin;
    c.tail = end - (double)(c.last - 1);
    if (c.last - c.first == 1) c.head = c.tail = end - begin;
    return c;
}

static double share(const cover *c, int64_t i) {
    return i == c->first ? c->head : i == c->last - 1 ? c->tail : 1.0;
}

static double pixel(const pn_array *image, int64_t index) {
    switch (image->dtype) {
    case PN_U8:
        return ((const uint8_t *)image->data)[index];
    case PN_I32:
        return ((const int32_t *)image->data)[index];
    default:
        return ((const float *)image->data)[index];
    }
}

/* The sum of `count` items, `step` apart. */
#define SUM(type)                                                                                  \
    for (int64_t i = 0; i < count; i++) sum += ((const type *)image->data)[at + i * step]
static double sum_run(const pn_array *image, int64_t at, int64_t step, int64_t count) {
    double sum = 0;
    switch (image->dtype) {
    case PN_U8:
        SUM(uint8_t);
        break;
    case PN_I32:
        SUM(int32_t);
        break;
    default:
        SUM(float);
        break;
    }
    return sum;
}
#undef SUM

static float mean_over(const fit *f, const cover *rows, const cover *columns, int64_t channel) {
    double sum = 0, extent = 0;
    int64_t step = f->channels, inner = columns->last - columns->first - 2;
    for (int64_t y = rows->first; y < rows->last; y++) {
        int64_t at = (y * f->columns + columns->first) * step + channel;
        double line = columns->head * pixel(f->image, at);
        if (inner >= 0)
            line += sum_run(f->image, at + step, step, inner) +
                    columns->tail * pixel(f->image, at + (inner + 1) * step);
        sum += share(rows, y) * line;
        extent += share(rows, y);
    }
    double width = columns->head + (inner >= 0 ? (double)inner + columns->tail : 0);
    return (float)(sum / (extent * width));
}

/* Slivers, which rounding makes, do not count: less than a hundredth of the smaller pixel. */
static double sliver(int64_t n, int64_t m) {
    return 0.01 * fmin(1.0, (double)n / (double)m);
}

static float maximum_over(const fit *f, const cover *rows, const cover *columns, int64_t channel) {
    double most = NAN, low = sliver(f->rows, f->height), thin = sliver(f->columns, f->width);
    for (int64_t y = rows->first; y < rows->last; y++) {
        if (share(rows, y) < low) continue;
        int64_t at = y * f->columns * f->channels + channel;
        for (int64_t x = columns->first; x < columns->last; x++)
            if (share(columns, x) >= thin) most = fmax(most, pixel(f->image, at + x * f->channels));
    }
    return (float)most;
}

static void fit_rows(void *context, int64_t begin, int64_t end) {
    const fit *f = context;
    for (int64_t y = begin; y < end; y++) {
        cover rows = cover_of(y, f->height, f->rows);
        for (int64_t x = 0; x < f->width; x++) {
            cover columns = cover_of(x, f->width, f->columns);
            for (int64_t c = 0; c < f->channels; c++)
                f->out[(y * f->width + x) * f->channels + c] =
                    f->reduce == PN_RASTER_MAX ? maximum_over(f, &rows, &columns, c)
                                               : mean_over(f, &rows, &columns, c);
        }
    }
}

void pn_raster_fit(const pn_array *image, pn_raster_reduce reduce, int64_t height, int64_t width,
                   float *out) {
    fit f = {.image = image,
             .rows = image->shape[0],
             .columns = image->shape[1],
             .channels = image->rank == 3 ? image->shape[2] : 1,
             .height = height,
             .width = width,
             .reduce = reduce,
             .out = out};
    pn_parallel_for(height, 8, fit_rows, &f);
}

bool pn_raster_is_binary(const pn_array *image) {
    int64_t count = 1;
    for (int i = 0; i < image->rank; i++) count *= image->shape[i];
    double first = pixel(image, 0), second = first;
    for (int64_t i = 1; i < count; i++) {
        double v = pixel(image, i);
        if (v == first || v == second) continue;
        if (second != first) return false;
        second = v;
    }
    return true;
}
