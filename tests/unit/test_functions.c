/* exp, log, tanh and the sigmoid of arrays against the C library in double precision, over all of
 * float32, at every instruction set of this processor. */
#include "base/cpu.h"
#include "kernels/elementwise.h"
#include "test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

typedef struct function {
    const char *name;
    pn_unary op;
    double (*exact)(double);
} function;

static const function functions[] = {{"exp", PN_EXP, exp},
                                     {"log", PN_LOG, log},
                                     {"tanh", PN_TANH, tanh},
                                     {"sigmoid", PN_SIGMOID, sigmoid}};
enum { FUNCTIONS = 4, PIECE = 1021 };

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The distance in units of the last place that float32 has at `exact`. */
static double distance(float got, double exact) {
    const float rounded = (float)exact;
    if (isnan(exact) || isinf(rounded) || rounded == 0) {
        const bool same = isnan(exact) ? isnan(got) : got == rounded;
        if (same) return 0;
        if (isnan(exact) || isnan(got)) return INFINITY;
        /* Just below infinity or above 0: in units there. */
        return isinf(rounded) ? (fabsf(got) == 0x1.fffffep127F ? 1 : INFINITY)
                              : fabs((double)got) / 0x1p-149;
    }
    if (isinf(got)) return fabsf(rounded) == 0x1.fffffep127F ? 1 : INFINITY;
    int exponent;
    frexp(exact, &exponent);
    return fabs(got - exact) / ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

static double check_piece(const function *f, const float *x, int64_t n) {
    float out[PIECE];
    double worst = 0;
    pn_kernel_unary_f32(f->op, out, x, n);
    for (int64_t i = 0; i < n; i++) {
        const double d = distance(out[i], f->exact(x[i]));
        if (!(d <= 2))
            fail_msg("%s(%a) is %a, not %a: off by %.2f, level %s", f->name, x[i], out[i],
                     f->exact(x[i]), d, pn_cpu_name(pn_cpu()));
        worst = d > worst ? d : worst;
    }
    return worst;
}

/* Strides that share no factor with the floats' layout, and a finer one between 2^-10 and 2^8. */
static void check_all(const function *f, uint32_t first, uint32_t last, uint32_t stride) {
    float x[PIECE];
    int64_t n = 0;
    double worst = 0;
    for (uint64_t bits = first; bits <= last; bits += stride) {
        x[n++] = float_of((uint32_t)bits);
        if (n < PIECE && bits + stride <= last) continue;
        const double d = check_piece(f, x, n);
        worst = d > worst ? d : worst;
        n = 0;
    }
    print_message("%s, %s: %.2f units\n", f->name, pn_cpu_name(pn_cpu()), worst);
}

static void is_near(void **state) {
    (void)state;
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
        if (pn_cpu_cap((pn_cpu_level)level) != (pn_cpu_level)level) continue;
        for (int i = 0; i < FUNCTIONS; i++) {
            check_all(&functions[i], 0, UINT32_MAX, 10007);
            check_all(&functions[i], 0x3a800000, 0x43800000, 499);
            check_all(&functions[i], 0xba800000, 0xc3800000, 499);
        }
    }
    pn_cpu_cap(PN_CPU_AVX512);
}

static void special_numbers(void **state) {
    (void)state;
    const float x[] = {0,
                       -0.0F,
                       1,
                       -1,
                       INFINITY,
                       -INFINITY,
                       NAN,
                       0x1p-149F,
                       -0x1p-149F,
                       0x1p-126F,
                       88.72284F,
                       88.722844F,
                       -103.97208F,
                       -104,
                       1e30F,
                       -1e30F,
                       0x1.fffffep127F,
                       0x1.6a09e6p-1F,
                       0x1.6a09e8p-1F};
    for (int level = PN_CPU_PORTABLE; level <= PN_CPU_AVX512; level++) {
        pn_cpu_cap((pn_cpu_level)level);
        for (int i = 0; i < FUNCTIONS; i++)
            for (size_t n = 1; n <= sizeof x / sizeof *x; n++)
                check_piece(&functions[i], x, (int64_t)n);
        float zero = -0.0F;
        pn_kernel_unary_f32(PN_TANH, &zero, &zero, 1);
        assert_true(zero == 0 && signbit(zero));
    }
    pn_cpu_cap(PN_CPU_AVX512);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_near),
                                       cmocka_unit_test(special_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
