/* Dense products and their gradients against plain sums in double precision: random and odd sizes,
 * every instruction set of this processor, one and more threads, the gradient by the weights added
 * or handed on. */
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "kernels/dense.h"
#include "test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct rig {
    int64_t rows, in, out;
    float *x, *w, *bias, *d_y;
    float *scratch; /* exactly what was asked for */
    int lanes;
} rig;

/* Exactly so many numbers: reading one more is what the sanitizer finds. */
static float *numbers(pn_random *random, int64_t count) {
    float *v = pn_alloc((size_t)count * sizeof *v);
    for (int64_t i = 0; i < count; i++) v[i] = (float)(2 * pn_random_uniform(random) - 1);
    return v;
}

static rig new_rig(pn_random *random, int64_t rows, int64_t in, int64_t out, int lanes) {
    const int64_t floats = pn_dense_scratch(rows, in, out, lanes);
    rig r = {.rows = rows, .in = in, .out = out, .lanes = lanes};
    r.x = numbers(random, rows * in);
    /* As behind a ReLU. */
    for (int64_t i = 0; i < rows * in && lanes != 2; i++)
        if (pn_random_below(random, 2)) r.x[i] = 0;
    r.w = numbers(random, in * out);
    r.bias = numbers(random, out);
    r.d_y = numbers(random, rows * out);
    r.scratch = pn_alloc((size_t)floats * sizeof *r.scratch);
    for (int64_t i = 0; i < floats; i++) r.scratch[i] = NAN;
    return r;
}

static void free_rig(rig *r) {
    pn_free(r->x);
    pn_free(r->w);
    pn_free(r->bias);
    pn_free(r->d_y);
    pn_free(r->scratch);
}

/* Products of numbers up to 1: rounding grows with their count. */
static void near(const rig *r, const char *what, int64_t at, double got, double expected,
                 int64_t products) {
    if (fabs(got - expected) <= 3e-7 * (double)products + 1e-6) return;
    fail_msg("%s[%d] is %g, not %g: %d rows, %d in, %d out, %d lanes, level %s", what, (int)at, got,
             expected, (int)r->rows, (int)r->in, (int)r->out, r->lanes, pn_cpu_name(pn_cpu()));
}

/* ---- forward ---- */

static void check_forward(const rig *r, bool has_bias) {
    float *y = pn_alloc((size_t)(r->rows * r->out) * sizeof *y);
    pn_dense_forward(r->rows, r->in, r->out, r->x, r->w, has_bias ? r->bias : NULL, y, r->lanes,
                     r->scratch);
    for (int64_t row = 0; row < r->rows; row++)
        for (int64_t j = 0; j < r->out; j++) {
            double sum = has_bias ? r->bias[j] : 0;
            for (int64_t i = 0; i < r->in; i++)
                sum += (double)r->x[row * r->in + i] * r->w[i * r->out + j];
            near(r, "y", row * r->out + j, y[row * r->out + j], sum, r->in);
        }
    pn_free(y);
}

/* ---- backward ---- */

typedef struct gradients {
    float *x, *w, *bias;
} gradients;

static gradients new_gradients(const rig *r) {
    gradients g = {pn_alloc((size_t)(r->rows * r->in) * sizeof(float)),
                   pn_alloc((size_t)(r->in * r->out) * sizeof(float)),
                   pn_alloc((size_t)r->out * sizeof(float))};
    for (int64_t i = 0; i < r->rows * r->in; i++) g.x[i] = NAN;
    for (int64_t i = 0; i < r->in * r->out; i++) g.w[i] = 0.5f;
    for (int64_t i = 0; i < r->out; i++) g.bias[i] = 0.25f;
    return g;
}

static void free_gradients(gradients *g) {
    pn_free(g->x);
    pn_free(g->w);
    pn_free(g->bias);
}

static void check_gradients(const rig *r, const float *w, const gradients *g, double start) {
    for (int64_t row = 0; g->x && row < r->rows; row++)
        for (int64_t i = 0; i < r->in; i++) {
            double sum = 0;
            for (int64_t j = 0; j < r->out; j++)
                sum += (double)r->d_y[row * r->out + j] * w[i * r->out + j];
            near(r, "d_x", row * r->in + i, g->x[row * r->in + i], sum, r->out);
        }
    for (int64_t i = 0; g->w && i < r->in; i++)
        for (int64_t j = 0; j < r->out; j++) {
            double sum = start;
            for (int64_t row = 0; row < r->rows; row++)
                sum += (double)r->x[row * r->in + i] * r->d_y[row * r->out + j];
            near(r, "d_w", i * r->out + j, g->w[i * r->out + j], sum, r->rows);
        }
    for (int64_t j = 0; g->bias && j < r->out; j++) {
        double sum = 0.25;
        for (int64_t row = 0; row < r->rows; row++) sum += r->d_y[row * r->out + j];
        near(r, "d_bias", j, g->bias[j], sum, r->rows);
    }
}

static void check_added(const rig *r, uint64_t wanted) {
    gradients all = new_gradients(r), g = all;
    if (wanted & 1) g.x = NULL;
    if (wanted & 2) g.w = NULL;
    if (wanted & 4) g.bias = NULL;
    pn_dense_backward(r->rows, r->in, r->out, g.w ? r->x : NULL, g.x ? r->w : NULL, r->d_y, g.x,
                      g.w, g.bias, NULL, r->lanes, r->scratch);
    check_gradients(r, r->w, &g, 0.5);
    free_gradients(&all);
}

