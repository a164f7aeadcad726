/* The thread pool: every item once, nested calls inline, any thread count. */
#include "test.h"

#include "base/pool.h"

#include <stdatomic.h>

enum { ITEMS = 10007 };
static atomic_int seen[ITEMS];

static void mark(void *context, int64_t begin, int64_t end) {
    (void)context;
    for (int64_t i = begin; i < end; i++) atomic_fetch_add(&seen[i], 1);
}

static void nest(void *context, int64_t begin, int64_t end) {
    (void)context;
    for (int64_t i = begin; i < end; i++) pn_parallel_for(ITEMS, 100, mark, NULL);
}

static void each_item_once(void **state) {
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        pn_set_threads(threads);
        assert_int_equal(pn_threads(), threads);
        for (int round = 0; round < 50; round++) {
            for (int i = 0; i < ITEMS; i++) seen[i] = 0;
            if (round % 2)
                pn_parallel_for(ITEMS, 1, mark, NULL);
            else
                pn_parallel_for_each(ITEMS, mark, NULL);
            for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], 1);
        }
    }
}

static void nested_calls_run_inline(void **state) {
    (void)state;
    for (int i = 0; i < ITEMS; i++) seen[i] = 0;
    pn_parallel_for_each(8, nest, NULL);
    for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], 8);
}

static void no_items_no_calls(void **state) {
    (void)state;
    pn_parallel_for(0, 1, mark, NULL);
    pn_parallel_for_each(-3, mark, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_once),
        cmocka_unit_test(nested_calls_run_inline),
        cmocka_unit_test(no_items_no_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
