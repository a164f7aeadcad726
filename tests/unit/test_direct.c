/* The direct convolutions against plain sums in double precision: random shapes, all that may
 * follow, every instruction set of this processor, one and more threads. */
#include "base/cpu.h"
#include "base/pool.h"
#include "conv_rig.h"
#include "kernels/direct.h"

#include <stdio.h>

enum { ROUNDS = 60 };
static const double allowed = 5e-5; /* of the largest number */

/* One direction: the size in, the kernel's size, stride and zeros before it give the size out. */
static void random_side(pn_random *random, int64_t most, int64_t *in, int64_t *kernel,
                        int64_t *stride, int64_t *before, int64_t *out) {
    const bool padded = pn_random_below(random, 2);
    int64_t padding;
    do {
        *in = rig_between(random, 1, most);
        *kernel = rig_between(random, 1, 7);
        *stride = rig_between(random, 1, 3);
        *before = padded ? rig_between(random, 0, *kernel - 1) : 0;
        padding = padded ? *before + rig_between(random, 0, *kernel - 1) : 0;
    } while (*in + padding < *kernel);
    *out = (*in + padding - *kernel) / *stride + 1;
}

static pn_conv random_shape(pn_random *random) {
    pn_conv g = {.batch = rig_between(random, 1, 3),
                 .channels = rig_between(random, 1, 40),
                 .filters = rig_between(random, 1, 90)};
    random_side(random, 12, &g.height, &g.kernel[0], &g.stride[0], &g.before[0], &g.rows);
    random_side(random, 66, &g.width, &g.kernel[1], &g.stride[1], &g.before[1], &g.columns);
    return g;
}

/* Each result takes a whole image: products with the kernel as it is, unless the batch is large. */
static pn_conv whole_images(pn_random *random) {
    pn_conv g = {.batch = rig_between(random, 1, 80),
                 .height = rig_between(random, 1, 4),
                 .width = rig_between(random, 1, 4),
                 .channels = rig_between(random, 1, 40),
                 .rows = 1,
                 .columns = 1,
                 .filters = rig_between(random, 1, 90),
                 .stride = {1, 1}};
    g.kernel[0] = g.height;
    g.kernel[1] = g.width;
    g.as_is = pn_direct_suits_as_is(&g) && pn_random_below(random, 4);
    return g;
}

/* Each result takes one pixel. */
static pn_conv single_pixels(pn_random *random) {
    pn_conv g = random_shape(random);
    g.kernel[0] = g.kernel[1] = g.stride[0] = g.stride[1] = 1;
    g.before[0] = g.before[1] = 0;
    g.rows = g.height;
    g.columns = g.width;
    return g;
}

static void check(const char *what, const conv_rig *r, const double *expected, const float *got,
                  int64_t count) {
    const pn_conv *g = &r->g;
    const double worst = rig_worst(expected, got, count);
    if (worst <= allowed) return;
    fail_msg("%s, level %s: off by %g of the largest (batch %d, %d x %d x %d to %d x %d x %d, "
             "kernel %d x %d, strides %d, %d, zeros %d, %d)",
             what, pn_cpu_name(pn_cpu()), worst, (int)g->batch, (int)g->height, (int)g->width,
             (int)g->channels, (int)g->rows, (int)g->columns, (int)g->filters, (int)g->kernel[0],
             (int)g->kernel[1], (int)g->stride[0], (int)g->stride[1], (int)g->before[0],
             (int)g->before[1]);
}

/* The kernel in the form that calls take: as it is where it is not packed. */
static float *pack(const conv_rig *r, bool backward, const float *scale) {
    const int64_t count = pn_direct_packed(&r->g, backward);
    float *packed = pn_alloc((size_t)(count ? count : rig_kernel(&r->g)) * sizeof *packed);
    if (count)
        pn_direct_pack(&r->g, backward, r->kernel, scale, packed);
    else
        memcpy(packed, r->kernel, (size_t)rig_kernel(&r->g) * sizeof *packed);
    return packed;
}

/* ---- forward ---- */

static void check_sums(const conv_rig *r, const pn_conv_end *end, int lanes,
                       const double *expected) {
    const int64_t count = 2 * r->g.filters;
    float *sums = pn_calloc((size_t)count, sizeof *sums);
    for (int64_t i = 0; i < count; i++)
        for (int lane = 0; lane < lanes; lane++) sums[i] += (float)end->sums[lane * count + i];
    check("sums", r, expected, sums, r->g.filters);
    check("sums of squares", r, expected + r->g.filters, sums + r->g.filters, r->g.filters);
    pn_free(sums);
}

