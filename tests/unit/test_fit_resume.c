/* Checkpoints: a training that is interrupted, or killed at any moment, ends with the same bits. */
#define _GNU_SOURCE
#include "fit_fixture.h"

#include "base/hash.h"
#include "nn/train/checkpoint.h"

#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char folder[PN_PATH];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/pneuma-fit-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
    (void)state;
    return pn_tree_remove(folder, NULL) == PN_OK ? 0 : 1;
}

static char *in_folder(const char *name) {
    static char path[PN_PATH + 100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* All that a checkpoint must hold: averages, dropout, shuffling, an optimizer with a state, a
 * callback that counts, best weights. */
static job long_job(int64_t epochs) {
    job j = usual_job();
    j.epochs = epochs;
    j.callbacks = "[{\"class_name\":\"ReduceLROnPlateau\",\"config\":{\"patience\":1,"
                  "\"min_delta\":0.01,\"factor\":0.7}},"
                  "{\"class_name\":\"EarlyStopping\",\"config\":{\"patience\":6,"
                  "\"restore_best_weights\":true}},"
                  "{\"class_name\":\"ModelCheckpoint\",\"config\":{\"filepath\":\"best.h5\","
                  "\"save_best_only\":true}}]";
    j.folder = folder;
    return j;
}

/* Weights, history and the way it ended, as one hash. */
static pn_hash outcome(const job *j) {
    size_t bytes;
    float *weights = job_weights(j, &bytes);
    pn_hasher *hasher = pn_hasher_new();
    pn_hasher_add(hasher, weights, bytes);
    for (int64_t i = 0; i < pn_fit_epochs(j->fit); i++)
        for (int k = 0; k < pn_fit_logs(j->fit)->count; k++) {
            double value = pn_fit_history(j->fit, i, k);
            pn_hasher_add(hasher, &value, sizeof value);
        }
    json_t *how = pn_fit_state(j->fit);
    json_object_del(how, "saved"); /* has the folder in it */
    char *text = json_dumps(how, JSON_SORT_KEYS);
    pn_hasher_add_text(hasher, text);
    free(text);
    json_decref(how);
    pn_free(weights);
    return pn_hasher_finish(hasher);
}

static pn_hash undisturbed(int64_t epochs) {
    void *none = NULL;
    assert_int_equal(make_folder(&none), 0);
    job j = long_job(epochs);
    pn_error error;
    if (job_run(&j, &error) != PN_OK) fail_msg("%s", error.message);
    pn_hash hash = outcome(&j);
    job_end(&j);
    assert_int_equal(remove_folder(&none), 0);
    assert_int_equal(make_folder(&none), 0);
    return hash;
}

/* ---- interrupted ---- */

static int countdown;

static int out_of_time(void *context) {
    (void)context;
    return --countdown < 0;
}

static int epochs_told;

static const char *count_epochs(void *context, const char *text) {
    (void)context;
    epochs_told += strstr(text, "\"event\":\"epoch\"") != NULL;
    return NULL;
}

static void goes_on(void **state) {
    (void)state;
    enum { EPOCHS = 12 };
    pn_hash wanted = undisturbed(EPOCHS);
    pn_status status;
    int turns = 0;
    do {
        job j = long_job(EPOCHS);
        pn_error error;
        j.listener.cancelled = out_of_time;
        j.listener.event = count_epochs;
        countdown = 17; /* a bit more than an epoch with its validation: 6 + 3 steps */
        epochs_told = 0;
        status = job_run(&j, &error);
        if (status == PN_OK) {
            pn_hash got = outcome(&j);
            assert_memory_equal(&got, &wanted, sizeof got);
            /* Earlier epochs are told again. */
            assert_int_equal(epochs_told, pn_fit_epochs(j.fit));
        } else
            assert_int_equal(status, PN_E_CANCELLED);
        job_end(&j);
    } while (++turns < 40 && status != PN_OK);
    assert_int_equal(status, PN_OK);
    assert_true(turns >= 5);
    assert_int_equal(pn_live_bytes(), 0);
}

/* A training that is over is not done again. */
static void is_over(void **state) {
    (void)state;
    pn_error error;
    job a = long_job(3), b = long_job(3);
    assert_int_equal(job_run(&a, &error), PN_OK);
    b.listener.cancelled = out_of_time;
    countdown = 0;
    assert_int_equal(job_run(&b, &error), PN_OK);
    pn_hash x = outcome(&a), y = outcome(&b);
    assert_memory_equal(&x, &y, sizeof x);
    pn_fit_forget(b.fit);
    assert_int_equal(pn_file_stamp(in_folder("training.safetensors"), &(pn_stamp){0}, NULL),
                     PN_E_NOT_FOUND);
    job_end(&a), job_end(&b);
}

/* ---- kept weights ---- */

static void keeps_the_last_of_each_path(void **state) {
    (void)state;
    job j = long_job(4);
    pn_error error;
    pn_names names;
    j.callbacks = "[{\"class_name\":\"ModelCheckpoint\",\"config\":{\"filepath\":\"last.h5\"}},"
                  "{\"class_name\":\"ModelCheckpoint\",\"config\":{\"filepath\":"
                  "\"half-{epoch:d}.h5\",\"save_best_only\":true,\"monitor\":\"accuracy\","
                  "\"initial_value_threshold\":2}}]";
    assert_int_equal(job_run(&j, &error), PN_OK);
    json_t *how = pn_fit_state(j.fit);
    const json_t *saved = json_object_get(how, "saved");
    assert_int_equal(json_array_size(saved), 1);
    const json_t *one = json_array_get(saved, 0);
    assert_string_equal(json_string_value(json_object_get(one, "path")), "last.h5");
    assert_int_equal(json_integer_value(json_object_get(one, "epoch")), 4);
    assert_string_equal(json_string_value(json_object_get(one, "file")),
                        in_folder("saved-4.safetensors"));
    assert_int_equal(pn_folder_list(folder, &names, &error), PN_OK);
    assert_int_equal(names.count, 2);
    pn_names_free(&names);
    /* It holds what was learned, by place. */
    pn_safetensors *file;
    assert_int_equal(pn_safetensors_open(in_folder("saved-4.safetensors"), &file, &error), PN_OK);
    assert_int_equal(pn_safetensors_count(file), j.made->slots);
    for (int i = 0; i < j.made->slots; i++) {
        char place[12];
        snprintf(place, sizeof place, "%d", i);
        const pn_safetensors_entry *e =
            pn_safetensors_at(file, (size_t)pn_safetensors_find(file, place));
        assert_memory_equal(e->data, pn_fit_weight(j.fit, i), e->size);
    }
    pn_safetensors_release(file);
    json_decref(how);
    job_end(&j);
}

/* ---- refused and left aside ---- */

static char noted[500];

static void hear_note(void *context, const char *text) {
    (void)context;
    snprintf(noted, sizeof noted, "%s", text);
}

static void of_another_model(void **state) {
    (void)state;
    pn_error error;
    job j = long_job(2);
    assert_int_equal(job_run(&j, &error), PN_OK);
    job_end(&j);
    j = long_job(2);
    j.training = "another";
    assert_int_equal(job_run(&j, &error), PN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "is of another model, or of a training with other"));
    /* It can be trained all the same, from the beginning. */
    assert_int_equal(pn_fit_epochs(j.fit), 0);
    assert_int_equal(pn_fit_run(j.fit, &error), PN_OK);
    job_end(&j);
    assert_int_equal(pn_live_bytes(), 0);
}

static void damaged_ones(void **state) {
    (void)state;
    pn_error error;
    char *bytes;
    size_t size;
    job j = long_job(2);
    assert_int_equal(job_run(&j, &error), PN_OK);
    pn_hash wanted = outcome(&j);
    job_end(&j);
    assert_int_equal(pn_file_read(in_folder("training.safetensors"), 0, &bytes, &size, &error),
                     PN_OK);
    const char *kind = memmem(bytes, size, "F32", 3); /* of numbers */
    assert_non_null(kind);
    for (size_t i = 0; i < 42; i++) {
        const size_t at = i < 41 ? i * (size - 1) / 40 : (size_t)(kind - bytes);
        size_t cut = at % 2 && i < 41 ? at : size; /* cut off, or a bit turned */
        bytes[at] ^= 4;
        assert_int_equal(pn_file_write(in_folder("training.safetensors"), bytes, cut, &error),
                         PN_OK);
        bytes[at] ^= 4;
        *noted = '\0';
        j = long_job(2);
        j.listener.note = hear_note;
        assert_int_equal(job_begin(&j, &error), PN_OK);
        pn_status status = pn_fit_resume(j.fit, &error);
        /* The name of the training may be what was hit. */
        assert_true(status == PN_OK || status == PN_E_ARGUMENT);
        assert_int_equal(pn_fit_epochs(j.fit), 0);
        if (status == PN_OK) assert_non_null(strstr(noted, "starts anew"));
        assert_int_equal(pn_fit_run(j.fit, &error), PN_OK);
        pn_hash got = outcome(&j);
        assert_memory_equal(&got, &wanted, sizeof got);
        job_end(&j);
    }
    pn_free(bytes);
    assert_int_equal(pn_live_bytes(), 0);
}

/* Writes the checkpoint again with the state's field `key` replaced; the checksum is right. */
static void change_state(const char *key, const char *value) {
    const char *names[] = {"weights", "optimizer", "best"};
    pn_checkpoint_part parts[3];
    pn_safetensors *file;
    pn_error error;
    char *path = in_folder("training.safetensors");
    assert_int_equal(pn_safetensors_open(path, &file, &error), PN_OK);
    for (int i = 0; i < 3; i++) {
        int64_t at = pn_safetensors_find(file, names[i]);
        assert_true(at >= 0);
        const pn_safetensors_entry *e = pn_safetensors_at(file, (size_t)at);
        parts[i] = (pn_checkpoint_part){names[i], e->data, (int64_t)(e->size / 4)};
    }
    json_t *state = json_of(pn_safetensors_metadata(file, "pneuma.state"));
    json_object_set_new(state, key, json_of(value));
    assert_int_equal(pn_checkpoint_save(path, pn_safetensors_metadata(file, "pneuma.training"),
                                        parts, 3, state, &error),
                     PN_OK);
    json_decref(state);
    pn_safetensors_release(file);
}

/* States that no training of these options has: it starts anew, and ends as if there were none. */
static void of_other_options(void **state) {
    (void)state;
    static const char *const changes[][2] = {
        {"done", "3"},
        {"history", "[[0], [0]]"},
        {"history", "[[1, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
                    "19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, "
                    "38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]]"},
        {"saved", "[{\"epoch\": 1}]"},
        {"saved", "[7]"},
        {"events", "{}"},
    };
    pn_hash wanted = undisturbed(2);
    pn_error error;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        job j = long_job(2);
        assert_int_equal(job_run(&j, &error), PN_OK);
        job_end(&j);
        change_state(changes[i][0], changes[i][1]);
        j = long_job(2);
        assert_int_equal(job_run(&j, &error), PN_E_ARGUMENT);
        assert_non_null(strstr(error.message, "is of a training with other options"));
        assert_int_equal(pn_fit_epochs(j.fit), 0);
        assert_int_equal(pn_fit_run(j.fit, &error), PN_OK);
        pn_hash got = outcome(&j);
        assert_memory_equal(&got, &wanted, sizeof got);
        job_end(&j);
    }
    assert_int_equal(pn_live_bytes(), 0);
}

