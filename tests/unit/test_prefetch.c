/* Prefetching changes when batches are made, not what they are. */
#define _GNU_SOURCE
#include "source_fixture.h"

#include <stdatomic.h>
#include <time.h>

static pn_error error;

static pn_source *must_open(void **state, bool prefetch) {
    pn_source *s = NULL;
    if (new_picture_source(*state, AUGMENTED, NULL, &s, &error) != PN_OK ||
        (prefetch && pn_prefetch_new(s, &s, &error) != PN_OK))
        fail_msg("%s", error.message);
    return s;
}

static void batches_are_the_same(void **state) {
    pn_source *s = must_open(state, false);
    pn_hash expected = hash_epochs(s, 0, 3), last = hash_epochs(s, 2, 3);
    s->release(s);
    for (int threads = 1; threads <= 3; threads++) {
        pn_set_threads(threads);
        s = must_open(state, true);
        assert_int_equal(s->batches, 3);
        assert_true(pn_hash_equal(hash_epochs(s, 0, 3), expected));
        assert_true(pn_hash_equal(hash_epochs(s, 2, 3), last)); /* out of order */
        assert_true(pn_hash_equal(hash_epochs(s, 2, 3), last));
        s->release(s);
    }
}

/* The caller works on the pool, too, as training does. */
static void add_up(void *context, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) atomic_fetch_add((atomic_int *)context, 1);
}

static void the_caller_shares_the_pool(void **state) {
    pn_set_threads(3);
    pn_source *plain = must_open(state, false), *s = must_open(state, true);
    pn_batch a = new_batch(s), b = new_batch(s);
    size_t bytes = (size_t)pn_dims_count(&s->x) * sizeof(float);
    for (int64_t epoch = 0; epoch < 40; epoch++)
        for (int64_t k = 0; k < s->batches; k++) {
            atomic_int sum = 0;
            assert_int_equal(s->fill(s, epoch, k, &a, &error), PN_OK);
            assert_int_equal(plain->fill(plain, epoch, k, &b, &error), PN_OK);
            pn_parallel_for(1000, 1, add_up, &sum);
            assert_int_equal(sum, 1000);
            assert_int_equal(a.count, b.count);
            assert_memory_equal(a.x, b.x, (size_t)a.count * bytes);
        }
    free_batch(&a);
    free_batch(&b);
    s->release(s);
    plain->release(plain);
}

static void it_can_be_left_at_any_time(void **state) {
    pn_set_threads(2);
    size_t before = pn_live_bytes();
    for (int asked = 0; asked < 8; asked++) {
        pn_source *s = must_open(state, true);
        pn_batch b = new_batch(s);
        for (int k = 0; k < asked; k++)
            assert_int_equal(s->fill(s, k / 3, k % 3, &b, &error), PN_OK);
        free_batch(&b);
        s->release(s);
        assert_int_equal(pn_live_bytes(), before);
    }
}

/* ---- a source that says what it was asked for ---- */

typedef struct fake {
    pn_source base;
    int64_t fail_batch; /* of epoch 1 */
    atomic_int calls;
    int released;
} fake;

static pn_status fake_fill(pn_source *base, int64_t epoch, int64_t batch, pn_batch *into,
                           pn_error *e) {
    fake *f = (fake *)base;
    atomic_fetch_add(&f->calls, 1);
    if (epoch == 1 && batch == f->fail_batch)
        return pn_fail(e, PN_E_FORMAT, "batch %d is bad", (int)batch);
    into->count = 1;
    into->x[0] = (float)(epoch * 100 + batch);
    into->label[0] = 7;
    into->index[0] = batch;
    return PN_OK;
}

static void fake_release(pn_source *base) {
    ((fake *)base)->released++;
}

static fake new_fake(void) {
    return (fake){.base = {.x = {1, {1}},
                           .samples = 5,
                           .batch_size = 1,
                           .batches = 5,
                           .fill = fake_fill,
                           .release = fake_release},
                  .fail_batch = -1};
}

static void wait_a_little(void) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void it_stays_two_batches_ahead(void **state) {
    (void)state;
    fake f = new_fake();
    pn_source *s = NULL;
    assert_int_equal(pn_prefetch_new(&f.base, &s, &error), PN_OK);
    assert_ptr_equal(pn_prefetch_inner(s), &f.base);
    assert_ptr_equal(pn_prefetch_inner(&f.base), &f.base);
    pn_batch b = new_batch(s);
    wait_a_little();
    assert_int_equal(f.calls, 0); /* nothing before it is asked for */
    for (int64_t k = 0; k < 12; k++) {
        assert_int_equal(s->fill(s, k / 5, k % 5, &b, &error), PN_OK);
        assert_true(b.x[0] == (float)(k / 5 * 100 + k % 5));
        assert_int_equal(b.label[0], 7);
        for (int i = 0; i < 5000 && f.calls < k + 3; i++) wait_a_little();
        wait_a_little();
        assert_int_equal(f.calls, k + 3);
    }
    free_batch(&b);
    s->release(s);
    assert_int_equal(f.released, 1);
}

static void an_error_comes_with_its_batch(void **state) {
    (void)state;
    fake f = new_fake();
    f.fail_batch = 2;
    pn_source *s = NULL;
    assert_int_equal(pn_prefetch_new(&f.base, &s, &error), PN_OK);
    pn_batch b = new_batch(s);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(s->fill(s, 1, 0, &b, &error), PN_OK);
        assert_int_equal(s->fill(s, 1, 1, &b, &error), PN_OK);
        assert_true(b.x[0] == 101);
        assert_int_equal(s->fill(s, 1, 2, &b, &error), PN_E_FORMAT);
        assert_string_equal(error.message, "batch 2 is bad");
        if (round == 1) { /* going on behind it */
            assert_int_equal(s->fill(s, 1, 3, &b, &error), PN_OK);
            assert_true(b.x[0] == 103);
        }
    }
    free_batch(&b);
    s->release(s);
}

static void a_wish_to_stop_is_heard(void **state) {
    pn_source *s = must_open(state, true);
    pn_batch b = new_batch(s);
    pn_status status = PN_OK;
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    pn_cancel(PN_CANCEL_INTERRUPT);
    for (int k = 1; k < 6 && status == PN_OK; k++) status = s->fill(s, k / 3, k % 3, &b, &error);
    assert_int_equal(status, PN_E_CANCELLED);
    pn_cancel_reset();
    assert_int_equal(s->fill(s, 0, 1, &b, &error), PN_OK);
    free_batch(&b);
    s->release(s);
}

static void failures_are_seen_behind_it(void **state) {
    pictures *p = *state;
    assert_int_equal(pn_file_write(p->path[3], "no image", 8, &error), PN_OK);
    pn_source *s = must_open(state, true);
    hash_epochs(s, 0, 1);
    pn_source_failure failure;
    assert_int_equal(pn_source_failures(s, 0, &failure, 1), 1);
    assert_int_equal(failure.index, 3);
    assert_non_null(strstr(failure.reason, "is not an image"));
    s->release(s);
    write_picture(p->path[3], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_the_same),
        cmocka_unit_test(the_caller_shares_the_pool),
        cmocka_unit_test(it_can_be_left_at_any_time),
        cmocka_unit_test(it_stays_two_batches_ahead),
        cmocka_unit_test(an_error_comes_with_its_batch),
        cmocka_unit_test(a_wish_to_stop_is_heard),
        cmocka_unit_test(failures_are_seen_behind_it),
    };
    return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
