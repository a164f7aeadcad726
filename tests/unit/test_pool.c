/* The thread pool: every item once, nested calls inline, any thread count, several callers. */
#include "test.h"

#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

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

static void take_all(void *context, int64_t begin, int64_t end) {
    pn_share *share = context;
    int64_t first, count;
    (void)begin, (void)end;
    while ((count = pn_share_take(share, &first)) > 0) {
        assert_true(count <= share->most);
        assert_true(count % share->step == 0 || first + count == share->count);
        mark(NULL, first, first + count);
    }
}

static void shares_are_taken_once(void **state) {
    (void)state;
    static const int64_t counts[] = {0, 1, 11, 13, 400, ITEMS};
    pn_set_threads(4);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        pn_share share = {.count = counts[k], .most = 36, .step = 12, .takers = 4};
        for (int i = 0; i < ITEMS; i++) seen[i] = 0;
        pn_parallel_for(4, 1, take_all, &share);
        for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], i < counts[k]);
    }
}

/* ---- several callers ---- */

enum { CALLERS = 3, ROUNDS = 300, SHARED_ITEMS = 997 };

typedef struct caller {
    bool background;
    atomic_int seen[SHARED_ITEMS];
    atomic_int blocks; /* calls of work() in one round */
    int wrong;
} caller;

static void mark_own(void *context, int64_t begin, int64_t end) {
    caller *c = context;
    atomic_fetch_add(&c->blocks, 1);
    for (int64_t i = begin; i < end; i++) atomic_fetch_add(&c->seen[i], 1);
}

/* The blocks are the same whether others work or not: sums over blocks must not depend on it. */
static void *call_often(void *context) {
    caller *c = context;
    if (c->background) pn_parallel_background();
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_store(&c->blocks, 0);
        pn_parallel_for(SHARED_ITEMS, 1, mark_own, c);
        c->wrong += atomic_load(&c->blocks) != 3;
        for (int i = 0; i < SHARED_ITEMS; i++) c->wrong += atomic_load(&c->seen[i]) != round;
    }
    return NULL;
}

static void callers_share_the_pool(void **state) {
    (void)state;
    static caller callers[CALLERS];
    pthread_t thread[CALLERS];
    pn_set_threads(3);
    callers[0].background = true;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, call_often, &callers[i]), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_once),         cmocka_unit_test(nested_calls_run_inline),
        cmocka_unit_test(no_items_no_calls),      cmocka_unit_test(shares_are_taken_once),
        cmocka_unit_test(callers_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
