/* Packed values: what goes in comes out; nothing that is read from them is trusted. */
#define _GNU_SOURCE
#include "test.h"

#include "base/hash.h"
#include "base/memory.h"
#include "stage/pack.h"
#include "stage/pack_format.h"
#include "stage/wire.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const pn_port ports[] = {{.name = "one", .kind = PN_KIND_ARRAY},
                                {.name = "many", .kind = PN_KIND_ARRAYS},
                                {.name = "words", .kind = PN_KIND_STRINGS},
                                {.name = "none", .kind = PN_KIND_ARRAY, .optional = 1}};

static pn_values *make_values(int64_t side) {
    pn_values *values = pn_values_new(ports, 4);
    const int64_t shape[] = {side, side}, empty[] = {0, 3};
    pn_tensor *t = NULL;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pn_tensor_new((pn_dtype)i, i ? 2 : 0, i == 2 ? empty : shape, &t, NULL),
                         PN_OK);
        memset(t->data, 65 + i, pn_tensor_bytes(t));
        assert_int_equal(pn_values_add_array(&values->value[i ? 1 : 0], t, NULL), PN_OK);
        pn_tensor_release(t);
    }
    assert_int_equal(pn_values_add_string(values, &values->value[2], "a\0b\xff", 4, NULL), PN_OK);
    assert_int_equal(pn_values_add_string(values, &values->value[2], "", 0, NULL), PN_OK);
    return values;
}

static int pack(const pn_values *values) {
    const pn_pack_part part = {"p", values};
    json_t *extra = json_pack("{s:i}", "answer", 42);
    int fd = memfd_create("test", 0);
    assert_int_equal(pn_pack_write(fd, &part, 1, extra, NULL), PN_OK);
    json_decref(extra);
    return fd;
}

static void round_trip(int64_t side) {
    pn_values *values = make_values(side), *back = NULL;
    pn_pack *p = NULL;
    size_t live = pn_live_bytes();
    int fd = pack(values);
    assert_int_equal(pn_pack_open(fd, &p, NULL), PN_OK);
    close(fd);
    assert_int_equal(json_integer_value(json_object_get(pn_pack_extra(p), "answer")), 42);
    assert_int_equal(pn_pack_values(p, "p", 1, &back, NULL), PN_OK);
    assert_int_equal(pn_pack_values(p, "q", 1, &back, NULL), PN_E_FORMAT);
    pn_pack_release(p); /* the tensors keep it */
    assert_int_equal(pn_values_check(back, ports, 4, NULL), PN_OK);
    const pn_tensor *image = back->value[1].array[0];
    assert_int_equal((uintptr_t)image->data % 64, 0);
    assert_int_equal(image->shape[1], side);
    for (int64_t i = 0; i < side * side; i++) assert_int_equal(((uint8_t *)image->data)[i], 66);
    assert_int_equal(back->value[1].array[1]->shape[0], 0);
    assert_int_equal(back->value[0].array[0]->rank, 0);
    assert_int_equal(back->value[2].string[0].size, 4);
    assert_memory_equal(back->value[2].string[0].data, "a\0b\xff", 5);
    assert_int_equal(back->value[2].string[1].size, 0);
    assert_int_equal(back->value[3].count, 0);
    pn_values_free(back);
    assert_int_equal(pn_live_bytes(), live);
    pn_values_free(values);
}

static void what_goes_in_comes_out(void **state) {
    (void)state;
    round_trip(3);
    round_trip(1000); /* large enough to be mapped */
}

/* ---- hostile files ---- */

