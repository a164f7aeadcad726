/* Who may ask: addresses, names, origins, tokens. */
#include "test.h"

#include "web/guard.h"

#include <string.h>

static void own_addresses(void **state) {
    (void)state;
    static const char *const own[] = {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LocalHost"};
    static const char *const others[] = {"0.0.0.0",   "::",      "192.168.1.4", "10.0.0.1",
                                         "128.0.0.1", "fe80::1", "example.org", ""};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!pn_guard_is_local(own[i])) fail_msg("%s is our own", own[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (pn_guard_is_local(others[i])) fail_msg("'%s' is not our own", others[i]);
}

static void hosts(void **state) {
    (void)state;
    const pn_guard local = {.local = true}, open = {.local = false};
    static const char *const good[] = {"localhost",      "localhost:5000", "127.0.0.1",
                                       "127.0.0.1:8080", "[::1]:5000",     "[::1]"};
    static const char *const bad[] = {"evil.example",
                                      "evil.example:5000",
                                      "127.0.0.1.evil.org",
                                      "localhost:",
                                      "localhost:5x",
                                      "[::1",
                                      "[::1]x",
                                      "",
                                      ":5000",
                                      "localhost:5000:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!pn_guard_host(&local, good[i])) fail_msg("%s is good", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pn_guard_host(&local, bad[i])) fail_msg("'%s' is bad", bad[i]);
    assert_false(pn_guard_host(&local, NULL));
    assert_true(pn_guard_host(&open, "workshop.example:5001"));
    assert_false(pn_guard_host(&open, "workshop.example:"));
}

static void origins(void **state) {
    (void)state;
    const char *host = "localhost:5000";
    assert_true(pn_guard_origin(NULL, host, NULL));
    assert_true(pn_guard_origin("http://localhost:5000", host, "same-origin"));
    assert_true(pn_guard_origin("https://LOCALHOST:5000", host, NULL));
    assert_true(pn_guard_origin(NULL, host, "none"));
    assert_false(pn_guard_origin("http://localhost:5001", host, NULL));
    assert_false(pn_guard_origin("http://evil.example", host, NULL));
    assert_false(pn_guard_origin("null", host, NULL));
    assert_false(pn_guard_origin(NULL, host, "cross-site"));
    assert_false(pn_guard_origin("http://localhost:5000", host, "same-site"));
    assert_false(pn_guard_origin("http://localhost:5000", NULL, NULL));
}

static void tokens(void **state) {
    (void)state;
    pn_guard none = {.local = true}, guard = {.token = "correct-horse"};
    assert_true(pn_guard_token(&none, NULL, NULL));
    assert_false(pn_guard_token(&guard, NULL, NULL));
    assert_true(pn_guard_token(&guard, "Bearer correct-horse", NULL));
    assert_true(pn_guard_token(&guard, "bearer correct-horse", NULL));
    assert_true(pn_guard_token(&guard, NULL, "correct-horse"));
    static const char *const wrong[] = {
        "", "c", "correct-horsf", "correct-hors", "correct-horse1", "correct-horsecorrect-horse"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (pn_guard_token(&guard, NULL, wrong[i])) fail_msg("'%s' was taken", wrong[i]);
    assert_false(pn_guard_token(&guard, "Basic correct-horse", NULL));
    /* A wrong header is not mended by the cookie. */
    assert_false(pn_guard_token(&guard, "Bearer wrong", "correct-horse"));
}

static void made_tokens_differ(void **state) {
    (void)state;
    char one[PN_TOKEN], other[PN_TOKEN];
    assert_int_equal(pn_guard_make_token(one), 0);
    assert_int_equal(pn_guard_make_token(other), 0);
    assert_int_equal(strlen(one), 32);
    assert_string_not_equal(one, other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_addresses),
        cmocka_unit_test(hosts),
        cmocka_unit_test(origins),
        cmocka_unit_test(tokens),
        cmocka_unit_test(made_tokens_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
