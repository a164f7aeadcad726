/* The journal: what is written is read again, and damage anywhere costs no more than what stands
 * behind it. */
#define _GNU_SOURCE
#include "test.h"

#include "base/memory.h"
#include "notebook/journal.h"
#include "notebook/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_RECORDS = 32 };

/* A journal with every kind of record, and where each record ends. */
typedef struct sample {
    char path[64];
    char *bytes;
    size_t size;
    size_t end[MOST_RECORDS];     /* of the record in the file */
    size_t outputs[MOST_RECORDS]; /* that a reader must find when that record is the last */
    size_t count;
} sample;

static void mark(sample *s, const pn_journal *journal, size_t outputs) {
    s->end[s->count] = (size_t)lseek(journal->fd, 0, SEEK_CUR);
    s->outputs[s->count++] = outputs;
}

static void write_records(sample *s, pn_journal *journal) {
    const char *mime[] = {"image/png", "text/plain"}, *data[] = {"\0png", "a picture"};
    const size_t size[] = {4, 9};
    char *lines[] = {"a = 1", "b = \"x\""};
    pn_journal_start start = {"0.1.0", "2026-01-02T03:04:05+0000", "avx2", 7, 2, 2, "a.md", "# A\n",
                              4};
    pn_journal_begin(journal, &start);
    mark(s, journal, 0);
    pn_journal_cell(journal, 1);
    mark(s, journal, 0);
    pn_journal_stream(journal, "stdout", "one ", 4);
    mark(s, journal, 1);
    pn_journal_stream(journal, "stdout", "two", 3);
    mark(s, journal, 1);
    pn_journal_stream(journal, "stderr", "three", 5);
    mark(s, journal, 2);
    pn_journal_shown(journal, 2, mime, data, size, "", 0);
    mark(s, journal, 3);
    pn_journal_remark(journal, "cached", "load", 4);
    mark(s, journal, 4);
    pn_journal_parameters(journal, lines, 2);
    mark(s, journal, 4);
    pn_journal_cell_end(journal, PN_CELL_DONE, 1.5, 20);
    mark(s, journal, 4);
    pn_journal_cell(journal, 2);
    mark(s, journal, 4);
    pn_journal_stream(journal, "stdout", "long", 4);
    mark(s, journal, 5);
    pn_journal_spill(journal, "stdout", "a.files/x.txt", 99);
    mark(s, journal, 5);
    pn_journal_error(journal, "a.md:3: no", "a.md:3", 3);
    mark(s, journal, 6);
    pn_journal_cell_end(journal, PN_CELL_FAILED, 0.5, 21);
    mark(s, journal, 6);
    pn_journal_end(journal, PN_RUN_FAILED, 0, "cell 2 failed", 2);
    mark(s, journal, 6);
    assert_int_equal(journal->error.status, PN_OK);
}

static int set_up(void **state) {
    sample *s = calloc(1, sizeof *s);
    pn_journal journal;
    if (!s) return -1;
    strcpy(s->path, "/tmp/pneuma-journal-XXXXXX");
    int fd = mkstemp(s->path);
    if (fd < 0) return -1;
    close(fd);
    assert_int_equal(pn_journal_open(&journal, s->path, NULL), PN_OK);
    write_records(s, &journal);
    assert_int_equal(pn_file_read(s->path, 0, &s->bytes, &s->size, NULL), PN_OK);
    pn_journal_close(&journal, 1);
    assert_int_equal(access(s->path, F_OK), -1);
    *state = s;
    return 0;
}

static int tear_down(void **state) {
    sample *s = *state;
    pn_free(s->bytes);
    free(s);
    return 0;
}

static size_t count_outputs(const pn_outcome *outcome) {
    size_t count = 0;
    for (int i = 0; i < outcome->cell_count; i++) count += outcome->cell[i].output_count;
    return count;
}

static void check_output(const pn_output *output, pn_output_kind kind, const char *name,
                         const char *text) {
    assert_int_equal(output->kind, kind);
    if (name) assert_string_equal(output->name, name);
    assert_string_equal(output->mime[output->count - 1], "text/plain");
    assert_string_equal(output->data[output->count - 1], text);
    assert_int_equal(output->size[output->count - 1], strlen(text));
}

