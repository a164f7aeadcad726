/* Reading a plugin's table out of its memory, by the sizes it was compiled with. */
#define _GNU_SOURCE
#include "stage/table.h"

#include "base/text.h"

#include <string.h>

/* The tables as they were when this ABI began: no plugin can have smaller ones. */
#define SIZE_TO(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))
enum {
    MIN_PLUGIN = SIZE_TO(pn_plugin, stage_count),
    MIN_STAGE = SIZE_TO(pn_stage, run),
    MIN_PARAM = SIZE_TO(pn_param, help),
    MIN_PORT = SIZE_TO(pn_port, help),
    MIN_ARRAY = SIZE_TO(pn_array, data),
    MAX_STRUCT = 4096, /* far beyond what the tables will grow to */
    MAX_ITEMS = 1000,
    MAX_TEXT = 10000,
};

typedef struct reader {
    const pn_plugin *plugin;
    pn_arena *arena;
    pn_error *error;
} reader;

static pn_status check_size(const char *what, size_t size, size_t minimum, pn_error *error) {
    if (size >= minimum && size <= MAX_STRUCT && size % sizeof(void *) == 0) return PN_OK;
    return pn_fail(error, PN_E_STAGE,
                   "its table says that a %s takes %zu bytes, which is not possible (at least %zu)",
                   what, size, minimum);
}

static pn_status check_sizes(const pn_plugin *plugin, pn_error *error) {
    if (plugin->abi != PN_STAGE_ABI)
        return pn_fail(error, PN_E_STAGE, "built for stage ABI %u, this Pneuma speaks %u",
                       plugin->abi, PN_STAGE_ABI);
    pn_status status = check_size("pn_plugin", plugin->plugin_size, MIN_PLUGIN, error);
    if (status == PN_OK) status = check_size("pn_stage", plugin->stage_size, MIN_STAGE, error);
    if (status == PN_OK) status = check_size("pn_param", plugin->param_size, MIN_PARAM, error);
    if (status == PN_OK) status = check_size("pn_port", plugin->port_size, MIN_PORT, error);
    if (status == PN_OK) status = check_size("pn_array", plugin->array_size, MIN_ARRAY, error);
    return status;
}

/* A clean copy of a text: valid UTF-8 on one line; *text NULL stays NULL. */
static pn_status copy_text(reader *r, const char **text) {
    if (!*text) return PN_OK;
    pn_text clean = {0};
    size_t size = strnlen(*text, MAX_TEXT);
    pn_text_add_utf8(&clean, *text, size);
    for (size_t i = 0; i < clean.size; i++)
        if ((unsigned char)clean.data[i] < ' ') clean.data[i] = ' ';
    *text = clean.failed ? NULL : pn_arena_copy(r->arena, pn_text_string(&clean), clean.size);
    pn_text_free(&clean);
    return *text ? PN_OK : pn_fail_memory(r->error, size);
}

static pn_status copy_choices(reader *r, pn_param *param) {
    if (!param->choices) return PN_OK;
    size_t count = 0;
    while (count < MAX_ITEMS && param->choices[count]) count++;
    const char **copy = pn_arena_alloc(r->arena, (count + 1) * sizeof *copy);
    if (!copy) return pn_fail_memory(r->error, count * sizeof *copy);
    pn_status status = PN_OK;
    for (size_t i = 0; i < count && status == PN_OK; i++) {
        copy[i] = param->choices[i];
        status = copy_text(r, &copy[i]);
    }
    param->choices = copy;
    return status;
}

/* Copies `count` structs that are `stride` bytes apart into an array of `size`-byte ones. */
static pn_status copy_structs(reader *r, const char *what, const void *from, size_t count,
                              size_t stride, size_t size, void **out) {
    *out = NULL;
    if (count == 0) return PN_OK;
    if (count > MAX_ITEMS || !from)
        return pn_fail(r->error, PN_E_STAGE, "its table says that there are %zu %s%s", count, what,
                       from ? "" : ", but points to none");
    char *copy = pn_arena_alloc(r->arena, count * size);
    if (!copy) return pn_fail_memory(r->error, count * size);
    for (size_t i = 0; i < count; i++)
        memcpy(copy + i * size, (const char *)from + i * stride, stride < size ? stride : size);
    *out = copy;
    return PN_OK;
}

static pn_status copy_params(reader *r, pn_stage *stage) {
    void *copy;
    pn_status status = copy_structs(r, "parameters", stage->params, stage->param_count,
                                    r->plugin->param_size, sizeof(pn_param), &copy);
    pn_param *params = copy;
    stage->params = params;
    for (size_t i = 0; i < stage->param_count && status == PN_OK; i++) {
        status = copy_text(r, &params[i].name);
        if (status == PN_OK) status = copy_text(r, &params[i].preset);
        if (status == PN_OK) status = copy_text(r, &params[i].help);
        if (status == PN_OK) status = copy_choices(r, &params[i]);
    }
    return status;
}

static pn_status copy_ports(reader *r, const char *what, const pn_port **list, size_t count) {
    void *copy;
    pn_status status =
        copy_structs(r, what, *list, count, r->plugin->port_size, sizeof(pn_port), &copy);
    pn_port *ports = copy;
    *list = ports;
    for (size_t i = 0; i < count && status == PN_OK; i++) {
        status = copy_text(r, &ports[i].name);
        if (status == PN_OK) status = copy_text(r, &ports[i].help);
    }
    return status;
}

static pn_status copy_stage(reader *r, pn_stage *stage) {
    pn_status status = copy_text(r, &stage->name);
    if (status == PN_OK) status = copy_text(r, &stage->version);
    if (status == PN_OK) status = copy_text(r, &stage->help);
    if (status == PN_OK) status = copy_params(r, stage);
    if (status == PN_OK) status = copy_ports(r, "inputs", &stage->inputs, stage->input_count);
    if (status == PN_OK) status = copy_ports(r, "results", &stage->results, stage->result_count);
    return status;
}

static pn_status copy_all(reader *r, pn_stage_set *set) {
    void *copy;
    pn_status status = copy_structs(r, "stages", r->plugin->stages, r->plugin->stage_count,
                                    r->plugin->stage_size, sizeof(pn_stage), &copy);
    if (status != PN_OK) return status;
    set->stage = copy;
    set->count = r->plugin->stage_count;
    for (size_t i = 0; i < set->count && status == PN_OK; i++) {
        if (!set->stage[i].run)
            return pn_fail(r->error, PN_E_STAGE, "its stage number %zu has no run function", i + 1);
        status = copy_stage(r, &set->stage[i]);
    }
    return status;
}

pn_status pn_stage_set_read(const pn_plugin *plugin, pn_stage_set *set, pn_error *error) {
    reader r = {.plugin = plugin, .arena = &set->arena, .error = error};
    pn_status status = check_sizes(plugin, error);
    if (status == PN_OK) status = copy_all(&r, set);
    if (status == PN_OK) status = pn_stage_set_check(set, error);
    if (status != PN_OK) pn_stage_set_free(set);
    return status;
}

void pn_stage_set_free(pn_stage_set *set) {
    pn_arena_free(&set->arena);
    *set = (pn_stage_set){0};
}
