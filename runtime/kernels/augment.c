/* Moving images: one affine map and linear interpolation. */
#include "kernels/augment.h"

#include <math.h>
#include <string.h>

/* ---- the map ---- */

typedef struct matrix3 {
    double at[3][3];
} matrix3;

static matrix3 product(const matrix3 *a, const matrix3 *b) {
    matrix3 out;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out.at[i][j] =
                a->at[i][0] * b->at[0][j] + a->at[i][1] * b->at[1][j] + a->at[i][2] * b->at[2][j];
    return out;
}

void pn_augment_affine_map(const pn_motion *m, int64_t height, int64_t width, pn_affine *map) {
    const double degree = 3.14159265358979323846 / 180;
    double turn = m->theta * degree, shear = m->shear * degree;
    double x = (double)width / 2 - 0.5, y = (double)height / 2 - 0.5; /* the centre */
    matrix3 steps[] = {
        {{{1, 0, x}, {0, 1, y}, {0, 0, 1}}},
        {{{cos(turn), -sin(turn), 0}, {sin(turn), cos(turn), 0}, {0, 0, 1}}},
        {{{1, 0, m->tx}, {0, 1, m->ty}, {0, 0, 1}}},
        {{{1, -sin(shear), 0}, {0, cos(shear), 0}, {0, 0, 1}}},
        {{{m->zoom_x, 0, 0}, {0, m->zoom_y, 0}, {0, 0, 1}}},
        {{{1, 0, -x}, {0, 1, -y}, {0, 0, 1}}},
    };
    matrix3 all = steps[0];
    for (size_t i = 1; i < sizeof steps / sizeof *steps; i++) all = product(&all, &steps[i]);
    /* Those take (x, y); images are indexed by (row, column). */
    *map = (pn_affine){{{all.at[1][1], all.at[1][0]}, {all.at[0][1], all.at[0][0]}},
                       {all.at[1][2], all.at[0][2]}};
}

/* ---- positions ---- */

/* A run of pixels of one row of the result, small enough to stay in the first cache. */
enum { RUN = 64 };

typedef struct run {
    double row[RUN], column[RUN];  /* positions in the image */
    int32_t top[RUN], bottom[RUN]; /* the items of the rows above and below */
    int32_t left[RUN], right[RUN]; /* and of the columns beside, as offsets */
    float down[RUN], across[RUN];  /* the weights of bottom and right */
    uint8_t outside[RUN];          /* PN_FILL_CONSTANT alone */
} run;

/* Sums in the order of scipy's loop, so that positions on an edge fall on the same side of it. */
static void find_positions(const pn_affine *map, int64_t y, int64_t x, int count, run *r) {
    double row = map->offset[0] + (double)y * map->matrix[0][0];
    double column = map->offset[1] + (double)y * map->matrix[1][0];
    for (int i = 0; i < count; i++) {
        double at = (double)(x + i);
        r->row[i] = row + at * map->matrix[0][1];
        r->column[i] = column + at * map->matrix[1][1];
    }
}

/* The functions below bring a position into an axis of `size` items: to 0 .. size - 1, or with
 * reflect to more than -1 and less than size, where the neighbours beyond an edge are the edge. */

static double clamp_position(double at, double last) {
    return at < 0 ? 0 : at > last ? last : at;
}

static double reflect_position(double at, int64_t size) {
    double period = 2 * (double)size;
    if (size == 1) return 0;
    if (at < 0) {
        if (at < -period) at += period * trunc(-at / period);
        /* A position that is below 0 by rounding alone is the first item's. */
        return at < -(double)size ? at + period : at > -1e-15 ? 0 : -at - 1;
    }
    if (at > (double)(size - 1)) {
        at -= period * trunc(at / period);
        if (at >= (double)size) at = period - at - 1;
    }
    return at;
}

static double wrap_position(double at, int64_t size) {
    double period = (double)(size - 1);
    if (size == 1) return 0;
    if (at < 0) return at + period * (trunc(-at / period) + 1);
    return at > period ? at - period * trunc(at / period) : at;
}

static void mark_outside(int64_t height, int64_t width, int count, run *r) {
    double bottom = (double)(height - 1), right = (double)(width - 1);
    for (int i = 0; i < count; i++)
        r->outside[i] =
            r->row[i] < 0 || r->row[i] > bottom || r->column[i] < 0 || r->column[i] > right;
}

static void fold(pn_fill_mode fill, int64_t size, int count, double *at) {
    double last = (double)(size - 1);
    switch (fill) {
    case PN_FILL_REFLECT:
        for (int i = 0; i < count; i++) at[i] = reflect_position(at[i], size);
        break;
    case PN_FILL_WRAP:
        for (int i = 0; i < count; i++) at[i] = wrap_position(at[i], size);
        break;
    default:
        for (int i = 0; i < count; i++) at[i] = clamp_position(at[i], last);
    }
}

/* Neighbours (as multiples of `step`) and the weight of the second. Positions are above -1, so
 * that cutting the fraction off one more is rounding down. */
static void split(const double *at, int64_t size, int64_t step, int count, int32_t *first,
                  int32_t *second, float *weight) {
    int32_t last = (int32_t)(size - 1), items = (int32_t)step;
    for (int i = 0; i < count; i++) {
        int32_t below = (int32_t)(at[i] + 1) - 1;
        weight[i] = (float)(at[i] - (double)below);
        first[i] = (below < 0 ? 0 : below) * items;
        second[i] = (below < last ? below + 1 : last) * items;
    }
}

/* ---- interpolation ---- */

static inline void mix(const float *in, const run *r, int count, int channels, float *out) {
    for (int i = 0; i < count; i++, out += channels) {
        const float *a = in + r->top[i] + r->left[i], *b = in + r->top[i] + r->right[i];
        const float *c = in + r->bottom[i] + r->left[i], *d = in + r->bottom[i] + r->right[i];
        for (int k = 0; k < channels; k++) {
            float upper = a[k] + r->across[i] * (b[k] - a[k]);
            float lower = c[k] + r->across[i] * (d[k] - c[k]);
            out[k] = upper + r->down[i] * (lower - upper);
        }
    }
}

static void fill_outside(const run *r, int count, int channels, float value, float *out) {
    for (int i = 0; i < count; i++, out += channels)
        if (r->outside[i])
            for (int k = 0; k < channels; k++) out[k] = value;
}

void pn_augment_affine(const pn_affine *map, pn_fill_mode fill, float value, int64_t height,
                       int64_t width, int channels, const float *in, float *out) {
    run r;
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x += RUN) {
            int count = width - x < RUN ? (int)(width - x) : RUN;
            find_positions(map, y, x, count, &r);
            if (fill == PN_FILL_CONSTANT) mark_outside(height, width, count, &r);
            fold(fill, height, count, r.row);
            fold(fill, width, count, r.column);
            split(r.row, height, width * channels, count, r.top, r.bottom, r.down);
            split(r.column, width, channels, count, r.left, r.right, r.across);
            if (channels == 1) /* constants, so that the loop over channels unrolls */
                mix(in, &r, count, 1, out);
            else if (channels == 3)
                mix(in, &r, count, 3, out);
            else
                mix(in, &r, count, channels, out);
            if (fill == PN_FILL_CONSTANT) fill_outside(&r, count, channels, value, out);
            out += (int64_t)count * channels;
        }
}
