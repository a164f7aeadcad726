/* Pneuma's contestant of the benchmarks: does one kind of work over and over, as the driver says
 * (tests/bench/contest.py): "check FILE" writes what the work gives as raw floats, "go" does it
 * once and answers how many seconds it took. The end of the input ends it.
 *
 *     contestant forward|gradcam|step MODEL.safetensors INPUTS.safetensors BATCH
 */
#define _POSIX_C_SOURCE 200809L

#include "base/memory.h"
#include "nn/explain/gradcam.h"
#include "nn/file/model_file.h"
#include "nn/plan.h"
#include "nn/source.h"
#include "nn/train/fit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 4096, CHECKED_STEPS = 3, ENDLESS = 1000000 };

typedef struct contestant {
    pn_model *model;
    pn_tensor *x, *y; /* (images, 224, 224, 3), (images, 1) */
    int64_t batch;
    pn_plan *plan;           /* forward */
    pn_explainer *explainer; /* gradcam */
    float *result;           /* what is checked */
    int64_t result_count;
    double started; /* step */
} contestant;

/* ---- the driver ---- */

/* Nothing can go on: says why to whoever reads the table. */
static void give_up(const char *why) {
    printf("failed %s\n", why);
    exit(1);
}

static void must(pn_status status, const pn_error *error) {
    if (status != PN_OK) give_up(error->message);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The next command, or false when there is none any more. */
static bool listen(char *line) {
    fflush(stdout);
    if (!fgets(line, LINE, stdin)) return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void write_result(const contestant *c, const char *path) {
    FILE *file = fopen(path, "wb");
    size_t count = (size_t)c->result_count;
    if (!file || fwrite(c->result, sizeof *c->result, count, file) != count || fclose(file) != 0)
        give_up("the result cannot be written");
    puts("done");
}

static const char *checked_path(const char *line) {
    return strncmp(line, "check ", 6) == 0 ? line + 6 : NULL;
}

/* ---- forward and Grad-CAM ---- */

static void begin_forward(contestant *c) {
    pn_error error;
    const pn_plan_options options = {.batch = c->batch, .output = -1, .gradient_of = -1};
    must(pn_plan_new(c->model, &options, &c->plan, &error), &error);
    int output = c->model->group[0].output[0];
    c->result_count = c->batch * pn_dims_count(&c->model->node[output].out);
}

static void forward(contestant *c) {
    pn_error error;
    const pn_mode mode = {.training = false};
    const float *x = c->x->data;
    must(pn_plan_forward(c->plan, &x, c->batch, &mode, &error), &error);
    c->result = (float *)pn_plan_output(c->plan, c->model->group[0].output[0]);
}

static int last_convolution(const contestant *c) {
    int node;
    pn_error error;
    must(pn_model_last_convolution(c->model, &node, &error), &error);
    return node;
}

static void begin_gradcam(contestant *c) {
    pn_error error;
    const pn_gradcam_options options = {.node = last_convolution(c),
                                        .method = PN_CAM_GRAD,
                                        .target = 1,
                                        .logits = true,
                                        .normalize = true,
                                        .batch = 1};
    const pn_dims *out = &c->model->node[options.node].out;
    c->result_count = out->size[0] * out->size[1];
    c->result = pn_alloc((size_t)c->result_count * sizeof *c->result);
    must(pn_explainer_new(c->model, &options, &c->explainer, &error), &error);
}

static void gradcam(contestant *c) {
    pn_error error;
    must(pn_explainer_run(c->explainer, c->x->data, 1, c->result, NULL, &error), &error);
}

static void obey(contestant *c, void (*work)(contestant *)) {
    char line[LINE];
    puts("ready");
    while (listen(line)) {
        double start = now();
        work(c);
        double seconds = now() - start;
        if (checked_path(line))
            write_result(c, checked_path(line));
        else
            printf("%.9f\n", seconds);
    }
}

/* ---- the training step: pn_fit itself, which the driver holds after each step ---- */

typedef struct same_batch {
    pn_source source;
    contestant *contestant;
    const float *filled; /* the rivals are not asked to copy their batch either */
} same_batch;

static pn_status fill(pn_source *self, int64_t epoch, int64_t batch, pn_batch *into,
                      pn_error *error) {
    same_batch *b = (same_batch *)self;
    contestant *c = b->contestant;
    (void)epoch, (void)batch, (void)error;
    into->count = c->batch;
    for (int64_t i = 0; i < c->batch; i++) {
        into->label[i] = (int32_t)((float *)c->y->data)[i];
        into->index[i] = i;
    }
    memcpy(into->y, c->y->data, (size_t)c->batch * sizeof(float));
    if (b->filled != into->x)
        memcpy(into->x, c->x->data, (size_t)(c->batch * pn_dims_count(&self->x)) * sizeof *into->x);
    b->filled = into->x;
    return PN_OK;
}

static void release(pn_source *self) {
    (void)self;
}

/* A training of `epochs` epochs of `steps` steps; to be run and freed. */
static pn_fit *train(contestant *c, same_batch *batch, int64_t epochs, int64_t steps,
                     const pn_fit_listener *listener) {
    pn_error error;
    pn_fit *fit;
    const json_t *optimizer = json_string("adam"), *loss = json_string("binary_crossentropy");
    const pn_fit_options options = {.optimizer = optimizer,
                                    .loss = loss,
                                    .epochs = epochs,
                                    .steps_per_epoch = steps,
                                    .seed = 1};
    *batch = (same_batch){.source = {.x = c->model->node[c->model->group[0].input[0]].out,
                                     .y_size = 1,
                                     .samples = c->batch,
                                     .batch_size = c->batch,
                                     .batches = 1,
                                     .fill = fill,
                                     .release = release},
                          .contestant = c};
    must(pn_fit_new(c->model, &batch->source, NULL, &options, listener, &fit, &error), &error);
    return fit;
}

/* The losses of the first steps: the second and third show that backward and Adam are alike. */
static void check_steps(contestant *c, const char *path) {
    same_batch batch;
    pn_error error;
    float losses[CHECKED_STEPS];
    pn_fit *fit = train(c, &batch, CHECKED_STEPS, 1, NULL);
    must(pn_fit_run(fit, &error), &error);
    int loss = pn_logs_find(pn_fit_logs(fit), "loss");
    for (int i = 0; i < CHECKED_STEPS; i++) losses[i] = (float)pn_fit_history(fit, i, loss);
    c->result = losses;
    c->result_count = CHECKED_STEPS;
    write_result(c, path);
    pn_fit_free(fit);
}

/* After a step: answers what it took, and lets the next one begin when the driver says so. */
static void stepped(void *context, int64_t done, int64_t total) {
    contestant *c = context;
    char line[LINE];
    (void)done, (void)total;
    printf("%.9f\n", now() - c->started);
    if (!listen(line)) exit(0);
    c->started = now();
}

static void obey_steps(contestant *c) {
    same_batch batch;
    pn_error error;
    char line[LINE];
    const pn_fit_listener listener = {.context = c, .progress = stepped};
    puts("ready");
    while (listen(line)) {
        if (checked_path(line)) {
            check_steps(c, checked_path(line));
            continue;
        }
        pn_fit *fit = train(c, &batch, 1, ENDLESS, &listener);
        c->started = now();
        must(pn_fit_run(fit, &error), &error);
        pn_fit_free(fit);
    }
}

/* ---- all ---- */

static pn_tensor *input(pn_safetensors *file, const char *name) {
    pn_error error;
    pn_tensor *tensor;
    int64_t at = pn_safetensors_find(file, name);
    if (at < 0) give_up("the file of inputs lacks x or y");
    must(pn_safetensors_tensor(file, (size_t)at, &tensor, &error), &error);
    return tensor;
}

int main(int count, char **argument) {
    contestant c = {0};
    pn_safetensors *weights, *inputs;
    pn_error error;
    if (count != 5) give_up("usage: contestant WORK MODEL INPUTS BATCH");
    must(pn_safetensors_open(argument[2], &weights, &error), &error);
    must(pn_model_load(weights, argument[2], &c.model, &error), &error);
    must(pn_safetensors_open(argument[3], &inputs, &error), &error);
    c.x = input(inputs, "x");
    c.y = input(inputs, "y");
    c.batch = atoll(argument[4]);
    if (c.batch < 1 || c.batch > c.x->shape[0]) give_up("there are not so many images");
    if (strcmp(argument[1], "step") == 0) {
        obey_steps(&c);
    } else if (strcmp(argument[1], "forward") == 0) {
        begin_forward(&c);
        obey(&c, forward);
    } else if (strcmp(argument[1], "gradcam") == 0) {
        begin_gradcam(&c);
        obey(&c, gradcam);
    } else {
        give_up("the work is step, forward or gradcam");
    }
    return 0;
}
