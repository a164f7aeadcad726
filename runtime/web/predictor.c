#include "web/predictor.h"

#include "base/memory.h"
#include "nn/explain/gradcam.h"
#include "nn/plan.h"

#include <pthread.h>
#include <string.h>

/* Images computed together; explainers that are kept ready, for a layer and a score each. */
enum { BATCH = 4, EXPLAINERS = 3 };

typedef struct waiting {
    const pn_question *question;
    pn_status status;
    pn_error error;
    bool done;
    struct waiting *after;
} waiting;

typedef struct ready {
    pn_explainer *explainer; /* NULL: free */
    int layer;
    bool logits, grad; /* Grad-CAM itself needs less than the other methods do */
    unsigned long used;
} ready;

struct pn_predictor {
    const pn_app_model *model;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the line and `done` of those in it */
    pthread_cond_t asked, answered;
    waiting *first, **last;
    bool stop;
    /* Of the thread alone. */
    pn_plan *plan; /* for questions without a map; NULL until the first */
    ready ready[EXPLAINERS];
    unsigned long clock;
    int64_t image, outputs; /* numbers in one */
    float *x, *output, *map;
};

/* ---- a batch ---- */

static bool is_same(const pn_question *a, const pn_question *b) {
    if (a->layer != b->layer) return false;
    return a->layer < 0 ||
           (a->target == b->target && a->method == b->method && a->logits == b->logits);
}

static void fill_images(pn_predictor *p, waiting *const *batch, int count) {
    for (int i = 0; i < count; i++)
        for (int64_t k = 0; k < p->image; k++)
            p->x[i * p->image + k] = (float)batch[i]->question->prepared[k] * p->model->rescale;
}

static pn_status predict(pn_predictor *p, int count, pn_error *error) {
    const pn_mode mode = {0};
    const float *x = p->x;
    if (!p->plan) {
        const pn_plan_options options = {.batch = BATCH, .output = -1, .gradient_of = -1};
        pn_status status = pn_plan_new(p->model->model, &options, &p->plan, error);
        if (status != PN_OK) return status;
    }
    pn_status status = pn_plan_forward(p->plan, &x, count, &mode, error);
    if (status == PN_OK)
        memcpy(p->output, pn_plan_output(p->plan, p->model->model->group[0].output[0]),
               (size_t)(count * p->outputs) * sizeof *p->output);
    return status;
}

static pn_status make_explainer(pn_predictor *p, const pn_question *q, ready *place,
                                pn_error *error) {
    const pn_gradcam_options options = {.node = p->model->layer[q->layer].node,
                                        .method = q->method,
                                        .target = q->target,
                                        .logits = q->logits,
                                        .normalize = true,
                                        .batch = BATCH};
    pn_explainer_free(place->explainer);
    place->explainer = NULL;
    place->layer = q->layer;
    place->logits = q->logits;
    place->grad = q->method == PN_CAM_GRAD;
    return pn_explainer_new(p->model->model, &options, &place->explainer, error);
}

static bool suits(const ready *r, const pn_question *q) {
    return r->explainer && r->layer == q->layer && r->logits == q->logits &&
           r->grad == (q->method == PN_CAM_GRAD);
}

/* The one for the layer and the score, in place of the one that was not used for longest. */
static pn_status find_explainer(pn_predictor *p, const pn_question *q, pn_explainer **out,
                                pn_error *error) {
    ready *place = &p->ready[0];
    pn_status status = PN_OK;
    for (int i = 0; i < EXPLAINERS; i++) {
        ready *r = &p->ready[i];
        if (suits(r, q)) {
            place = r;
            break;
        }
        if (!r->explainer || (place->explainer && r->used < place->used)) place = r;
    }
    if (!suits(place, q)) status = make_explainer(p, q, place, error);
    place->used = ++p->clock;
    *out = place->explainer;
    return status == PN_OK ? pn_explainer_ask(*out, q->method, q->target, error) : status;
}

static pn_status explain(pn_predictor *p, const pn_question *q, int count, pn_error *error) {
    pn_explainer *explainer;
    pn_status status = find_explainer(p, q, &explainer, error);
    if (status != PN_OK) return status;
    return pn_explainer_run(explainer, p->x, count, p->map, p->output, error);
}

