/* Workers that die, hang or were taken over: this process goes on, and says what happened. */
#define _GNU_SOURCE
#include "test.h"

#include "decoder_fixture.h"

#include "base/file.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_files(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static void must_work(void) {
    pn_decoded d;
    pn_text png = {0};
    put_noisy_png(&png, 48, 64, 8, 0, 64);
    assert_int_equal(pn_decoder_run(decoder, png.data, png.size, &usual, &d, NULL), PN_OK);
    pn_decoded_free(&d);
    pn_text_free(&png);
}

/* ---- workers come and go ---- */

static void a_killed_worker_is_replaced(void **state) {
    (void)state;
    const int files = open_files();
    for (int i = 0; i < 3; i++) {
        const pid_t worker = pn_decoder_worker(decoder);
        siginfo_t how;
        assert_true(worker > 0);
        assert_int_equal(kill(worker, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)worker, &how, WEXITED | WNOWAIT), 0);
        must_work();
        assert_int_not_equal(pn_decoder_worker(decoder), worker);
    }
    assert_int_equal(open_files(), files);
}

static void a_slow_image_is_given_up(void **state) {
    (void)state;
    pn_decoder *hasty = NULL;
    pn_error error;
    pn_decoded d;
    pn_text png = {0};
    put_black_png(&png, 6000, 6000, 8, 0, (size_t)6000 * 6001);
    assert_int_equal(pn_decoder_new_of(getenv("PNEUMA_PROGRAM"), 20, &hasty, &error), PN_OK);
    assert_int_equal(pn_decoder_run(hasty, png.data, png.size, &usual, &d, &error), PN_E_CANCELLED);
    assert_string_equal(error.message,
                        "the image could not be decoded: it took longer than 0.02 s");
    assert_int_equal(pn_decoder_worker(hasty), 0);
    pn_decoder_free(hasty);
    pn_text_free(&png);
}

static void *decode_many(void *unused) {
    (void)unused;
    pn_decoder *own = NULL;
    pn_decoded d;
    pn_text png = {0};
    long good = 0;
    put_noisy_png(&png, 100, 120, 8, 0, 120);
    if (pn_decoder_new_of(getenv("PNEUMA_PROGRAM"), PN_DECODE_PATIENCE, &own, NULL) != PN_OK)
        return NULL;
    for (int i = 0; i < 30; i++) {
        good += pn_decoder_run(own, png.data, png.size, &usual, &d, NULL) == PN_OK;
        pn_decoded_free(&d);
        if (i % 10 == 5) kill(pn_decoder_worker(own), SIGKILL);
        if (i % 10 == 5) usleep(20000);
    }
    pn_decoder_free(own);
    pn_text_free(&png);
    return (void *)good; /* NOLINT */
}

static void decoders_work_side_by_side(void **state) {
    (void)state;
    pthread_t thread[4];
    void *good;
    const int files = open_files();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, decode_many, NULL), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], &good);
        assert_true((long)good >= 27); /* those after a kill may come before the death */
    }
    assert_int_equal(open_files(), files);
}

static void the_program_is_found_at_home(void **state) {
    (void)state;
    char folder[] = "/tmp/pneuma-test-XXXXXX", bin[100], program[100];
    pn_decoder *found = NULL;
    pn_error error = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(bin, sizeof bin, "%s/bin", folder);
    snprintf(program, sizeof program, "%s/bin/pneuma", folder);
    setenv("PNEUMA_HOME", folder, 1);
    assert_int_equal(pn_decoder_new(&found, &error), PN_E_NOT_FOUND);
    assert_int_equal(mkdir(bin, 0700), 0);
    assert_int_equal(symlink(getenv("PNEUMA_PROGRAM"), program), 0);
    assert_int_equal(pn_decoder_new(&found, &error), PN_OK);
    pn_decoder_free(found);
    unsetenv("PNEUMA_HOME");
    assert_int_equal(pn_tree_remove(folder, NULL), PN_OK);
}

/* ---- workers that were taken over: this program, under other names ---- */

static void say(const void *bytes, size_t size) {
    for (const char *at = bytes; size > 0;) {
        ssize_t n = send(STDIN_FILENO, at, size, MSG_NOSIGNAL);
        if (n <= 0) _exit(0);
        at += n, size -= (size_t)n;
    }
}

static size_t hear_request(void) {
    pn_decode_request request;
    char rest[1000];
    if (recv(STDIN_FILENO, &request, sizeof request, MSG_WAITALL) != sizeof request) _exit(0);
    for (size_t left = request.size; left > 0;) {
        ssize_t n = recv(STDIN_FILENO, rest, left < sizeof rest ? left : sizeof rest, 0);
        if (n <= 0) _exit(0);
        left -= (size_t)n;
    }
    return (size_t)(request.height * request.width * request.channels);
}

