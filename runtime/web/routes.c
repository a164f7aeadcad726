#include "web/routes.h"

#include "base/memory.h"
#include "web/assets.h"

#include <stdio.h>
#include <string.h>

static bool is_reading(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void give(pn_reply *reply, const char *type, const void *body, size_t size) {
    *reply = (pn_reply){.status = 200, .type = type, .body = body, .size = size};
}

static char *made_text(const char *before, const char *text, const char *after) {
    const size_t size = strlen(before) + strlen(text) + strlen(after) + 1;
    char *made = pn_alloc(size);
    if (made) snprintf(made, size, "%s%s%s", before, text, after);
    return made;
}

/* ---- files ---- */

static const char *type_of(const char *name) {
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"}};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (strcmp(ending, types[i][0]) == 0) return types[i][1];
    return "application/octet-stream";
}

static bool give_asset(const char *name, pn_reply *reply) {
    for (const pn_asset *a = pn_assets; a->name; a++)
        if (strcmp(a->name, name) == 0) {
            give(reply, type_of(name), a->data, a->size);
            return true;
        }
    return false;
}

static bool give_sample(const pn_samples *samples, const char *name, pn_reply *reply) {
    for (int i = 0; i < samples->count; i++)
        if (strcmp(samples->image[i].name, name) == 0) {
            give(reply, "image/jpeg", samples->image[i].data, samples->image[i].size);
            return true;
        }
    return false;
}

/* ---- who may ---- */

/* A visitor with the URL that was printed gets the token as a cookie, and the plain URL: so that it
 * stands in no history and no Referer. */
static void enter(const pn_guard *guard, const char *host, pn_reply *reply) {
    char name[PN_COOKIE], start[PN_COOKIE + PN_TOKEN];
    pn_guard_cookie(host, name);
    snprintf(start, sizeof start, "%s=%s", name, guard->token);
    *reply = (pn_reply){.status = 303, .type = "text/plain; charset=utf-8", .body = ""};
    reply->cookie = made_text(start, "; HttpOnly; SameSite=Strict; Path=/", "");
    reply->location = made_text("/", "", "");
    if (!reply->cookie || !reply->location) reply->status = 500;
}

/* The page that a visitor sees without the token, or with a wrong one. */
static void give_locked_page(bool is_wrong, pn_reply *reply) {
    static const char needed[] = "A token is needed"; /* the page's own words */
    static const char wrong[] = "This token is wrong";
    if (!give_asset("locked.html", reply)) return;
    reply->status = 401;
    if (!is_wrong) return;
    const char *page = reply->body, *at = strstr(page, needed); /* assets end with a zero */
    const size_t size = reply->size - sizeof needed + sizeof wrong;
    reply->owned = pn_alloc(size + 1);
    if (!reply->owned) return;
    snprintf(reply->owned, size + 1, "%.*s%s%s", (int)(at - page), page, wrong,
             at + sizeof needed - 1);
    reply->body = reply->owned;
    reply->size = size;
}

static void ask_for_token(const pn_ask *ask, pn_reply *reply) {
    static const char how[] = "open the address that pneuma app printed in its terminal, or send "
                              "its token as Authorization: Bearer TOKEN";
    const bool page = strcmp(ask->path, "/") == 0;
    const bool wrong = ask->authorization || ask->cookie || (page && ask->token);
    if (page)
        give_locked_page(wrong, reply);
    else if (wrong)
        pn_reply_error(reply, 401, "token_wrong", "this token is wrong: %s", how);
    else
        pn_reply_error(reply, 401, "token_needed", "a token is needed: %s", how);
}

/* What is the same for everybody: the health, and the looks of the page that asks for the token. */
static bool is_open(const char *path) {
    static const char *const open[] = {"/healthz", "/app.css", "/icon.svg"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (strcmp(path, open[i]) == 0) return true;
    return false;
}

/* True when the request was answered: it is refused, or brings its token. */
static bool guard(const pn_site *site, const pn_ask *ask, pn_reply *reply) {
    const pn_guard *g = &site->guard;
    if (!pn_guard_host(g, ask->host)) {
        pn_reply_error(reply, 403, "wrong_host", "this server does not answer to that name");
        return true;
    }
    if (is_open(ask->path)) return false;
    if (!is_reading(ask->method) && !pn_guard_origin(ask->origin, ask->host, ask->site)) {
        pn_reply_error(reply, 403, "wrong_origin", "other pages may not send uploads here");
        return true;
    }
    if (g->token[0] && ask->token && strcmp(ask->path, "/") == 0 &&
        pn_guard_same(ask->token, g->token)) {
        enter(g, ask->host, reply);
        return true;
    }
    if (pn_guard_token(g, ask->authorization, ask->cookie)) return false;
    ask_for_token(ask, reply);
    return true;
}

/* ---- paths ---- */

static bool starts(const char *path, const char *with) {
    return strncmp(path, with, strlen(with)) == 0;
}

/* Fills in the answer to GET; false: there is nothing under the path. */
static bool read_path(const pn_site *site, const char *model, const char *path, pn_reply *reply) {
    static const char samples[] = "/samples/", health[] = "{\"status\":\"ok\"}";
    static const char json[] = "application/json; charset=utf-8";
    if (strcmp(path, "/healthz") == 0)
        give(reply, json, health, sizeof health - 1);
    else if (strcmp(path, "/api/v1/model") == 0)
        give(reply, json, model, strlen(model));
    else if (starts(path, samples))
        return give_sample(site->samples, path + sizeof samples - 1, reply);
    else
        return give_asset(strcmp(path, "/") == 0 ? "index.html" : path + 1, reply);
    return true;
}

static void refuse_method(const char *allow, pn_reply *reply) {
    pn_reply_error(reply, 405, "wrong_method", "here only %s is answered", allow);
    reply->allow = allow;
}

bool pn_route(const pn_site *site, const char *model, const pn_ask *ask, pn_reply *reply) {
    if (guard(site, ask, reply)) return true;
    if (strcmp(ask->path, PN_PREDICT_PATH) == 0) {
        if (strcmp(ask->method, "POST") == 0) return false;
        refuse_method("POST", reply);
        return true;
    }
    pn_reply found;
    if (!read_path(site, model, ask->path, &found))
        pn_reply_error(reply, 404, "not_found", "there is nothing under this address");
    else if (!is_reading(ask->method))
        refuse_method("GET, HEAD", reply);
    else
        *reply = found;
    return true;
}

char *pn_route_model(const pn_site *site) {
    json_t *json = pn_app_model_json(site->model);
    pn_reply reply;
    json_object_set_new(json, "max_upload", json_integer((json_int_t)site->max_upload));
    json_object_set_new(json, "keeps", json_boolean(site->keeps));
    json_object_set_new(json, "samples", pn_samples_json(site->samples));
    pn_reply_json(&reply, 200, json);
    char *text = reply.owned ? pn_alloc(reply.size + 1) : NULL;
    if (text) {
        memcpy(text, reply.owned, reply.size);
        text[reply.size] = '\0';
    }
    pn_reply_free(&reply);
    return text;
}
