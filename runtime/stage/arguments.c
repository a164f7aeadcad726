#define _GNU_SOURCE
#include "stage/arguments.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

pn_status pn_stage_arguments_new(const pn_stage_info *info, pn_stage_arguments **out,
                                 pn_error *error) {
    pn_stage_arguments *a = pn_calloc(1, sizeof *a);
    if (!a) return pn_fail_memory(error, sizeof *a);
    a->info = info;
    a->param = pn_calloc(info->table->param_count, sizeof *a->param);
    a->inputs = pn_values_new(info->table->inputs, info->table->input_count);
    if (!a->param || !a->inputs) {
        pn_stage_arguments_free(a);
        return pn_fail_memory(error, info->table->param_count * sizeof *a->param);
    }
    *out = a;
    return PN_OK;
}

void pn_stage_arguments_free(pn_stage_arguments *a) {
    if (!a) return;
    pn_values_free(a->inputs);
    pn_free(a->param);
    pn_arena_free(&a->arena);
    pn_free(a);
}

/* ---- parameters ---- */

static pn_status unknown_name(const pn_stage *stage, const char *name, pn_error *error) {
    enum { MOST = 64 };
    const char *names[MOST] = {0};
    size_t count = 0;
    pn_text list = {0};
    for (size_t i = 0; i < stage->param_count && count < MOST; i++)
        names[count++] = stage->params[i].name;
    for (size_t i = 0; i < stage->input_count && count < MOST; i++)
        names[count++] = stage->inputs[i].name;
    for (size_t i = 0; i < count; i++) pn_text_addf(&list, "%s%s", i ? ", " : "", names[i]);
    const char *near = pn_suggest(name, names, count);
    pn_status status =
        near ? pn_fail(error, PN_E_ARGUMENT,
                       "stage.%s has no parameter or input '%.100s'; did you mean '%s'?",
                       stage->name, name, near)
             : pn_fail(error, PN_E_ARGUMENT,
                       "stage.%s has no parameter or input '%.100s'; it has: %s", stage->name, name,
                       count ? pn_text_string(&list) : "none");
    pn_text_free(&list);
    return status;
}

static pn_status find_param(pn_stage_arguments *a, const char *name, const pn_param **param,
                            pn_param_value **value, pn_error *error) {
    const pn_stage *stage = a->info->table;
    for (size_t i = 0; i < stage->param_count; i++) {
        if (strcmp(stage->params[i].name, name) != 0) continue;
        *param = &stage->params[i];
        *value = &a->param[i];
        return PN_OK;
    }
    return unknown_name(stage, name, error);
}

/* Puts stage and parameter in front of what a check complained about. */
static pn_status refuse(const pn_stage_arguments *a, const pn_param *param, const pn_error *why,
                        pn_error *error) {
    return pn_fail(error, why->status == PN_OK ? PN_E_ARGUMENT : why->status,
                   "stage.%s: parameter %s %s", a->info->table->name, param->name, why->message);
}

static pn_status accept(pn_stage_arguments *a, const pn_param *param, pn_param_value *slot,
                        pn_param_value value, pn_error *error) {
    pn_error why;
    if (pn_param_check(param, &value, &why) != PN_OK) return refuse(a, param, &why, error);
    *slot = value;
    slot->given = 1;
    return PN_OK;
}

static pn_status wrong_type(const pn_stage_arguments *a, const pn_param *param, const char *got,
                            pn_error *error) {
    static const char *const wanted[] = {"a whole number", "a number", "true or false",
                                         "a string",       "a string", "a path"};
    pn_error why = {.status = PN_E_ARGUMENT};
    pn_fail(&why, PN_E_ARGUMENT, "must be %s, not %s", wanted[param->type], got);
    return refuse(a, param, &why, error);
}

pn_status pn_stage_give_int(pn_stage_arguments *a, const char *name, int64_t value,
                            pn_error *error) {
    const pn_param *param = NULL;
    pn_param_value *slot = NULL;
    pn_status status = find_param(a, name, &param, &slot, error);
    if (status != PN_OK) return status;
    char got[32];
    snprintf(got, sizeof got, "%" PRId64, value);
    if (param->type == PN_PARAM_INT)
        return accept(a, param, slot, (pn_param_value){.i = value}, error);
    if (param->type == PN_PARAM_FLOAT)
        return accept(a, param, slot, (pn_param_value){.f = (double)value}, error);
    return wrong_type(a, param, got, error);
}

