/* The convolutions in Winograd's form against plain sums in double precision: random shapes, both
 * paddings, all that may follow, every instruction set of this processor, one and more threads. */
#include "base/cpu.h"
#include "base/pool.h"
#include "conv_rig.h"
#include "kernels/winograd.h"

#include <stdio.h>

enum { ROUNDS = 60 };
static const double allowed = 5e-5; /* of the largest number */

static pn_conv random_shape(pn_random *random) {
    const int64_t pad = rig_between(random, 0, 1);
    const int64_t few = PN_WINOGRAD_FEW, channels = rig_between(random, 0, 1) ? few : 40;
    pn_conv g = {.batch = rig_between(random, 1, 3),
                 .height = rig_between(random, 3, 31),
                 .width = rig_between(random, 3, 31),
                 .channels = rig_between(random, 1, channels),
                 .filters = rig_between(random, 1, 90),
                 .kernel = {3, 3},
                 .stride = {1, 1},
                 .before = {pad, pad}};
    g.rows = g.height - 2 + 2 * pad;
    g.columns = g.width - 2 + 2 * pad;
    return g;
}

static void check(const char *what, const conv_rig *r, int tile, const double *expected,
                  const float *got, int64_t count) {
    const double worst = rig_worst(expected, got, count);
    if (worst <= allowed) return;
    fail_msg("%s, tile %d, level %s: off by %g of the largest (batch %d, %d x %d x %d, %d filters, "
             "padding %d)",
             what, tile, pn_cpu_name(pn_cpu()), worst, (int)r->g.batch, (int)r->g.height,
             (int)r->g.width, (int)r->g.channels, (int)r->g.filters, (int)r->g.before[0]);
}

/* ---- forward ---- */

static void check_sums(const conv_rig *r, const pn_conv_end *end, int lanes, int tile,
                       const double *expected) {
    const int64_t count = 2 * r->g.filters;
    float *sums = pn_calloc((size_t)count, sizeof *sums);
    for (int64_t i = 0; i < count; i++)
        for (int lane = 0; lane < lanes; lane++) sums[i] += (float)end->sums[lane * count + i];
    check("sums", r, tile, expected, sums, r->g.filters);
    check("sums of squares", r, tile, expected + r->g.filters, sums + r->g.filters, r->g.filters);
    pn_free(sums);
}

static void check_pooled(const conv_rig *r, const pn_conv_end *end, int tile, const double *map) {
    float *taken = pn_alloc((size_t)rig_pooled(&r->g) * sizeof *taken);
    double *expected = pn_alloc((size_t)rig_pooled(&r->g) * sizeof *expected);
    rig_pool(r, end, map, expected);
    check("pooled", r, tile, expected, end->pooled, rig_pooled(&r->g));
    for (int64_t i = 0; end->place && i < rig_pooled(&r->g); i++) {
        assert_true(end->place[i] < 4);
        taken[i] = (float)map[rig_taken(&r->g, i, end->place[i])];
    }
    if (end->place) check("places", r, tile, expected, taken, rig_pooled(&r->g));
    pn_free(taken);
    pn_free(expected);
}

static void check_forward(pn_random *random, const conv_rig *r, int tile, int lanes) {
    const pn_conv *g = &r->g;
    float *packed = pn_alloc((size_t)pn_winograd_packed(g, tile, false) * sizeof *packed);
    float *scratch =
        pn_alloc((size_t)pn_winograd_scratch(g, tile, PN_CONV_FORWARD, lanes) * sizeof *scratch);
    double *map = pn_alloc((size_t)rig_map(g) * sizeof *map);
    double *sums = pn_calloc((size_t)g->filters * 2, sizeof *sums);
    pn_conv_end end = rig_random_end(random, r, lanes);
    pn_winograd_pack(g, tile, false, r->kernel, NULL, packed);
    pn_winograd_forward(g, tile, r->x, packed, &end, lanes, scratch);
    rig_end(r, &end, map, sums);
    if (end.map) check("map", r, tile, map, end.map, rig_map(g));
    if (end.pooled) check_pooled(r, &end, tile, map);
    if (end.sums) check_sums(r, &end, lanes, tile, sums);
    rig_free_end(&end);
    pn_free(packed);
    pn_free(scratch);
    pn_free(map);
    pn_free(sums);
}

/* ---- backward ---- */

static void check_backward(pn_random *random, conv_rig *r, int tile, int lanes) {
    const pn_conv *g = &r->g;
    float *packed = pn_alloc((size_t)pn_winograd_packed(g, tile, true) * sizeof *packed);
    float *scratch =
        pn_alloc((size_t)pn_winograd_scratch(g, tile, PN_CONV_BACKWARD, lanes) * sizeof *scratch);
    float *d_x = pn_alloc((size_t)rig_x(g) * sizeof *d_x);
    float *d_kernel = pn_calloc((size_t)rig_kernel(g), sizeof *d_kernel);
    float *d_bias = pn_calloc((size_t)g->filters, sizeof *d_bias);
    const pn_conv_slope slope = rig_random_slope(random, r);
    rig_slope(r, &slope);
    pn_winograd_pack(g, tile, true, r->kernel, NULL, packed);
    pn_winograd_backward(g, tile, r->x, packed, &slope, d_x, d_kernel, d_bias, lanes, scratch);
    check("d_x", r, tile, r->d_x, d_x, rig_x(g));
    check("d_kernel", r, tile, r->d_kernel, d_kernel, rig_kernel(g));
    check("d_bias", r, tile, r->d_bias, d_bias, g->filters);
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
        pn_random_seed(&random, 4, i);
        conv_rig r = rig_new(&random, random_shape(&random));
        const int tile = i % 2 ? 6 : 4;
        check_forward(&random, &r, tile, lanes);
        check_backward(&random, &r, tile, lanes);
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
    pn_random_seed(&random, 5, 0);
    conv_rig r = rig_new(&random, random_shape(&random));
    const pn_conv *g = &r.g;
    float *packed = pn_alloc((size_t)pn_winograd_packed(g, 6, false) * sizeof *packed);
    float *scratch =
        pn_alloc((size_t)pn_winograd_scratch(g, 6, PN_CONV_FORWARD, 1) * sizeof *scratch);
    float *map = pn_alloc((size_t)rig_map(g) * sizeof *map);
    pn_winograd_pack(g, 6, false, r.kernel, r.scale, packed);
    pn_winograd_forward(g, 6, r.x, packed, &(pn_conv_end){.map = map}, 1, scratch);
    for (int64_t i = 0; i < rig_map(g); i++) r.result[i] *= r.scale[i % g->filters];
    check("scaled", &r, 6, r.result, map, rig_map(g));
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
