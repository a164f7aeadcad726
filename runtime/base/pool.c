#define _GNU_SOURCE
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Waking a thread that sleeps takes longer than a small kernel: a helper without work LOOKS out for
 * the next job before it sleeps, and a caller for the end of its own, some tens of microseconds. */
enum { MAX_THREADS = 256, BLOCKS_PER_THREAD = 16, LOOKS = 3000 };

/* A caller publishes its job; everyone (the caller too) takes blocks from `next` until none is
 * left. Jobs of several callers stand in a list, those in the background last. */
typedef struct job {
    pn_range_fn work;
    void *context;
    int64_t count, block;
    atomic_llong next;
    bool background;
    atomic_int busy; /* helpers inside */
    struct job *after;
} job;

static struct {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake, done;
    pthread_t thread[MAX_THREADS];
    int started; /* helper threads alive */
    job *first;
    atomic_uint news; /* counts what helpers want to know of */
    bool looks;       /* there is a processor for each thread */
    bool stop;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static atomic_int wanted; /* 0: not decided yet */
static _Thread_local bool inside, background;

static int processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int default_threads(void) {
    const char *text = getenv("PNEUMA_THREADS");
    long n = text ? strtol(text, NULL, 10) : 0;
    if (n < 1) n = processors();
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

int pn_threads(void) {
    int n = atomic_load(&wanted);
    if (n == 0) {
        n = default_threads();
        atomic_store(&wanted, n);
    }
    return n;
}

static bool has_blocks(const job *j) {
    return atomic_load(&j->next) < j->count;
}

/* At most `most` blocks. */
static void take_blocks(job *j, int64_t most) {
    inside = true;
    for (; most > 0; most--) {
        int64_t begin = atomic_fetch_add(&j->next, j->block);
        if (begin >= j->count) break;
        int64_t end = begin + j->block < j->count ? begin + j->block : j->count;
        j->work(j->context, begin, end);
    }
    inside = false;
}

static void breathe(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Lets others have the lock for a while, until there may be news; then both are to be looked at
 * again. */
static void look_out(unsigned seen) {
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < LOOKS && atomic_load(&pool.news) == seen; i++) breathe();
    pthread_mutex_lock(&pool.lock);
}

static job *find_job(void) {
    job *j = pool.first;
    while (j && !has_blocks(j)) j = j->after;
    return j;
}

/* Helpers leave a job in the background after each block, for another that came meanwhile. */
static void *helper(void *unused) {
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    while (!pool.stop) {
        const unsigned seen = atomic_load(&pool.news);
        job *j = find_job();
        if (!j && pool.looks) {
            look_out(seen);
            j = find_job();
        }
        if (!j) {
            if (atomic_load(&pool.news) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
            continue;
        }
        j->busy++;
        pthread_mutex_unlock(&pool.lock);
        take_blocks(j, j->background ? 1 : INT64_MAX);
        pthread_mutex_lock(&pool.lock);
        if (--j->busy == 0) pthread_cond_broadcast(&pool.done);
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* A thread that cannot be started is no failure: the work is done with fewer. Helpers take no
 * signals, so that handlers run on the thread that started the program. */
static void start_helpers(int count) {
    sigset_t all, before;
    if (pool.started == count) return;
    pool.looks = count < processors();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.started < count &&
           pthread_create(&pool.thread[pool.started], NULL, helper, NULL) == 0)
        pool.started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void publish(job *j) {
    pthread_mutex_lock(&pool.lock);
    start_helpers(pn_threads() - 1);
    job **place = &pool.first;
    while (j->background && *place) place = &(*place)->after;
    j->after = *place;
    *place = j;
    atomic_fetch_add(&pool.news, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

/* Takes the job from the list and waits for the helpers inside it. */
static void withdraw(job *j) {
    pthread_mutex_lock(&pool.lock);
    job **place = &pool.first;
    while (*place != j) place = &(*place)->after;
    *place = j->after;
    if (pool.looks && j->busy > 0) {
        pthread_mutex_unlock(&pool.lock);
        for (int i = 0; i < LOOKS && atomic_load(&j->busy) > 0; i++) breathe();
        pthread_mutex_lock(&pool.lock);
    }
    while (j->busy > 0) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

static void run(int64_t count, int64_t block, pn_range_fn work, void *context) {
    if (count <= 0) return;
    if (inside || pn_threads() == 1 || block >= count) {
        bool outer = !inside;
        inside = true;
        work(context, 0, count);
        if (outer) inside = false;
        return;
    }
    job j = {
        .work = work, .context = context, .count = count, .block = block, .background = background};
    atomic_init(&j.next, 0);
    publish(&j);
    take_blocks(&j, INT64_MAX);
    withdraw(&j);
}

void pn_parallel_background(void) {
    background = true;
}

void pn_parallel_for(int64_t count, int64_t grain, pn_range_fn work, void *context) {
    int threads = pn_threads();
    int64_t block = (count + threads - 1) / threads;
    run(count, block > grain ? block : grain, work, context);
}

void pn_parallel_for_each(int64_t count, pn_range_fn work, void *context) {
    int64_t block = count / ((int64_t)pn_threads() * BLOCKS_PER_THREAD);
    run(count, block > 1 ? block : 1, work, context);
}

int64_t pn_share_take(pn_share *s, int64_t *first) {
    int64_t at = atomic_load(&s->next), part;
    do {
        const int64_t left = s->count - at, portion = left / (2 * s->takers);
        if (left <= 0) return 0;
        part = portion < s->step ? s->step : portion / s->step * s->step;
        if (part > s->most) part = s->most;
        if (part > left) part = left;
    } while (!atomic_compare_exchange_weak(&s->next, &at, at + part));
    *first = at;
    return part;
}

void pn_set_threads(int threads) {
    pthread_mutex_lock(&pool.lock);
    pool.stop = true;
    atomic_fetch_add(&pool.news, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.started; i++) pthread_join(pool.thread[i], NULL);
    pool.started = 0;
    pool.stop = false;
    atomic_store(&wanted, threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads);
}