pn_status pn_stage_give_float(pn_stage_arguments *a, const char *name, double value,
                              pn_error *error) {
    const pn_param *param = NULL;
    pn_param_value *slot = NULL;
    pn_status status = find_param(a, name, &param, &slot, error);
    if (status != PN_OK) return status;
    char got[32];
    snprintf(got, sizeof got, "%.15g", value);
    if (param->type == PN_PARAM_FLOAT)
        return accept(a, param, slot, (pn_param_value){.f = value}, error);
    if (param->type == PN_PARAM_INT && floor(value) == value && fabs(value) < 0x1p63)
        return accept(a, param, slot, (pn_param_value){.i = (int64_t)value}, error);
    return wrong_type(a, param, got, error);
}

pn_status pn_stage_give_bool(pn_stage_arguments *a, const char *name, int value, pn_error *error) {
    const pn_param *param = NULL;
    pn_param_value *slot = NULL;
    pn_status status = find_param(a, name, &param, &slot, error);
    if (status != PN_OK) return status;
    if (param->type == PN_PARAM_BOOL)
        return accept(a, param, slot, (pn_param_value){.i = value != 0}, error);
    return wrong_type(a, param, value ? "true" : "false", error);
}

/* "a//b/./c/" is a/b/c: the same folder must not have two cache keys. ".." stays: what it means
 * depends on links. */
static void tidy_path(char *path) {
    char *to = path;
    for (const char *from = path; *from;) {
        if (from[0] == '/' && (from[1] == '/' || from[1] == '\0')) {
            from++;
        } else if (from[0] == '/' && from[1] == '.' && (from[2] == '/' || from[2] == '\0')) {
            from += 2;
        } else
            *to++ = *from++;
    }
    if (to == path) *to++ = '/';
    *to = '\0';
}

static pn_status absolute_path(pn_stage_arguments *a, pn_param_value *value, pn_error *error) {
    char here[PN_PATH] = "", full[PN_PATH];
    if (value->text[0] != '/' && !getcwd(here, sizeof here))
        return pn_fail_errno(error, errno, ".", "the working directory cannot be found");
    pn_status status = pn_path_join(full, here, value->text, error);
    if (status != PN_OK) return status;
    tidy_path(full);
    value->size = strlen(full);
    value->text = pn_arena_copy(&a->arena, full, value->size);
    return value->text ? PN_OK : pn_fail_memory(error, value->size);
}

pn_status pn_stage_give_text(pn_stage_arguments *a, const char *name, const char *text, size_t size,
                             pn_error *error) {
    const pn_param *param = NULL;
    pn_param_value *slot = NULL;
    pn_status status = find_param(a, name, &param, &slot, error);
    if (status != PN_OK) return status;
    if (param->type < PN_PARAM_STRING) {
        char got[64];
        snprintf(got, sizeof got, "the string '%.40s'", text);
        return wrong_type(a, param, got, error);
    }
    pn_param_value value = {.text = pn_arena_copy(&a->arena, text, size), .size = size};
    if (!value.text) return pn_fail_memory(error, size);
    pn_error why;
    if (pn_param_check(param, &value, &why) != PN_OK) return refuse(a, param, &why, error);
    if (param->type == PN_PARAM_PATH) status = absolute_path(a, &value, error);
    return status == PN_OK ? accept(a, param, slot, value, error) : status;
}

pn_status pn_stage_refuse(pn_stage_arguments *a, const char *name, const char *got,
                          pn_error *error) {
    const pn_param *param = NULL;
    pn_param_value *slot = NULL;
    char text[64];
    pn_status status = find_param(a, name, &param, &slot, error);
    snprintf(text, sizeof text, "a %s", got);
    return status == PN_OK ? wrong_type(a, param, text, error) : status;
}

pn_status pn_stage_give_seed(pn_stage_arguments *a, uint64_t seed, pn_error *error) {
    if (!(a->info->table->flags & PN_STAGE_SEED))
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s takes no seed: nothing in it is random",
                       a->info->table->name);
    a->seed = seed;
    a->seed_given = 1;
    return PN_OK;
}

void pn_stage_uncache(pn_stage_arguments *a, const char *why) {
    snprintf(a->uncached, sizeof a->uncached, "%s", why);
}

