#include "nn/named.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { MOST_NAMES = 48 };

static pn_status unknown(const char *name, const char *what, const pn_name *names, size_t count,
                         pn_error *error) {
    const char *list[MOST_NAMES];
    pn_text all = {0};
    int before = -1;
    if (count > MOST_NAMES) count = MOST_NAMES;
    for (size_t i = 0; i < count; i++) {
        list[i] = names[i].name;
        if (names[i].kind != before)
            pn_text_addf(&all, "%s%s", before < 0 ? "" : ", ", names[i].name);
        before = names[i].kind;
    }
    const char *near = pn_suggest(name, list, count);
    pn_status status =
        near ? pn_fail(error, PN_E_NOT_FOUND, "there is no %s '%.100s'; did you mean '%s'?", what,
                       name, near)
             : pn_fail(error, PN_E_NOT_FOUND, "there is no %s '%.100s'; there are %s", what, name,
                       pn_text_string(&all));
    pn_text_free(&all);
    return status;
}

static const char *first_spelling(const pn_name *names, int kind) {
    while (names->kind != kind) names++;
    return names->name;
}

pn_status pn_named_begin(pn_named *named, const json_t *json, const char *what,
                         const pn_name *names, size_t count, pn_error *error) {
    *named = (pn_named){.kind = -1};
    const char *name = json_string_value(json);
    if (!name) name = json_string_value(json_object_get(json, "class_name"));
    const json_t *given = json_object_get(json, "config");
    if (!name || (given && !json_is_object(given)))
        return pn_fail(error, PN_E_ARGUMENT,
                       "the %s must be a name, or {\"class_name\": ..., \"config\": {...}}", what);
    for (size_t i = 0; i < count && named->kind < 0; i++)
        if (strcasecmp(name, names[i].name) == 0) named->kind = names[i].kind;
    if (named->kind < 0) return unknown(name, what, names, count, error);
    named->class_name = first_spelling(names, named->kind);
    named->json = given ? json_deep_copy(given) : json_object();
    if (!named->json) return pn_fail_memory(error, sizeof(json_t));
    named->config = pn_config_begin(named->json, named->class_name, "", error);
    return PN_OK;
}

pn_status pn_named_finish(pn_named *named) {
    pn_status status = PN_OK;
    if (named->json) status = pn_config_finish(&named->config);
    json_decref(named->json);
    named->json = NULL;
    return status;
}
