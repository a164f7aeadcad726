/* Tensor operations below Lua: the same bits whatever the number of threads, statuses, no leaks. */
#include "test.h"

#include "base/memory.h"
#include "base/pool.h"
#include "tensor/arithmetic.h"
#include "tensor/create.h"
#include "tensor/matmul.h"
#include "tensor/reduce.h"
#include "tensor/shape.h"
#include "tensor/walk.h"

#include <math.h>

static pn_tensor *uniform(int rank, const int64_t *shape) {
    pn_tensor *x = NULL;
    assert_int_equal(pn_tensor_random(PN_UNIFORM, -1, 1, 11, 0, rank, shape, &x, NULL), PN_OK);
    return x;
}

enum { RESULTS = 9 };

/* All that runs on the pool, over sizes that are cut into many blocks. */
static void compute(pn_tensor *results[RESULTS]) {
    static const bool rows[PN_MAX_RANK] = {true}, columns[PN_MAX_RANK] = {false, true};
    static const bool both[PN_MAX_RANK] = {true, true};
    int64_t shape[2] = {700, 900}, thin[2] = {300000, 3}, order_shape[2] = {900, 300};
    pn_tensor *a = uniform(2, shape), *b = uniform(2, order_shape), *c = uniform(2, thin);
    pn_tensor **r = results;
    assert_int_equal(pn_tensor_binary(PN_MUL, a, a, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_unary(PN_EXP, a, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_reduce(PN_REDUCE_SUM, a, both, false, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_reduce(PN_REDUCE_STD, a, rows, false, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_reduce(PN_REDUCE_MEAN, a, columns, false, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_reduce(PN_REDUCE_VAR, c, rows, false, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_quantile(a, 0.3, rows, false, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_matmul(a, b, r++, NULL), PN_OK);
    assert_int_equal(pn_tensor_cast(a, PN_U8, r++, NULL), PN_OK);
    pn_tensor_release(a);
    pn_tensor_release(b);
    pn_tensor_release(c);
}

static void same_bits_with_any_threads(void **state) {
    (void)state;
    pn_tensor *first[RESULTS], *now[RESULTS];
    pn_set_threads(1);
    compute(first);
    for (int threads = 2; threads <= 5; threads++) {
        pn_set_threads(threads);
        compute(now);
        for (int i = 0; i < RESULTS; i++) {
            assert_true(pn_tensor_same_shape(first[i], now[i]));
            assert_memory_equal(first[i]->data, now[i]->data, pn_tensor_bytes(first[i]));
            pn_tensor_release(now[i]);
        }
    }
    for (int i = 0; i < RESULTS; i++) pn_tensor_release(first[i]);
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- the walk ---- */

typedef struct seen {
    int64_t rows, items;
} seen;

static void count_row(void *context, char *const *data, const int64_t *stride, int64_t n) {
    (void)data, (void)stride;
    seen *s = context;
    s->rows++;
    s->items += n;
}

static void axes_are_merged(void **state) {
    (void)state;
    int64_t shape[4] = {2, 3, 4, 5}, last[1] = {5}, middle[3] = {3, 1, 1};
    pn_tensor *x = uniform(4, shape), *row = uniform(1, last), *plane = uniform(3, middle);
    const struct {
        const pn_tensor *other;
        int rank;
        int64_t rows;
    } cases[] = {{x, 1, 1}, {row, 2, 24}, {plane, 3, 6}};
    for (int i = 0; i < 3; i++) {
        pn_walk walk;
        seen s = {0};
        assert_int_equal(pn_walk_start(&walk, (const pn_tensor *[]){x, cases[i].other}, 2, NULL),
                         PN_OK);
        assert_int_equal(walk.rank, cases[i].rank);
        pn_walk_part(&walk, 0, walk.count, count_row, &s);
        assert_int_equal(s.rows, cases[i].rows);
        assert_int_equal(s.items, 120);
    }
    pn_tensor_release(x);
    pn_tensor_release(row);
    pn_tensor_release(plane);
}

static void note_items(void *context, char *const *data, const int64_t *stride, int64_t n) {
    int **next = context;
    for (int64_t i = 0; i < n; i++) *(*next)++ = *((int32_t *)(void *)data[0] + i * stride[0]);
}

/* Any part of a walk over a transposed tensor meets the items of that part, in order. */
static void parts_of_a_walk(void **state) {
    (void)state;
    enum { ROWS = 6, COLUMNS = 7, ITEMS = ROWS * COLUMNS };
    pn_tensor *x = NULL, *flat = NULL, *turned = NULL;
    int64_t shape[2] = {ROWS, COLUMNS};
    assert_int_equal(pn_tensor_steps(PN_I32, 0, 1, ITEMS, &flat, NULL), PN_OK);
    assert_int_equal(pn_tensor_reshape(flat, 2, shape, &x, NULL), PN_OK);
    assert_int_equal(pn_tensor_permute(x, (int[]){1, 0}, &turned, NULL), PN_OK);
    const pn_tensor *operand = turned;
    pn_walk walk;
    assert_int_equal(pn_walk_start(&walk, &operand, 1, NULL), PN_OK);
    for (int begin = 0; begin <= ITEMS; begin++)
        for (int end = begin; end <= ITEMS; end++) {
            int items[ITEMS], *next = items;
            pn_walk_part(&walk, begin, end, note_items, &next);
            assert_int_equal(next - items, end - begin);
            for (int i = begin; i < end; i++)
                assert_int_equal(items[i - begin], i % ROWS * COLUMNS + i / ROWS);
        }
    pn_tensor_release(flat);
    pn_tensor_release(x);
    pn_tensor_release(turned);
}

/* ---- errors ---- */

static void errors_name_both_shapes(void **state) {
    (void)state;
    pn_error error = {0};
    pn_tensor *out = NULL;
    int64_t two_three[2] = {2, 3}, four[1] = {4};
    pn_tensor *a = uniform(2, two_three), *b = uniform(1, four);
    assert_int_equal(pn_tensor_binary(PN_ADD, a, b, &out, &error), PN_E_SHAPE);
    assert_string_equal(error.message, "cannot broadcast (2, 3) with (4,)");
    assert_int_equal(pn_tensor_copy_into(a, b, &error), PN_E_SHAPE);
    assert_string_equal(error.message, "a tensor of shape (4,) cannot be broadcast to (2, 3)");
    assert_int_equal(pn_tensor_matmul(a, b, &out, &error), PN_E_SHAPE);
    assert_string_equal(error.message, "cannot multiply matrices of shapes (2, 3) and (4,)");
    assert_int_equal(pn_tensor_binary(PN_ADD, a, b, &out, NULL), PN_E_SHAPE);
    assert_null(out);
    pn_tensor_release(a);
    pn_tensor_release(b);
    assert_int_equal(pn_live_bytes(), 0);
}

/* More blocks than one, with NaN in one that is not the first. */
static void extremes_over_blocks(void **state) {
    (void)state;
    int64_t n = 1 << 20;
    pn_tensor *x = uniform(1, &n);
    float *data = x->data;
    double value = 0;
    data[700000] = 2;
    data[900000] = 2;
    data[800001] = -2;
    assert_int_equal(pn_tensor_reduce_all(PN_REDUCE_ARGMAX, x, &value, NULL), PN_OK);
    assert_int_equal((int64_t)value, 700000);
    assert_int_equal(pn_tensor_reduce_all(PN_REDUCE_ARGMIN, x, &value, NULL), PN_OK);
    assert_int_equal((int64_t)value, 800001);
    data[600000] = NAN;
    data[950000] = NAN;
    assert_int_equal(pn_tensor_reduce_all(PN_REDUCE_ARGMAX, x, &value, NULL), PN_OK);
    assert_int_equal((int64_t)value, 600000);
    assert_int_equal(pn_tensor_reduce_all(PN_REDUCE_MIN, x, &value, NULL), PN_OK);
    assert_true(isnan(value));
    pn_tensor_release(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_with_any_threads),
        cmocka_unit_test(axes_are_merged),
        cmocka_unit_test(parts_of_a_walk),
        cmocka_unit_test(errors_name_both_shapes),
        cmocka_unit_test(extremes_over_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
