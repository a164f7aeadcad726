#define _GNU_SOURCE
#include "web/server.h"

#include "base/memory.h"
#include "web/asked.h"
#include "web/patience.h"
#include "web/routes.h"
#include "web/upload.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Connections at a time; seconds of silence before one is cut, in which headers must have come, and
 * a body; bytes of all bodies and answers at a time. */
enum { CONNECTIONS = 256, SILENCE = 15, HEADER_SECONDS = 20, BODY_SECONDS = 60 };
static const size_t most_bytes = 256U << 20U;

struct pn_server {
    pn_site site;
    char *model; /* the text of /api/v1/model */
    struct MHD_Daemon *daemon;
    pn_patience *patience;
    atomic_size_t bytes; /* that uploads and answers hold at the moment */
};

/* One request. */
typedef struct request {
    pn_server *server;
    struct MHD_Connection *connection;
    pn_upload upload;
    size_t counted; /* of server->bytes */
    bool crowded;   /* there was no room for the upload */
    time_t began;
    pn_job job;
    atomic_bool done;
} request;

/* ---- answers ---- */

static void release_body(void *body) {
    pn_free(body);
}

static void add_headers(struct MHD_Response *response, const pn_reply *reply) {
    static const char *const always[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
        {"Cache-Control", "no-store"}};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Type", reply->type);
    if (reply->allow) MHD_add_response_header(response, "Allow", reply->allow);
    if (reply->cookie) MHD_add_response_header(response, "Set-Cookie", reply->cookie);
    if (reply->location) MHD_add_response_header(response, "Location", reply->location);
    if (reply->status == 503) MHD_add_response_header(response, "Retry-After", "1");
    if (reply->status == 401) MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
}

/* The body goes over to the response. */
static enum MHD_Result answer(struct MHD_Connection *connection, pn_reply *reply) {
    struct MHD_Response *response =
        reply->owned ? MHD_create_response_from_buffer_with_free_callback(reply->size, reply->owned,
                                                                          release_body)
                     : MHD_create_response_from_buffer(reply->size, (void *)(uintptr_t)reply->body,
                                                       MHD_RESPMEM_PERSISTENT);
    if (response) reply->owned = NULL;
    enum MHD_Result result = MHD_NO;
    if (response) {
        add_headers(response, reply);
        result = MHD_queue_response(connection, (unsigned)reply->status, response);
        MHD_destroy_response(response);
    }
    pn_reply_free(reply);
    return result;
}

/* ---- a request ---- */

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *query(void *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result check_name(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    (void)kind, (void)value;
    return pn_asked_knows(name, context) ? MHD_YES : MHD_NO;
}

static void refuse_busy(pn_reply *reply) {
    pn_reply_error(reply, 503, "busy", "the server is busy; try again in a moment");
}

static bool read_asked(request *r, pn_reply *reply) {
    pn_asked *asked = &r->job.asked;
    *reply = (pn_reply){0};
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, check_name, reply);
    if (reply->status) return false;
    if (!pn_asked_read(r->server->site.model, query, r->connection, asked, reply)) return false;
    if (!pn_upload_begin(&r->upload, r->connection, r->server->site.max_upload, reply))
        return false;
    if (atomic_load(&r->server->bytes) < most_bytes) return true;
    refuse_busy(reply);
    return false;
}

/* What the request holds from now on. */
static void count_bytes(request *r, size_t bytes) {
    atomic_fetch_add(&r->server->bytes, bytes);
    atomic_fetch_sub(&r->server->bytes, r->counted);
    r->counted = bytes;
}

static void free_request(request *r) {
    if (!r) return;
    count_bytes(r, 0);
    pn_upload_free(&r->upload);
    pn_reply_free(&r->job.reply);
    pn_free(r);
}

/* On a thread of the jobs. */
static void finish(pn_job *job) {
    request *r = job->context;
    pn_text_free(&r->upload.bytes);
    count_bytes(r, job->reply.size);
    atomic_store(&r->done, true);
    MHD_resume_connection(r->connection);
}

static enum MHD_Result begin(pn_server *server, struct MHD_Connection *connection,
                             const char *method, const char *path, void **context) {
    char cookie[PN_COOKIE];
    const char *host = header(connection, "Host");
    pn_guard_cookie(host, cookie);
    const pn_ask ask = {.method = method,
                        .path = path,
                        .host = host,
                        .origin = header(connection, "Origin"),
                        .site = header(connection, "Sec-Fetch-Site"),
                        .authorization = header(connection, "Authorization"),
                        .cookie = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, cookie),
                        .token = query(connection, "token")};
    pn_reply reply = {0};
    if (pn_route(&server->site, server->model, &ask, &reply)) return answer(connection, &reply);
    request *r = pn_calloc(1, sizeof *r);
    if (!r) return MHD_NO;
    r->server = server;
    r->connection = connection;
    r->began = time(NULL);
    r->job.done = finish;
    r->job.context = r;
    if (!read_asked(r, &reply)) {
        free_request(r);
        return answer(connection, &reply);
    }
    *context = r;
    return MHD_YES;
}

static enum MHD_Result receive(request *r, const char *data, size_t *size) {
    if (time(NULL) - r->began > BODY_SECONDS) return MHD_NO;
    if (!r->crowded && !pn_upload_take(&r->upload, data, *size)) return MHD_NO;
    *size = 0;
    count_bytes(r, r->upload.bytes.size);
    if (r->crowded || atomic_load(&r->server->bytes) <= most_bytes) return MHD_YES;
    /* The rest is read and forgotten. */
    r->crowded = true;
    pn_text_free(&r->upload.bytes);
    count_bytes(r, 0);
    return MHD_YES;
}