static int file_of(const char *bytes, size_t size) {
    int fd = memfd_create("test", 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    return fd;
}

static volatile unsigned sum; /* so that the reading is done */

/* Reads all there is; what matters is that nothing is touched that is not there. */
static pn_status read_all(const char *bytes, size_t size, int verify) {
    int fd = file_of(bytes, size);
    pn_pack *p = NULL;
    pn_values *values = NULL;
    pn_status status = pn_pack_open(fd, &p, NULL);
    close(fd);
    if (status != PN_OK) return status;
    status = pn_pack_values(p, "p", verify, &values, NULL);
    if (status == PN_OK) {
        for (size_t i = 0; i < values->count; i++)
            for (size_t k = 0; k < values->value[i].count; k++)
                if (values->value[i].kind != PN_KIND_STRINGS)
                    for (size_t b = 0; b < pn_tensor_bytes(values->value[i].array[k]); b++)
                        sum += ((uint8_t *)values->value[i].array[k]->data)[b];
        pn_values_free(values);
    }
    pn_pack_release(p);
    return status;
}

/* A file with this header, its hash right. */
static pn_status read_header(const char *header) {
    static char bytes[4096];
    size_t size = strlen(header);
    uint64_t begin = pn_pack_align(sizeof(pn_pack_prelude) + size);
    pn_hash hash = pn_hash_bytes(header, size);
    pn_pack_prelude prelude = {.header_size = size,
                               .file_size = begin + 128,
                               .hash_high = hash.high,
                               .hash_low = hash.low};
    memcpy(prelude.magic, PN_PACK_MAGIC, 8);
    memset(bytes, 0x41, sizeof bytes);
    memcpy(bytes, &prelude, sizeof prelude);
    memcpy(bytes + sizeof prelude, header, size);
    return read_all(bytes, begin + 128, 0);
}

static void headers_are_not_trusted(void **state) {
    (void)state;
#define ARRAY(item) "{\"parts\":{\"p\":[{\"name\":\"x\",\"kind\":0,\"items\":[" item "]}]}}"
#define WORDS(count, lengths, bytes)                                                               \
    "{\"parts\":{\"p\":[{\"name\":\"x\",\"kind\":2,\"count\":" count ",\"lengths\":" lengths       \
    ",\"bytes\":" bytes "}]}}"
    assert_int_equal(read_header(ARRAY("[1,[128],0,\"\"]")), PN_OK); /* the whole room */
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"parts\":3}",
        "{\"parts\":{\"p\":[3]}}",
        "{\"parts\":{\"p\":[{\"name\":3,\"kind\":0}]}}",
        "{\"parts\":{\"p\":[{\"name\":\"x\",\"kind\":9,\"items\":[]}]}}",
        "{\"parts\":{\"p\":[{\"name\":\"x\",\"kind\":-1,\"items\":[]}]}}",
        ARRAY("[1,[129],0,\"\"]"),
        ARRAY("[1,[128],64,\"\"]"),
        ARRAY("[1,[8],4096,\"\"]"),
        ARRAY("[1,[8],-64,\"\"]"),
        ARRAY("[1,[8],3,\"\"]"),
        ARRAY("[0,[33],0,\"\"]"),
        ARRAY("[1,[-1],0,\"\"]"),
        ARRAY("[7,[1],0,\"\"]"),
        ARRAY("[-1,[1],0,\"\"]"),
        ARRAY("[0,[4611686018427387904,4],0,\"\"]"),
        ARRAY("[0,[2305843009213693952,2305843009213693952],0,\"\"]"),
        ARRAY("[1,[1,1,1,1,1,1,1,1,1],0,\"\"]"),
        ARRAY("[1,8,0,\"\"]"),
        ARRAY("[1,[8],0,\"\"],[1,[8],0,\"\"]"),
        WORDS("1", "[0,\"\"]", "[0,128,\"\"]"), /* a length of 0x4141414141414141 */
        WORDS("17", "[0,\"\"]", "[0,128,\"\"]"),
        WORDS("-1", "[0,\"\"]", "[0,128,\"\"]"),
        WORDS("9223372036854775807", "[0,\"\"]", "[0,128,\"\"]"),
        WORDS("1", "[0,\"\"]", "[0,-1,\"\"]"),
        WORDS("1", "[0,\"\"]", "[64,65,\"\"]"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_header(bad[i]) == PN_OK) fail_msg("accepted: %s", bad[i]);
    }
}

static void damage_is_found(void **state) {
    (void)state;
    static char whole[1 << 16], bytes[1 << 16];
    pn_values *values = make_values(10);
    int fd = pack(values);
    ssize_t size = pread(fd, whole, sizeof whole, 0);
    close(fd);
    pn_values_free(values);
    assert_true(size > 500);
    assert_int_equal(read_all(whole, (size_t)size, 1), PN_OK);
    for (ssize_t cut = 0; cut < size; cut++)
        assert_int_equal(read_all(whole, (size_t)cut, 1), PN_E_FORMAT);
    for (ssize_t at = 0; at < size; at++) {
        if (whole[at] == 0 && at >= 40) continue; /* perhaps the space between values */
        memcpy(bytes, whole, (size_t)size);
        bytes[at] ^= 1;
        assert_int_equal(read_all(bytes, (size_t)size, 1), PN_E_FORMAT);
    }
}

static void memory_files_must_be_sealed(void **state) {
    (void)state;
    pn_values *values = make_values(3);
    const pn_pack_part part = {"p", values};
    pn_pack *p = NULL;
    int fd;
    assert_int_equal(pn_wire_unpack(pack(values), &p, NULL), PN_E_FORMAT);
    assert_int_equal(pn_wire_unpack(-1, &p, NULL), PN_E_FORMAT);
    assert_int_equal(pn_wire_pack(&part, 1, NULL, &fd, NULL), PN_OK);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 10), -1);
    assert_int_equal(pn_wire_unpack(fd, &p, NULL), PN_OK);
    pn_pack_release(p);
    pn_values_free(values);
}

static void memory_may_run_out(void **state) {
    (void)state;
    pn_values *values = make_values(3);
    int fd = pack(values), done = 0;
    size_t live = pn_live_bytes();
    for (unsigned long n = 1; n < 200 && !done; n++) {
        pn_pack *p = NULL;
        pn_values *back = NULL;
        pn_fail_allocation(n);
        pn_status status = pn_pack_open(fd, &p, NULL);
        if (status == PN_OK) status = pn_pack_values(p, "p", 1, &back, NULL);
        pn_fail_allocation(0);
        done = status == PN_OK;
        if (!done) assert_int_equal(status, PN_E_MEMORY);
        pn_pack_release(p);
        pn_values_free(back);
        assert_int_equal(pn_live_bytes(), live);
    }
    assert_true(done);
    close(fd);
    pn_values_free(values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out), cmocka_unit_test(headers_are_not_trusted),
        cmocka_unit_test(damage_is_found),        cmocka_unit_test(memory_files_must_be_sealed),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
