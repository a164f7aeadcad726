/* Third-party plugins: whatever they do, this process goes on and says what happened. */
#define _GNU_SOURCE
#include "test.h"

#include "stage_fixture.h"

#include "base/cancel.h"

#include <dirent.h>
#include <pthread.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int plugins(void **state) {
    (void)state;
    setenv("PNEUMA_STAGES", getenv("PNEUMA_TEST_PLUGINS"), 1);
    pn_cancel_reset();
    return 0;
}

static void must_work(void) {
    pn_stage_outcome o = must_call("naughty", "what=good");
    pn_values_free(o.results);
}

/* ---- good ones ---- */

static void a_good_plugin_works(void **state) {
    (void)state;
    pn_error error;
    pn_stage_outcome o;
    const int64_t shape[] = {300, 500}, small[] = {2, 2, 3};
    pn_tensor *t = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pn_tensor_new(PN_U8, i ? 3 : 2, i ? small : shape, &t, NULL), PN_OK);
        memset(t->data, 10 * i, pn_tensor_bytes(t));
        assert_int_equal(call_with("invert", "top=200|loud=true", t, &o, &error), PN_OK);
        const pn_tensor *result = o.results->value[0].array[0];
        assert_true(pn_tensor_same_shape(t, result));
        assert_int_equal(((uint8_t *)result->data)[pn_tensor_count(t) - 1], 200 - 10 * i);
        assert_string_equal(notes, "done, fast\n");
        pn_tensor_release(t);
        pn_values_free(o.results);
    }
}

static void files_and_folders_work(void **state) {
    (void)state;
    char params[500];
    snprintf(params, sizeof params, "log=%s|steps=30|ms=10", in_fixture("log"));
    pn_stage_outcome a = must_call("slow", params), b = must_call("slow", params);
    assert_false(a.cached);
    assert_true(b.cached);
    assert_true(progresses == 0);
    assert_int_equal(b.results->value[0].count, 30);
    assert_int_equal(access(b.results->value[0].string[29].data, R_OK), 0);
    pn_values_free(a.results);
    pn_values_free(b.results);

    assert_int_equal(pn_folder_make(in_fixture("in"), NULL), PN_OK);
    put_file(in_fixture("in/\xff\xfe odd"), "abc");
    snprintf(params, sizeof params, "dir=%s", in_fixture("in"));
    a = must_call("read_folder", params);
    assert_string_equal(a.results->value[0].string[0].data, "\xff\xfe odd");
    pn_values_free(a.results);
    a = must_call("read_folder", params);
    assert_true(a.cached);
    pn_values_free(a.results);
    put_file(in_fixture("in/\xff\xfe odd"), "abcd");
    a = must_call("read_folder", params);
    assert_false(a.cached);
    pn_values_free(a.results);
}

static void progress_arrives(void **state) {
    (void)state;
    char params[500];
    snprintf(params, sizeof params, "log=%s|steps=40|ms=10|files=false", in_fixture("log"));
    pn_stage_outcome o = must_call("slow", params);
    pn_values_free(o.results);
    assert_true(progresses >= 2 && progresses <= 20); /* 0.4 s at about ten a second */
}

static void uncached_files_last_as_long_as_the_process(void **state) {
    (void)state;
    pn_stage_set_cache(0);
    pn_stage_outcome o = must_call("draw", "count=3");
    assert_int_equal(access(o.results->value[1].string[0].data, R_OK), 0);
    pn_stage_set_cache(1);
    pn_values_free(o.results);
}

/* ---- bad ones ---- */

static void deaths_are_told_and_survived(void **state) {
    (void)state;
    static const struct {
        const char *what, *message;
    } deaths[] = {{"what=crash", "crashed: signal 11 (Segmentation fault)"},
                  {"what=abort", "crashed: signal 6 (Aborted)"},
                  {"what=kill", "crashed: signal 9 (Killed)"},
                  {"what=exit", "ended its process with exit code 3"},
                  {"what=_exit", "ended its process with exit code 0"},
                  {"what=babble", "answered nonsense: something that is no message"}};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        must_fail("naughty", deaths[i].what, PN_E_STAGE, deaths[i].message);
        must_fail("naughty", deaths[i].what, PN_E_STAGE, "stage.naughty failed: its plugin '/");
        must_work();
    }
}

static void misuse_is_told(void **state) {
    (void)state;
    static const struct {
        const char *what, *message;
    } misuses[] = {{"what=nothing", "result 'out' is missing"},
                   {"what=silent", "stage.naughty failed without saying why"},
                   {"what=twice", "it sets the result 'out' twice"},
                   {"what=negative", "the result 'out' cannot be made"},
                   {"what=dtype", "the result 'out' must be float32, not int32"},
                   {"what=no dtype", "unknown dtype 77"},
                   {"what=rank", "the result 'out' cannot be made"},
                   {"what=param", "a parameter 'whatever' that it does not declare"},
                   {"what=type", "with param_int, but it is a string"},
                   {"what=input", "an input 'whatever' that it does not declare"},
                   {"what=result", "it adds a string to the result 'out', a array"},
                   {"what=free", "it frees memory that the host did not give it"},
                   {"what=long", "stage.naughty: xxxxxxx"}};
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++)
        must_fail("naughty", misuses[i].what, PN_E_STAGE, misuses[i].message);
    must_fail("naughty", "what=huge", PN_E_MEMORY, "the result 'out' cannot be made");
    must_fail("naughty", "what=memory", PN_E_MEMORY, "out of memory");
    must_work();
}

static void *cancel_soon(void *unused) {
    (void)unused;
    usleep(200000);
    pn_cancel(PN_CANCEL_INTERRUPT);
    return NULL;
}

