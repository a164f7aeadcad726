/* The cache: what is a hit, what is not and why, and what becomes of damaged entries. */
#define _GNU_SOURCE
#include "test.h"

#include "stage_fixture.h"

#include "base/memory.h"
#include "base/pool.h"
#include "stage/key.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/time.h>

static int fresh_cache(void **state) {
    (void)state;
    unsetenv("PNEUMA_CACHE_LIMIT");
    setenv("PNEUMA_CACHE", in_fixture("cache"), 1);
    pn_stage_set_cache(1);
    return pn_tree_remove(in_fixture("cache"), NULL) != PN_OK;
}

/* Calls and tells whether it was cached, and why not. */
static int cached(const char *stage, const char *params, const char *why) {
    pn_stage_outcome o = must_call(stage, params);
    pn_values_free(o.results);
    if (why && !strstr(o.why, why)) fail_msg("'%s' instead of '%s'", o.why, why);
    return o.cached;
}

static void a_second_call_is_a_hit(void **state) {
    (void)state;
    pn_stage_outcome a = must_call("draw", "count=5|seed=7");
    pn_stage_outcome b = must_call("draw", "count=5|seed=7");
    assert_false(a.cached);
    assert_string_equal(a.why, "first time");
    assert_true(b.cached);
    assert_memory_equal(a.results->value[0].array[0]->data, b.results->value[0].array[0]->data, 20);
    /* the output folder's path does not change, and the file is there */
    assert_string_equal(a.results->value[1].string[0].data, b.results->value[1].string[0].data);
    assert_int_equal(access(b.results->value[1].string[0].data, R_OK), 0);
    /* cached arrays are private: writing into one changes nobody else's */
    ((int32_t *)b.results->value[0].array[0]->data)[0] = -1;
    pn_stage_outcome c = must_call("draw", "count=5|seed=7");
    assert_memory_equal(a.results->value[0].array[0]->data, c.results->value[0].array[0]->data, 20);
    pn_values_free(a.results);
    pn_values_free(b.results);
    pn_values_free(c.results);
}

static void notes_are_told_again(void **state) {
    (void)state;
    char params[400];
    snprintf(params, sizeof params, "log=%s|steps=3|ms=0", in_fixture("log"));
    assert_false(cached("slow", params, NULL));
    assert_string_equal(notes, "3 steps\n");
    assert_true(progresses > 0);
    assert_true(cached("slow", params, NULL));
    assert_string_equal(notes, "3 steps\n");
}

static void long_parameters_are_only_named(void **state) {
    (void)state;
    json_t *before = json_pack("{s:{s:s,s:s,s:s}}", "params", "source", "{\"batch_size\":16}",
                               "loss", "mse", "graph", "");
    json_t *now = json_pack("{s:{s:s,s:s,s:s}}", "params", "source", "{\"batch_size\":1}", "loss",
                            "mae", "graph", "small");
    char why[PN_STAGE_WHY];
    assert_true(pn_key_difference(before, now, why) >= 3);
    assert_non_null(strstr(why, "parameter source changed"));
    assert_null(strstr(why, "batch_size"));
    assert_non_null(strstr(why, "parameter loss changed mse -> mae"));
    assert_non_null(strstr(why, "parameter graph changed (none) -> small"));
    json_decref(before);
    json_decref(now);
}

static void it_says_what_changed(void **state) {
    (void)state;
    assert_false(cached("draw", "count=5|seed=7", "first time"));
    assert_false(cached("draw", "count=6|seed=7", "parameter count changed 5 -> 6"));
    assert_false(cached("draw", "count=6|seed=8", "seed changed 7 -> 8"));
    pn_stage_set_cache(0);
    assert_false(cached("draw", "count=6|seed=8", "cache off"));
    pn_stage_set_cache(1);
    assert_true(cached("draw", "count=6|seed=8", NULL));
    uint64_t removed, kept;
    assert_int_equal(pn_cache_clear(&removed, &kept, NULL), PN_OK);
    assert_true(kept > 0); /* the files of `draw` are in use by this process */
}

static pn_tensor *picture(int fill) {
    const int64_t shape[] = {2, 3};
    pn_tensor *t = NULL;
    assert_int_equal(pn_tensor_new(PN_U8, 2, shape, &t, NULL), PN_OK);
    memset(t->data, fill, 6);
    return t;
}

