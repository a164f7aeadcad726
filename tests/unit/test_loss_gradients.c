/* The gradient of every loss against a numeric one, in double precision (nn/real.h). */
#include "test.h"

#include "base/random.h"
#include "nn/loss.h"

#include <math.h>
#include <string.h>

enum { BATCH = 5, WIDTH = 3 };

typedef struct loss_case {
    pn_loss loss;
    bool logits;
} loss_case;

static const loss_case cases[] = {
    {{PN_LOSS_BINARY, false, 0}, false},       {{PN_LOSS_BINARY, false, 0.2}, true},
    {{PN_LOSS_BINARY, true, 0.1}, false},      {{PN_LOSS_CATEGORICAL, false, 0}, false},
    {{PN_LOSS_CATEGORICAL, false, 0.2}, true}, {{PN_LOSS_CATEGORICAL, true, 0.1}, false},
    {{PN_LOSS_SPARSE, false, 0}, false},       {{PN_LOSS_SPARSE, true, 0}, false},
    {{PN_LOSS_SPARSE, false, 0}, true},        {{PN_LOSS_MSE, false, 0}, false},
};

static pn_real x[BATCH * WIDTH], y[BATCH * WIDTH], weight[BATCH], d[BATCH * WIDTH];

static void draw(const loss_case *c) {
    pn_random random;
    pn_random_seed(&random, 7, (uint64_t)(c - cases));
    bool probabilities = c->loss.kind != PN_LOSS_MSE && !c->logits && !c->loss.from_logits;
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] =
            probabilities ? 0.05 + 0.9 * pn_random_uniform(&random) : 2 * pn_random_normal(&random);
        y[i] = pn_random_uniform(&random);
    }
    for (int i = 0; i < BATCH; i++) weight[i] = 0.2 + pn_random_uniform(&random);
    for (int i = 0; c->loss.kind == PN_LOSS_SPARSE && i < BATCH; i++)
        y[i] = (double)pn_random_below(&random, WIDTH);
}

static double total(const loss_case *c, pn_real *gradient) {
    double value[BATCH], sum = 0;
    assert_int_equal(
        pn_loss_compute(&c->loss, c->logits, BATCH, WIDTH, x, y, weight, value, gradient, NULL),
        PN_OK);
    for (int i = 0; i < BATCH; i++) sum += weight[i] * value[i];
    return sum / BATCH;
}

static void gradients_are_numeric_ones(void **state) {
    (void)state;
    const double step = 1e-6;
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        draw(&cases[n]);
        total(&cases[n], d);
        for (int i = 0; i < BATCH * WIDTH; i++) {
            pn_real kept = x[i];
            x[i] = kept + step;
            double up = total(&cases[n], NULL);
            x[i] = kept - step;
            double numeric = (up - total(&cases[n], NULL)) / (2 * step);
            x[i] = kept;
            if (fabs(numeric - d[i]) > 1e-7 * (1 + fabs(numeric)))
                fail_msg("case %zu, item %d: %.12g, numeric %.12g", n, i, d[i], numeric);
        }
    }
}

/* The gradient may take the place of what it is the gradient of. */
static void works_in_place(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        draw(&cases[n]);
        total(&cases[n], d);
        total(&cases[n], x);
        assert_memory_equal(x, d, sizeof d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_numeric_ones),
        cmocka_unit_test(works_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
