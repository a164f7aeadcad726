/* What every unit test includes: cmocka and the headers it needs before it. */
#ifndef PN_TESTS_UNIT_TEST_H
#define PN_TESTS_UNIT_TEST_H

/* The order is cmocka's, not the alphabet's. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
