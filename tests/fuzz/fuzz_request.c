/* Fuzzes what a visitor may send: the bytes go to the app over a real connection, behind a line
 * that the first byte picks. The server must answer or close, and answer the next good request.
 * Seed the corpus with tests/unit/data/?*.jpg. */
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int port;

static void start(void) {
    static pn_app_model *model;
    static pn_samples samples; /* none */
    pn_predictor *predictor;
    pn_jobs *jobs;
    pn_server *server;
    pn_error error;
    if (pn_app_model_open(NULL, -1, &model, &error) != PN_OK ||
        pn_predictor_new(model, &predictor, &error) != PN_OK ||
        pn_jobs_new(model, predictor, NULL, &jobs, &error) != PN_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    const pn_site site = {.model = model,
                          .samples = &samples,
                          .jobs = jobs,
                          .guard = {.local = true, .token = ""},
                          .max_upload = 100000};
    if (pn_server_new(&site, "127.0.0.1", &port, &server, &error) != PN_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
}

/* The fuzzer's timer may cut a call short: then once more, from the start. */
static int connect_to_app(void) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    for (;;) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        /* Closed at once, so that the ports of a million connections do not run out. */
        const struct linger at_once = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
        if (errno != EINTR) abort();
        close(fd);
    }
}

static void send_all(int fd, const void *bytes, size_t size) {
    const char *p = bytes;
    while (size > 0) {
        const ssize_t sent = send(fd, p, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        p += sent;
        size -= (size_t)sent;
    }
}

static size_t receive(int fd, char *answer, size_t room) {
    size_t size = 0;
    char rest[4096];
    for (;;) {
        const bool fits = size < room;
        const ssize_t got =
            recv(fd, fits ? answer + size : rest, fits ? room - size : sizeof rest, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (fits) size += (size_t)got;
    }
    close(fd);
    return size;
}

#define FORM                                                                                       \
    "POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n"                                         \
    "Content-Type: multipart/form-data; boundary=cut\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const starts[] = {
        "",
        "POST /api/v1/predict?heatmap=png HTTP/1.1\r\nHost: localhost\r\n",
        "POST /api/v1/predict?",
        FORM "Content-Length: 400\r\n\r\n--cut\r\nContent-Disposition: form-data; name=\"file\"; "
             "filename=\"",
        FORM "Transfer-Encoding: chunked\r\n\r\n",
        "POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300\r\n\r\n",
        "GET /",
    };
    enum { STARTS = sizeof starts / sizeof *starts };
    static const char healthy[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
    static unsigned long runs;
    char answer[4096];
    if (port == 0) start();
    if (size == 0) return 0;
    int fd = connect_to_app();
    const char *first = starts[data[0] % STARTS];
    send_all(fd, first, strlen(first));
    send_all(fd, data + 1, size - 1);
    shutdown(fd, SHUT_WR);
    receive(fd, answer, sizeof answer);
    if (++runs % 100 != 0) return 0;
    fd = connect_to_app();
    send_all(fd, healthy, sizeof healthy - 1);
    const size_t got = receive(fd, answer, sizeof answer - 1);
    answer[got] = '\0';
    if (!strstr(answer, "200 OK")) abort();
    return 0;
}