static void inputs_count(void **state) {
    (void)state;
    pn_error error;
    pn_stage_outcome o;
    static const struct {
        int fill, cached;
        const char *why;
    } calls[] = {{1, 0, "first time"}, {1, 1, ""}, {2, 0, "inputs changed"}, {2, 1, ""}};
    for (int i = 0; i < 4; i++) {
        pn_tensor *t = picture(calls[i].fill);
        assert_int_equal(call_with("invert", "", t, &o, &error), PN_OK);
        assert_int_equal(o.cached, calls[i].cached);
        assert_string_equal(o.why, calls[i].why);
        assert_int_equal(((uint8_t *)o.results->value[0].array[0]->data)[5], 255 - calls[i].fill);
        pn_values_free(o.results);
        pn_tensor_release(t);
    }
}

static void uncached_stages_stay_uncached(void **state) {
    (void)state;
    const int64_t shape[] = {2};
    pn_tensor *t = NULL;
    pn_error error;
    pn_stage_outcome o;
    assert_int_equal(pn_tensor_zeros(PN_F32, 1, shape, &t, NULL), PN_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(call_with("fresh", "", t, &o, &error), PN_OK);
        assert_string_equal(o.why, "never cached");
        pn_values_free(o.results);
    }
    pn_tensor_release(t);
}

/* ---- files ---- */

static void set_age(const char *path, int seconds) {
    struct timeval now, times[2];
    gettimeofday(&now, NULL);
    now.tv_sec -= seconds;
    times[0] = times[1] = now;
    assert_int_equal(utimes(path, times), 0);
}

static char *make_folder(char params[500]) {
    char *dir = in_fixture("pictures");
    pn_tree_remove(dir, NULL);
    assert_int_equal(pn_folder_make(dir, NULL), PN_OK);
    put_file(in_fixture("pictures/a"), "first");
    put_file(in_fixture("pictures/b"), "second");
    assert_int_equal(mkdir(in_fixture("pictures/c"), 0777), 0); /* cannot be read as a file */
    set_age(in_fixture("pictures/a"), 100);
    set_age(in_fixture("pictures/b"), 100);
    set_age(dir, 100);
    snprintf(params, 500, "dir=%s", dir);
    return dir;
}

static void changed_files_are_seen(void **state) {
    (void)state;
    char params[500];
    make_folder(params);
    assert_false(cached("read_folder", params, "first time"));
    assert_true(cached("read_folder", params, NULL));

    put_file(in_fixture("pictures/a"), "FIRST"); /* same size, another time */
    assert_false(cached("read_folder", params, "pictures/a changed"));
    put_file(in_fixture("pictures/a"), "FIRST"); /* another time, same content */
    assert_true(cached("read_folder", params, NULL));

    put_file(in_fixture("pictures/new"), "new");
    assert_false(cached("read_folder", params, "pictures changed"));
    assert_int_equal(unlink(in_fixture("pictures/new")), 0);
    assert_int_equal(unlink(in_fixture("pictures/b")), 0);
    assert_false(cached("read_folder", params, "changed"));

    /* what could not be read then can be read now */
    assert_int_equal(rmdir(in_fixture("pictures/c")), 0);
    put_file(in_fixture("pictures/c"), "a file now");
    assert_false(cached("read_folder", params, "changed"));
}

/* A file that changes within the clock's grain keeps its stamp; so young files are read again. */
static void young_files_are_read_again(void **state) {
    (void)state;
    char params[500];
    make_folder(params);
    struct stat st;
    put_file(in_fixture("pictures/a"), "abcde");
    assert_int_equal(stat(in_fixture("pictures/a"), &st), 0);
    assert_false(cached("read_folder", params, NULL));
    FILE *file = fopen(in_fixture("pictures/a"), "r+");
    fputs("ABCDE", file);
    fclose(file);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, in_fixture("pictures/a"), times, 0), 0);
    assert_false(cached("read_folder", params, "pictures/a changed"));
}

static void the_host_serves_many_threads(void **state) {
    (void)state;
    char params[500];
    make_folder(params);
    pn_set_threads(4);
    pn_stage_outcome o = must_call("crowd", params);
    const int32_t *sums = o.results->value[0].array[0]->data;
    for (int i = 0; i < 2000; i++) assert_int_equal(sums[i], i);
    assert_non_null(strstr(notes, "at 1950"));
    assert_true(progresses >= 1);
    pn_values_free(o.results);
    assert_true(cached("crowd", params, NULL));
    put_file(in_fixture("pictures/a"), "changed");
    assert_false(cached("crowd", params, "pictures/a changed"));
}

