/* Events, answers and the wish to stop; native stages in a helper; work folders that are resumed
 * from after a kill, a failure or a cancellation. */
#define _GNU_SOURCE
#include "test.h"

#include "stage_fixture.h"

#include "base/cancel.h"
#include "base/memory.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static int fresh(void **state) {
    (void)state;
    pn_cancel_reset();
    answer = NULL;
    stop_after = cancel_after = 0;
    pn_stage_set_cache(1);
    return pn_tree_remove(in_fixture("cache"), NULL) != PN_OK;
}

static const char *const three = "{\"step\": 0}\n{\"step\": 1}\n{\"step\": 2}\n";

static int32_t number(const pn_stage_outcome *o, const char *result, int index) {
    return ((const int32_t *)pn_values_find(o->results, result)->array[0]->data)[index];
}

static size_t answers(const pn_stage_outcome *o) {
    return pn_values_find(o->results, "answers")->count;
}

/* ---- events ---- */

static void check_events(const char *stage) {
    pn_stage_outcome o = must_call(stage, "");
    assert_false(o.cached);
    assert_string_equal(events, three);
    assert_int_equal(events_before_notes, 3);
    pn_values_free(o.results);
    o = must_call(stage, "");
    assert_true(o.cached);
    assert_string_equal(events, three);
    assert_string_equal(notes, "done\n");
    assert_int_equal(events_before_notes, 3);
    pn_values_free(o.results);
}

static void events_are_told_and_told_again(void **state) {
    (void)state;
    check_events("steps");
    check_events("safe_steps");
}

static void large_events(void **state) {
    (void)state;
    static const char *const stages[] = {"steps", "safe_steps"};
    for (int i = 0; i < 2; i++) {
        pn_stage_outcome o = must_call(stages[i], "size=65536");
        assert_int_equal(largest_event, 65536);
        pn_values_free(o.results);
        o = must_call(stages[i], "size=65536");
        assert_true(o.cached);
        assert_int_equal(largest_event, 65536);
        pn_values_free(o.results);
        must_fail(stages[i], "size=65537", PN_E_STAGE,
                  "an event of 65537 bytes; the most are 65536");
        must_fail(stages[i], "trouble=thread", PN_E_STAGE, "sends an event from another thread");
    }
}

static void answers_need_an_uncached_call(void **state) {
    (void)state;
    answer = "faster";
    pn_stage_outcome o = must_call("steps", "");
    assert_int_equal(answers(&o), 0); /* a cached result must not depend on them */
    pn_values_free(o.results);
    for (int i = 0; i < 2; i++) {
        o = must_call("steps", "uncache=not cached: it may be steered");
        assert_false(o.cached);
        assert_string_equal(o.why, "not cached: it may be steered");
        assert_int_equal(answers(&o), 3);
        assert_string_equal(pn_values_find(o.results, "answers")->string[2].data, "faster");
        assert_int_equal(number(&o, "found", 0), 0); /* its folder is its own */
        pn_values_free(o.results);
    }
    o = must_call("fresh_steps", "");
    assert_int_equal(answers(&o), 3);
    pn_values_free(o.results);
    o = must_call("safe_steps", "uncache=not cached");
    assert_int_equal(answers(&o), 0); /* they do not travel */
    assert_string_equal(events, three);
    pn_values_free(o.results);
}

static void a_listener_may_stop_a_call(void **state) {
    (void)state;
    static const char *const stages[] = {"steps", "safe_steps"};
    for (int i = 0; i < 2; i++) {
        stop_after = 2;
        must_fail(stages[i], "steps=500|ms=5", PN_E_CANCELLED, "was stopped");
        assert_in_range(events_heard, 2, i ? 100 : 2);    /* from a helper some are on their way */
        assert_int_equal(pn_cancelled(), PN_CANCEL_NONE); /* nothing else was */
        stop_after = 0;
    }
    pn_stage_outcome o = must_call("steps", "");
    pn_values_free(o.results);
    stop_after = 1;
    must_fail("steps", "", PN_E_CANCELLED, "stage.steps was stopped"); /* in the replay */
    assert_string_equal(events, "{\"step\": 0}\n");
    assert_string_equal(notes, "");
}

/* ---- a helper for native stages ---- */

static void a_native_stage_can_be_isolated(void **state) {
    (void)state;
    const pn_stage_info *info;
    pn_text text = {0};
    pn_stage_outcome o = must_call("safe_steps", "");
    assert_int_not_equal(number(&o, "process", 0), getpid());
    assert_true(number(&o, "process", 1));
    assert_true(number(&o, "process", 2));
    const char *folder = pn_values_find(o.results, "folder")->string[0].data;
    assert_non_null(strstr(folder, "/entries/"));
    assert_int_equal(access(folder, F_OK), 0);
    pn_values_free(o.results);
    o = must_call("steps", "");
    assert_int_equal(number(&o, "process", 0), getpid());
    assert_false(number(&o, "process", 2));
    pn_values_free(o.results);
    must_fail("safe_steps", "trouble=crash", PN_E_STAGE, "crashed: signal 6 (Aborted)");
    o = must_call("safe_steps", "steps=4");
    pn_values_free(o.results);
    assert_int_equal(pn_stage_find("safe_steps", &info, NULL), PN_OK);
    assert_true(info->native && info->isolated);
    pn_stage_info_text(info, &text);
    assert_non_null(strstr(pn_text_string(&text), "(Pneuma's own, isolated in a helper process)"));
    pn_text_free(&text);
}