static pn_decode_answer fitting(void) {
    return (pn_decode_answer){.magic = PN_DECODE_ANSWER,
                              .channels = 1,
                              .height = 50,
                              .width = 50,
                              .shown_height = 50,
                              .shown_width = 50};
}

/* The first worker of this test dies, those after it do not. */
static void die_once(void) {
    char mark[100];
    snprintf(mark, sizeof mark, "/tmp/pneuma-test-%ld", (long)getppid());
    if (unlink(mark) == 0) abort();
}

static void answer_as(const char *name) {
    static char bytes[100000];
    const size_t prepared = hear_request();
    pn_decode_answer a = fitting();
    if (strcmp(name, "die") == 0) abort();
    if (strcmp(name, "once") == 0) die_once();
    if (strcmp(name, "hang") == 0) sleep(60);
    if (strcmp(name, "garbage") == 0) memset(&a, 0x41, sizeof a);
    if (strcmp(name, "sizes") == 0) a.shown_height = a.shown_width = INT64_C(1) << 32;
    if (strcmp(name, "status") == 0) a.status = PN_E_INTERNAL;
    if (strcmp(name, "memory") == 0) a.status = PN_E_MEMORY;
    if (strcmp(name, "lies") == 0) {
        a.status = PN_E_FORMAT;
        memset(a.message, 'x', sizeof a.message); /* with no end */
        memcpy(a.message, "\x1b[31m\xff\n", 7);
    }
    say(&a, sizeof a);
    if (strcmp(name, "half") == 0) say(bytes, prepared / 2), _exit(0);
    for (size_t i = 0; i < prepared && strcmp(name, "drips") == 0; i++) say("x", 1), usleep(1000);
    if (a.status == PN_OK) say(bytes, prepared), say(bytes, 2500);
    if (strcmp(name, "more") == 0) say(bytes, 77);
}

static int be_a_fake(const char *name) {
    pn_decode_answer ready = {.magic = PN_DECODE_READY};
    if (strcmp(name, "ends") == 0) return 0;
    if (strcmp(name, "babbles") == 0) ready.magic++;
    if (strcmp(name, "refuses") == 0) {
        ready.status = PN_E_IO;
        strcpy(ready.message, "seccomp: not today");
    }
    say(&ready, sizeof ready);
    if (strcmp(name, "deaf") == 0) sleep(60);
    for (;;) answer_as(name);
}

static char fakes[] = "/tmp/pneuma-test-XXXXXX";

static const char *fake(const char *name) {
    static char path[100];
    char self[PN_PATH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(path, sizeof path, "%s/fake-%s", fakes, name);
    if (access(path, F_OK) != 0) assert_int_equal(symlink(self, path), 0);
    return path;
}

static void workers_that_cannot_start(void **state) {
    (void)state;
    static const struct {
        const char *name, *says;
    } bad[] = {{"ends", "cannot be started: it ended at once"},
               {"babbles", "cannot be started: it says something else"},
               {"refuses", "cannot be started: seccomp: not today"}};
    const int files = open_files();
    pn_decoder *none = NULL;
    pn_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pn_decoder_new_of(fake(bad[i].name), 500, &none, &error), PN_E_IO);
        assert_non_null(strstr(error.message, bad[i].says));
        assert_null(none);
    }
    assert_int_equal(pn_decoder_new_of("/nonexistent/program", 500, &none, &error), PN_E_IO);
    assert_null(strstr(error.message, "nonexistent"));
    assert_int_equal(open_files(), files);
}

static void workers_that_misbehave(void **state) {
    (void)state;
    static const struct {
        const char *name, *says;
        int goes_on; /* it answered as it may */
    } bad[] = {{"die", "the decoder crashed on it", 0},
               {"hang", "it took longer than 0.5 s", 0},
               {"deaf", "it took longer than 0.5 s", 0},
               {"drips", "it took longer than 0.5 s", 0},
               {"half", "the decoder crashed on it", 0},
               {"garbage", "the decoder answered nonsense", 0},
               {"sizes", "the decoder answered nonsense", 0},
               {"status", "the decoder answered nonsense", 0},
               {"lies", "?[31m??xxxxxxx", 1},
               {"memory", "could not be decoded: it wanted too much memory", 1}};
    static char upload[1 << 20];
    const int files = open_files();
    for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
        static pn_decoder *d;
        pn_decoded out;
        pn_error error = {0};
        const int patience = strstr(bad[i / 2].says, "0.5 s") ? 500 : PN_DECODE_PATIENCE;
        if (i % 2 == 0)
            assert_int_equal(pn_decoder_new_of(fake(bad[i / 2].name), patience, &d, &error), PN_OK);
        assert_int_equal(pn_decoder_run(d, upload, sizeof upload, &usual, &out, &error),
                         patience == 500 ? PN_E_CANCELLED : PN_E_FORMAT);
        if (!strstr(error.message, bad[i / 2].says))
            fail_msg("%s: %s", bad[i / 2].name, error.message);
        assert_int_equal(pn_decoder_worker(d) != 0, bad[i / 2].goes_on);
        if (i % 2 == 1) pn_decoder_free(d);
    }
    assert_int_equal(open_files(), files);
}