/* ---- killed ---- */

enum { KILLED_EPOCHS = 60 };

/* What the child does: trains in the folder, and leaves the outcome in a file. It ends with the
 * test whatever ends that. */
static int child(const char *where) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(folder, sizeof folder, "%s", where);
    job j = long_job(KILLED_EPOCHS);
    pn_error error;
    char hex[PN_HASH_HEX];
    if (job_run(&j, &error) != PN_OK) return 1;
    pn_hash_hex(outcome(&j), hex);
    pn_status status = pn_file_write(in_folder("outcome"), hex, strlen(hex), &error);
    job_end(&j);
    return status == PN_OK ? 0 : 1;
}

static pid_t start_child(void) {
    pid_t pid;
    char *const argv[] = {"test_fit_resume", "child", folder, NULL};
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    return pid;
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Time of a whole training, so that kills hit it at random moments from start to end. */
static int64_t time_child(void) {
    int status;
    int64_t start = now_us();
    pid_t pid = start_child();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return now_us() - start;
}

static void read_outcome(char text[PN_HASH_HEX]) {
    char *data;
    size_t size;
    pn_error error;
    if (pn_file_read(in_folder("outcome"), 0, &data, &size, &error) != PN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(size, PN_HASH_HEX - 1);
    memcpy(text, data, PN_HASH_HEX);
    pn_free(data);
}

/* The training in the folder is over: it came to what it should, and the next one starts anew. */
static void check_outcome(const char *wanted, void **state) {
    char got[PN_HASH_HEX];
    read_outcome(got);
    assert_string_equal(got, wanted);
    assert_int_equal(remove_folder(state), 0);
    assert_int_equal(make_folder(state), 0);
}

/* On a busy machine the first training may have taken much longer than the next ones do: one that
 * reaches its end before the kill is checked and does not count. */
static void killed_at_any_moment(void **state) {
    enum { KILLS = 5, MOST_TURNS = 200 };
    char wanted[PN_HASH_HEX];
    int64_t whole = time_child();
    read_outcome(wanted);
    check_outcome(wanted, state);
    pn_random random;
    pn_random_seed(&random, (uint64_t)now_us(), 0);
    int kills = 0;
    for (int turn = 0; turn < MOST_TURNS && kills < KILLS; turn++) {
        int status;
        pid_t pid = start_child();
        usleep((useconds_t)(pn_random_uniform(&random) * 0.4 * (double)whole));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        kills += WIFSIGNALED(status);
        if (WIFEXITED(status)) check_outcome(wanted, state);
    }
    assert_int_equal(kills, KILLS);
    time_child();
    check_outcome(wanted, state);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(is_over, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keeps_the_last_of_each_path, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(of_another_model, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(of_other_options, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damaged_ones, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(killed_at_any_moment, make_folder, remove_folder),
    };
    if (argc == 3 && strcmp(argv[1], "child") == 0) return child(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
