/* Connections that owe headers for too long are ended, others are not. */
#include "test.h"

#include "web/patience.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether the other side sees the end within so many milliseconds. */
static int ends(int socket, int milliseconds) {
    struct pollfd p = {.fd = socket, .events = POLLIN};
    char byte;
    return poll(&p, 1, milliseconds) == 1 && recv(socket, &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_is_late_is_ended(void **state) {
    (void)state;
    enum { LATE, HEARD, GONE, AGAIN, PAIRS };
    int pair[PAIRS][2];
    pn_patience *patience;
    pn_error error;
    assert_int_equal(pn_patience_new(PAIRS, 1, &patience, &error), PN_OK);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
        pn_patience_begin(patience, pair[i][0]);
    }
    pn_patience_heard(patience, pair[HEARD][0]);
    pn_patience_end(patience, pair[GONE][0]);
    pn_patience_heard(patience, pair[AGAIN][0]);
    pn_patience_next(patience, pair[AGAIN][0]);
    assert_true(ends(pair[LATE][1], 10000));
    assert_true(ends(pair[AGAIN][1], 10000));
    assert_false(ends(pair[HEARD][1], 1500));
    assert_false(ends(pair[GONE][1], 0));
    pn_patience_free(patience);
    for (int i = 0; i < PAIRS; i++) close(pair[i][0]), close(pair[i][1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_late_is_ended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