static double cancelled_after(const char *params, const char *message) {
    pthread_t thread;
    pn_cancel_reset();
    must_work(); /* the helper is up */
    double start = now();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    must_fail("naughty", params, PN_E_CANCELLED, message);
    double seconds = now() - start;
    pthread_join(thread, NULL);
    pn_cancel_reset();
    return seconds;
}

static void cancellation_ends_every_stage(void **state) {
    (void)state;
    assert_true(cancelled_after("what=polite", "stage.naughty was stopped") < 1);
    double hanging = cancelled_after("what=hang", "did not obey and was killed");
    assert_true(hanging > 1 && hanging < 3);
    must_work();
}

/* It closes every descriptor there is: its process ends by itself or is stopped, whichever comes
 * first. */
static void a_deaf_plugin_ends(void **state) {
    (void)state;
    pthread_t thread;
    pn_stage_outcome outcome;
    pn_error error = {0};
    must_work();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    pn_status status = call_with("naughty", "what=deaf", NULL, &outcome, &error);
    pthread_join(thread, NULL);
    pn_cancel_reset();
    assert_true(status == PN_E_CANCELLED || status == PN_E_STAGE);
    must_work();
}

static void bad_plugins_are_named(void **state) {
    (void)state;
    static const struct {
        const char *name, *message;
    } bad[] = {{"abi2", "built for stage ABI 2, this Pneuma speaks 1"},
               {"liar", "says that a pn_stage takes 12 bytes"},
               {"crashing", "while being loaded it crashed: signal 6"},
               {"no_table", "it exports no table called pneuma_plugin"}};
    pn_stage_catalog catalog;
    pn_text text = {0};
    must_fail("drow", "", PN_E_NOT_FOUND, "did you mean 'draw'?"); /* opens them all */
    pn_stage_take_warnings(&text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        must_fail(bad[i].name, "", PN_E_STAGE, bad[i].message);
        assert_non_null(strstr(pn_text_string(&text), bad[i].message));
        assert_non_null(strstr(pn_text_string(&text), bad[i].name));
    }
    pn_text_free(&text);
    pn_stage_take_warnings(&text); /* one warning each */
    assert_int_equal(text.size, 0);
    assert_int_equal(pn_stage_list(&catalog, NULL), PN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(strstr(pn_text_string(&catalog.broken), bad[i].message));
    assert_true(catalog.count >= 7);
    pn_stage_catalog_free(&catalog);
}

static void a_file_that_is_no_library(void **state) {
    (void)state;
    put_file(in_fixture("text.so"), "not a library");
    setenv("PNEUMA_STAGES", in_fixture("text.so"), 1);
    must_fail("text", "", PN_E_STAGE, "it cannot be loaded");
    must_fail("drow", "", PN_E_NOT_FOUND, "there is no stage 'drow'");
}

static void copy(const char *from, const char *to) {
    size_t size;
    char *text = get_file(from, &size);
    assert_non_null(text);
    unlink(to);
    FILE *file = fopen(to, "w");
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

static void a_rebuilt_plugin_is_opened_anew(void **state) {
    (void)state;
    char *path = in_fixture("plugin.so");
    copy(plugin_path("abi2"), path);
    setenv("PNEUMA_STAGES", path, 1);
    must_fail("naughty", "", PN_E_NOT_FOUND, "there is no stage 'naughty'");
    copy(plugin_path("naughty"), path);
    must_work();
}

static void single_files_and_the_users_folder(void **state) {
    (void)state;
    setenv("PNEUMA_STAGES", "", 1);
    must_fail("naughty", "", PN_E_NOT_FOUND, "naughty");
    assert_int_equal(pn_folder_make(in_fixture("data/pneuma/stages"), NULL), PN_OK);
    copy(plugin_path("naughty"), in_fixture("data/pneuma/stages/naughty.so"));
    must_work();
    unlink(in_fixture("data/pneuma/stages/naughty.so"));
}

/* After all this: no helper but the living ones of this process, no zombie. */
static int children(char state_wanted) {
    int count = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *e; (e = readdir(folder));) {
        char path[300], state;
        int parent;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *file = atoi(e->d_name) ? fopen(path, "r") : NULL;
        if (!file) continue;
        if (fscanf(file, "%*d (%*[^)]) %c %d", &state, &parent) == 2 && parent == getpid())
            count += state_wanted == 'Z' ? state == 'Z' : 1;
        fclose(file);
    }
    closedir(folder);
    return count;
}

static void no_zombies(void **state) {
    (void)state;
    assert_int_equal(children('Z'), 0);
    assert_true(children('*') <= 8);
}

int main(void) {
    /* In the helper, an allocation that is refused must be NULL under the sanitizer as well. */
    setenv("ASAN_OPTIONS", "allocator_may_return_null=1", 1);
    setenv("TSAN_OPTIONS", "allocator_may_return_null=1", 1);
    make_fixture(NULL);
#define TEST(name) cmocka_unit_test_setup(name, plugins)
    const struct CMUnitTest tests[] = {
        TEST(a_good_plugin_works),
        TEST(files_and_folders_work),
        TEST(progress_arrives),
        TEST(uncached_files_last_as_long_as_the_process),
        TEST(deaths_are_told_and_survived),
        TEST(misuse_is_told),
        TEST(cancellation_ends_every_stage),
        TEST(a_deaf_plugin_ends),
        TEST(bad_plugins_are_named),
        TEST(a_file_that_is_no_library),
        TEST(a_rebuilt_plugin_is_opened_anew),
        TEST(single_files_and_the_users_folder),
        TEST(no_zombies),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_fixture();
    return failed;
}
