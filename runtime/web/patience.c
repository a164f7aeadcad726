#define _GNU_SOURCE
#include "web/patience.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

/* A connection; `until`: seconds of the clock, 0 while it owes no headers. */
typedef struct place {
    int socket; /* -1: free */
    time_t until;
} place;

struct pn_patience {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t stopping;
    bool stop;
    int seconds, places;
    place place[];
};

static time_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static place *find(pn_patience *p, int socket) {
    for (int i = 0; i < p->places; i++)
        if (p->place[i].socket == socket) return &p->place[i];
    return NULL;
}

/* Sockets are shut down, not closed: that is libmicrohttpd's, which then sees their end. */
static void end_late(pn_patience *p) {
    const time_t at = now();
    for (int i = 0; i < p->places; i++) {
        place *one = &p->place[i];
        if (one->socket < 0 || one->until == 0 || one->until > at) continue;
        shutdown(one->socket, SHUT_RDWR);
        one->until = 0;
    }
}

static void *work(void *context) {
    pn_patience *p = context;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct timespec wake;
        clock_gettime(CLOCK_MONOTONIC, &wake);
        wake.tv_sec++;
        pthread_cond_timedwait(&p->stopping, &p->lock, &wake);
        end_late(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void set(pn_patience *p, int socket, bool waits) {
    pthread_mutex_lock(&p->lock);
    place *one = find(p, socket);
    if (one) one->until = waits ? now() + p->seconds : 0;
    pthread_mutex_unlock(&p->lock);
}

void pn_patience_begin(pn_patience *p, int socket) {
    pthread_mutex_lock(&p->lock);
    place *one = find(p, -1);
    if (one) *one = (place){socket, now() + p->seconds};
    pthread_mutex_unlock(&p->lock);
}

void pn_patience_end(pn_patience *p, int socket) {
    pthread_mutex_lock(&p->lock);
    place *one = find(p, socket);
    if (one) one->socket = -1;
    pthread_mutex_unlock(&p->lock);
}

void pn_patience_heard(pn_patience *p, int socket) {
    set(p, socket, false);
}

void pn_patience_next(pn_patience *p, int socket) {
    set(p, socket, true);
}

/* ---- life ---- */

static void begin_waiting(pn_patience *p) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&p->stopping, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&p->lock, NULL);
}

static void end_waiting(pn_patience *p) {
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->stopping);
    pn_free(p);
}

pn_status pn_patience_new(int connections, int seconds, pn_patience **out, pn_error *error) {
    const size_t size = sizeof **out + (size_t)connections * sizeof(place);
    pn_patience *p = pn_calloc(1, size);
    *out = NULL;
    if (!p) return pn_fail_memory(error, size);
    p->seconds = seconds;
    p->places = connections;
    for (int i = 0; i < connections; i++) p->place[i].socket = -1;
    begin_waiting(p);
    const int code = pthread_create(&p->thread, NULL, work, p);
    if (code != 0) {
        end_waiting(p);
        return pn_fail_errno(error, code, "", "cannot start a thread");
    }
    *out = p;
    return PN_OK;
}

void pn_patience_free(pn_patience *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->stopping);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    end_waiting(p);
}
