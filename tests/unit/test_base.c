/* The ground floor: text, files, hashes, random numbers, memory. */
#define _GNU_SOURCE
#include "test.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- text ---- */

static void text_grows(void **state) {
    (void)state;
    pn_text text = {0};
    assert_string_equal(pn_text_string(&text), "");
    for (int i = 0; i < 1000; i++) pn_text_addf(&text, "%d,", i);
    assert_int_equal(text.size, 10 * 2 + 90 * 3 + 900 * 4);
    assert_memory_equal(text.data, "0,1,2,", 6);
    assert_string_equal(text.data + text.size - 4, "999,");
    pn_text_free(&text);
    assert_null(text.data);
}

static void only_valid_utf8_is_utf8(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {{"a", 1},
                 {"\xc3\xa9", 2},
                 {"\xe2\x82\xac", 3},
                 {"\xf0\x9f\xab\x81", 4},
                 {"\x80", 0},
                 {"\xc3", 0},
                 {"\xc0\x80", 0},
                 {"\xe0\x80\x80", 0},
                 {"\xed\xa0\x80", 0},
                 {"\xf4\x90\x80\x80", 0},
                 {"\xff", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(pn_utf8_length(cases[i].bytes, strlen(cases[i].bytes)), cases[i].length);
    pn_text text = {0};
    pn_text_add_utf8(&text, "a\xff\xc3\xa9", 4);
    assert_string_equal(text.data, "a\xef\xbf\xbd\xc3\xa9");
    pn_text_free(&text);
}

static void near_names_are_suggested(void **state) {
    (void)state;
    static const char *const names[] = {"low", "high", "os", "print", "aperture"};
    enum { COUNT = sizeof names / sizeof *names };
    assert_int_equal(pn_edit_distance("hgih", "high"), 1);
    assert_int_equal(pn_edit_distance("hgi", "High"), 2);
    assert_string_equal(pn_suggest("prnt", names, COUNT), "print");
    assert_string_equal(pn_suggest("Aperature", names, COUNT), "aperture");
    assert_string_equal(pn_suggest("lo", names, COUNT), "low");
    assert_null(pn_suggest("ds", names, COUNT));
    assert_null(pn_suggest("epochs", names, COUNT));
    assert_string_equal(pn_suggest("aper", names, COUNT), "aperture");
    assert_null(pn_suggest("ape", names, COUNT));
}

/* ---- files ---- */

static int make_folder(void **state) {
    char template[] = "/tmp/pneuma-base-XXXXXX";
    *state = strdup(mkdtemp(template));
    return *state == NULL;
}

static int remove_folder(void **state) {
    int bad = pn_tree_remove(*state, NULL) != PN_OK;
    free(*state);
    return bad;
}

static void in_folder(char path[PN_PATH], void **state, const char *name) {
    assert_int_equal(pn_path_join(path, *state, name, NULL), PN_OK);
}

static void files_are_replaced_whole(void **state) {
    char path[PN_PATH], *data;
    size_t size;
    pn_names names;
    in_folder(path, state, "odd \xff'name");
    assert_int_equal(pn_file_write(path, "first", 5, NULL), PN_OK);
    assert_int_equal(pn_file_write(path, "other\0x", 7, NULL), PN_OK);
    assert_int_equal(pn_file_read(path, 0, &data, &size, NULL), PN_OK);
    assert_int_equal(size, 7);
    assert_memory_equal(data, "other\0x\0", 8);
    pn_free(data);
    assert_int_equal(pn_file_read(path, 3, &data, &size, NULL), PN_OK);
    assert_string_equal(data, "oth");
    pn_free(data);
    assert_int_equal(pn_folder_list(*state, &names, NULL), PN_OK);
    assert_int_equal(names.count, 1); /* no temporary file stays */
    pn_names_free(&names);
}

static void files_are_replaced_in_pieces(void **state) {
    char path[PN_PATH], *data;
    size_t size;
    pn_names names;
    pn_replacement r;
    in_folder(path, state, "model");
    assert_int_equal(pn_file_write(path, "old", 3, NULL), PN_OK);
    for (int keep = 0; keep < 2; keep++) {
        assert_int_equal(pn_file_replace_begin(path, &r, NULL), PN_OK);
        assert_int_equal(pn_file_replace_write(&r, "n", 1, NULL), PN_OK);
        assert_int_equal(pn_file_replace_write(&r, "ew", 2, NULL), PN_OK);
        assert_int_equal(pn_file_read(path, 0, &data, &size, NULL), PN_OK);
        assert_string_equal(data, "old"); /* until commit */
        pn_free(data);
        if (keep) assert_int_equal(pn_file_replace_commit(&r, NULL), PN_OK);
        pn_file_replace_abort(&r);
        assert_int_equal(pn_file_read(path, 0, &data, &size, NULL), PN_OK);
        assert_string_equal(data, keep ? "new" : "old");
        pn_free(data);
        assert_int_equal(pn_folder_list(*state, &names, NULL), PN_OK);
        assert_int_equal(names.count, 1);
        pn_names_free(&names);
    }
    in_folder(path, state, "none/model");
    assert_int_equal(pn_file_replace_begin(path, &r, NULL), PN_E_IO);
}

static void hash_piece(void *hasher, const void *bytes, size_t size) {
    pn_hasher_join(hasher, bytes, size);
}

static void files_are_read_in_pieces(void **state) {
    char path[PN_PATH];
    enum { SIZE = 3000000 }; /* more than one piece */
    static const uint64_t limits[] = {0, 1, 2000000, SIZE, SIZE + 1};
    char *bytes = pn_calloc(SIZE, 1);
    bytes[SIZE - 1] = bytes[1500000] = 'x';
    in_folder(path, state, "pieces");
    assert_int_equal(pn_file_write(path, bytes, SIZE, NULL), PN_OK);
    for (int i = 0; i < 5; i++) {
        size_t size = limits[i] && limits[i] < SIZE ? limits[i] : SIZE;
        pn_hasher *hasher = pn_hasher_new();
        assert_int_equal(pn_file_pieces(path, limits[i], hash_piece, hasher, NULL), PN_OK);
        assert_true(pn_hash_equal(pn_hasher_finish(hasher), pn_hash_bytes(bytes, size)));
    }
    pn_free(bytes);
    assert_int_equal(pn_file_pieces(*state, 0, hash_piece, NULL, NULL), PN_E_IO);
}

static void files_are_mapped(void **state) {
    char path[PN_PATH], *data;
    void *base;
    size_t size, before = pn_live_bytes();
    in_folder(path, state, "mapped");
    assert_int_equal(pn_file_write(path, "abc", 3, NULL), PN_OK);
    assert_int_equal(pn_file_map(path, &base, &size, NULL), PN_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(base, "abc", 3);
    *(char *)base = 'x'; /* stays in memory */
    assert_int_equal(pn_file_read(path, 0, &data, &size, NULL), PN_OK);
    assert_string_equal(data, "abc");
    pn_free(data);
    assert_int_equal(pn_live_bytes(), before + 3);
    pn_file_unmap(base, 3);
    assert_int_equal(pn_live_bytes(), before);
    assert_int_equal(pn_file_write(path, "", 0, NULL), PN_OK);
    assert_int_equal(pn_file_map(path, &base, &size, NULL), PN_OK);
    assert_int_equal(size, 0);
    assert_null(base);
    pn_file_unmap(base, size);
    assert_int_equal(pn_file_map(*state, &base, &size, NULL), PN_E_IO);
}

static void folders_are_made_listed_and_removed(void **state) {
    char path[PN_PATH];
    pn_names names;
    in_folder(path, state, "a/b/c");
    assert_int_equal(pn_folder_make(path, NULL), PN_OK);
    assert_int_equal(pn_folder_make(path, NULL), PN_OK);
    static const char *const files[] = {"a/B", "a/\xc3\xa9", "a/a", "a/.hidden"};
    for (int i = 0; i < 4; i++) {
        in_folder(path, state, files[i]);
        assert_int_equal(pn_file_write(path, "", 0, NULL), PN_OK);
    }
    in_folder(path, state, "a/link");
    assert_int_equal(symlink("/etc", path), 0);
    in_folder(path, state, "a");
    assert_int_equal(pn_folder_list(path, &names, NULL), PN_OK);
    static const char *const sorted[] = {".hidden", "B", "a", "b", "link", "\xc3\xa9"};
    assert_int_equal(names.count, 6);
    for (int i = 0; i < 6; i++) assert_string_equal(names.name[i], sorted[i]);
    pn_names_free(&names);
    assert_int_equal(pn_tree_remove(path, NULL), PN_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access("/etc", F_OK), 0);
    assert_int_equal(pn_tree_remove(path, NULL), PN_OK);
}

static void refusals_name_the_path(void **state) {
    char path[PN_PATH], *data;
    size_t size;
    pn_error error;
    pn_names names;
    in_folder(path, state, "missing");
    assert_int_equal(pn_file_read(path, 0, &data, &size, &error), PN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "missing"));
    assert_string_equal(error.path, path);
    assert_int_equal(pn_folder_list(path, &names, &error), PN_E_NOT_FOUND);
    assert_int_equal(pn_file_read(*state, 0, &data, &size, &error), PN_E_IO);
    assert_non_null(strstr(error.message, "is a folder"));
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_int_equal(pn_file_read(path, 0, &data, &size, &error), PN_E_IO);
    in_folder(path, state, "missing/file");
    assert_int_not_equal(pn_file_write(path, "", 0, &error), PN_OK);
    assert_non_null(strstr(error.message, "missing/file"));
}

static void paths_have_names_and_endings(void **state) {
    (void)state;
    char path[PN_PATH];
    assert_int_equal(pn_path_join(path, "a/", "b.jpeg", NULL), PN_OK);
    assert_string_equal(path, "a/b.jpeg");
    assert_int_equal(pn_path_join(path, "a", "/b", NULL), PN_OK);
    assert_string_equal(path, "/b");
    assert_string_equal(pn_path_name("a/b.jpeg"), "b.jpeg");
    assert_string_equal(pn_path_ending("a.b/c.JPEG"), ".JPEG");
    assert_string_equal(pn_path_ending("a.b/c"), "");
    assert_string_equal(pn_path_ending(".hidden"), "");
}

/* ---- hashes, random numbers, memory ---- */

static void hashes_tell_pieces_apart(void **state) {
    (void)state;
    char hex[PN_HASH_HEX];
    pn_hash back, a = pn_hash_bytes("abc", 3);
    pn_hash_hex(a, hex);
    assert_string_equal(hex, "06b05ab6733a618578af5f94892f3950"); /* xxHash's own for "abc" */
    assert_true(pn_hash_parse(hex, &back) && pn_hash_equal(a, back));
    assert_false(pn_hash_parse("06b0", &back));
    pn_hasher *joined = pn_hasher_new();
    pn_hasher_join(joined, "a", 1), pn_hasher_join(joined, "bc", 2);
    assert_true(pn_hash_equal(pn_hasher_finish(joined), a));
    pn_hasher *one = pn_hasher_new(), *two = pn_hasher_new();
    pn_hasher_add_text(one, "ab"), pn_hasher_add_text(one, "c");
    pn_hasher_add_text(two, "a"), pn_hasher_add_text(two, "bc");
    assert_false(pn_hash_equal(pn_hasher_finish(one), pn_hasher_finish(two)));
}

static void random_numbers_repeat_and_spread(void **state) {
    (void)state;
    pn_random a, b, c;
    pn_random_seed(&a, 1, 0), pn_random_seed(&b, 1, 0), pn_random_seed(&c, 1, 1);
    double mean = 0, square = 0, uniform = 0;
    int same = 0, counts[10] = {0};
    enum { N = 100000 };
    for (int i = 0; i < N; i++) {
        uint64_t x = pn_random_bits(&a);
        assert_true(x == pn_random_bits(&b));
        same += x == pn_random_bits(&c);
        double z = pn_random_normal(&c), u = pn_random_uniform(&c);
        mean += z / N, square += z * z / N, uniform += u / N;
        assert_true(u >= 0 && u < 1);
        counts[pn_random_below(&c, 10)]++;
    }
    assert_int_equal(same, 0);
    assert_true(fabs(mean) < 0.02 && fabs(square - 1) < 0.03 && fabs(uniform - 0.5) < 0.01);
    for (int i = 0; i < 10; i++) assert_in_range(counts[i], 9500, 10500);
    int64_t order[100];
    char seen[100] = {0};
    pn_random_permutation(&a, order, 100);
    for (int i = 0; i < 100; i++) seen[order[i]]++;
    for (int i = 0; i < 100; i++) assert_int_equal(seen[i], 1);
}

static void memory_is_counted_and_can_fail(void **state) {
    (void)state;
    size_t before = pn_live_bytes();
    void *a = pn_alloc(1000), *b = pn_calloc(10, 10);
    char *none = pn_alloc(0);
    *none = 1; /* lies in its block, not behind it */
    assert_int_equal((uintptr_t)a % 64, 0);
    assert_non_null(none);
    assert_int_equal(pn_live_bytes() - before, 1100);
    assert_null(pn_calloc((size_t)-1, 2));
    assert_null(pn_alloc((size_t)-1));
    pn_fail_allocation(2);
    void *c = pn_alloc(1);
    assert_non_null(c);
    assert_null(pn_alloc(1));
    void *d = pn_alloc(1);
    assert_non_null(d);
    pn_free(a), pn_free(b), pn_free(none), pn_free(c), pn_free(d), pn_free(NULL);
    assert_int_equal(pn_live_bytes(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(only_valid_utf8_is_utf8),
        cmocka_unit_test(near_names_are_suggested),
        cmocka_unit_test_setup_teardown(files_are_replaced_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_are_replaced_in_pieces, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_are_read_in_pieces, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_are_mapped, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folders_are_made_listed_and_removed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(refusals_name_the_path, make_folder, remove_folder),
        cmocka_unit_test(paths_have_names_and_endings),
        cmocka_unit_test(hashes_tell_pieces_apart),
        cmocka_unit_test(random_numbers_repeat_and_spread),
        cmocka_unit_test(memory_is_counted_and_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
