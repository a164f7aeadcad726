/* Stages as JSON and back: how a helper tells what its plugin declares. */
#define _GNU_SOURCE
#include "stage/table.h"

#include <string.h>

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *encode_choices(const char *const *choices) {
    json_t *list = choices ? json_array() : json_null();
    for (size_t i = 0; choices && choices[i]; i++)
        json_array_append_new(list, json_string(choices[i]));
    return list;
}

static json_t *encode_params(const pn_stage *stage) {
    json_t *list = json_array();
    for (size_t i = 0; i < stage->param_count; i++) {
        const pn_param *p = &stage->params[i];
        json_array_append_new(list, json_pack("[s, i, o, f, f, o, o]", p->name, (int)p->type,
                                              text_or_null(p->preset), p->minimum, p->maximum,
                                              encode_choices(p->choices), text_or_null(p->help)));
    }
    return list;
}

static json_t *encode_ports(const pn_port *ports, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const pn_port *p = &ports[i];
        json_array_append_new(list, json_pack("[s, i, i, i, i, i, o]", p->name, (int)p->kind,
                                              (int)p->dtypes, p->min_rank, p->max_rank, p->optional,
                                              text_or_null(p->help)));
    }
    return list;
}

json_t *pn_stage_set_encode(const pn_stage_set *set) {
    json_t *list = json_array();
    for (size_t i = 0; i < set->count; i++) {
        const pn_stage *s = &set->stage[i];
        json_array_append_new(list,
                              json_pack("[s, s, o, i, o, o, o]", s->name, s->version,
                                        text_or_null(s->help), (int)s->flags, encode_params(s),
                                        encode_ports(s->inputs, s->input_count),
                                        encode_ports(s->results, s->result_count)));
    }
    /* Where memory ran out something was not appended. */
    if (json_array_size(list) == set->count) return list;
    json_decref(list);
    return NULL;
}

/* ---- and back ---- */

typedef struct decoder {
    pn_arena *arena;
    int failed; /* malformed, or out of memory */
} decoder;

static const char *get_text(decoder *d, json_t *json) {
    if (!json_is_string(json)) {
        d->failed |= !json_is_null(json);
        return NULL;
    }
    char *copy = pn_arena_copy(d->arena, json_string_value(json), json_string_length(json));
    d->failed |= !copy;
    return copy;
}

static void *get_list(decoder *d, json_t *list, size_t size, size_t *count) {
    *count = json_array_size(list);
    void *items = pn_arena_alloc(d->arena, (*count + 1) * size);
    d->failed |= !json_is_array(list) || !items;
    if (d->failed) *count = 0;
    return items;
}

static const char *const *get_choices(decoder *d, json_t *json) {
    size_t count;
    if (json_is_null(json)) return NULL;
    const char **choices = get_list(d, json, sizeof *choices, &count);
    for (size_t i = 0; i < count; i++) {
        choices[i] = get_text(d, json_array_get(json, i));
        d->failed |= !choices[i];
    }
    return choices;
}

static const pn_param *get_params(decoder *d, json_t *list, size_t *count) {
    pn_param *params = get_list(d, list, sizeof *params, count);
    for (size_t i = 0; i < *count && !d->failed; i++) {
        json_t *name, *preset, *choices, *help;
        int type;
        double minimum, maximum;
        if (json_unpack(json_array_get(list, i), "[o, i, o, F, F, o, o]", &name, &type, &preset,
                        &minimum, &maximum, &choices, &help) != 0) {
            d->failed = 1;
            break;
        }
        params[i] = (pn_param){.name = get_text(d, name),
                               .type = (pn_param_type)type,
                               .preset = get_text(d, preset),
                               .minimum = minimum,
                               .maximum = maximum,
                               .choices = get_choices(d, choices),
                               .help = get_text(d, help)};
    }
    return params;
}

static const pn_port *get_ports(decoder *d, json_t *list, size_t *count) {
    pn_port *ports = get_list(d, list, sizeof *ports, count);
    for (size_t i = 0; i < *count && !d->failed; i++) {
        json_t *name, *help;
        int kind, dtypes, min_rank, max_rank, optional;
        if (json_unpack(json_array_get(list, i), "[o, i, i, i, i, i, o]", &name, &kind, &dtypes,
                        &min_rank, &max_rank, &optional, &help) != 0) {
            d->failed = 1;
            break;
        }
        ports[i] = (pn_port){.name = get_text(d, name),
                             .kind = (pn_kind)kind,
                             .dtypes = (uint32_t)dtypes,
                             .min_rank = min_rank,
                             .max_rank = max_rank,
                             .optional = optional,
                             .help = get_text(d, help)};
    }
    return ports;
}

static void get_stage(decoder *d, json_t *json, pn_stage *stage) {
    json_t *name, *version, *help, *params, *inputs, *results;
    int flags;
    if (json_unpack(json, "[o, o, o, i, o, o, o]", &name, &version, &help, &flags, &params, &inputs,
                    &results) != 0) {
        d->failed = 1;
        return;
    }
    stage->name = get_text(d, name);
    stage->version = get_text(d, version);
    stage->help = get_text(d, help);
    stage->flags = (uint32_t)flags;
    stage->params = get_params(d, params, &stage->param_count);
    stage->inputs = get_ports(d, inputs, &stage->input_count);
    stage->results = get_ports(d, results, &stage->result_count);
}

pn_status pn_stage_set_decode(json_t *json, pn_stage_set *set, pn_error *error) {
    decoder d = {.arena = &set->arena};
    set->stage = get_list(&d, json, sizeof *set->stage, &set->count);
    for (size_t i = 0; i < set->count && !d.failed; i++)
        get_stage(&d, json_array_get(json, i), &set->stage[i]);
    pn_status status = d.failed ? pn_fail(error, PN_E_STAGE, "its description makes no sense")
                                : pn_stage_set_check(set, error);
    if (status != PN_OK) pn_stage_set_free(set);
    return status;
}
