/* Where a tile of Winograd's convolutions stands in the input and in the results; for one size of
 * tiles, as winograd_tiles.h. */
#ifndef PN_KERNELS_SIMD_WINOGRAD_WINDOW_H
#define PN_KERNELS_SIMD_WINOGRAD_WINDOW_H

#include "kernels/simd/conv_end.h"
#include "kernels/simd/product.h"
#include "kernels/winograd_parts.h"

enum { PRODUCTS = POINTS * POINTS };

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Where the tile's numbers stand: `inside` says that all of them are there. */
typedef struct window {
    int64_t first; /* the tile's first number, which may be outside */
    int64_t top, left, height, width, channels;
    bool inside;
} window;

static window find_window(const pn_conv *g, const pn_tile *tile) {
    window w = {.top = tile->row - g->before[0],
                .left = tile->column - g->before[1],
                .height = g->height,
                .width = g->width,
                .channels = g->channels};
    w.first = ((tile->image * g->height + w.top) * g->width + w.left) * g->channels;
    w.inside =
        w.top >= 0 && w.left >= 0 && w.top + POINTS <= g->height && w.left + POINTS <= g->width;
    return w;
}

PN_INLINE bool is_inside(const window *w, int i, int j) {
    return w->top + i >= 0 && w->top + i < w->height && w->left + j >= 0 && w->left + j < w->width;
}

static block block_of(const pn_tile_group *group, int64_t t) {
    const pn_conv *g = group->conv;
    const pn_tile *tile = &group->tile[t];
    return (block){.image = tile->image,
                   .row = tile->row,
                   .column = tile->column,
                   .rows = (int)least(TILE, g->rows - tile->row),
                   .columns = (int)least(TILE, g->columns - tile->column),
                   .filters = g->filters,
                   .lane = group->lane};
}

#endif
