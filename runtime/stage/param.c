/* Parameters: reading text, checking limits and choices. */
#include "stage/table.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *pn_param_type_name(pn_param_type type) {
    static const char *const names[] = {"int", "float", "bool", "string", "choice", "path"};
    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "?";
}

const char *pn_kind_name(pn_kind kind) {
    static const char *const names[] = {"array", "list of arrays", "list of strings"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "?";
}

static pn_status parse_int(const char *text, pn_param_value *value, pn_error *error) {
    char *end;
    errno = 0;
    value->i = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "must be a whole number, not '%.100s'", text);
}

/* The program stays in the C locale: the decimal point is a point. */
static pn_status parse_float(const char *text, pn_param_value *value, pn_error *error) {
    char *end;
    value->f = strtod(text, &end);
    if (end != text && *end == '\0' && isfinite(value->f)) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "must be a number, not '%.100s'", text);
}

static pn_status parse_bool(const char *text, pn_param_value *value, pn_error *error) {
    value->i = strcmp(text, "true") == 0;
    if (value->i || strcmp(text, "false") == 0) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "must be true or false, not '%.100s'", text);
}

pn_status pn_param_parse(const pn_param *param, const char *text, pn_param_value *value,
                         pn_error *error) {
    *value = (pn_param_value){.given = 1};
    switch (param->type) {
    case PN_PARAM_INT:
        return parse_int(text, value, error);
    case PN_PARAM_FLOAT:
        return parse_float(text, value, error);
    case PN_PARAM_BOOL:
        return parse_bool(text, value, error);
    default:
        break;
    }
    value->text = (char *)text;
    value->size = strlen(text);
    return PN_OK;
}

static pn_status check_limits(const pn_param *param, double value, pn_error *error) {
    if (param->minimum == 0 && param->maximum == 0) return PN_OK;
    if (value >= param->minimum && value <= param->maximum) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "must lie between %.15g and %.15g, not %.15g",
                   param->minimum, param->maximum, value);
}

static pn_status check_choice(const pn_param *param, const char *word, pn_error *error) {
    size_t count = 0;
    pn_text list = {0};
    for (; param->choices[count]; count++) {
        if (strcmp(word, param->choices[count]) == 0) {
            pn_text_free(&list);
            return PN_OK;
        }
        pn_text_addf(&list, "%s'%s'", count ? ", " : "", param->choices[count]);
    }
    const char *near = pn_suggest(word, param->choices, count);
    pn_status status =
        near ? pn_fail(error, PN_E_ARGUMENT, "must be one of %s, not '%.100s'; did you mean '%s'?",
                       pn_text_string(&list), word, near)
             : pn_fail(error, PN_E_ARGUMENT, "must be one of %s, not '%.100s'",
                       pn_text_string(&list), word);
    pn_text_free(&list);
    return status;
}

pn_status pn_param_check(const pn_param *param, const pn_param_value *value, pn_error *error) {
    switch (param->type) {
    case PN_PARAM_INT:
        return check_limits(param, (double)value->i, error);
    case PN_PARAM_FLOAT:
        if (!isfinite(value->f))
            return pn_fail(error, PN_E_ARGUMENT, "must be a finite number, not %g", value->f);
        return check_limits(param, value->f, error);
    case PN_PARAM_CHOICE:
        return check_choice(param, value->text, error);
    case PN_PARAM_PATH:
        if (value->size == 0)
            return pn_fail(error, PN_E_ARGUMENT, "must be a path, not an empty string");
        break;
    default:
        break;
    }
    if (value->text && strlen(value->text) != value->size)
        return pn_fail(error, PN_E_ARGUMENT, "must not contain a zero byte");
    return PN_OK;
}
