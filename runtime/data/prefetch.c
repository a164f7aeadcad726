#define _GNU_SOURCE
#include "data/prefetch.h"

#include "base/memory.h"
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* Batches are kept in a ring. The thread fills the one at `filled`, the caller takes the one at
 * `taken`; both only count up, so that filled - taken says how many are ready. */
enum { AHEAD = 2 };

typedef struct slot {
    pn_batch batch;
    pn_status status;
    pn_error error;
} slot;

/* A place in the endless row of batches. */
typedef struct place {
    int64_t epoch, batch;
} place;

typedef struct prefetch {
    pn_source base;
    pn_source *inner;
    slot ring[AHEAD];
    bool running; /* the thread was started */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what stands below, but for batches between the two counts */
    pthread_cond_t changed;
    uint64_t filled, taken;
    place next;   /* what the thread fills next */
    place expect; /* what the caller asks for when it goes on in order, */
    bool lost;    /* but for the first batch and after an error */
    bool working; /* the thread is inside inner->fill */
    bool idle;    /* it has nothing to do: no place asked for yet, or an error */
    bool stop;
} prefetch;

static place after(const prefetch *p, place at) {
    return at.batch + 1 < p->base.batches ? (place){at.epoch, at.batch + 1}
                                          : (place){at.epoch + 1, 0};
}

/* ---- the thread ---- */

static void *prepare(void *context) {
    prefetch *p = context;
    pn_parallel_background();
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->idle || p->filled - p->taken == AHEAD) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        slot *s = &p->ring[p->filled % AHEAD];
        place at = p->next;
        p->working = true;
        pthread_mutex_unlock(&p->lock);
        s->status = p->inner->fill(p->inner, at.epoch, at.batch, &s->batch, &s->error);
        pthread_mutex_lock(&p->lock);
        p->working = false;
        p->next = after(p, at);
        p->filled++;
        if (s->status != PN_OK) p->idle = true;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* It takes no signals, so that handlers run on the thread that started the program. */
static bool start(prefetch *p) {
    sigset_t all, before;
    if (p->running) return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    p->running = pthread_create(&p->thread, NULL, prepare, p) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->running;
}

/* ---- the caller ---- */

/* Forgets what is ready and begins anew at a place; the lock is held. */
static void go_to(prefetch *p, place at) {
    p->idle = true;
    while (p->working) pthread_cond_wait(&p->changed, &p->lock);
    p->taken = p->filled;
    p->next = p->expect = at;
    p->idle = p->lost = false;
    pthread_cond_broadcast(&p->changed);
}

static void copy(const prefetch *p, const pn_batch *from, pn_batch *to) {
    size_t count = (size_t)from->count;
    to->count = from->count;
    memcpy(to->x, from->x, count * (size_t)pn_dims_count(&p->base.x) * sizeof *to->x);
    if (p->base.y_size) memcpy(to->y, from->y, count * (size_t)p->base.y_size * sizeof *to->y);
    memcpy(to->label, from->label, count * sizeof *to->label);
    memcpy(to->index, from->index, count * sizeof *to->index);
}

static pn_status fill(pn_source *base, int64_t epoch, int64_t batch, pn_batch *into,
                      pn_error *error) {
    prefetch *p = (prefetch *)base;
    /* Without a thread there is nothing ahead, but every batch is the same. */
    if (!start(p)) return p->inner->fill(p->inner, epoch, batch, into, error);
    pthread_mutex_lock(&p->lock);
    if (p->lost || p->expect.epoch != epoch || p->expect.batch != batch)
        go_to(p, (place){epoch, batch});
    while (p->filled == p->taken) pthread_cond_wait(&p->changed, &p->lock);
    slot *s = &p->ring[p->taken % AHEAD];
    pthread_mutex_unlock(&p->lock);
    pn_status status = s->status;
    if (status == PN_OK)
        copy(p, &s->batch, into);
    else if (error)
        *error = s->error;
    pthread_mutex_lock(&p->lock);
    p->taken++;
    p->expect = after(p, p->expect);
    p->lost = status != PN_OK; /* the thread waits to be told where to go on */
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return status;
}

/* ---- making one ---- */

static void release(pn_source *base) {
    if (!base) return;
    prefetch *p = (prefetch *)base;
    if (p->running) {
        pthread_mutex_lock(&p->lock);
        p->stop = true;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    for (int i = 0; i < AHEAD; i++) {
        pn_free(p->ring[i].batch.x);
        pn_free(p->ring[i].batch.y);
        pn_free(p->ring[i].batch.label);
        pn_free(p->ring[i].batch.index);
    }
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    p->inner->release(p->inner);
    pn_free(p);
}

static pn_status make_buffers(prefetch *p, pn_error *error) {
    size_t size = (size_t)p->base.batch_size, items = (size_t)pn_dims_count(&p->base.x);
    for (int i = 0; i < AHEAD; i++) {
        pn_batch *b = &p->ring[i].batch;
        b->x = pn_alloc(size * items * sizeof *b->x);
        b->y = pn_alloc(size * (size_t)p->base.y_size * sizeof *b->y);
        b->label = pn_alloc(size * sizeof *b->label);
        b->index = pn_alloc(size * sizeof *b->index);
        if (!b->x || !b->y || !b->label || !b->index)
            return pn_fail_memory(error, size * items * sizeof *b->x);
    }
    return PN_OK;
}

pn_status pn_prefetch_new(pn_source *source, pn_source **out, pn_error *error) {
    prefetch *p = pn_calloc(1, sizeof *p);
    if (!p) {
        source->release(source);
        return pn_fail_memory(error, sizeof *p);
    }
    p->base = *source;
    p->base.fill = fill;
    p->base.release = release;
    p->inner = source;
    p->idle = p->lost = true;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    pn_status status = make_buffers(p, error);
    if (status == PN_OK)
        *out = &p->base;
    else
        release(&p->base);
    return status;
}

pn_source *pn_prefetch_inner(pn_source *source) {
    return source->fill == fill ? ((prefetch *)source)->inner : source;
}