typedef struct taking {
    rig *r;
    float *gradient;
} taking;

/* Also takes the weights away: nobody may read them after this. */
static void take(void *context, int64_t offset, int64_t count, const float *gradient) {
    taking *t = context;
    for (int64_t i = 0; i < count; i++) {
        if (t->gradient[offset + i] == 0.5f) t->gradient[offset + i] = 0;
        t->gradient[offset + i] += gradient[i];
        t->r->w[offset + i] = NAN;
    }
}

static void check_updated(rig *r, bool has_d_x) {
    gradients all = new_gradients(r), g = all;
    taking t = {r, g.w};
    const pn_dense_update update = {take, &t};
    float *before = pn_alloc((size_t)(r->in * r->out) * sizeof *before);
    memcpy(before, r->w, (size_t)(r->in * r->out) * sizeof *before);
    if (!has_d_x) g.x = NULL;
    pn_dense_backward(r->rows, r->in, r->out, r->x, r->w, r->d_y, g.x, NULL, g.bias, &update,
                      r->lanes, r->scratch);
    check_gradients(r, before, &g, 0);
    for (int64_t i = 0; i < r->in * r->out; i++)
        if (!isnan(r->w[i])) fail_msg("item %d of w got no gradient", (int)i);
    memcpy(r->w, before, (size_t)(r->in * r->out) * sizeof *before);
    pn_free(before);
    free_gradients(&all);
}

/* ---- all of them ---- */

static int64_t between(pn_random *random, int64_t low, int64_t high) {
    return low + (int64_t)pn_random_below(random, (uint64_t)(high - low + 1));
}

static void check(pn_random *random, int64_t rows, int64_t in, int64_t out, int lanes) {
    rig r = new_rig(random, rows, in, out, lanes);
    const uint64_t bits = pn_random_bits(random);
    check_forward(&r, bits & 8);
    check_added(&r, bits & 7);
    check_updated(&r, bits & 16);
    free_rig(&r);
}

/* An infinite number of one input reaches no other's gradient, however many rows there are. */
static void check_infinity(pn_random *random) {
    rig r = new_rig(random, 300, 13, 3, 1);
    gradients g = new_gradients(&r);
    r.x[299 * r.in + 1] = INFINITY;
    pn_dense_backward(r.rows, r.in, r.out, r.x, NULL, r.d_y, NULL, g.w, NULL, NULL, r.lanes,
                      r.scratch);
    for (int64_t i = 0; i < r.in * r.out; i++)
        if (!isfinite(g.w[i]) != (i / r.out == 1)) fail_msg("d_w[%d] is %g", (int)i, g.w[i]);
    free_gradients(&g);
    free_rig(&r);
}

static void run_level(pn_cpu_level level, int lanes) {
    static const int64_t shapes[][3] = {{1, 1, 1},      {3, 700, 1},    {16, 640, 33},
                                        {2, 13, 2049},  {5, 31, 513},   {64, 200, 129},
                                        {65, 129, 100}, {17, 97, 4100}, {1, 200, 1500},
                                        {1, 150, 2500}, {1, 170, 300}};
    pn_random random;
    if (pn_cpu_cap(level) != level) return; /* not on this processor */
    pn_random_seed(&random, 7, 0);
    check_infinity(&random);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        pn_random_seed(&random, 6, i);
        check(&random, shapes[i][0], shapes[i][1], shapes[i][2], lanes);
    }
    for (uint64_t i = 0; i < 40; i++) {
        pn_random_seed(&random, 7, i);
        const int64_t rows = between(&random, 1, 70), in = between(&random, 1, 300);
        check(&random, rows, in, between(&random, 1, 150), lanes);
    }
}

static void equals_plain_sums(void **state) {
    (void)state;
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++)
        for (int lanes = 1; lanes <= 3; lanes++) {
            pn_set_threads(lanes);
            run_level((pn_cpu_level)level, lanes);
        }
    pn_cpu_cap(PN_CPU_AVX512);
    assert_int_equal(pn_live_bytes(), 0);
}

/* The lanes decide the order of sums, not the threads that happen to run them; and what goes back
 * is the same for any number of lanes. */
static void same_bits(void **state) {
    (void)state;
    enum { ROWS = 16, IN = 1000, OUT = 130 };
    pn_random random;
    float y[2][ROWS * OUT];
    gradients g[2];
    for (int i = 0; i < 2; i++) {
        pn_random_seed(&random, 8, 0);
        rig r = new_rig(&random, ROWS, IN, OUT, 3);
        pn_set_threads(1 + 2 * i);
        pn_dense_forward(ROWS, IN, OUT, r.x, r.w, r.bias, y[i], 3, r.scratch);
        g[i] = new_gradients(&r);
        pn_dense_backward(ROWS, IN, OUT, r.x, r.w, r.d_y, g[i].x, g[i].w, g[i].bias, NULL,
                          1 + 2 * i, r.scratch);
        free_rig(&r);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    assert_memory_equal(g[0].x, g[1].x, ROWS * IN * sizeof(float));
    assert_memory_equal(g[0].w, g[1].w, IN * OUT * sizeof(float));
    assert_memory_equal(g[0].bias, g[1].bias, OUT * sizeof(float));
    for (int i = 0; i < 2; i++) free_gradients(&g[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_plain_sums),
                                       cmocka_unit_test(same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