/* ---- resuming ---- */

enum { KILLED_AFTER = 5 }; /* events */

static void resumes(const char *stage, const char *params, int least, int most) {
    pn_stage_outcome o = must_call(stage, params);
    assert_false(o.cached);
    assert_in_range(number(&o, "found", 0), least, most);
    assert_int_equal(events_before_notes, 60);
    pn_values_free(o.results);
    o = must_call(stage, params);
    assert_true(o.cached);
    assert_int_equal(events_before_notes, 60);
    pn_values_free(o.results);
}

/* The helper may be ahead of the process that is killed. */
static void a_killed_call_is_resumed(void **state) {
    (void)state;
    const char *const stages[] = {"steps", "safe_steps"};
    for (int i = 0; i < 2; i++) {
        pid_t pid;
        int how;
        char *const argv[] = {"/proc/self/exe", (char *)stages[i], "steps=60|ms=20", NULL};
        assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
        assert_int_equal(waitpid(pid, &how, 0), pid);
        assert_true(WIFSIGNALED(how));
        resumes(stages[i], "steps=60|ms=20", KILLED_AFTER, i == 0 ? KILLED_AFTER : 60);
    }
}

static void a_failed_call_is_resumed(void **state) {
    (void)state;
    must_fail("steps", "steps=60|trouble=first", PN_E_STAGE, "stage.steps: trouble");
    resumes("steps", "steps=60|trouble=first", 3, 3);
    must_fail("safe_steps", "steps=60|trouble=first", PN_E_STAGE, "stage.safe_steps: trouble");
    resumes("safe_steps", "steps=60|trouble=first", 3, 3);
    must_fail("safe_steps", "steps=60|trouble=crash", PN_E_STAGE, "crashed");
    resumes("safe_steps", "steps=60|trouble=crash", 3, 3);
}

static void a_stopped_call_is_resumed(void **state) {
    (void)state;
    cancel_after = 5; /* Ctrl-C */
    must_fail("steps", "steps=60", PN_E_CANCELLED, "stage.steps was stopped");
    pn_cancel_reset();
    cancel_after = 0;
    resumes("steps", "steps=60", 5, 5);
    cancel_after = 3; /* it hangs, and is killed */
    must_fail("safe_steps", "steps=60|trouble=deaf", PN_E_CANCELLED, "was killed");
    pn_cancel_reset();
    cancel_after = 0;
    stop_after = 4;
    must_fail("steps", "steps=60|ms=1", PN_E_CANCELLED, "stage.steps was stopped");
    stop_after = 0;
    resumes("steps", "steps=60|ms=1", 4, 4);
}

/* Whatever allocation fails: all events are there, live and again, or the call says so. */
static void memory_may_run_out(void **state) {
    (void)state;
    int good = 0;
    for (unsigned long n = 1; n < 200; n++) {
        char params[100];
        pn_error error = {0};
        pn_stage_outcome o;
        size_t live = pn_live_bytes();
        snprintf(params, sizeof params, "steps=%lu", 3 + n / 2);
        pn_fail_allocation(n);
        pn_status status = call_with("steps", params, NULL, &o, &error);
        pn_fail_allocation(0);
        if (status != PN_OK && status != PN_E_MEMORY) fail_msg("%lu: %s", n, error.message);
        if (status == PN_OK) assert_in_range(events_heard, 3 + n / 2, 3 + n / 2);
        good += status == PN_OK;
        pn_values_free(o.results);
        assert_int_equal(pn_live_bytes(), live);
    }
    assert_true(good > 50);
}

/* As a child: one call, which does not come to its end. */
static int child(const char *name, const char *params) {
    pn_stage_outcome o;
    pn_error error;
    kill_after = KILLED_AFTER;
    pn_status status = call_with(name, params, NULL, &o, &error);
    pn_values_free(o.results);
    return status != PN_OK;
}

int main(int argc, char **argv) {
    if (argc == 3) return child(argv[1], argv[2]);
    static const char *const native[] = {"steps", NULL};
    make_fixture(native);
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        TEST(events_are_told_and_told_again),
        TEST(large_events),
        TEST(answers_need_an_uncached_call),
        TEST(a_listener_may_stop_a_call),
        TEST(a_native_stage_can_be_isolated),
        TEST(a_killed_call_is_resumed),
        TEST(a_failed_call_is_resumed),
        TEST(a_stopped_call_is_resumed),
        TEST(memory_may_run_out),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_fixture();
    return failed;
}
