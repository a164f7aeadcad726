/* The source of a stage's call, through a host of our own. */
#define _GNU_SOURCE
#include "source_fixture.h"

#include "data/call_source.h"

static pn_error error;

/* The call: what its inputs are, and what was asked of the host. */
struct pn_call {
    const pictures *pictures;
    const char *config;
    int missing_y, reads, frees, blocks;
    void *block[8];
};

static const char *param_string(pn_call *call, const char *name) {
    assert_string_equal(name, "data");
    return call->config;
}

static int64_t input_count(pn_call *call, const char *name) {
    if (strcmp(name, "paths") == 0) return FILES;
    return strcmp(name, "labels") == 0 && !call->missing_y;
}

static int input_array(pn_call *call, const char *name, int64_t index, pn_array *array) {
    assert_string_equal(name, "labels");
    assert_int_equal(index, 0);
    *array = (pn_array){PN_I32, 1, {FILES}, (void *)call->pictures->label};
    return 0;
}

static const char *input_string(pn_call *call, const char *name, int64_t index, size_t *size) {
    (void)name;
    if (size) *size = strlen(call->pictures->path[index]);
    return call->pictures->path[index];
}

static void *scratch(pn_call *call, size_t size) {
    return call->block[call->blocks++] = pn_alloc(size);
}

static int read_file(pn_call *call, const char *path, size_t limit, void **data, size_t *size,
                     const char **reason) {
    __atomic_add_fetch(&call->reads, 1, __ATOMIC_RELAXED);
    if (strcmp(path, call->pictures->path[2]) == 0) {
        *reason = "the disk is gone";
        return -1;
    }
    return pn_file_read(path, limit, (char **)data, size, NULL) == PN_OK ? 0 : -1;
}

static void free_block(pn_call *call, void *memory) {
    __atomic_add_fetch(&call->frees, 1, __ATOMIC_RELAXED);
    pn_free(memory);
}

static const pn_host host = {.param_string = param_string,
                             .input_count = input_count,
                             .input_array = input_array,
                             .input_string = input_string,
                             .alloc = scratch,
                             .free = free_block,
                             .read_file = read_file};
static const pn_call_source names = {.config = "data", .paths = "paths", .y = "labels"};

static void end_call(pn_call *call) {
    for (int i = 0; i < call->blocks; i++) pn_free(call->block[i]);
}

static void files_are_read_through_the_host(void **state) {
    pn_call call = {.pictures = *state, .config = AUGMENTED};
    pn_source *s = NULL, *plain = NULL;
    assert_int_equal(pn_call_source_new(&host, &call, &names, &s, &error), PN_OK);
    assert_int_equal(s->samples, FILES);
    hash_epochs(s, 0, 2);
    assert_int_equal(call.reads, FILES);
    assert_int_equal(call.frees, FILES - 1);
    pn_source_failure failure;
    assert_int_equal(pn_source_failures(s, 0, &failure, 1), 1);
    assert_int_equal(failure.index, 2);
    assert_string_equal(failure.reason, "the disk is gone");
    /* The other images are what the file system gives. */
    assert_int_equal(new_picture_source(*state, AUGMENTED, NULL, &plain, &error), PN_OK);
    pn_batch a = new_batch(s), b = new_batch(plain);
    for (int64_t batch = 0; batch < s->batches; batch++) {
        assert_int_equal(s->fill(s, 0, batch, &a, &error), PN_OK);
        assert_int_equal(plain->fill(plain, 0, batch, &b, &error), PN_OK);
        int64_t k = 0;
        for (int64_t i = 0; i < b.count; i++) {
            if (b.index[i] == 2) continue;
            assert_memory_equal(a.x + k * 240, b.x + i * 240, 240 * sizeof(float));
            k++;
        }
        assert_int_equal(a.count, k);
    }
    free_batch(&a);
    free_batch(&b);
    s->release(s);
    plain->release(plain);
    end_call(&call);
}

static void inputs_may_be_missing(void **state) {
    pn_call call = {.pictures = *state, .config = AUGMENTED, .missing_y = 1};
    pn_source *s = NULL;
    assert_int_equal(pn_call_source_new(&host, &call, &names, &s, &error), PN_E_ARGUMENT);
    assert_says(&error, "the images have no labels");
    call.config = "{\"kind\":\"tensors\"}";
    assert_int_equal(pn_call_source_new(&host, &call, &names, &s, &error), PN_E_ARGUMENT);
    assert_says(&error, "a source of tensors needs x");
    call.config = "{\"kind\":\"files\",\"target_size\":[8,10]}";
    assert_int_equal(pn_call_source_new(&host, &call, &names, &s, &error), PN_OK);
    pn_batch b = new_batch(s);
    assert_int_equal(s->fill(s, 0, 0, &b, &error), PN_OK);
    assert_int_equal(b.label[0], -1);
    free_batch(&b);
    s->release(s);
    end_call(&call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_through_the_host),
        cmocka_unit_test(inputs_may_be_missing),
    };
    return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