/* The body is there: the connection waits until a job has answered it. */
static enum MHD_Result hand_over(request *r) {
    if (r->crowded) {
        refuse_busy(&r->job.reply);
        return answer(r->connection, &r->job.reply);
    }
    if (!pn_upload_end(&r->upload, &r->job.reply)) return answer(r->connection, &r->job.reply);
    r->job.asked.name = r->upload.name;
    r->job.bytes = r->upload.bytes.data ? r->upload.bytes.data : "";
    r->job.size = r->upload.bytes.size;
    MHD_suspend_connection(r->connection);
    if (!pn_jobs_give(r->server->site.jobs, &r->job)) {
        refuse_busy(&r->job.reply);
        finish(&r->job);
    }
    return MHD_YES;
}

/* Stands for a request without a body, which is answered when libmicrohttpd has read it to its end:
 * before that it would have to close the connection. */
static char reading;

static bool may_have_body(const char *method) {
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static int socket_of(struct MHD_Connection *connection) {
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state) {
    (void)version;
    if (!*state && !may_have_body(method)) {
        *state = &reading;
        return MHD_YES;
    }
    if (*state == &reading && *size > 0) { /* nobody asked for it */
        *size = 0;
        return MHD_YES;
    }
    request *r = *state == &reading ? NULL : *state;
    if (!r) {
        pn_patience_heard(((pn_server *)context)->patience, socket_of(connection));
        return begin(context, connection, method, path, state);
    }
    if (*size > 0) return receive(r, data, size);
    if (atomic_load(&r->done)) return answer(connection, &r->job.reply);
    return hand_over(r);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code) {
    (void)code;
    if (*state != &reading) free_request(*state);
    *state = NULL;
    pn_patience_next(((pn_server *)context)->patience, socket_of(connection));
}

static void connected(void *context, struct MHD_Connection *connection, void **of_connection,
                      enum MHD_ConnectionNotificationCode code) {
    pn_patience *patience = ((pn_server *)context)->patience;
    (void)of_connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        pn_patience_begin(patience, socket_of(connection));
    else
        pn_patience_end(patience, socket_of(connection));
}

/* libmicrohttpd says on standard error what clients do wrong; nobody asked. */
static void ignore_log(void *context, const char *format, va_list arguments) {
    (void)context, (void)format, (void)arguments;
}

/* ---- life ---- */

static pn_status find_address(const char *host, int port, struct sockaddr_storage *address,
                              socklen_t *size, pn_error *error) {
    char service[16];
    struct addrinfo *found,
        wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(service, sizeof service, "%d", port);
    const int code = getaddrinfo(host, service, &wish, &found);
    if (code != 0)
        return pn_fail(error, PN_E_IO, "'%.200s' is no address to listen at: %s", host,
                       gai_strerror(code));
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return PN_OK;
}

/* A socket of our own tells what is wrong better than libmicrohttpd does. */
static pn_status listen_at(const char *host, int *port, int *socket_out, pn_error *error) {
    struct sockaddr_storage address;
    socklen_t size;
    const int yes = 1;
    pn_status status = find_address(host, *port, &address, &size, error);
    if (status != PN_OK) return status;
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return pn_fail_errno(error, errno, "", "no socket can be made");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, CONNECTIONS) != 0) {
        status =
            errno == EADDRINUSE
                ? pn_fail(error, PN_E_IO,
                          "cannot listen at %.200s: port %d is taken (--port 0 takes any that "
                          "is free)",
                          host, *port)
                : pn_fail_errno(error, errno, "", "cannot listen at %.200s, port %d", host, *port);
        close(fd);
        return status;
    }
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        *port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                    : ((struct sockaddr_in *)&address)->sin_port);
    *socket_out = fd;
    return PN_OK;
}

static pn_status start(pn_server *s, int socket, pn_error *error) {
    /* Not epoll: libmicrohttpd 0.9.75 may then miss the end of a connection that was closed early,
     * and keep its place for all of the silence. */
    const unsigned flags =
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    s->model = pn_route_model(&s->site);
    pn_status status = s->model ? pn_patience_new(CONNECTIONS, HEADER_SECONDS, &s->patience, error)
                                : pn_fail_memory(error, 1);
    if (status != PN_OK) {
        close(socket);
        return status;
    }
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_NOTIFY_COMPLETED, completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, connected, s, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE, MHD_OPTION_END);
    if (s->daemon) return PN_OK;
    close(socket);
    return pn_fail(error, PN_E_IO, "the HTTP server cannot be started");
}

pn_status pn_server_new(const pn_site *site, const char *host, int *port, pn_server **out,
                        pn_error *error) {
    int socket = -1;
    *out = NULL;
    pn_server *s = pn_calloc(1, sizeof *s);
    if (!s) return pn_fail_memory(error, sizeof *s);
    s->site = *site;
    pn_status status = listen_at(host, port, &socket, error);
    if (status == PN_OK) status = start(s, socket, error);
    if (status == PN_OK)
        *out = s;
    else
        pn_server_free(s);
    return status;
}

void pn_server_free(pn_server *s) {
    if (!s) return;
    if (s->daemon) {
        const MHD_socket listening = MHD_quiesce_daemon(s->daemon);
        /* Nobody may be suspended when the daemon ends. */
        pn_jobs_stop(s->site.jobs);
        MHD_stop_daemon(s->daemon);
        if (listening != MHD_INVALID_SOCKET) close(listening);
    }
    pn_patience_free(s->patience);
    pn_free(s->model);
    pn_free(s);
}
