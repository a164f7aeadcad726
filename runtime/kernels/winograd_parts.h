/* What winograd.c and simd/winograd_tiles.h share. Not for others. */
#ifndef PN_KERNELS_WINOGRAD_PARTS_H
#define PN_KERNELS_WINOGRAD_PARTS_H

#include "kernels/simd/level.h"
#include "kernels/winograd.h"

enum {
    PN_TILES_MOST = 96,    /* in a group */
    PN_TILES_FILTERS = 64, /* that the products of a group give at a time */
};

/* A tile's first row and column in the results. */
typedef struct pn_tile {
    int64_t image, row, column;
} pn_tile;

/* Tiles that go through the products together. Workspaces: `in` (points, tiles, in_row) for the
 * input's numbers or the gradients by them, `out` (points, tiles, out_row) for the results or the
 * gradients by them, where the points are in_step and out_step floats apart; `sums` (points,
 * panels, channels, panel) for the kernel's gradient: sums_row is all of the panels' columns. For
 * the results of few channels `in` is (tiles, points, PN_WINOGRAD_FEW), and there is no `out`. */
typedef struct pn_tile_group {
    const pn_conv *conv;
    const pn_tile *tile;
    int64_t tiles;
    float *in, *out, *sums;
    int64_t in_row, out_row, in_step, out_step, sums_row;
    int lane;
    bool far; /* the kernel comes from memory, not from a cache */
} pn_tile_group;

/* Floats from point to point: an odd number of cache lines, so that a tile's points, which are read
 * and written together, do not fall on the same few lines of the cache. */
static inline int64_t pn_tile_step(int64_t tiles, int64_t row) {
    return (tiles * row + 31) / 32 * 32 + 16;
}

typedef struct pn_winograd_ops {
    int tile, points; /* points one way */
    int panel;        /* columns that kernels are packed in */
    /* Transforms panels begin <= p < end of the kernel. */
    void (*pack)(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                 int64_t begin, int64_t end, float *packed);
    /* in: tiles begin <= t < end of the group. */
    void (*load)(const pn_tile_group *group, const float *x, int64_t begin, int64_t end);
    /* out = in times the kernel for filters begin <= f < end, then the end. */
    void (*forward)(const pn_tile_group *group, const float *packed, int64_t begin, int64_t end,
                    const pn_conv_end *what);
    /* out: the gradients by the results; their sums over all places are added to d_bias. */
    void (*load_slope)(const pn_tile_group *group, const pn_conv_slope *slope, double *d_bias);
    void (*add_kernel)(const pn_tile_group *group);
    /* Adds the gradients by the input to d_x; overwrites `in`. */
    void (*add_input)(const pn_tile_group *group, const float *packed, float *d_x);
    /* Adds the sums of all lanes of `sums` to d_kernel for channels
     * begin <= c < end. */
    void (*add_sums)(const pn_conv *conv, const float *sums, int64_t sums_row, int lanes,
                     int64_t lane_floats, int64_t begin, int64_t end, float *d_kernel);
} pn_winograd_ops;

#if defined(__x86_64__)
#define PN_DECLARE_OPS(name)                                                                       \
    extern const pn_winograd_ops name##_portable, name##_avx2, name##_avx512
#else
#define PN_DECLARE_OPS(name) extern const pn_winograd_ops name##_portable
#endif
PN_DECLARE_OPS(pn_winograd_6);
PN_DECLARE_OPS(pn_winograd_4);

#endif