static void test_reads_what_was_written(void **state) {
    sample *s = *state;
    pn_journal_content content;
    assert_int_equal(pn_journal_read(s->bytes, s->size, &content, NULL), PN_OK);
    const pn_outcome *o = content.outcome;
    assert_string_equal(content.path, "a.md");
    assert_string_equal(content.source, "# A\n");
    assert_int_equal(content.source_size, 4);
    assert_string_equal(o->version, "0.1.0");
    assert_string_equal(o->started, "2026-01-02T03:04:05+0000");
    assert_string_equal(o->cpu, "avx2");
    assert_int_equal(o->seed, 7);
    assert_int_equal(o->threads, 2);
    assert_int_equal(o->end, PN_RUN_FAILED);
    assert_string_equal(o->message, "cell 2 failed");
    assert_true(o->seconds == 2);
    assert_int_equal(o->parameter_count, 2);
    assert_string_equal(o->parameter[1], "b = \"x\"");

    const pn_cell_outcome *cell = &o->cell[0];
    assert_int_equal(cell->state, PN_CELL_DONE);
    assert_true(cell->seconds == 1.5 && cell->peak_megabytes == 20);
    assert_int_equal(cell->output_count, 4);
    check_output(&cell->output[0], PN_OUTPUT_STREAM, "stdout", "one two");
    check_output(&cell->output[1], PN_OUTPUT_STREAM, "stderr", "three");
    check_output(&cell->output[2], PN_OUTPUT_SHOWN, NULL, "a picture");
    assert_int_equal(cell->output[2].size[0], 4);
    assert_memory_equal(cell->output[2].data[0], "\0png", 4);
    check_output(&cell->output[3], PN_OUTPUT_REMARK, "cached", "load");

    cell = &o->cell[1];
    assert_int_equal(cell->state, PN_CELL_FAILED);
    assert_int_equal(cell->error_line, 3);
    assert_string_equal(cell->output[0].spilled, "a.files/x.txt");
    assert_int_equal(cell->output[0].spilled_bytes, 99);
    assert_string_equal(cell->output[1].data[0], "a.md:3: no");
    assert_string_equal(cell->output[1].data[1], "a.md:3");
    pn_journal_content_free(&content);
}

/* With the first `whole` records intact, exactly what they say must be read. */
static void check_prefix(const sample *s, const char *bytes, size_t size, size_t whole) {
    pn_journal_content content;
    pn_status status = pn_journal_read(bytes, size, &content, NULL);
    if (whole == 0) {
        assert_int_equal(status, PN_E_FORMAT);
        return;
    }
    assert_int_equal(status, PN_OK);
    assert_int_equal(count_outputs(content.outcome), s->outputs[whole - 1]);
    assert_int_equal(content.outcome->end, whole == s->count ? PN_RUN_FAILED : PN_RUN_TORN);
    pn_journal_content_free(&content);
}

static size_t whole_records(const sample *s, size_t offset) {
    size_t whole = 0;
    while (whole < s->count && s->end[whole] <= offset) whole++;
    return whole;
}

static void test_cut_anywhere(void **state) {
    sample *s = *state;
    for (size_t size = 0; size <= s->size; size++) {
        char *cut = malloc(size + 1); /* of this size, so that reading beyond is noticed */
        assert_non_null(cut);
        memcpy(cut, s->bytes, size);
        check_prefix(s, cut, size, whole_records(s, size));
        free(cut);
    }
}

static void test_flipped_anywhere(void **state) {
    sample *s = *state;
    for (size_t at = 0; at < s->size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            s->bytes[at] = (char)(s->bytes[at] ^ 1 << bit);
            check_prefix(s, s->bytes, s->size, whole_records(s, at));
            s->bytes[at] = (char)(s->bytes[at] ^ 1 << bit);
        }
    }
}

static void test_zeroed_tail(void **state) {
    sample *s = *state;
    for (size_t from = 0; from < s->size; from++) {
        char *torn = calloc(1, s->size); /* what a file system may leave after a power cut */
        assert_non_null(torn);
        memcpy(torn, s->bytes, from);
        size_t same = from;
        while (same < s->size && s->bytes[same] == 0) same++;
        check_prefix(s, torn, s->size, whole_records(s, same));
        free(torn);
    }
}

static void test_one_writer(void **state) {
    (void)state;
    char path[] = "/tmp/pneuma-journal-XXXXXX";
    pn_journal first, second;
    pn_error error;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pn_journal_open(&first, path, &error), PN_OK);
    assert_int_equal(pn_journal_open(&second, path, &error), PN_E_UNSUPPORTED);
    pn_journal_close(&first, 0);
    assert_int_equal(pn_journal_open(&second, path, &error), PN_OK);
    pn_journal_close(&second, 1);
    assert_int_equal(pn_journal_open(&second, "/proc/none/x", &error), PN_E_IO);
}

static void test_full_disk(void **state) {
    (void)state;
    pn_journal journal = {.fd = -1};
    if (access("/dev/full", W_OK) != 0) skip();
    assert_int_equal(pn_journal_open(&journal, "/dev/full", NULL), PN_OK);
    pn_journal_cell(&journal, 1);
    assert_int_equal(journal.error.status, PN_E_IO);
    pn_journal_close(&journal, 0);
}

static void test_fields_end(void **state) {
    (void)state;
    pn_text payload = {0};
    size_t size;
    pn_record_put_int(&payload, -5);
    pn_record_put_string(&payload, "abc");
    pn_record_put_real(&payload, 0.5);
    for (size_t cut = 0; cut <= payload.size; cut++) {
        pn_fields fields = {.next = payload.data, .left = cut};
        int64_t number = pn_fields_int(&fields);
        const char *bytes = pn_fields_bytes(&fields, &size);
        double real = pn_fields_real(&fields);
        assert_int_equal(fields.bad, cut < payload.size);
        assert_int_equal(number, cut >= 8 ? -5 : 0);
        assert_true(size == 0 || memcmp(bytes, "abc", 3) == 0);
        assert_true(real == (cut == payload.size ? 0.5 : 0));
    }
    pn_text_free(&payload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_what_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zeroed_tail, set_up, tear_down),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_fields_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
