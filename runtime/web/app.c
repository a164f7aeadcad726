#define _GNU_SOURCE
#include "web/app.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "web/addresses.h"
#include "web/app_options.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct app {
    pn_app_options options;
    pn_app_model *model;
    pn_samples samples;
    pn_predictor *predictor;
    pn_jobs *jobs;
    pn_server *server;
    pn_guard guard;
    int port;
} app;

static pn_status set_guard(app *a, pn_error *error) {
    a->guard.local = pn_guard_is_local(a->options.host);
    if (a->options.token)
        snprintf(a->guard.token, sizeof a->guard.token, "%s", a->options.token);
    else if (!a->guard.local && pn_guard_make_token(a->guard.token) != 0)
        return pn_fail(error, PN_E_IO, "the system gives no random numbers for a token");
    return PN_OK;
}

/* Samples are a convenience: without them the app is still one. */
static void draw_samples(app *a) {
    pn_error error;
    if (pn_samples_draw(&a->samples, &error) != PN_OK)
        fprintf(stderr, "pneuma app: note: there are no sample images: %s\n", error.message);
}

static pn_status start(app *a, pn_error *error) {
    const pn_app_options *o = &a->options;
    if (o->threads > 0) pn_set_threads(o->threads);
    pn_status status = set_guard(a, error);
    if (o->keep) umask(077); /* X-rays are nobody else's business */
    if (status == PN_OK && o->keep) status = pn_folder_make(o->keep, error);
    if (status == PN_OK) status = pn_app_model_open(o->model, o->threshold, &a->model, error);
    if (status != PN_OK) return status;
    draw_samples(a);
    status = pn_predictor_new(a->model, &a->predictor, error);
    if (status == PN_OK) status = pn_jobs_new(a->model, a->predictor, o->keep, &a->jobs, error);
    if (status != PN_OK) return status;
    const pn_site site = {.model = a->model,
                          .samples = &a->samples,
                          .jobs = a->jobs,
                          .guard = a->guard,
                          .max_upload = o->max_upload,
                          .keeps = o->keep != NULL};
    a->port = o->port;
    return pn_server_new(&site, o->host, &a->port, &a->server, error);
}

static void stop(app *a) {
    pn_server_free(a->server);
    pn_jobs_free(a->jobs);
    pn_predictor_free(a->predictor);
    pn_samples_free(&a->samples);
    pn_app_model_free(a->model);
}

/* ---- what is said ---- */

static const char *source_of(const pn_app_model *m) {
    if (strcmp(m->source, "given") == 0) return "";
    return strcmp(m->source, "notebook") == 0 ? ", which notebook 2 kept in out/models"
                                              : ", which comes with Pneuma";
}

static void tell_address(const app *a, const char *what, const char *host) {
    const bool bare = strchr(host, ':') && host[0] != '[';
    printf("%s http://%s%s%s:%d/%s%s", what, bare ? "[" : "", host, bare ? "]" : "", a->port,
           a->guard.token[0] ? "?token=" : "", a->guard.token);
}

/* Who listens everywhere is asked from other machines, which must know one of our addresses. */
static void tell_addresses(const app *a) {
    enum { MOST = 8 };
    char address[MOST][PN_ADDRESS];
    const char *host = a->options.host;
    const bool every = pn_address_is_every(host);
    const size_t count = every ? pn_address_list(host, address, MOST) : 0;
    tell_address(a, "Open", every ? "localhost" : host);
    puts("   (Ctrl-C ends)");
    for (size_t i = 0; i < count; i++) {
        tell_address(a, i ? "  or" : "On other machines:", address[i]);
        putchar('\n');
    }
}

static void tell(const app *a) {
    const pn_app_model *m = a->model;
    printf("Model: %s%s\n", m->file, source_of(m));
    if (*m->trained_on) printf("Trained on: %s\n", m->trained_on);
    printf("Threshold: %.3g%s\n", m->threshold, m->threshold_given ? "" : ", the model's own");
    if (a->options.keep) printf("Uploads are kept in %s\n", a->options.keep);
    printf("For learning; no medical device.\n");
    tell_addresses(a);
    fflush(stdout);
}

/* All threads started from here leave the signals to this one. */
static void block_signals(sigset_t *ends) {
    sigemptyset(ends);
    sigaddset(ends, SIGINT);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int pn_app_command(int argc, char **argv) {
    app a = {0};
    pn_error error;
    sigset_t ends;
    int signal_number;
    if (pn_app_options_read(argc, argv, &a.options) != 0) return 2;
    if (a.options.help) return fputs(pn_app_help, stdout) == EOF;
    block_signals(&ends);
    pn_status status = start(&a, &error);
    if (status == PN_OK) {
        tell(&a);
        sigwait(&ends, &signal_number);
        /* A second one does not wait for what is being computed. */
        pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
    } else {
        fprintf(stderr, "pneuma app: %s\n", error.message);
    }
    stop(&a);
    return status != PN_OK;
}
