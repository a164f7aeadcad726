/* Measures of weighted items, resamples and the normal quantile. */
#include "test.h"

#include "base/random.h"
#include "nn/measure/bootstrap.h"
#include "nn/measure/score.h"

#include <math.h>
#include <string.h>

enum { COUNT = 40, MOST = 4 * COUNT };

/* Random items with ties, both classes among them, in their own order. */
static void make_items(pn_random *random, pn_scored *item) {
    for (int i = 0; i < COUNT; i++) {
        int32_t label = i < 2 ? i : (int32_t)pn_random_below(random, 2);
        double score = (double)pn_random_below(random, 9) / 8;
        item[i] = (pn_scored){.score = score, .label = label, .place = i};
    }
}

/* A weight is as good as the item written down so many times. */
static void test_weights_repeat_items(void **state) {
    (void)state;
    pn_random random;
    pn_random_seed(&random, 4, 0);
    for (int round = 0; round < 50; round++) {
        pn_scored item[COUNT], repeated[MOST];
        int32_t weight[COUNT];
        int64_t n = 0;
        make_items(&random, item);
        for (int i = 0; i < COUNT; i++) {
            weight[i] = i < 2 ? 1 : (int32_t)pn_random_below(&random, 4);
            for (int k = 0; k < weight[i]; k++) repeated[n++] = item[i];
        }
        pn_scored_sort(item, COUNT);
        pn_scored_sort(repeated, n);
        for (int what = PN_MEASURE_AUC; what <= PN_MEASURE_LOG_LOSS; what++) {
            double parameter = what == PN_MEASURE_LOG_LOSS ? 1e-15 : 0.5;
            double a = pn_measure_of((pn_measure)what, parameter, item, COUNT, weight);
            double b = pn_measure_of((pn_measure)what, parameter, repeated, n, NULL);
            assert_true(fabs(a - b) < 1e-12);
        }
    }
}

/* The area is the share of pairs in the right order, ties half. */
static void test_auc_counts_pairs(void **state) {
    (void)state;
    pn_random random;
    pn_random_seed(&random, 5, 0);
    for (int round = 0; round < 50; round++) {
        pn_scored item[COUNT];
        double right = 0, pairs = 0;
        make_items(&random, item);
        for (int i = 0; i < COUNT; i++)
            for (int k = 0; k < COUNT; k++) {
                if (item[i].label != 1 || item[k].label != 0) continue;
                pairs++;
                right += item[i].score > item[k].score    ? 1
                         : item[i].score == item[k].score ? .5
                                                          : 0;
            }
        pn_scored_sort(item, COUNT);
        double auc = pn_measure_of(PN_MEASURE_AUC, 0, item, COUNT, NULL);
        assert_true(fabs(auc - right / pairs) < 1e-14);
    }
}

static void test_one_class(void **state) {
    (void)state;
    pn_scored item[3] = {{0.9, 1, 0}, {0.5, 1, 1}, {0.1, 1, 2}};
    assert_true(isnan(pn_measure_of(PN_MEASURE_AUC, 0, item, 3, NULL)));
    assert_true(isnan(pn_measure_of(PN_MEASURE_SPECIFICITY, 0.5, item, 3, NULL)));
    assert_true(pn_measure_of(PN_MEASURE_RECALL, 0.5, item, 3, NULL) == 1.0 / 3); /* above it */
    assert_true(pn_measure_of(PN_MEASURE_PRECISION, 2, item, 3, NULL) == 0);
}

static void test_cuts(void **state) {
    (void)state;
    pn_scored item[5] = {{0.2, 0, 0}, {0.7, 1, 1}, {0.2, 1, 2}, {0.9, 1, 3}, {0.7, 0, 4}};
    pn_cut cut[5];
    pn_scored_sort(item, 5);
    assert_int_equal(item[1].place, 1); /* ties keep their order */
    assert_int_equal(pn_scored_cuts(item, 5, cut), 3);
    assert_true(cut[1].score == 0.7 && cut[1].tp == 2 && cut[1].fp == 1);
    assert_true(cut[2].score == 0.2 && cut[2].tp == 3 && cut[2].fp == 2);
}

/* Units are drawn whole, and each stratum as many as it has. */
static void test_draws(void **state) {
    (void)state;
    const int64_t first[] = {0, 2, 3, 6, 7}, member[] = {0, 3, 1, 2, 4, 5, 6},
                  stratum[] = {0, 2, 4};
    pn_units units = {.units = 4, .strata = 2, .first = first, .item = member, .stratum = stratum};
    int32_t weight[7], again[7];
    int64_t drawn[4] = {0};
    for (uint64_t stream = 0; stream < 4000; stream++) {
        pn_units_draw(&units, 1, stream, 7, weight);
        assert_int_equal(weight[0], weight[3]);
        assert_true(weight[2] == weight[4] && weight[4] == weight[5]);
        assert_int_equal(weight[0] + weight[1], 2);
        assert_int_equal(weight[2] + weight[6], 2);
        drawn[0] += weight[0];
        drawn[2] += weight[2];
    }
    assert_in_range(drawn[0], 3850, 4150); /* each as likely: 4000 with a deviation of 45 */
    assert_in_range(drawn[2], 3850, 4150);
    pn_units_draw(&units, 1, 17, 7, weight);
    pn_units_draw(&units, 1, 17, 7, again);
    assert_memory_equal(weight, again, sizeof weight);
}

static void test_normal_quantile(void **state) {
    (void)state;
    assert_true(pn_normal_upper(0.5) == 0);
    assert_true(fabs(pn_normal_upper(0.025) - 1.9599639845400545) < 1e-14);
    assert_true(fabs(pn_normal_upper(0.005) - 2.5758293035489004) < 1e-14);
    assert_true(fabs(pn_normal_upper(1e-10) - 6.361340902404056) < 1e-12);
    for (double x = 0.1; x < 30; x += 0.7)
        assert_true(fabs(pn_normal_upper(0.5 * erfc(x / sqrt(2))) - x) < 1e-12 * (1 + x));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_repeat_items),
        cmocka_unit_test(test_auc_counts_pairs),
        cmocka_unit_test(test_one_class),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_normal_quantile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
