/* Histograms: NumPy's counts and edges, any number of threads, ranges and refusals. */
#include "golden.h"

#include "base/pool.h"
#include "base/random.h"
#include "kernels/histogram.h"

#include <math.h>

typedef enum kind { U8, I32, F32 } kind;
static const char *const kind_names[] = {"uint8", "int32", "float32"};
static const size_t kind_sizes[] = {1, 4, 4};

typedef struct result {
    double *edges;
    int64_t *counts;
} result;

static pn_status try_run(kind k, const void *items, int64_t count, double low, double high,
                         int64_t bins, result *r, pn_error *error) {
    size_t size = pn_histogram_scratch(bins);
    void *scratch = pn_alloc(size);
    memset(scratch, 0xA5, size);
    r->edges = pn_alloc((size_t)(bins > 0 ? bins + 1 : 1) * sizeof(double));
    r->counts = pn_alloc((size_t)(bins > 0 ? bins : 1) * sizeof(int64_t));
    pn_status status =
        k == U8
            ? pn_histogram_u8(items, count, low, high, bins, scratch, r->edges, r->counts, error)
        : k == I32
            ? pn_histogram_i32(items, count, low, high, bins, scratch, r->edges, r->counts, error)
            : pn_histogram_f32(items, count, low, high, bins, scratch, r->edges, r->counts, error);
    pn_free(scratch);
    return status;
}

static void drop(result *r) {
    pn_free(r->edges);
    pn_free(r->counts);
}

static void equals_numpy(void **state) {
    (void)state;
    golden g = golden_open("histogram.golden");
    int cases = 0;
    for (const char *line; (line = golden_line(&g)); cases++) {
        char name[16];
        long long count, bins;
        double low, high;
        assert_int_equal(
            sscanf(line, "histogram %15s %lld %lld %lf %lf", name, &count, &bins, &low, &high), 5);
        kind k = U8;
        while (strcmp(name, kind_names[k]) != 0) k++;
        void *items = golden_bytes(&g, (size_t)count * kind_sizes[k]);
        int32_t *counts = golden_bytes(&g, (size_t)bins * sizeof *counts);
        double *edges = golden_bytes(&g, (size_t)(bins + 1) * sizeof *edges);
        result r;
        pn_error error = {0};
        if (try_run(k, items, count, low, high, bins, &r, &error) != PN_OK)
            fail_msg("%s", error.message);
        for (int64_t i = 0; i < bins; i++)
            if (r.counts[i] != counts[i])
                fail_msg("%s: bin %lld: %lld, not %d", line, (long long)i, (long long)r.counts[i],
                         counts[i]);
        assert_memory_equal(r.edges, edges, (size_t)(bins + 1) * sizeof *edges);
        drop(&r);
        pn_free(items);
        pn_free(counts);
        pn_free(edges);
    }
    assert_int_equal(cases, 15);
    golden_close(&g);
}

enum { MANY = 700001 };

static void *many_items(kind k) {
    pn_random dice;
    pn_random_seed(&dice, 9, (uint64_t)k);
    void *items = pn_alloc(MANY * kind_sizes[k]);
    for (int64_t i = 0; i < MANY; i++) {
        uint64_t v = pn_random_below(&dice, 256);
        if (k == U8) ((uint8_t *)items)[i] = (uint8_t)v;
        if (k == I32) ((int32_t *)items)[i] = (int32_t)v;
        if (k == F32) ((float *)items)[i] = (float)v;
    }
    return items;
}

/* Bins 1 wide around whole numbers, so that counting them one by one is easy. */
static void any_number_of_threads(void **state) {
    (void)state;
    for (int k = U8; k <= F32; k++) {
        void *items = many_items((kind)k);
        int64_t expected[200] = {0};
        for (int64_t i = 0; i < MANY; i++) {
            int v = k == U8    ? ((uint8_t *)items)[i]
                    : k == I32 ? ((int32_t *)items)[i]
                               : (int)((float *)items)[i];
            if (v >= 20 && v <= 219) expected[v - 20]++;
        }
        for (int threads = 1; threads <= 4; threads++) {
            pn_set_threads(threads);
            result r;
            assert_int_equal(try_run((kind)k, items, MANY, 19.5, 219.5, 200, &r, NULL), PN_OK);
            assert_memory_equal(r.counts, expected, sizeof expected);
            drop(&r);
        }
        pn_free(items);
    }
}

static void no_items(void **state) {
    (void)state;
    result r;
    assert_int_equal(try_run(F32, NULL, 0, 0, 1, 3, &r, NULL), PN_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(r.counts[i], 0);
    drop(&r);
}

static void finds_the_range(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        pn_set_threads(threads);
        uint8_t *bytes = many_items(U8), low, high;
        int32_t *whole = many_items(I32), least, greatest;
        float *floats = many_items(F32), bottom, top;
        memset(bytes, 9, MANY);
        bytes[MANY - 1] = 4;
        bytes[MANY / 2] = 77;
        assert_true(pn_range_u8(bytes, MANY, &low, &high));
        assert_int_equal(low, 4);
        assert_int_equal(high, 77);
        whole[0] = INT32_MIN;
        whole[MANY - 2] = 1000;
        assert_true(pn_range_i32(whole, MANY, &least, &greatest));
        assert_int_equal(least, INT32_MIN);
        assert_int_equal(greatest, 1000);
        floats[0] = floats[MANY - 1] = NAN;
        floats[MANY / 3] = -1.5f;
        floats[MANY / 4] = 300;
        assert_true(pn_range_f32(floats, MANY, &bottom, &top));
        assert_true(bottom == -1.5f && top == 300);
        pn_free(bytes);
        pn_free(whole);
        pn_free(floats);
    }
}

static void finds_no_range(void **state) {
    (void)state;
    float low = 1, high = 2, missing[] = {NAN, NAN}, endless[] = {INFINITY, NAN, INFINITY};
    assert_false(pn_range_f32(missing, 2, &low, &high));
    assert_false(pn_range_f32(missing, 0, &low, &high));
    assert_true(low == 1 && high == 2);
    assert_true(pn_range_f32(endless, 3, &low, &high));
    assert_true(isinf(low) && isinf(high));
}

static void refuses(double low, double high, int64_t bins, const char *word) {
    float items[] = {1, 2, 3};
    result r;
    pn_error error = {0};
    assert_int_equal(try_run(F32, items, 3, low, high, bins, &r, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, word));
    drop(&r);
}

static void refuses_bad_ranges(void **state) {
    (void)state;
    refuses(0, 1, 0, "bins");
    refuses(0, 1, -5, "bins");
    refuses(1, 0, 5, "after its end");
    refuses(0, NAN, 5, "finite");
    refuses(-INFINITY, 0, 5, "finite");
    refuses(-1e308, 1e308, 5, "finite");
    refuses(1, 1.0001, 1 << 20, "too many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_numpy),   cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(no_items),       cmocka_unit_test(finds_the_range),
        cmocka_unit_test(finds_no_range), cmocka_unit_test(refuses_bad_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