static void only_the_first_bytes_count(void **state) {
    (void)state;
    char params[500];
    make_folder(params);
    strcat(params, "|limit=3");
    assert_false(cached("read_folder", params, NULL));
    put_file(in_fixture("pictures/a"), "fir-longer-than-before");
    assert_true(cached("read_folder", params, NULL));
    put_file(in_fixture("pictures/a"), "FIR-longer-than-before");
    assert_false(cached("read_folder", params, "pictures/a changed"));
}

static void lost_outputs_are_made_again(void **state) {
    (void)state;
    /* in a process of its own, so that nobody holds the entry; this one would use another slot */
    pn_stage_outcome a = must_call("draw", "count=5|seed=1");
    const char *path = a.results->value[1].string[0].data;
    assert_int_equal(unlink(path), 0);
    pn_stage_outcome b = must_call("draw", "count=5|seed=1");
    assert_false(b.cached);
    assert_string_equal(b.why, "its output files/values.bin changed");
    assert_int_equal(access(b.results->value[1].string[0].data, R_OK), 0);
    assert_true(cached("draw", "count=5|seed=1", NULL));
    pn_values_free(a.results);
    pn_values_free(b.results);
}

/* ---- damage ---- */

static void entry_file(const char *name, char path[PN_PATH]) {
    pn_names names;
    assert_int_equal(pn_folder_list(in_fixture("cache/entries"), &names, NULL), PN_OK);
    assert_int_equal(names.count, 1);
    snprintf(path, PN_PATH, "%s/%s/%s", in_fixture("cache/entries"), names.name[0], name);
    pn_names_free(&names);
}

static void write_bytes(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void check_damage(const char *path, const char *whole, const char *bytes, size_t size) {
    pn_error error;
    pn_stage_outcome o;
    pn_tensor *t = picture(9);
    (void)whole;
    write_bytes(path, bytes, size);
    assert_int_equal(call_with("invert", "loud=true", t, &o, &error), PN_OK);
    assert_false(o.cached);
    assert_string_equal(o.why, "the cached result was damaged");
    assert_int_equal(((uint8_t *)o.results->value[0].array[0]->data)[5], 246);
    pn_values_free(o.results);
    assert_int_equal(call_with("invert", "loud=true", t, &o, &error), PN_OK);
    assert_true(o.cached);
    pn_values_free(o.results);
    pn_tensor_release(t);
}

/* Every byte flipped, every length cut: found out, computed again. The bytes between the values
 * mean nothing, so a flip there may go unnoticed. */
static void damage_to(const char *name) {
    char path[PN_PATH];
    static char whole[1 << 16], bytes[1 << 16];
    size_t size;
    pn_error error;
    pn_stage_outcome o;
    pn_tensor *t = picture(9);
    assert_int_equal(call_with("invert", "loud=true", t, &o, &error), PN_OK);
    pn_values_free(o.results);
    pn_tensor_release(t);
    entry_file(name, path);
    char *text = get_file(path, &size);
    assert_non_null(text);
    memcpy(whole, text, size);
    for (size_t at = 0; at < size; at += 7) {
        if (whole[at] == '\0' && at > 40) continue;
        memcpy(bytes, whole, size);
        bytes[at] ^= 0x20;
        check_damage(path, whole, bytes, size);
    }
    for (size_t cut = 0; cut < size; cut += 61) check_damage(path, whole, whole, cut);
}

static void damaged_values_are_computed_again(void **state) {
    (void)state;
    damage_to("values");
}

static void damaged_records_are_computed_again(void **state) {
    (void)state;
    damage_to("record");
}

/* ---- room ---- */

static void a_cache_that_cannot_be_written_is_no_failure(void **state) {
    (void)state;
    put_file(in_fixture("plain"), "a file");
    setenv("PNEUMA_CACHE", in_fixture("plain/cache"), 1);
    assert_false(cached("draw", "count=5|seed=1", "the cache cannot be used"));
    assert_non_null(strstr(warnings, "cannot be used, results are not kept"));
    assert_false(cached("draw", "count=5|seed=1", NULL));
    assert_string_equal(warnings, ""); /* once is enough */
}

static void check_full_disk(const char *files) {
    const struct rlimit small = {100, RLIM_INFINITY}, large = {RLIM_INFINITY, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    char params[400];
    snprintf(params, sizeof params, "log=%s|steps=100|ms=0|files=%s", in_fixture("log2"), files);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_false(cached("slow", params, NULL));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &large), 0);
    assert_false(cached("slow", params, NULL)); /* nothing half-written was taken for a result */
    assert_true(cached("slow", params, NULL));
}

static void a_full_disk_is_no_failure(void **state) {
    (void)state;
    check_full_disk("false");
    check_full_disk("true"); /* the files of the first call stay: the second has a folder beside */
}

