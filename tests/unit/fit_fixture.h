/* A small training for tests: a model from JSON, points of two classes, a folder. */
#ifndef PN_TESTS_UNIT_FIT_FIXTURE_H
#define PN_TESTS_UNIT_FIT_FIXTURE_H

#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/tensor_source.h"
#include "nn/file/model_json.h"
#include "nn/file/safetensors.h"
#include "nn/train/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAYBE __attribute__((unused)) static

enum { POINTS = 90, FEATURES = 6 };

#define DENSE(name, units, more)                                                                   \
    "{\"class_name\":\"Dense\",\"config\":{\"name\":\"" name "\",\"units\":" #units more "}}"
#define MODEL(layers)                                                                              \
    "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"small\",\"layers\":["                   \
    "{\"class_name\":\"InputLayer\",\"config\":{\"batch_input_shape\":[null,6],\"name\":\"in\"}}"  \
    "," layers "]}}"
#define BATCH_NORM(more)                                                                           \
    "{\"class_name\":\"BatchNormalization\",\"config\":{\"name\":\"norm\",\"momentum\":0.9" more   \
    "}}"
#define DROPOUT(more)                                                                              \
    "{\"class_name\":\"Dropout\",\"config\":{\"name\":\"drop\",\"rate\":0.3" more "}}"
#define LAST DENSE("last", 1, ",\"activation\":\"sigmoid\"")

/* Everything random that there is. */
static const char usual[] = MODEL(
    DENSE("first", 16, ",\"activation\":\"relu\"") "," BATCH_NORM("") "," DROPOUT("") "," LAST);

typedef struct points {
    float x[POINTS * FEATURES], y[POINTS];
} points;

/* Two clouds that overlap. */
MAYBE void draw_points(points *p, uint64_t seed) {
    pn_random random;
    pn_random_seed(&random, seed, 0);
    for (int i = 0; i < POINTS; i++) {
        p->y[i] = (float)(i % 3 == 0);
        for (int j = 0; j < FEATURES; j++)
            p->x[i * FEATURES + j] =
                (float)(pn_random_normal(&random) + (p->y[i] > 0 ? 0.7 : -0.7) * (j % 2));
    }
}

MAYBE pn_source *source_of(points *p, int64_t batch, bool shuffle) {
    const pn_array x = {PN_F32, 2, {POINTS, FEATURES}, p->x}, y = {PN_F32, 1, {POINTS}, p->y};
    const pn_sampling sampling = {.batch_size = batch, .shuffle = shuffle, .seed = 11};
    pn_source *source;
    pn_error error;
    if (pn_tensor_source_new(&x, &y, &sampling, &source, &error) != PN_OK)
        fail_msg("%s", error.message);
    return source;
}

MAYBE pn_model *model_of(const char *text) {
    pn_model *model;
    pn_error error;
    if (pn_model_from_text(text, strlen(text), &model, &error) != PN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(pn_model_initialize(model, 5, &error), PN_OK);
    return model;
}

MAYBE json_t *json_of(const char *text) {
    json_t *json = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    if (text && !json) fail_msg("no JSON: %s", text);
    return json;
}

/* What a training is made of; start with usual_job(). */
typedef struct job {
    const char *model, *optimizer, *loss, *metrics, *callbacks, *training, *folder;
    int64_t epochs, initial_epoch, steps, batch;
    bool validates, drops_frozen;
    const double *class_weight;
    uint64_t seed;
    pn_fit_listener listener;
    /* Made by job_begin. */
    points data, other;
    pn_model *made;
    pn_source *source, *validation;
    json_t *json[4];
    pn_fit *fit;
} job;

MAYBE job usual_job(void) {
    return (job){.model = usual,
                 .optimizer = "{\"class_name\":\"Adam\",\"config\":{\"learning_rate\":0.01}}",
                 .loss = "\"binary_crossentropy\"",
                 .metrics = "[\"accuracy\",\"AUC\"]",
                 .training = "this one",
                 .epochs = 5,
                 .batch = 16,
                 .validates = true,
                 .drops_frozen = true,
                 .seed = 3};
}

MAYBE pn_status job_begin(job *j, pn_error *error) {
    const char *const texts[] = {j->optimizer, j->loss, j->metrics, j->callbacks};
    for (int i = 0; i < 4; i++) j->json[i] = json_of(texts[i]);
    draw_points(&j->data, 1);
    draw_points(&j->other, 2);
    j->made = model_of(j->model);
    j->source = source_of(&j->data, j->batch, true);
    j->validation = j->validates ? source_of(&j->other, 32, false) : NULL;
    const pn_fit_options options = {.optimizer = j->json[0],
                                    .loss = j->json[1],
                                    .metrics = j->json[2],
                                    .callbacks = j->json[3],
                                    .epochs = j->epochs,
                                    .initial_epoch = j->initial_epoch,
                                    .steps_per_epoch = j->steps,
                                    .class_weight = j->class_weight,
                                    .classes = j->class_weight ? 2 : 0,
                                    .frozen_dropout = j->drops_frozen,
                                    .seed = j->seed,
                                    .folder = j->folder,
                                    .training = j->training};
    return pn_fit_new(j->made, j->source, j->validation, &options, &j->listener, &j->fit, error);
}

MAYBE void job_end(job *j) {
    pn_fit_free(j->fit);
    for (int i = 0; i < 4; i++) json_decref(j->json[i]);
    if (j->source) j->source->release(j->source);
    if (j->validation) j->validation->release(j->validation);
    pn_model_release(j->made);
}

/* From the beginning, or from the folder's checkpoint, to the end. */
MAYBE pn_status job_run(job *j, pn_error *error) {
    pn_status status = job_begin(j, error);
    if (status == PN_OK) status = pn_fit_resume(j->fit, error);
    return status == PN_OK ? pn_fit_run(j->fit, error) : status;
}

/* All weights, one behind the other; release with pn_free. */
MAYBE float *job_weights(const job *j, size_t *bytes) {
    int64_t count = 0;
    for (int i = 0; i < j->made->slots; i++) {
        const pn_slot *s = &j->made->slot[i];
        count += pn_dims_count(&s->layer->weight[s->weight].shape);
    }
    float *all = pn_alloc((size_t)count * sizeof *all), *next = all;
    for (int i = 0; i < j->made->slots; i++) {
        const pn_slot *s = &j->made->slot[i];
        int64_t n = pn_dims_count(&s->layer->weight[s->weight].shape);
        memcpy(next, pn_fit_weight(j->fit, i), (size_t)n * sizeof *next);
        next += n;
    }
    *bytes = (size_t)count * sizeof *all;
    return all;
}

MAYBE double logged(const job *j, int64_t epoch, const char *name) {
    int at = pn_logs_find(pn_fit_logs(j->fit), name);
    if (at < 0) fail_msg("%s was not logged", name);
    return pn_fit_history(j->fit, epoch, at);
}

#endif