/* The shortest text that reads back as the same number. */
static void add_float(pn_text *text, double value) {
    char short_form[40];
    snprintf(short_form, sizeof short_form, "%.15g", value);
    if (strtod(short_form, NULL) != value) snprintf(short_form, sizeof short_form, "%.17g", value);
    pn_text_adds(text, short_form);
}

void pn_param_value_text(const pn_param *param, const pn_param_value *value, pn_text *text) {
    switch (param->type) {
    case PN_PARAM_INT:
        pn_text_addf(text, "%" PRId64, value->i);
        break;
    case PN_PARAM_FLOAT:
        add_float(text, value->f);
        break;
    case PN_PARAM_BOOL:
        pn_text_adds(text, value->i ? "true" : "false");
        break;
    default:
        pn_text_add(text, value->text, value->size);
    }
}

/* ---- inputs ---- */

pn_status pn_stage_give_array(pn_stage_arguments *a, size_t index, pn_tensor *tensor,
                              pn_error *error) {
    const pn_stage *stage = a->info->table;
    if (index >= stage->input_count)
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s takes %zu input%s", stage->name,
                       stage->input_count, stage->input_count == 1 ? "" : "s");
    const pn_port *port = &stage->inputs[index];
    pn_value *value = &a->inputs->value[index];
    if (port->kind == PN_KIND_STRINGS || (port->kind == PN_KIND_ARRAY && value->count))
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s: input %s must be %s, not %s", stage->name,
                       port->name, port->kind == PN_KIND_STRINGS ? "strings" : "one array",
                       port->kind == PN_KIND_STRINGS ? "an array" : "several");
    pn_error why;
    pn_status status = pn_port_check_array(port, tensor->dtype, tensor->rank, tensor->shape, &why);
    if (status != PN_OK)
        return pn_fail(error, status, "stage.%s: input %s %s", stage->name, port->name,
                       why.message);
    return pn_values_add_array(value, tensor, error);
}

pn_status pn_stage_give_string(pn_stage_arguments *a, size_t index, const char *bytes, size_t size,
                               pn_error *error) {
    const pn_stage *stage = a->info->table;
    if (index >= stage->input_count)
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s takes %zu input%s", stage->name,
                       stage->input_count, stage->input_count == 1 ? "" : "s");
    const pn_port *port = &stage->inputs[index];
    if (port->kind != PN_KIND_STRINGS)
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s: input %s must be %s, not a string",
                       stage->name, port->name,
                       port->kind == PN_KIND_ARRAY ? "an array" : "a list of arrays");
    return pn_values_add_string(a->inputs, &a->inputs->value[index], bytes, size, error);
}

pn_status pn_stage_give_list(pn_stage_arguments *a, size_t index, pn_error *error) {
    const pn_stage *stage = a->info->table;
    if (index >= stage->input_count || stage->inputs[index].kind == PN_KIND_ARRAY)
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s: input %s must be one array, not a list",
                       stage->name, index < stage->input_count ? stage->inputs[index].name : "?");
    a->inputs->value[index].given = 1;
    return PN_OK;
}

/* ---- before the call ---- */

static pn_status fill_preset(pn_stage_arguments *a, const pn_param *param, pn_param_value *slot,
                             pn_error *error) {
    if (!param->preset)
        return pn_fail(error, PN_E_ARGUMENT, "stage.%s needs the parameter %s%s%s",
                       a->info->table->name, param->name, param->help ? ": " : "",
                       param->help ? param->help : "");
    pn_status status = pn_param_parse(param, param->preset, slot, error);
    if (status == PN_OK && param->type == PN_PARAM_PATH && slot->size)
        status = absolute_path(a, slot, error);
    return status;
}

pn_status pn_stage_arguments_finish(pn_stage_arguments *a, pn_error *error) {
    const pn_stage *stage = a->info->table;
    if (!a->seed_given) a->seed = pn_run_seed();
    pn_status status = PN_OK;
    for (size_t i = 0; i < stage->param_count && status == PN_OK; i++)
        if (!a->param[i].given) status = fill_preset(a, &stage->params[i], &a->param[i], error);
    for (size_t i = 0; i < stage->input_count && status == PN_OK; i++) {
        const pn_port *port = &stage->inputs[i];
        if (port->optional || a->inputs->value[i].given) continue;
        status = pn_fail(error, PN_E_ARGUMENT, "stage.%s needs the input %s%s%s", stage->name,
                         port->name, port->help ? ": " : "", port->help ? port->help : "");
    }
    return status;
}
