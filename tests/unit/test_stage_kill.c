/* Several processes at one key, and processes killed in the middle. */
#define _GNU_SOURCE
#include "test.h"

#include "stage_fixture.h"

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

/* It ends with the test whatever ends that. */
static pid_t start_child(const char *params) {
    pid_t pid;
    char *const argv[] = {"/proc/self/exe", "slow", (char *)params, NULL};
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    return pid;
}

static int end_of(pid_t pid) {
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    return how;
}

static size_t lines_in(const char *path) {
    size_t size, lines = 0;
    char *text = get_file(path, &size);
    for (; text && *text; text++) lines += *text == '\n';
    return lines;
}

static void check_numbers(const pn_stage_outcome *o, int steps) {
    const int32_t *numbers = o->results->value[1].array[0]->data;
    assert_int_equal(pn_tensor_count(o->results->value[1].array[0]), steps);
    for (int i = 0; i < steps; i++) assert_int_equal(numbers[i], i);
    for (size_t i = 0; i < o->results->value[0].count; i++) {
        size_t size;
        char *text = get_file(o->results->value[0].string[i].data, &size);
        assert_non_null(text);
        assert_int_equal(atoi(text), (int)i);
    }
}

/* Six processes want the same result: one computes it, the others wait for it. */
static void one_computes_the_others_wait(void **state) {
    (void)state;
    enum { CHILDREN = 6 };
    char params[500];
    pid_t pid[CHILDREN];
    snprintf(params, sizeof params, "log=%s|steps=30|ms=10", in_fixture("log1"));
    for (int i = 0; i < CHILDREN; i++) pid[i] = start_child(params);
    for (int i = 0; i < CHILDREN; i++) assert_int_equal(end_of(pid[i]), 0);
    assert_int_equal(lines_in(in_fixture("log1")), 1);
}

/* Different results at once, with a cache so small that they throw each other's out. */
static void a_tiny_cache_under_pressure(void **state) {
    (void)state;
    enum { CHILDREN = 12 };
    pid_t pid[CHILDREN];
    setenv("PNEUMA_CACHE_LIMIT", "3000", 1);
    for (int i = 0; i < CHILDREN; i++) {
        char params[500];
        snprintf(params, sizeof params, "log=%s|steps=%d|ms=0", in_fixture("log2"), 20 + i % 4);
        pid[i] = start_child(params);
    }
    for (int i = 0; i < CHILDREN; i++) assert_int_equal(end_of(pid[i]), 0);
    unsetenv("PNEUMA_CACHE_LIMIT");
}

/* Killed at any moment: in the stage, while publishing, while removing. What is there afterwards
 * is right or nothing, and the folder of the call is the same. */
static void killed_at_any_moment(void **state) {
    (void)state;
    char params[500];
    snprintf(params, sizeof params, "log=%s|steps=400|ms=0", in_fixture("log3"));
    setenv("PNEUMA_CACHE_LIMIT", "60000", 1); /* two fit: removal is going on as well */
    for (int i = 0; i < 60; i++) {
        char other[500];
        snprintf(other, sizeof other, "log=%s|steps=%d|ms=0", in_fixture("log3"), 401 + i);
        pid_t pid = start_child(i % 2 ? params : other);
        usleep((useconds_t)(i * 613 % 25000));
        kill(pid, SIGKILL);
        end_of(pid);
        if (i % 10 != 9) continue;
        pn_stage_outcome o = must_call("slow", params);
        check_numbers(&o, 400);
        assert_non_null(strstr(o.results->value[0].string[0].data, "/entries/"));
        pn_values_free(o.results);
    }
    unsetenv("PNEUMA_CACHE_LIMIT");
}

static uint64_t unfinished(void) {
    pn_cache_stats stats;
    assert_int_equal(pn_cache_measure(&stats, NULL), PN_OK);
    return stats.unfinished;
}

static void the_work_folder_survives_a_kill(void **state) {
    (void)state;
    char params[500];
    uint64_t before = unfinished();
    snprintf(params, sizeof params, "log=%s|steps=1000|ms=100", in_fixture("log4"));
    pid_t pid = start_child(params);
    for (int i = 0; i < 6000 && unfinished() == before; i++) usleep(10000);
    kill(pid, SIGKILL);
    assert_true(WIFSIGNALED(end_of(pid)));
    assert_int_equal(unfinished(), before + 1);
    /* a failure is no reason to throw the files away either, but an entry without files goes */
    snprintf(params, sizeof params, "log=%s|steps=1|ms=0|files=false", in_fixture("no/folder"));
    must_fail("slow", params, PN_E_STAGE, "cannot write the log");
    assert_int_equal(unfinished(), before + 1);
}

static void sweeping_leaves_nothing(void **state) {
    (void)state;
    uint64_t removed, kept;
    pn_names names;
    assert_int_equal(pn_cache_clear(&removed, &kept, NULL), PN_OK);
    assert_true(removed > 0);
    assert_int_equal(pn_folder_list(in_fixture("cache/tmp"), &names, NULL), PN_OK);
    assert_int_equal(names.count, 0);
    pn_names_free(&names);
}

/* As a child: one call, 0 when its results are right. */
static int child(const char *name, const char *params) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pn_stage_outcome o;
    pn_error error;
    if (call_with(name, params, NULL, &o, &error) != PN_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    const int32_t *numbers = o.results->value[1].array[0]->data;
    int64_t count = pn_tensor_count(o.results->value[1].array[0]);
    int bad = 0;
    for (int64_t i = 0; i < count; i++) bad |= numbers[i] != (int32_t)i;
    for (size_t i = 0; i < o.results->value[0].count; i++)
        bad |= access(o.results->value[0].string[i].data, R_OK) != 0;
    pn_values_free(o.results);
    return bad;
}

int main(int argc, char **argv) {
    if (argc == 3) return child(argv[1], argv[2]);
    static const char *const native[] = {"slow", NULL};
    make_fixture(native);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_computes_the_others_wait),
        cmocka_unit_test(a_tiny_cache_under_pressure),
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(the_work_folder_survives_a_kill),
        cmocka_unit_test(sweeping_leaves_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_fixture();
    return failed;
}
