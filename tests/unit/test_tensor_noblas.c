/* Without OpenBLAS all but matrix products works, and those say what is missing. A program of its
 * own: the library is looked for once. */
#define _GNU_SOURCE
#include "test.h"

#include "base/memory.h"
#include "kernels/gemm.h"
#include "tensor/create.h"
#include "tensor/matmul.h"

#include <stdlib.h>
#include <string.h>

static void a_missing_library_is_an_error(void **state) {
    (void)state;
    pn_error error = {0};
    pn_tensor *a = NULL, *c = NULL;
    setenv("PNEUMA_OPENBLAS", "libno-such-blas.so.0", 1);
    assert_int_equal(pn_tensor_eye(PN_F32, 3, 3, &a, &error), PN_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(pn_tensor_matmul(a, a, &c, &error), PN_E_NOT_FOUND);
        assert_non_null(strstr(error.message, "libno-such-blas.so.0"));
        assert_non_null(strstr(error.message, "libopenblas0"));
    }
    assert_string_equal(pn_gemm_version(), "");
    pn_tensor_release(a);
    assert_int_equal(pn_live_bytes(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_missing_library_is_an_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