/* Somebody else may have ended it. */
static void an_image_gets_a_second_worker(void **state) {
    (void)state;
    char mark[100];
    pn_decoder *d = NULL;
    pn_decoded out;
    snprintf(mark, sizeof mark, "/tmp/pneuma-test-%ld", (long)getpid());
    assert_int_equal(pn_file_write(mark, "", 0, NULL), PN_OK);
    assert_int_equal(pn_decoder_new_of(fake("once"), 5000, &d, NULL), PN_OK);
    const int worker = pn_decoder_worker(d);
    assert_int_equal(pn_decoder_run(d, "x", 1, &usual, &out, NULL), PN_OK);
    assert_int_not_equal(pn_decoder_worker(d), worker);
    assert_int_equal(access(mark, F_OK), -1);
    pn_decoded_free(&out);
    pn_decoder_free(d);
}

static void what_comes_unasked_is_not_taken_for_an_answer(void **state) {
    (void)state;
    pn_decoder *d = NULL;
    assert_int_equal(pn_decoder_new_of(fake("more"), 5000, &d, NULL), PN_OK);
    for (int i = 0; i < 5; i++) {
        pn_decoded out;
        assert_int_equal(pn_decoder_run(d, "x", 1, &usual, &out, NULL), PN_OK);
        assert_int_equal(out.shown_width, 50);
        pn_decoded_free(&out);
        usleep(10000); /* for the rest to come */
    }
    pn_decoder_free(d);
}

/* ---- answers ---- */

static void answers_are_checked(void **state) {
    (void)state;
    pn_error error;
    pn_decoded d;
    pn_decode_answer good = fitting();
    assert_int_equal(pn_decode_read_answer(&good, &usual, &d, &error), PN_OK);
#define BAD(field, value)                                                                          \
    do {                                                                                           \
        pn_decode_answer a = good;                                                                 \
        a.field = (value);                                                                         \
        assert_int_equal(pn_decode_read_answer(&a, &usual, &d, &error), PN_E_INTERNAL);            \
    } while (0)
    BAD(magic, PN_DECODE_READY);
    BAD(status, -1);
    BAD(status, PN_E_IO);
    BAD(format, -1);
    BAD(format, 4);
    BAD(channels, 2);
    BAD(height, 0);
    BAD(width, -1);
    BAD(height, 64000001);
    BAD(height, INT64_MAX);
    BAD(shown_height, 0);
    BAD(shown_width, 51);
    BAD(height, 49); /* smaller than what is shown of it */
    pn_decode_wish blind = usual;
    blind.shown = 0;
    assert_int_equal(pn_decode_read_answer(&good, &blind, &d, &error), PN_E_INTERNAL);
    good.status = PN_E_UNSUPPORTED;
    assert_int_equal(pn_decode_read_answer(&good, &usual, &d, &error), PN_E_UNSUPPORTED);
    assert_string_equal(error.message, "the image could not be decoded");
}

int main(int argc, char **argv) {
    (void)argc;
    const char *name = strrchr(argv[0], '/');
    if (name && strncmp(name, "/fake-", 6) == 0) return be_a_fake(name + 6);
    if (!mkdtemp(fakes)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_worker_is_replaced),
        cmocka_unit_test(a_slow_image_is_given_up),
        cmocka_unit_test(decoders_work_side_by_side),
        cmocka_unit_test(the_program_is_found_at_home),
        cmocka_unit_test(workers_that_cannot_start),
        cmocka_unit_test(workers_that_misbehave),
        cmocka_unit_test(an_image_gets_a_second_worker),
        cmocka_unit_test(what_comes_unasked_is_not_taken_for_an_answer),
        cmocka_unit_test(answers_are_checked),
    };
    int failed = cmocka_run_group_tests(tests, start_decoder, stop_decoder);
    pn_tree_remove(fakes, NULL);
    return failed;
}
