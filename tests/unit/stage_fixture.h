/* A house of its own for tests of stages: PNEUMA_HOME with the plugins asked for as native ones,
 * an empty cache, all in a temporary folder. */
#ifndef PN_TESTS_UNIT_STAGE_FIXTURE_H
#define PN_TESTS_UNIT_STAGE_FIXTURE_H

#include "base/cancel.h"
#include "base/file.h"
#include "stage/cache.h"
#include "stage/stage.h"
#include "stage/table.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not every test uses everything. */
#define MAYBE __attribute__((unused)) static

static char fixture[200]; /* the temporary folder */

MAYBE char *in_fixture(const char *name) {
    static char path[8][400];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", fixture, name);
    return p;
}

MAYBE void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

MAYBE char *get_file(const char *path, size_t *size) {
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    *size = 0;
    if (!file) return NULL;
    *size = fread(text, 1, sizeof text - 1, file);
    text[*size] = '\0';
    fclose(file);
    return text;
}

MAYBE const char *plugin_path(const char *name) {
    static char path[400];
    const char *folder = getenv("PNEUMA_TEST_PLUGINS");
    assert_non_null(folder); /* run by ctest, which sets it */
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    return path;
}

/* `native`: names of test plugins, NULL-ended. */
MAYBE void make_fixture(const char *const *native) {
    strcpy(fixture, "/tmp/pneuma-test-XXXXXX");
    assert_non_null(mkdtemp(fixture));
    assert_int_equal(pn_folder_make(in_fixture("home/lib/pneuma/stages"), NULL), PN_OK);
    assert_int_equal(pn_folder_make(in_fixture("home/bin"), NULL), PN_OK);
    assert_int_equal(symlink(getenv("PNEUMA_PROGRAM"), in_fixture("home/bin/pneuma")), 0);
    for (; native && *native; native++) {
        char name[100];
        snprintf(name, sizeof name, "home/lib/pneuma/stages/%s.so", *native);
        assert_int_equal(symlink(plugin_path(*native), in_fixture(name)), 0);
    }
    setenv("PNEUMA_HOME", in_fixture("home"), 1);
    setenv("PNEUMA_CACHE", in_fixture("cache"), 1);
    setenv("XDG_DATA_HOME", in_fixture("data"), 1);
    unsetenv("PNEUMA_STAGES");
}

MAYBE void remove_fixture(void) {
    assert_int_equal(pn_tree_remove(fixture, NULL), PN_OK);
}

/* ---- calls ---- */

static char notes[2000], warnings[2000];
static int progresses;
static char events[200]; /* the first of them, a line each */
static int events_heard, events_before_notes;
static size_t largest_event;

/* How the listener takes events: what it answers; after how many it wants this call, or everything,
 * to stop. */
static const char *answer;
static int stop_after, cancel_after;
static int kill_after; /* after how many this process dies */
static atomic_int stop;

MAYBE void hear_note(void *context, const char *text) {
    (void)context;
    snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", text);
    events_before_notes = events_heard;
}

MAYBE const char *hear_event(void *context, const char *text) {
    (void)context;
    size_t length = strlen(text);
    if (strlen(events) + length + 2 < sizeof events) strcat(strcat(events, text), "\n");
    if (length > largest_event) largest_event = length;
    events_heard++;
    if (events_heard == stop_after) atomic_store(&stop, 1);
    if (events_heard == cancel_after) pn_cancel(PN_CANCEL_INTERRUPT);
    if (events_heard == kill_after) raise(SIGKILL);
    return answer;
}

MAYBE void hear_warning(void *context, const char *text) {
    (void)context;
    snprintf(warnings + strlen(warnings), sizeof warnings - strlen(warnings), "%s\n", text);
}

MAYBE void hear_progress(void *context, int64_t done, int64_t total) {
    (void)context, (void)done, (void)total;
    __atomic_add_fetch(&progresses, 1, __ATOMIC_RELAXED);
}

MAYBE pn_status give_one(pn_stage_arguments *a, const pn_stage *stage, const char *name,
                         const char *text, pn_error *error) {
    if (strcmp(name, "uncache") == 0) return pn_stage_uncache(a, text), PN_OK;
    if (strcmp(name, "seed") == 0) return pn_stage_give_seed(a, strtoull(text, NULL, 10), error);
    for (size_t i = 0; i < stage->param_count; i++) {
        if (strcmp(stage->params[i].name, name) != 0) continue;
        if (stage->params[i].type == PN_PARAM_INT)
            return pn_stage_give_int(a, name, atoll(text), error);
        if (stage->params[i].type == PN_PARAM_FLOAT)
            return pn_stage_give_float(a, name, atof(text), error);
        if (stage->params[i].type == PN_PARAM_BOOL)
            return pn_stage_give_bool(a, name, strcmp(text, "true") == 0, error);
    }
    return pn_stage_give_text(a, name, text, strlen(text), error);
}

/* Calls a stage with parameters written "low=60|dir=/tmp" and at most one array for its first
 * input. What listeners heard is in notes, warnings, progresses. */
MAYBE pn_status call_with(const char *name, const char *params, pn_tensor *input,
                          pn_stage_outcome *outcome, pn_error *error) {
    const pn_stage_info *info;
    pn_stage_arguments *a = NULL;
    char text[2000], *rest = text, *field;
    const pn_stage_listener listener = {.note = hear_note,
                                        .warning = hear_warning,
                                        .progress = hear_progress,
                                        .event = hear_event,
                                        .stop = &stop};
    *notes = *warnings = *events = '\0';
    progresses = events_heard = events_before_notes = 0;
    largest_event = 0;
    atomic_store(&stop, 0);
    *outcome = (pn_stage_outcome){0};
    snprintf(text, sizeof text, "%s", params);
    pn_status status = pn_stage_find(name, &info, error);
    if (status == PN_OK) status = pn_stage_arguments_new(info, &a, error);
    while (status == PN_OK && (field = strtok_r(rest, "|", &rest))) {
        char *value = strchr(field, '=');
        *value++ = '\0';
        status = give_one(a, info->table, field, value, error);
    }
    if (status == PN_OK && input) status = pn_stage_give_array(a, 0, input, error);
    if (status == PN_OK) status = pn_stage_call(a, &listener, outcome, error);
    pn_stage_arguments_free(a);
    return status;
}

/* A call that must go well; the outcome's results are released by the caller. */
MAYBE pn_stage_outcome must_call(const char *name, const char *params) {
    pn_stage_outcome outcome;
    pn_error error = {0};
    pn_status status = call_with(name, params, NULL, &outcome, &error);
    if (status != PN_OK) print_error("%s\n", error.message);
    assert_int_equal(status, PN_OK);
    return outcome;
}

/* A call that must fail like this, with that text in its message. */
MAYBE void must_fail(const char *name, const char *params, pn_status status, const char *text) {
    pn_stage_outcome outcome;
    pn_error error = {0};
    pn_status got = call_with(name, params, NULL, &outcome, &error);
    if (got != status || !strstr(error.message, text)) print_error("got: %s\n", error.message);
    assert_int_equal(got, status);
    assert_non_null(strstr(error.message, text));
    assert_null(outcome.results);
}

#endif