static uint64_t cache_bytes(void) {
    pn_cache_stats stats;
    assert_int_equal(pn_cache_measure(&stats, NULL), PN_OK);
    return stats.bytes;
}

static void call_slow(int steps, int expect_cached) {
    char params[500];
    snprintf(params, sizeof params, "log=%s|steps=%d|ms=0|files=false", in_fixture("log3"), steps);
    assert_int_equal(cached("slow", params, NULL), expect_cached);
}

static void least_recently_used_goes_first(void **state) {
    (void)state;
    call_slow(1000, 0);
    uint64_t one = cache_bytes();
    char limit[32];
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)(one * 7 / 2));
    setenv("PNEUMA_CACHE_LIMIT", limit, 1);
    call_slow(1001, 0);
    usleep(20000);
    call_slow(1002, 0);
    usleep(20000);
    call_slow(1000, 1); /* used again: younger than 1001 now */
    usleep(20000);
    call_slow(1003, 0); /* one too many */
    assert_true(cache_bytes() <= one * 7 / 2);
    call_slow(1000, 1);
    call_slow(1002, 1);
    call_slow(1003, 1);
    call_slow(1001, 0);
}

static void what_the_dead_left_is_swept(void **state) {
    (void)state;
    setenv("PNEUMA_CACHE_LIMIT", "10000000", 1);
    assert_int_equal(pn_folder_make(in_fixture("cache/tmp/9-dead/1"), NULL), PN_OK);
    put_file(in_fixture("cache/tmp/9-dead.lock"), "");
    put_file(in_fixture("cache/tmp/9-file"), "half a result");
    assert_int_equal(pn_folder_make(in_fixture("cache/tmp/9-removed/files"), NULL), PN_OK);
    put_file(in_fixture("cache/tmp/8-alive"), "being written");
    int alive = open(in_fixture("cache/tmp/8-alive"), O_RDONLY);
    assert_int_equal(flock(alive, LOCK_EX), 0);
    for (int steps = 20000; steps < 20010; steps++) call_slow(steps, 0);
    pn_names names;
    assert_int_equal(pn_folder_list(in_fixture("cache/tmp"), &names, NULL), PN_OK);
    for (size_t i = 0; i < names.count; i++) assert_int_not_equal(names.name[i][0], '9');
    assert_int_equal(access(in_fixture("cache/tmp/8-alive"), F_OK), 0);
    close(alive);
    pn_names_free(&names);
}

/* Whatever allocation fails: the call works, uncached perhaps, or says so; nothing leaks. */
static void memory_may_run_out(void **state) {
    (void)state;
    pn_tensor *t = picture(1);
    int good = 0;
    for (unsigned long n = 1; n < 300; n++) {
        pn_error error = {0};
        pn_stage_outcome o;
        size_t live = pn_live_bytes();
        pn_fail_allocation(n);
        pn_status status = call_with("invert", n % 2 ? "top=9" : "loud=true", t, &o, &error);
        pn_fail_allocation(0);
        if (status != PN_OK && status != PN_E_MEMORY) fail_msg("%lu: %s", n, error.message);
        if (status == PN_OK)
            assert_int_equal(((uint8_t *)o.results->value[0].array[0]->data)[0], n % 2 ? 8 : 254);
        good += status == PN_OK;
        pn_values_free(o.results);
        assert_int_equal(pn_live_bytes(), live);
    }
    assert_true(good > 100);
    pn_tensor_release(t);
}

int main(void) {
    static const char *const native[] = {"good", "slow", NULL};
    make_fixture(native);
#define TEST(name) cmocka_unit_test_setup(name, fresh_cache)
    const struct CMUnitTest tests[] = {
        TEST(a_second_call_is_a_hit),
        TEST(notes_are_told_again),
        TEST(it_says_what_changed),
        TEST(long_parameters_are_only_named),
        TEST(inputs_count),
        TEST(uncached_stages_stay_uncached),
        TEST(changed_files_are_seen),
        TEST(young_files_are_read_again),
        TEST(only_the_first_bytes_count),
        TEST(the_host_serves_many_threads),
        TEST(lost_outputs_are_made_again),
        TEST(damaged_values_are_computed_again),
        TEST(damaged_records_are_computed_again),
        TEST(a_cache_that_cannot_be_written_is_no_failure),
        TEST(a_full_disk_is_no_failure),
        TEST(least_recently_used_goes_first),
        TEST(what_the_dead_left_is_swept),
        TEST(memory_may_run_out),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_fixture();
    return failed;
}
