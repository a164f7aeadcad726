/* The app in this process, on a free port, with the model that comes with Pneuma; and a client that
 * says exactly what a test wants said. */
#ifndef PN_TESTS_UNIT_APP_FIXTURE_H
#define PN_TESTS_UNIT_APP_FIXTURE_H

#include "test.h"

#include "base/memory.h"
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define APP_USE __attribute__((unused)) static

enum { ANSWER = 1 << 22 };

typedef struct app_fixture {
    pn_app_model *model;
    pn_samples samples;
    pn_predictor *predictor;
    pn_jobs *jobs;
    pn_server *server;
    int port;
} app_fixture;

APP_USE void app_begin(app_fixture *a, const char *token, size_t max_upload, const char *keep) {
    pn_error error;
    pn_site site = {.max_upload = max_upload, .guard = {.local = true}};
    *a = (app_fixture){0};
    if (pn_app_model_open(NULL, -1, &a->model, &error) != PN_OK ||
        pn_samples_draw(&a->samples, &error) != PN_OK ||
        pn_predictor_new(a->model, &a->predictor, &error) != PN_OK ||
        pn_jobs_new(a->model, a->predictor, keep, &a->jobs, &error) != PN_OK)
        fail_msg("%s", error.message);
    snprintf(site.guard.token, sizeof site.guard.token, "%s", token);
    site.model = a->model;
    site.samples = &a->samples;
    site.jobs = a->jobs;
    if (pn_server_new(&site, "127.0.0.1", &a->port, &a->server, &error) != PN_OK)
        fail_msg("%s", error.message);
}

APP_USE void app_end(app_fixture *a) {
    pn_server_free(a->server);
    pn_jobs_free(a->jobs);
    pn_predictor_free(a->predictor);
    pn_samples_free(&a->samples);
    pn_app_model_free(a->model);
}

/* ---- the client ---- */

typedef struct app_answer {
    int status;
    char *text, *body; /* all of it; what stands behind the headers */
    size_t size;       /* of the body */
} app_answer;

APP_USE int app_connect(const app_fixture *a) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)a->port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval patience = {.tv_sec = 60};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* As much as the other side takes. */
APP_USE void app_send(int fd, const void *bytes, size_t size) {
    const char *p = bytes;
    while (size > 0) {
        const ssize_t sent = send(fd, p, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        p += sent;
        size -= (size_t)sent;
    }
}

/* A process that was stopped and goes on has its call ended; the rest is still to come. */
APP_USE ssize_t app_read(int fd, char *to, size_t room) {
    ssize_t got;
    do got = recv(fd, to, room, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Until the other side closes; status 0: without an answer. */
APP_USE app_answer app_receive(int fd) {
    app_answer answer = {.text = malloc(ANSWER + 1)};
    size_t size = 0;
    for (ssize_t got; size < ANSWER && (got = app_read(fd, answer.text + size, ANSWER - size)) > 0;)
        size += (size_t)got;
    close(fd);
    answer.text[size] = '\0';
    answer.body = strstr(answer.text, "\r\n\r\n");
    answer.body = answer.body ? answer.body + 4 : answer.text + size;
    answer.size = size - (size_t)(answer.body - answer.text);
    sscanf(answer.text, "HTTP/1.1 %d", &answer.status);
    return answer;
}

/* A request with these headers ("Name: value\r\n...") beside Host, Connection and the length. */
APP_USE app_answer app_ask(const app_fixture *a, const char *line, const char *headers,
                           const void *body, size_t size) {
    char head[2048];
    const int fd = app_connect(a);
    int length = snprintf(head, sizeof head, "%s HTTP/1.1\r\n%s%sConnection: close\r\n", line,
                          strstr(headers, "Host:") ? "" : "Host: localhost\r\n", headers);
    if (body)
        length +=
            snprintf(head + length, sizeof head - (size_t)length, "Content-Length: %zu\r\n", size);
    length += snprintf(head + length, sizeof head - (size_t)length, "\r\n");
    app_send(fd, head, (size_t)length);
    if (body) app_send(fd, body, size);
    return app_receive(fd);
}

APP_USE void app_expect(app_answer answer, int status, const char *text) {
    if (answer.status != status || (text && !strstr(answer.text, text)))
        fail_msg("expected %d with '%s', got: %.600s", status, text ? text : "", answer.text);
    free(answer.text);
}

/* ---- what was answered ---- */

APP_USE const void *app_sample(const app_fixture *a, int number, size_t *size) {
    *size = a->samples.image[number].size;
    return a->samples.image[number].data;
}

/* A new reference. */
APP_USE json_t *app_json(app_answer answer, int status) {
    json_error_t why;
    if (answer.status != status) fail_msg("%.600s", answer.text);
    json_t *json = json_loadb(answer.body, answer.size, 0, &why);
    if (!json) fail_msg("%s: %.200s", why.text, answer.body);
    free(answer.text);
    return json;
}

APP_USE double app_number(const json_t *json, const char *name) {
    return json_number_value(json_object_get(json, name));
}

APP_USE const char *app_text(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

#endif
