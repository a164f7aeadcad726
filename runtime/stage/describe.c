/* What `pneuma stage list` and `pneuma stage info` print, and Lua shows. */
#include "stage/arguments.h"
#include "tensor/tensor.h"

#include <string.h>

static int width_of_names(const pn_stage_catalog *catalog) {
    size_t width = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        size_t length = strlen(catalog->info[i]->table->name);
        if (length > width) width = length;
    }
    return (int)width;
}

void pn_stage_list_text(const pn_stage_catalog *catalog, pn_text *text) {
    int width = width_of_names(catalog);
    for (size_t i = 0; i < catalog->count; i++) {
        const pn_stage_info *info = catalog->info[i];
        pn_text_addf(text, "%-*s  %s%s\n", width, info->table->name,
                     info->table->help ? info->table->help : "",
                     info->isolated ? "  [isolated]" : "");
    }
    if (catalog->count == 0) pn_text_adds(text, "no stages\n");
    if (catalog->broken.size)
        pn_text_addf(text, "\ncannot be used:\n%s", pn_text_string(&catalog->broken));
}

static void add_help(const char *help, pn_text *text) {
    if (help && *help) pn_text_addf(text, ": %s", help);
    pn_text_addc(text, '\n');
}

static void add_param(const pn_param *param, int width, pn_text *text) {
    pn_text_addf(text, "  %-*s  %s", width, param->name, pn_param_type_name(param->type));
    if (param->minimum != 0 || param->maximum != 0)
        pn_text_addf(text, " from %.15g to %.15g", param->minimum, param->maximum);
    for (size_t i = 0; param->choices && param->choices[i]; i++)
        pn_text_addf(text, "%s%s", i ? " | " : " ", param->choices[i]);
    if (!param->preset)
        pn_text_adds(text, ", required");
    else
        pn_text_addf(text, ", default %s", *param->preset ? param->preset : "\"\"");
    add_help(param->help, text);
}

static void add_port(const pn_port *port, int width, pn_text *text) {
    pn_text_addf(text, "  %-*s  %s", width, port->name, pn_kind_name(port->kind));
    const char *between = ", ";
    for (int i = PN_F32; port->kind != PN_KIND_STRINGS && i <= PN_I32; i++) {
        if (!(port->dtypes & (1u << i))) continue;
        pn_text_addf(text, "%s%s", between, pn_dtype_name((pn_dtype)i));
        between = " or ";
    }
    if (port->max_rank && port->min_rank == port->max_rank)
        pn_text_addf(text, ", %d %s", port->max_rank, port->max_rank == 1 ? "axis" : "axes");
    else if (port->max_rank)
        pn_text_addf(text, ", %d to %d axes", port->min_rank, port->max_rank);
    if (port->optional) pn_text_adds(text, ", optional");
    add_help(port->help, text);
}

static void widen(size_t *width, const char *name) {
    size_t length = strlen(name);
    if (length > *width) *width = length;
}

static int width_of_fields(const pn_stage *stage) {
    size_t width = 4;
    for (size_t i = 0; i < stage->param_count; i++) widen(&width, stage->params[i].name);
    for (size_t i = 0; i < stage->input_count; i++) widen(&width, stage->inputs[i].name);
    for (size_t i = 0; i < stage->result_count; i++) widen(&width, stage->results[i].name);
    return (int)width;
}

void pn_stage_info_text(const pn_stage_info *info, pn_text *text) {
    const pn_stage *stage = info->table;
    int width = width_of_fields(stage);
    pn_text_addf(text, "stage.%s, version %s", stage->name, stage->version);
    add_help(stage->help, text);
    if (stage->input_count) pn_text_adds(text, "inputs\n");
    for (size_t i = 0; i < stage->input_count; i++) add_port(&stage->inputs[i], width, text);
    if (stage->param_count || stage->flags & PN_STAGE_SEED) pn_text_adds(text, "parameters\n");
    for (size_t i = 0; i < stage->param_count; i++) add_param(&stage->params[i], width, text);
    if (stage->flags & PN_STAGE_SEED)
        pn_text_addf(text, "  %-*s  int, default the run's seed: same seed, same results\n", width,
                     "seed");
    pn_text_adds(text, "results\n");
    for (size_t i = 0; i < stage->result_count; i++) add_port(&stage->results[i], width, text);
    if (stage->flags & PN_STAGE_NO_CACHE) pn_text_adds(text, "never cached\n");
    pn_text_addf(text, "plugin\n  %s (%s%s%s)\n", info->plugin, info->native ? "Pneuma's own" : "",
                 info->native && info->isolated ? ", " : "",
                 info->isolated ? "isolated in a helper process" : "");
}
