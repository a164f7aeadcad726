#include "kernels/winograd.h"

#include "base/pool.h"
#include "kernels/winograd_parts.h"

#include <string.h>

/* Floats of workspace that stay in a core's cache; panels of a kernel beyond which the threads
 * share the tiles and split the filters, so that each reads its part of the kernel alone. */
enum { CACHE = 1 << 18, SHARED_KERNEL = 1 << 21, SHARED_TILES = 1 << 22, SPACE = 16 };
enum { GROUP_STEP = 12 }; /* tiles; blocks of the products are of 6 or 12 */
/* With few channels: tiles whose numbers stay in a core's nearest cache; floats between them, which
 * the widest vector of a tile's last point needs. */
enum { FEW_GROUP = 24, FEW_SPACE = 16 };

static const pn_winograd_ops *ops_of(int tile) {
#if defined(__x86_64__)
    const pn_cpu_level level = pn_cpu();
    if (level == PN_CPU_AVX512) return tile == 6 ? &pn_winograd_6_avx512 : &pn_winograd_4_avx512;
    if (level == PN_CPU_AVX2) return tile == 6 ? &pn_winograd_6_avx2 : &pn_winograd_4_avx2;
#endif
    return tile == 6 ? &pn_winograd_6_portable : &pn_winograd_4_portable;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

bool pn_winograd_fits(const pn_conv *g) {
    return g->kernel[0] == 3 && g->kernel[1] == 3 && g->stride[0] == 1 && g->stride[1] == 1 &&
           g->before[0] <= 1 && g->before[1] <= 1;
}

/* The larger tiles save more multiplications unless much of them lies outside; the smaller ones are
 * more exact, and their kernels shorter to read. With few channels the transforms are most of the
 * work, of which both have about the same for a result. */
int pn_winograd_tile(const pn_conv *g) {
    if (g->channels <= PN_WINOGRAD_FEW) return 4;
    int64_t six = divide_up(g->rows, 6) * divide_up(g->columns, 6) * 64;
    int64_t four = divide_up(g->rows, 4) * divide_up(g->columns, 4) * 36;
    return four <= six ? 4 : 6;
}

/* ---- how the work is cut ---- */

typedef struct cut {
    const pn_winograd_ops *ops;
    const pn_conv *conv;
    int64_t rows, columns; /* tiles of an image */
    int64_t tiles, group;  /* of all images; at most in a group */
    int64_t products, in_row, out_row, sums_row;
    bool few;                    /* channels: see simd/winograd_few.h */
    bool shared;                 /* the lanes share each group and split its filters */
    int64_t in, out, sums, bias; /* floats of the workspaces of a lane */
} cut;

static int64_t round_up(int64_t a, int64_t to) {
    return divide_up(a, to) * to;
}

static int64_t clamp_group(int64_t tiles, int64_t most) {
    int64_t group = tiles / GROUP_STEP * GROUP_STEP;
    return group < GROUP_STEP ? GROUP_STEP : least(group, most);
}

/* Of `left` tiles: groups of about one size, of whole blocks of rows for the products. */
static int64_t next_group(const cut *c, int64_t left) {
    const int64_t groups = divide_up(left, c->group);
    return least(left, round_up(divide_up(left, groups), GROUP_STEP));
}

static cut begin_cut(const pn_conv *g, int tile) {
    const pn_winograd_ops *ops = ops_of(tile);
    cut c = {.ops = ops, .conv = g, .products = (int64_t)ops->points * ops->points};
    c.rows = divide_up(g->rows, tile);
    c.columns = divide_up(g->columns, tile);
    c.tiles = g->batch * c.rows * c.columns;
    c.in_row = round_up(g->channels, ops->panel);
    return c;
}

static void size_workspaces(cut *c) {
    c->in = c->products * pn_tile_step(c->group, c->in_row);
    c->out = c->products * pn_tile_step(c->group, c->out_row);
}

static cut cut_forward_as(const pn_conv *g, int tile, bool shared) {
    cut c = begin_cut(g, tile);
    if (g->channels <= PN_WINOGRAD_FEW) {
        c.few = true;
        c.in_row = c.products * PN_WINOGRAD_FEW + FEW_SPACE;
        c.group = FEW_GROUP;
        c.in = c.group * c.in_row;
        return c;
    }
    c.out_row = PN_TILES_FILTERS;
    c.shared = shared;
    c.group = shared ? clamp_group(SHARED_TILES / (c.products * c.in_row), PN_TILES_MOST)
                     : clamp_group(CACHE / (c.products * (c.in_row + c.out_row)), PN_TILES_MOST);
    size_workspaces(&c);
    return c;
}

static bool is_shared(const pn_conv *g, int tile, int lanes) {
    const cut c = begin_cut(g, tile);
    return lanes > 1 && g->channels > PN_WINOGRAD_FEW &&
           (c.tiles < lanes * 24 || c.products * g->channels * g->filters > SHARED_KERNEL);
}

static cut cut_backward(const pn_conv *g, int tile, bool kernel) {
    cut c = begin_cut(g, tile);
    /* Columns of tiles are read here, which lie better apart than at powers of two. */
    c.in_row += SPACE;
    c.out_row = round_up(g->filters, c.ops->panel) + SPACE;
    c.sums_row = round_up(g->filters, c.ops->panel);
    c.group = clamp_group(CACHE / (c.products * (c.in_row + c.out_row)), PN_TILES_MOST);
    size_workspaces(&c);
    c.sums = kernel ? c.products * g->channels * c.sums_row : 0;
    c.bias = round_up(2 * g->filters, SPACE); /* doubles */
    return c;
}

/* Of a lane; the input of a shared group stands once, before them all. */
static int64_t lane_floats(const cut *c) {
    return (c->shared ? 0 : c->in) + c->out + c->sums + c->bias;
}

static int64_t all_floats(const cut *c, int lanes) {
    return (c->shared ? c->in : 0) + lanes * lane_floats(c);
}

int64_t pn_winograd_scratch(const pn_conv *conv, int tile, pn_conv_asked asked, int lanes) {
    if (asked != PN_CONV_FORWARD) {
        const cut c = cut_backward(conv, tile, asked == PN_CONV_BACKWARD);
        return all_floats(&c, lanes);
    }
    const cut apart = cut_forward_as(conv, tile, false), shared = cut_forward_as(conv, tile, true);
    const int64_t one = all_floats(&apart, lanes);
    const int64_t other = lanes > 1 ? all_floats(&shared, lanes) : 0;
    return one > other ? one : other;
}

static pn_tile tile_at(const cut *c, int64_t row, int64_t column) {
    return (pn_tile){row / c->rows, row % c->rows * c->ops->tile, column * c->ops->tile};
}

/* ---- kernels ---- */

int64_t pn_winograd_packed(const pn_conv *conv, int tile, bool backward) {
    const pn_winograd_ops *ops = ops_of(tile);
    const int64_t depth = backward ? conv->filters : conv->channels;
    const int64_t columns = backward ? conv->channels : conv->filters;
    return round_up(columns, ops->panel) * ops->points * ops->points * depth;
}

typedef struct packing {
    const pn_conv *conv;
    const pn_winograd_ops *ops;
    bool backward;
    const float *kernel, *scale;
    float *packed;
} packing;

static void pack_panels(void *context, int64_t begin, int64_t end) {
    const packing *p = context;
    p->ops->pack(p->conv, p->backward, p->kernel, p->scale, begin, end, p->packed);
}

void pn_winograd_pack(const pn_conv *conv, int tile, bool backward, const float *kernel,
                      const float *scale, float *packed) {
    packing p = {conv, ops_of(tile), backward, kernel, scale, packed};
    pn_parallel_for(divide_up(backward ? conv->channels : conv->filters, p.ops->panel), 1,
                    pack_panels, &p);
}

/* ---- forward ---- */

typedef struct work {
    cut cut;
    const float *x, *packed;
    const pn_conv_end *end;
    const pn_conv_slope *slope;
    float *d_x, *d_kernel, *d_bias;
    float *scratch;
    int lanes;
    pn_share *share;      /* of the tiles, where no sums depend on who gets which; else NULL */
    int64_t first, count; /* the shared group; tiles of the phase */
    int64_t parity;
} work;

static pn_tile_group group_of(const work *w, const pn_tile *tiles, int64_t count, int64_t lane) {
    const cut *c = &w->cut;
    float *space = w->scratch + (c->shared ? c->in : 0) + lane * lane_floats(c);
    float *out = c->shared ? space : space + c->in;
    return (pn_tile_group){.conv = c->conv,
                           .tile = tiles,
                           .tiles = count,
                           .in = c->shared ? w->scratch : space,
                           .out = out,
                           .sums = out + c->out,
                           .in_row = c->in_row,
                           .out_row = c->out_row,
                           .in_step = c->few ? PN_WINOGRAD_FEW : pn_tile_step(count, c->in_row),
                           .out_step = pn_tile_step(count, c->out_row),
                           .sums_row = c->sums_row,
                           .lane = (int)lane,
                           .far = c->shared};
}

static int64_t fill_tiles(const cut *c, int64_t first, int64_t count, pn_tile *tiles) {
    for (int64_t t = 0; t < count; t++)
        tiles[t] = tile_at(c, (first + t) / c->columns, (first + t) % c->columns);
    return count;
}

static void forward_filters(const work *w, const pn_tile_group *group, int64_t begin, int64_t end) {
    for (int64_t f = begin; f < end; f += PN_TILES_FILTERS)
        w->cut.ops->forward(group, w->packed, f, least(end, f + PN_TILES_FILTERS), w->end);
}

static void forward_group(const work *w, int64_t lane, int64_t first, int64_t count) {
    pn_tile tiles[PN_TILES_MOST];
    fill_tiles(&w->cut, first, count, tiles);
    const pn_tile_group group = group_of(w, tiles, count, lane);
    w->cut.ops->load(&group, w->x, 0, count);
    forward_filters(w, &group, 0, w->cut.conv->filters);
}

static void forward_lanes(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const cut *c = &w->cut;
    int64_t at, count;
    for (int64_t lane = begin; lane < end; lane++) {
        if (w->share) {
            while ((count = pn_share_take(w->share, &at)) > 0) forward_group(w, lane, at, count);
            continue;
        }
        const int64_t last = (lane + 1) * c->tiles / w->lanes;
        for (at = lane * c->tiles / w->lanes; at < last; at += count) {
            count = next_group(c, last - at);
            forward_group(w, lane, at, count);
        }
    }
}

/* The group's input is in lane 0's workspace. */
static void load_shared(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    pn_tile tiles[PN_TILES_MOST];
    fill_tiles(&w->cut, w->first, w->count, tiles);
    const pn_tile_group group = group_of(w, tiles, w->count, 0);
    w->cut.ops->load(&group, w->x, begin, end);
}

static void forward_shared(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t panel = w->cut.ops->panel, filters = w->cut.conv->filters;
    const int64_t panels = divide_up(filters, panel);
    pn_tile tiles[PN_TILES_MOST];
    fill_tiles(&w->cut, w->first, w->count, tiles);
    for (int64_t lane = begin; lane < end; lane++) {
        const pn_tile_group group = group_of(w, tiles, w->count, lane);
        forward_filters(w, &group, lane * panels / w->lanes * panel,
                        least(filters, (lane + 1) * panels / w->lanes * panel));
    }
}

void pn_winograd_forward(const pn_conv *conv, int tile, const float *x, const float *packed,
                         const pn_conv_end *end, int lanes, float *scratch) {
    work w = {.cut = cut_forward_as(conv, tile, is_shared(conv, tile, lanes)),
              .x = x,
              .packed = packed,
              .end = end,
              .scratch = scratch,
              .lanes = lanes};
    if (!w.cut.shared) {
        pn_share share = {
            .count = w.cut.tiles, .most = w.cut.group, .step = GROUP_STEP, .takers = lanes};
        if (!end->sums && lanes > 1) w.share = &share;
        pn_parallel_for(lanes, 1, forward_lanes, &w);
        return;
    }
    for (w.first = 0; w.first < w.cut.tiles; w.first += w.count) {
        w.count = next_group(&w.cut, w.cut.tiles - w.first);
        pn_parallel_for(w.count, 1, load_shared, &w);
        pn_parallel_for(lanes, 1, forward_shared, &w);
    }
}

/* ---- backward ---- */

/* Tiles of neighbouring rows overlap where they add to d_x: the even rows of tiles go first, the
 * odd ones after them, and each lane has whole rows. */
static int64_t rows_of_phase(const work *w) {
    return w->cut.conv->batch * ((w->cut.rows + 1 - w->parity) / 2);
}

static int64_t fill_phase(const work *w, int64_t first, int64_t count, pn_tile *tiles) {
    const cut *c = &w->cut;
    const int64_t rows = (c->rows + 1 - w->parity) / 2;
    for (int64_t t = 0; t < count; t++) {
        const int64_t row = (first + t) / c->columns;
        tiles[t] =
            tile_at(c, row / rows * c->rows + row % rows * 2 + w->parity, (first + t) % c->columns);
    }
    return count;
}

static void backward_group(const work *w, const pn_tile_group *group) {
    const pn_winograd_ops *ops = w->cut.ops;
    double *bias = (double *)(void *)(group->sums + w->cut.sums);
    ops->load_slope(group, w->slope, bias);
    if (w->d_kernel) {
        ops->load(group, w->x, 0, group->tiles);
        ops->add_kernel(group);
    }
    if (w->d_x) ops->add_input(group, w->packed, w->d_x);
}

static void backward_lanes(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const cut *c = &w->cut;
    pn_tile tiles[PN_TILES_MOST];
    for (int64_t lane = begin; lane < end; lane++) {
        const int64_t rows = rows_of_phase(w), last = (lane + 1) * rows / w->lanes * c->columns;
        int64_t at = lane * rows / w->lanes * c->columns, count;
        for (; at < last; at += count) {
            count = fill_phase(w, at, next_group(c, last - at), tiles);
            const pn_tile_group group = group_of(w, tiles, count, lane);
            backward_group(w, &group);
        }
    }
}

static void clear_lanes(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const cut *c = &w->cut;
    const int64_t items = c->conv->batch * c->conv->height * c->conv->width * c->conv->channels;
    for (int64_t lane = begin; lane < end; lane++) {
        const int64_t from = lane * items / w->lanes, to = (lane + 1) * items / w->lanes;
        if (w->d_x) memset(w->d_x + from, 0, (size_t)(to - from) * sizeof *w->d_x);
        float *sums = w->scratch + lane * lane_floats(c) + c->in + c->out;
        memset(sums, 0, (size_t)(c->sums + c->bias) * sizeof *sums);
    }
}

static void fold_channels(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const cut *c = &w->cut;
    c->ops->add_sums(c->conv, w->scratch + c->in + c->out, c->sums_row, w->lanes, lane_floats(c),
                     begin, end, w->d_kernel);
}

static void add_bias(const work *w) {
    const cut *c = &w->cut;
    for (int64_t f = 0; f < c->conv->filters; f++) {
        double sum = 0;
        for (int lane = 0; lane < w->lanes; lane++) {
            const float *sums = w->scratch + lane * lane_floats(c) + c->in + c->out + c->sums;
            sum += ((const double *)(const void *)sums)[f];
        }
        w->d_bias[f] += (float)sum;
    }
}

void pn_winograd_backward(const pn_conv *conv, int tile, const float *x, const float *packed,
                          const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                          int lanes, float *scratch) {
    work w = {.cut = cut_backward(conv, tile, d_kernel != NULL),
              .x = x,
              .packed = packed,
              .slope = slope,
              .d_x = d_x,
              .d_kernel = d_kernel,
              .d_bias = d_bias,
              .scratch = scratch,
              .lanes = lanes};
    pn_parallel_for(lanes, 1, clear_lanes, &w);
    for (w.parity = 0; w.parity < 2; w.parity++) pn_parallel_for(lanes, 1, backward_lanes, &w);
    if (d_kernel) pn_parallel_for(conv->channels, 1, fold_channels, &w);
    if (d_bias) add_bias(&w);
}
