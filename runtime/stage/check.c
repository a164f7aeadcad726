/* What a plugin declares must make sense before anybody relies on it. */
#include "stage/table.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_NAME = 60 };

static int is_word(const char *name, const char *const *words) {
    for (; *words; words++)
        if (strcmp(name, *words) == 0) return 1;
    return 0;
}

/* Names become fields in Lua, so its keywords are out. */
static int is_keyword(const char *name) {
    static const char *const keywords[] = {
        "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
        "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
        "repeat",   "return", "then", "true", "until",  "while", NULL};
    return is_word(name, keywords);
}

static int is_identifier(const char *name) {
    if (!name || !*name || isdigit((unsigned char)*name) || strlen(name) > LONGEST_NAME) return 0;
    for (const char *c = name; *c; c++)
        if (!(isalnum((unsigned char)*c) && (unsigned char)*c < 128) && *c != '_') return 0;
    return !is_keyword(name);
}

static pn_status bad(pn_error *error, const pn_stage *stage, const char *what, const char *name,
                     const char *why) {
    return pn_fail(error, PN_E_STAGE, "its stage '%s' has %s '%s' %s", stage->name, what, name,
                   why);
}

static pn_status check_name(const pn_stage *stage, const char *what, const char *name,
                            pn_error *error) {
    if (is_identifier(name)) return PN_OK;
    return bad(error, stage, what, name ? name : "(none)",
               "whose name is not made of letters, digits and _");
}

static pn_status check_param(const pn_stage *stage, const pn_param *param, pn_error *error) {
    pn_status status = check_name(stage, "a parameter", param->name, error);
    if (status != PN_OK) return status;
    if (strcmp(param->name, "seed") == 0)
        return bad(error, stage, "a parameter", "seed", "(use the flag PN_STAGE_SEED instead)");
    if ((unsigned)param->type > PN_PARAM_PATH)
        return bad(error, stage, "a parameter", param->name, "of an unknown type");
    if (!(param->minimum <= param->maximum))
        return bad(error, stage, "a parameter", param->name, "with its minimum above its maximum");
    if (param->type == PN_PARAM_CHOICE && (!param->choices || !param->choices[0]))
        return bad(error, stage, "a parameter", param->name, "without choices");
    if (!param->preset) return PN_OK;
    pn_param_value value;
    pn_error why;
    status = pn_param_parse(param, param->preset, &value, &why);
    if (status == PN_OK && !(param->type == PN_PARAM_PATH && value.size == 0))
        status = pn_param_check(param, &value, &why);
    if (status == PN_OK) return PN_OK;
    return pn_fail(error, PN_E_STAGE, "its stage '%s' has a parameter '%s' whose default %s",
                   stage->name, param->name, why.message);
}

static pn_status check_port(const pn_stage *stage, const char *what, const pn_port *port,
                            pn_error *error) {
    pn_status status = check_name(stage, what, port->name, error);
    if (status != PN_OK) return status;
    if (strcmp(port->name, "seed") == 0)
        return bad(error, stage, what, "seed", "(the name is taken)");
    if ((unsigned)port->kind > PN_KIND_STRINGS)
        return bad(error, stage, what, port->name, "of an unknown kind");
    if (port->dtypes & ~(uint32_t)(PN_BIT_F32 | PN_BIT_U8 | PN_BIT_I32))
        return bad(error, stage, what, port->name, "with an unknown dtype");
    if (port->min_rank < 0 || port->min_rank > port->max_rank || port->max_rank > PN_MAX_RANK)
        return bad(error, stage, what, port->name, "with an impossible range of ranks");
    return PN_OK;
}

static pn_status check_unique(const pn_stage *stage, const char *name, size_t params, size_t ports,
                              const pn_port *list, pn_error *error) {
    for (size_t i = 0; i < params; i++)
        if (strcmp(name, stage->params[i].name) == 0)
            return bad(error, stage, "two things called", name, "");
    for (size_t i = 0; i < ports; i++)
        if (strcmp(name, list[i].name) == 0)
            return bad(error, stage, "two things called", name, "");
    return PN_OK;
}

/* Inputs and parameters share the fields of one Lua table, results those of another. */
static pn_status check_lists(const pn_stage *stage, pn_error *error) {
    pn_status status = PN_OK;
    for (size_t i = 0; i < stage->param_count && status == PN_OK; i++) {
        status = check_param(stage, &stage->params[i], error);
        if (status == PN_OK) status = check_unique(stage, stage->params[i].name, i, 0, NULL, error);
    }
    for (size_t i = 0; i < stage->input_count && status == PN_OK; i++) {
        status = check_port(stage, "an input", &stage->inputs[i], error);
        if (status == PN_OK)
            status = check_unique(stage, stage->inputs[i].name, stage->param_count, i,
                                  stage->inputs, error);
    }
    for (size_t i = 0; i < stage->result_count && status == PN_OK; i++) {
        status = check_port(stage, "a result", &stage->results[i], error);
        if (status == PN_OK)
            status = check_unique(stage, stage->results[i].name, 0, i, stage->results, error);
    }
    return status;
}

static pn_status check_stage(const pn_stage *stage, size_t number, pn_error *error) {
    static const char *const taken[] = {"list", "info", "on_result", "call", NULL};
    if (!is_identifier(stage->name))
        return pn_fail(error, PN_E_STAGE,
                       "its stage number %zu has the name '%s', which is not made of letters, "
                       "digits and _",
                       number, stage->name ? stage->name : "(none)");
    if (is_word(stage->name, taken))
        return pn_fail(error, PN_E_STAGE, "no stage can be called '%s'", stage->name);
    if (!stage->version || !*stage->version)
        return pn_fail(error, PN_E_STAGE, "its stage '%s' has no version", stage->name);
    if (stage->result_count == 0)
        return pn_fail(error, PN_E_STAGE, "its stage '%s' declares no result", stage->name);
    return check_lists(stage, error);
}

pn_status pn_stage_set_check(const pn_stage_set *set, pn_error *error) {
    if (set->count == 0) return pn_fail(error, PN_E_STAGE, "its table holds no stage");
    pn_status status = PN_OK;
    for (size_t i = 0; i < set->count && status == PN_OK; i++) {
        status = check_stage(&set->stage[i], i + 1, error);
        for (size_t k = 0; k < i && status == PN_OK; k++)
            if (strcmp(set->stage[i].name, set->stage[k].name) == 0)
                status =
                    pn_fail(error, PN_E_STAGE, "it has two stages called '%s'", set->stage[i].name);
    }
    return status;
}
