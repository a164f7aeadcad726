#include "web/asked.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The place of the value among the choices, or -1 with a reply that lists them. */
static int choose(const char *name, const char *value, const char *const *choices,
                  pn_reply *reply) {
    pn_text list = {0};
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            pn_text_free(&list);
            return i;
        }
        pn_text_addf(&list, "%s%s", i ? ", " : "", choices[i]);
    }
    pn_reply_error(reply, 400, "bad_parameter", "%s must be one of %s", name,
                   pn_text_string(&list));
    pn_text_free(&list);
    return -1;
}

typedef struct reading {
    const pn_app_model *model;
    pn_query query;
    void *context;
    pn_reply *reply;
} reading;

static bool read_choice(const reading *r, const char *name, const char *const *choices, int usual,
                        int *out) {
    const char *value = r->query(r->context, name);
    *out = value ? choose(name, value, choices, r->reply) : usual;
    return *out >= 0;
}

/* A plus that nobody wrote as %2B has become a space. */
static bool read_method(const reading *r, int *out) {
    char text[32] = "";
    const char *value = r->query(r->context, "method");
    if (!value) value = pn_cam_methods[PN_CAM_GRAD];
    for (size_t i = 0; value[i] && i + 1 < sizeof text; i++)
        text[i] = value[i] == ' ' ? '+' : value[i];
    *out = choose("method", text, pn_cam_methods, r->reply);
    return *out >= 0;
}

static bool read_layer(const reading *r, int *out) {
    const char *value = r->query(r->context, "layer");
    *out = value && *value ? pn_app_model_layer(r->model, value) : r->model->usual;
    if (*out < 0)
        pn_reply_error(r->reply, 400, "bad_parameter",
                       "the model has no layer of that name that a map can be made at; "
                       "/api/v1/model lists them");
    return *out >= 0;
}

static bool read_class(const reading *r, int *out) {
    const char *value = r->query(r->context, "class");
    const int usual = r->model->positive >= 0 ? r->model->positive : 0;
    *out = value && *value ? pn_app_model_class(r->model, value) : usual;
    if (*out < 0)
        pn_reply_error(r->reply, 400, "bad_parameter",
                       "the model has no class of that name; /api/v1/model lists them");
    return *out >= 0;
}

static bool read_threshold(const reading *r, double *out) {
    const char *value = r->query(r->context, "threshold");
    char *end;
    *out = r->model->threshold;
    if (!value || !*value) return true;
    *out = strtod(value, &end);
    if (end != value && !*end && *out >= 0 && *out <= 1) return true;
    pn_reply_error(r->reply, 400, "bad_parameter", "threshold must be a number from 0 to 1");
    return false;
}

bool pn_asked_read(const pn_app_model *model, pn_query query, void *context, pn_asked *asked,
                   pn_reply *reply) {
    static const char *const forms[] = {"none", "png", "array", NULL};
    static const char *const scores[] = {"probability", "logit", NULL};
    static const char *const pictures[] = {"none", "png", NULL};
    const reading r = {model, query, context, reply};
    int method, form, score, picture;
    *asked = (pn_asked){.name = ""};
    if (!read_layer(&r, &asked->layer) || !read_class(&r, &asked->target) ||
        !read_threshold(&r, &asked->threshold) || !read_method(&r, &method) ||
        !read_choice(&r, "heatmap", forms, PN_HEATMAP_NONE, &form) ||
        !read_choice(&r, "from", scores, 0, &score) ||
        !read_choice(&r, "picture", pictures, 0, &picture))
        return false;
    asked->method = (pn_cam_method)method;
    asked->heatmap = (pn_heatmap_form)form;
    asked->logits = score == 1;
    asked->picture = picture == 1;
    return true;
}

bool pn_asked_knows(const char *name, pn_reply *reply) {
    static const char *const names[] = {"layer",   "method",    "class",  "from",
                                        "heatmap", "threshold", "picture"};
    enum { NAMES = sizeof names / sizeof *names };
    for (int i = 0; i < NAMES; i++)
        if (strcmp(names[i], name) == 0) return true;
    if (strcmp(name, "token") == 0) {
        pn_reply_error(reply, 400, "bad_parameter",
                       "the token belongs into the header: Authorization: Bearer TOKEN");
        return false;
    }
    char shown[64];
    pn_asked_name(name, shown, sizeof shown);
    const char *near = pn_suggest(name, names, NAMES);
    pn_reply_error(reply, 400, "bad_parameter", "there is no parameter '%s'%s%s%s", shown,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

void pn_asked_name(const char *given, char *name, size_t room) {
    pn_text clean = {0};
    const char *last = given;
    for (const char *p = given; *p; p++)
        if (*p == '/' || *p == '\\') last = p + 1;
    pn_text_add_utf8(&clean, last, strlen(last));
    size_t size = 0;
    for (size_t i = 0; i < clean.size && size + 1 < room; i++)
        if ((unsigned char)clean.data[i] >= ' ' && clean.data[i] != 0x7f)
            name[size++] = clean.data[i];
    size_t whole = 0, step; /* no half character at the end */
    while (whole < size && (step = pn_utf8_length(name + whole, size - whole)) > 0) whole += step;
    name[whole] = '\0';
    pn_text_free(&clean);
}
