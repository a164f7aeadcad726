#include "kernels/direct.h"

#include "base/pool.h"
#include "kernels/dense.h"
#include "kernels/direct_parts.h"

#include <string.h>

enum { SPANS_MOST = 64 }; /* that a thread takes at a time */

/* Floats of a band of gradients that stay in a core's cache, rows of it at most; pixels up to which
 * a kernel is used as it is. */
enum { CACHE = 1 << 16, BAND = 16, FEW = 64, SPACE = 16, WIDE = PN_DIRECT_WIDE };

static const pn_direct_ops *find_ops(void) {
#if defined(__x86_64__)
    const pn_cpu_level level = pn_cpu();
    if (level == PN_CPU_AVX512) return &pn_direct_avx512;
    if (level == PN_CPU_AVX2) return &pn_direct_avx2;
#endif
    return &pn_direct_portable;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t to) {
    return divide_up(a, to) * to;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* ---- shapes ---- */

static int64_t items_of(const pn_conv *g) {
    return g->kernel[0] * g->kernel[1] * g->channels;
}

static bool is_padded(const pn_conv *g) {
    return g->before[0] || g->before[1] ||
           (g->rows - 1) * g->stride[0] + g->kernel[0] > g->height ||
           (g->columns - 1) * g->stride[1] + g->kernel[1] > g->width;
}

static bool takes_whole_images(const pn_conv *g) {
    return g->rows == 1 && g->columns == 1 && g->kernel[0] == g->height &&
           g->kernel[1] == g->width && !is_padded(g);
}

static bool takes_pixels(const pn_conv *g) {
    return g->kernel[0] == 1 && g->kernel[1] == 1 && g->rows == g->height &&
           g->columns == g->width && !is_padded(g);
}

/* Then it is the product of a few pixels with the kernel. */
bool pn_direct_suits_as_is(const pn_conv *conv) {
    return takes_whole_images(conv) && conv->batch <= FEW;
}

/* A convolution that takes each pixel, or each image, by itself, as one row of pixels. */
static pn_conv one_row(const pn_conv *g) {
    const int64_t pixels = g->batch * g->rows * g->columns;
    return (pn_conv){.batch = 1,
                     .height = 1,
                     .width = pixels,
                     .channels = items_of(g),
                     .rows = 1,
                     .columns = pixels,
                     .filters = g->filters,
                     .kernel = {1, 1},
                     .stride = {1, 1}};
}

/* Floats for the windows of at most two rows of results. */
static int64_t window_floats(const pn_conv *g) {
    if (!is_padded(g)) return 0;
    const int64_t width = (least(WIDE, g->columns) - 1) * g->stride[1] + g->kernel[1];
    return round_up((g->stride[0] + g->kernel[0]) * width * g->channels, SPACE);
}

/* ---- kernels ---- */

int64_t pn_direct_packed(const pn_conv *conv, bool backward) {
    if (conv->as_is) return 0;
    const int64_t depth = backward ? conv->filters : conv->channels;
    const int64_t columns = backward ? conv->channels : conv->filters;
    return round_up(columns, find_ops()->panel) * conv->kernel[0] * conv->kernel[1] * depth;
}

typedef struct packing {
    const pn_conv *conv;
    const pn_direct_ops *ops;
    bool backward;
    const float *kernel, *scale;
    float *packed;
} packing;

static void pack_panels(void *context, int64_t begin, int64_t end) {
    const packing *p = context;
    p->ops->pack(p->conv, p->backward, p->kernel, p->scale, begin, end, p->packed);
}

void pn_direct_pack(const pn_conv *conv, bool backward, const float *kernel, const float *scale,
                    float *packed) {
    packing p = {conv, find_ops(), backward, kernel, scale, packed};
    if (conv->as_is) return;
    pn_parallel_for(divide_up(backward ? conv->channels : conv->filters, p.ops->panel), 1,
                    pack_panels, &p);
}

/* ---- forward ---- */

typedef struct work {
    pn_conv conv;
    const pn_direct_ops *ops;
    const float *x, *packed;
    const pn_conv_end *end;
    const pn_conv_slope *slope;
    float *d_x, *d_kernel, *d_bias;
    float *scratch;
    int lanes;
    int64_t lane_floats;
    pn_share *share; /* of the spans, where no sums depend on who gets which; else NULL */
} work;

static int64_t spans_of(const pn_conv *g) {
    return g->batch * divide_up(g->rows, 2) * divide_up(g->columns, WIDE);
}

static void forward_spans(const work *w, int64_t lane, int64_t first, int64_t count) {
    const pn_conv *g = &w->conv;
    const int64_t pairs = divide_up(g->rows, 2), parts = divide_up(g->columns, WIDE);
    for (int64_t i = first; i < first + count; i++) {
        pn_direct_span at = {
            .image = i / parts / pairs, .row = i / parts % pairs * 2, .column = i % parts * WIDE};
        at.rows = (int)least(2, g->rows - at.row);
        at.columns = least(WIDE, g->columns - at.column);
        w->ops->forward(g, w->x, w->packed, w->end, &at, (int)lane,
                        w->scratch + lane * w->lane_floats);
    }
}

static void forward_lanes(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    const int64_t spans = spans_of(&w->conv);
    int64_t first, count;
    for (int64_t lane = begin; lane < end; lane++)
        if (w->share) {
            while ((count = pn_share_take(w->share, &first)) > 0)
                forward_spans(w, lane, first, count);
        } else {
            first = lane * spans / w->lanes;
            forward_spans(w, lane, first, (lane + 1) * spans / w->lanes - first);
        }
}

static int64_t first_filter(const work *w, int64_t lane) {
    const int64_t panels = divide_up(w->conv.filters, w->ops->panel);
    return least(w->conv.filters, lane * panels / w->lanes * w->ops->panel);
}

static void matrix_end_lanes(void *context, int64_t begin, int64_t end) {
    const work *w = context;
    for (int64_t lane = begin; lane < end; lane++)
        w->ops->matrix_end(&w->conv, w->end, (int)lane, first_filter(w, lane),
                           first_filter(w, lane + 1), w->scratch);
}

/* With the kernel as it is: what a dense layer does. */
static int64_t matrix_floats(const pn_conv *g, int lanes) {
    return round_up(g->batch * g->filters, SPACE) +
           pn_dense_scratch(g->batch, items_of(g), g->filters, lanes);
}

static void matrix_forward(const work *w) {
    const pn_conv *g = &w->conv;
    pn_dense_forward(g->columns, g->channels, g->filters, w->x, w->packed, NULL, w->scratch,
                     w->lanes, w->scratch + round_up(g->columns * g->filters, SPACE));
    pn_parallel_for(w->lanes, 1, matrix_end_lanes, (void *)w);
}

void pn_direct_forward(const pn_conv *conv, const float *x, const float *packed,
                       const pn_conv_end *end, int lanes, float *scratch) {
    work w = {.conv = *conv,
              .ops = find_ops(),
              .x = x,
              .packed = packed,
              .end = end,
              .scratch = scratch,
              .lanes = lanes};
    w.lane_floats = window_floats(conv);
    if (takes_whole_images(conv) || (takes_pixels(conv) && !end->pooled)) w.conv = one_row(conv);
    pn_share share = {.count = spans_of(&w.conv), .most = SPANS_MOST, .step = 1, .takers = lanes};
    if (!end->sums) w.share = &share;
    if (conv->as_is)
        matrix_forward(&w);
    else
        pn_parallel_for(lanes, 1, forward_lanes, &w);
}

/* ---- backward: how the work is cut ---- */

/* Bands of rows of results, and of the rows of the input that begin with them. A lane makes the
 * gradients by all results that a band's input meets, also those of its neighbours. */
typedef struct cut {
    int64_t band, bands; /* rows of a band; bands of an image */
    bool input;          /* whether the input's gradient is wanted */
    pn_direct_gradient shape;
    int64_t gradient, sums, bias, windows; /* floats of a lane */
} cut;

typedef struct band {
    int64_t row, last;        /* rows of results, */
    int64_t begin, end;       /* of the input, */
    int64_t first, gradients; /* and of gradients: the first one is even */
} band;

static band find_band(const pn_conv *g, const cut *c, int64_t index) {
    const int64_t stride = g->stride[0], before = g->before[0];
    band b = {.row = index * c->band};
    b.last = least(g->rows, b.row + c->band);
    b.first = b.row;
    b.gradients = b.last - b.row;
    if (!c->input) return b;
    b.begin = least(g->height, b.row * stride);
    b.end = index == c->bands - 1 ? g->height : least(g->height, b.last * stride);
    const int64_t above = divide_up(most(0, b.begin + before - g->kernel[0] + 1), stride);
    b.first = least(b.row, above) / 2 * 2;
    b.gradients = most(b.last, least(g->rows, (b.end - 1 + before) / stride + 1)) - b.first;
    return b;
}

static cut cut_backward(const pn_conv *g, const pn_direct_ops *ops, bool input) {
    cut c = {.band = 2, .input = input};
    pn_direct_gradient *d = &c.shape;
    d->left = (g->kernel[1] - 1) / g->stride[1];
    d->pixel = round_up(g->filters, ops->vector);
    d->line =
        d->pixel * (d->left + most(g->columns, (g->width - 1 + g->before[1]) / g->stride[1] + 1));
    if (input) c.band = most(2, least(BAND, CACHE / d->line / 2 * 2));
    c.bands = divide_up(g->rows, c.band);
    for (int64_t i = 0; i < c.bands; i++)
        c.gradient = most(c.gradient, round_up(find_band(g, &c, i).gradients, 2) * d->line);
    c.gradient = round_up(c.gradient, SPACE);
    c.sums = round_up(items_of(g) * d->pixel, SPACE);
    c.bias = round_up(2 * g->filters, SPACE); /* doubles */
    c.windows = window_floats(g);
    return c;
}

static int64_t lane_floats(const cut *c) {
    return c->bias + c->sums + c->gradient + c->windows;
}

static int64_t matrix_pixel(const pn_conv *g, const pn_direct_ops *ops) {
    return round_up(g->filters, most(SPACE, ops->panel));
}

int64_t pn_direct_scratch(const pn_conv *conv, pn_conv_asked asked, int lanes) {
    const pn_direct_ops *ops = find_ops();
    if (asked == PN_CONV_FORWARD)
        return SPACE + (conv->as_is ? matrix_floats(conv, lanes) : lanes * window_floats(conv));
    if (conv->as_is)
        return (conv->batch + 2) * matrix_pixel(conv, ops); /* the bias needs doubles */
    const cut with = cut_backward(conv, ops, true), without = cut_backward(conv, ops, false);
    return lanes * most(lane_floats(&with), lane_floats(&without));
}

/* ---- backward ---- */

typedef struct backward {
    work work;
    cut cut;
} backward;

/* The columns from at->column on that are added together: many where all windows are inside. */
static void find_columns(const pn_conv *g, pn_direct_span *at) {
    const int64_t stride = g->stride[1], reach = g->width + g->before[1] - g->kernel[1];
    const int64_t inside = reach < 0 ? 0 : least(g->columns, reach / stride + 1);
    const bool within = at->column * stride >= g->before[1] && at->column < inside;
    at->columns = within ? inside - at->column : least(WIDE, g->columns - at->column);
}

static void add_kernel_row(const work *w, const pn_direct_gradient *d, int64_t image, int64_t row,
                           float *sums, float *windows) {
    pn_direct_span at = {.image = image, .row = row, .rows = 1};
    for (; at.column < w->conv.columns; at.column += at.columns) {
        find_columns(&w->conv, &at);
        w->ops->add_kernel(&w->conv, w->x, &at, d, sums, windows);
    }
}

static void backward_band(const backward *all, int64_t image, int64_t index, float *space) {
    const work *w = &all->work;
    const cut *c = &all->cut;
    const pn_conv *g = &w->conv;
    const band b = find_band(g, c, index);
    float *sums = space + c->bias, *windows = sums + c->sums + c->gradient;
    pn_direct_gradient d = c->shape;
    d.rows = sums + c->sums;
    d.first = b.first;
    for (int64_t row = b.first; row < b.first + b.gradients; row += 2) {
        const bool own = row >= b.row && row < b.last;
        const pn_direct_span at = {image, row, 0, g->columns, (int)least(2, g->rows - row)};
        w->ops->load_slope(g, w->slope, &at, &d, own ? (double *)(void *)space : NULL);
        for (int64_t i = row; own && w->d_kernel && i < row + at.rows; i++)
            add_kernel_row(w, &d, image, i, sums, windows);
    }
    for (int64_t y = b.begin; y < b.end; y++)
        w->ops->input_row(g, w->packed, &d, y,
                          w->d_x + (image * g->height + y) * g->width * g->channels);
}

static void backward_lanes(void *context, int64_t begin, int64_t end) {
    const backward *all = context;
    const work *w = &all->work;
    const cut *c = &all->cut;
    const int64_t bands = w->conv.batch * c->bands;
    for (int64_t lane = begin; lane < end; lane++) {
        float *space = w->scratch + lane * w->lane_floats;
        memset(space, 0, (size_t)(c->bias + c->sums) * sizeof *space);
        for (int64_t i = lane * bands / w->lanes; i < (lane + 1) * bands / w->lanes; i++)
            backward_band(all, i / c->bands, i % c->bands, space);
    }
}

static void fold_items(void *context, int64_t begin, int64_t end) {
    const backward *all = context;
    const work *w = &all->work;
    w->ops->add_sums(&w->conv, w->scratch + all->cut.bias, all->cut.shape.pixel, w->lanes,
                     w->lane_floats, begin, end, w->d_kernel);
}

static void add_bias(const work *w, int lanes) {
    for (int64_t f = 0; f < w->conv.filters; f++) {
        double sum = 0;
        for (int lane = 0; lane < lanes; lane++)
            sum += ((const double *)(const void *)(w->scratch + lane * w->lane_floats))[f];
        w->d_bias[f] += (float)sum;
    }
}

/* ---- backward with the kernel as it is ---- */

static void matrix_backward_lanes(void *context, int64_t begin, int64_t end) {
    const backward *all = context;
    const work *w = &all->work;
    const int64_t items = w->conv.channels, blocks = divide_up(items, SPACE);
    for (int64_t lane = begin; lane < end; lane++) {
        const int64_t first = lane * blocks / w->lanes * SPACE;
        const int64_t last = least(items, (lane + 1) * blocks / w->lanes * SPACE);
        if (w->d_x) w->ops->matrix_input(&w->conv, w->packed, &all->cut.shape, first, last, w->d_x);
        if (w->d_kernel)
            w->ops->matrix_kernel(&w->conv, w->x, &all->cut.shape, first, last, w->d_kernel);
    }
}

static void matrix_backward(backward *all) {
    work *w = &all->work;
    const int64_t pixel = matrix_pixel(&w->conv, w->ops);
    const pn_direct_span at = {.columns = w->conv.batch, .rows = 1};
    w->conv = one_row(&w->conv);
    memset(w->scratch, 0, (size_t)(2 * pixel) * sizeof *w->scratch);
    all->cut.shape = (pn_direct_gradient){
        .rows = w->scratch + 2 * pixel, .pixel = pixel, .line = w->conv.columns * pixel};
    w->ops->load_slope(&w->conv, w->slope, &at, &all->cut.shape, (double *)(void *)w->scratch);
    pn_parallel_for(w->lanes, 1, matrix_backward_lanes, all);
    if (w->d_bias) add_bias(w, 1);
}

void pn_direct_backward(const pn_conv *conv, const float *x, const float *packed,
                        const pn_conv_slope *slope, float *d_x, float *d_kernel, float *d_bias,
                        int lanes, float *scratch) {
    backward all = {.work = {.conv = *conv,
                             .ops = find_ops(),
                             .x = x,
                             .packed = packed,
                             .slope = slope,
                             .d_x = d_x,
                             .d_kernel = d_kernel,
                             .d_bias = d_bias,
                             .scratch = scratch,
                             .lanes = lanes}};
    if (conv->as_is) {
        matrix_backward(&all);
        return;
    }
    all.cut = cut_backward(conv, all.work.ops, d_x != NULL);
    all.work.lane_floats = lane_floats(&all.cut);
    pn_parallel_for(lanes, 1, backward_lanes, &all);
    if (d_kernel) pn_parallel_for(items_of(conv), 16, fold_items, &all);
    if (d_bias) add_bias(&all.work, lanes);
}