static void check_pooled(const conv_rig *r, const pn_conv_end *end, const double *map) {
    float *taken = pn_alloc((size_t)rig_pooled(&r->g) * sizeof *taken);
    double *expected = pn_alloc((size_t)rig_pooled(&r->g) * sizeof *expected);
    rig_pool(r, end, map, expected);
    check("pooled", r, expected, end->pooled, rig_pooled(&r->g));
    for (int64_t i = 0; end->place && i < rig_pooled(&r->g); i++) {
        assert_true(end->place[i] < 4);
        taken[i] = (float)map[rig_taken(&r->g, i, end->place[i])];
    }
    if (end->place) check("places", r, expected, taken, rig_pooled(&r->g));
    pn_free(taken);
    pn_free(expected);
}

static void check_forward(pn_random *random, const conv_rig *r, int lanes) {
    const pn_conv *g = &r->g;
    float *packed = pack(r, false, NULL);
    float *scratch =
        pn_alloc((size_t)pn_direct_scratch(g, PN_CONV_FORWARD, lanes) * sizeof *scratch);
    double *map = pn_alloc((size_t)rig_map(g) * sizeof *map);
    double *sums = pn_calloc((size_t)g->filters * 2, sizeof *sums);
    pn_conv_end end = rig_random_end(random, r, lanes);
    pn_direct_forward(g, r->x, packed, &end, lanes, scratch);
    rig_end(r, &end, map, sums);
    if (end.map) check("map", r, map, end.map, rig_map(g));
    if (end.pooled) check_pooled(r, &end, map);
    if (end.sums) check_sums(r, &end, lanes, sums);
    rig_free_end(&end);
    pn_free(packed);
    pn_free(scratch);
    pn_free(map);
    pn_free(sums);
}

/* ---- backward ---- */

static void check_backward(pn_random *random, conv_rig *r, int lanes) {
    const pn_conv *g = &r->g;
    float *packed = pack(r, true, NULL);
    float *scratch =
        pn_alloc((size_t)pn_direct_scratch(g, PN_CONV_BACKWARD, lanes) * sizeof *scratch);
    float *d_x = pn_alloc((size_t)rig_x(g) * sizeof *d_x);
    float *d_kernel = pn_calloc((size_t)rig_kernel(g), sizeof *d_kernel);
    float *d_bias = pn_calloc((size_t)g->filters, sizeof *d_bias);
    const pn_conv_slope slope = rig_random_slope(random, r);
    rig_slope(r, &slope);
    pn_direct_backward(g, r->x, packed, &slope, d_x, d_kernel, d_bias, lanes, scratch);
    check("d_x", r, r->d_x, d_x, rig_x(g));
    check("d_kernel", r, r->d_kernel, d_kernel, rig_kernel(g));
    check("d_bias", r, r->d_bias, d_bias, g->filters);
    pn_free(packed);
    pn_free(scratch);
    pn_free(d_x);
    pn_free(d_kernel);
    pn_free(d_bias);
}

static void run_level(pn_cpu_level level, int lanes) {
    pn_random random;
    if (pn_cpu_cap(level) != level) return; /* not on this processor */
    for (uint64_t i = 0; i < ROUNDS; i++) {
        pn_random_seed(&random, 6, i);
        const uint64_t kind = i % 10;
        conv_rig r = rig_new(&random, kind == 8   ? whole_images(&random)
                                      : kind == 9 ? single_pixels(&random)
                                                  : random_shape(&random));
        check_forward(&random, &r, lanes);
        check_backward(&random, &r, lanes);
        rig_free(&r);
    }
}

static void test_all_levels(void **state) {
    (void)state;
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++)
        for (int lanes = 1; lanes <= 3; lanes++) {
            pn_set_threads(lanes);
            run_level((pn_cpu_level)level, lanes);
        }
    pn_cpu_cap(PN_CPU_AVX512);
}

/* Kernels may be scaled while they are packed. */
static void test_scaled(void **state) {
    (void)state;
    pn_random random;
    pn_random_seed(&random, 7, 0);
    conv_rig r = rig_new(&random, random_shape(&random));
    const pn_conv *g = &r.g;
    float *packed = pack(&r, false, r.scale);
    float *scratch = pn_alloc((size_t)pn_direct_scratch(g, PN_CONV_FORWARD, 1) * sizeof *scratch);
    float *map = pn_alloc((size_t)rig_map(g) * sizeof *map);
    pn_direct_forward(g, r.x, packed, &(pn_conv_end){.map = map}, 1, scratch);
    for (int64_t i = 0; i < rig_map(g); i++) r.result[i] *= r.scale[i % g->filters];
    check("scaled", &r, r.result, map, rig_map(g));
    pn_free(packed);
    pn_free(scratch);
    pn_free(map);
    rig_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_levels),
                                       cmocka_unit_test(test_scaled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