static void give_answer(const pn_predictor *p, const pn_question *q, int number) {
    const pn_app_model *m = p->model;
    const float *output = p->output + number * p->outputs;
    if (m->sigmoid) {
        q->probability[0] = 1 - output[0];
        q->probability[1] = output[0];
    } else {
        memcpy(q->probability, output, (size_t)m->classes * sizeof *output);
    }
    if (q->layer < 0) return;
    const int64_t places = m->layer[q->layer].height * m->layer[q->layer].width;
    memcpy(q->map, p->map + number * places, (size_t)places * sizeof *q->map);
}

static void answer(pn_predictor *p, waiting *const *batch, int count) {
    const pn_question *q = batch[0]->question;
    pn_error error;
    fill_images(p, batch, count);
    pn_status status = q->layer < 0 ? predict(p, count, &error) : explain(p, q, count, &error);
    for (int i = 0; i < count; i++) {
        batch[i]->status = status;
        if (status == PN_OK)
            give_answer(p, batch[i]->question, i);
        else
            batch[i]->error = error;
    }
}

/* ---- the line ---- */

/* Takes the first one and all behind it that ask the same. */
static int take_batch(pn_predictor *p, waiting **batch) {
    int count = 0;
    for (waiting **at = &p->first; *at && count < BATCH;)
        if (count == 0 || is_same(batch[0]->question, (*at)->question)) {
            batch[count++] = *at;
            *at = (*at)->after;
        } else {
            at = &(*at)->after;
        }
    p->last = &p->first;
    while (*p->last) p->last = &(*p->last)->after;
    return count;
}

static void *work(void *context) {
    pn_predictor *p = context;
    waiting *batch[BATCH];
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->first && !p->stop) pthread_cond_wait(&p->asked, &p->lock);
        if (!p->first) break;
        const int count = take_batch(p, batch);
        pthread_mutex_unlock(&p->lock);
        answer(p, batch, count);
        pthread_mutex_lock(&p->lock);
        for (int i = 0; i < count; i++) batch[i]->done = true;
        pthread_cond_broadcast(&p->answered);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

pn_status pn_predictor_ask(pn_predictor *p, const pn_question *question, pn_error *error) {
    waiting w = {.question = question};
    pthread_mutex_lock(&p->lock);
    *p->last = &w;
    p->last = &w.after;
    pthread_cond_signal(&p->asked);
    while (!w.done) pthread_cond_wait(&p->answered, &p->lock);
    pthread_mutex_unlock(&p->lock);
    if (w.status != PN_OK && error) *error = w.error;
    return w.status;
}

/* ---- life ---- */

static pn_status make_room(pn_predictor *p, pn_error *error) {
    const pn_app_model *m = p->model;
    int64_t most = 1;
    for (int i = 0; i < m->layers; i++) {
        const int64_t places = m->layer[i].height * m->layer[i].width;
        if (places > most) most = places;
    }
    p->image = m->wish.height * m->wish.width * m->wish.channels;
    p->outputs = m->sigmoid ? 1 : m->classes;
    p->x = pn_alloc((size_t)(BATCH * p->image) * sizeof *p->x);
    p->output = pn_alloc((size_t)(BATCH * p->outputs) * sizeof *p->output);
    p->map = pn_alloc((size_t)(BATCH * most) * sizeof *p->map);
    if (p->x && p->output && p->map) return PN_OK;
    return pn_fail_memory(error, (unsigned long long)(BATCH * p->image) * sizeof *p->x);
}

static void free_room(pn_predictor *p) {
    for (int i = 0; i < EXPLAINERS; i++) pn_explainer_free(p->ready[i].explainer);
    pn_plan_free(p->plan);
    pn_free(p->x);
    pn_free(p->output);
    pn_free(p->map);
    pn_free(p);
}

pn_status pn_predictor_new(const pn_app_model *model, pn_predictor **out, pn_error *error) {
    pn_predictor *p = pn_calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return pn_fail_memory(error, sizeof *p);
    p->model = model;
    p->last = &p->first;
    pn_status status = make_room(p, error);
    if (status == PN_OK) {
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->asked, NULL);
        pthread_cond_init(&p->answered, NULL);
        const int code = pthread_create(&p->thread, NULL, work, p);
        if (code != 0) status = pn_fail_errno(error, code, "", "cannot start a thread");
    }
    if (status == PN_OK)
        *out = p;
    else
        free_room(p);
    return status;
}

void pn_predictor_free(pn_predictor *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->asked);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->asked);
    pthread_cond_destroy(&p->answered);
    free_room(p);
}
