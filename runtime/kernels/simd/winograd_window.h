/* Where a tile of Winograd's convolutions stands in the input and in the results, and the end of
 * its results; for one size of tiles, as winograd_tiles.h. */
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

/* ---- the end ---- */

typedef vf panel_results[2][TILE][TILE]; /* of a panel of filters for one tile */

/* The map of a training step goes to memory past the caches, which it would only wash out, where it
 * is whole panels in whole cache lines, and only what is pooled is read soon: then `map` is where
 * to. (With sums no step of the end is left out, so that the results are the map's.) */
typedef struct tile_end {
    pn_conv_end what;
    float *map;
} tile_end;

static tile_end begin_tiles(const pn_conv *g, const pn_conv_end *what) {
    tile_end e = {*what, NULL};
    if (!what->map || !what->sums || !what->pooled) return e;
    if (g->filters % PANEL != 0 || (uintptr_t)what->map % 64 != 0) return e;
    e.map = what->map;
    e.what.map = NULL;
    return e;
}

/* The end of one vector of a panel, whose first filter is b's. */
static void end_vector(const pn_conv *g, const tile_end *e, const block *b, int vector,
                       panel_results y) {
    block at = *b;
    at.filter += vector * LANES;
    end_block(g, &e->what, &at, &y[vector][0][0], TILE, TILE);
}

/* After the ends of all its vectors. */
static void stream_panel(const pn_conv *g, const tile_end *e, const block *b, panel_results y) {
    if (!e->map) return;
    const int64_t filters = g->filters, row = g->columns * filters;
    const int rows = b->rows, columns = b->columns;
    float *map = e->map + map_at(g, b, 0, 0) + b->filter;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            vf_stream(map + i * row + j * filters, y[0][i][j]);
            vf_stream(map + i * row + j * filters + LANES, y[1][i][j]);
        }
}

static void finish_tiles(const tile_end *e) {
    if (e->map) vf_stream_end();
}

#endif
