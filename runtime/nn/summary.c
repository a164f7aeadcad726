#include "nn/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 4, LINE = 98 };

/* Where the columns end. */
typedef struct table {
    const pn_model *model;
    pn_text *text;
    int end[COLUMNS], columns;
} table;

static const table chain = {.end = {29, 55, 65}, .columns = 3};
static const table graph = {.end = {29, 58, 68, 98}, .columns = 4};

static int width_of(const table *t) {
    return t->end[t->columns - 1];
}

static void rule(const table *t, char c) {
    for (int i = 0; i < width_of(t); i++) pn_text_addc(t->text, c);
    pn_text_addc(t->text, '\n');
}

/* How many characters of a field go into this line: at most `room`, and no further than the end
 * of a tuple or list item. */
static int cut(const char *field, int room) {
    static const char *const breaks[] = {"),", "},", "],", "',"};
    int size = (int)strlen(field), best = size < room ? size : room;
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        const char *found = strstr(field, breaks[i]);
        if (found && found - field + 2 <= best) best = (int)(found - field) + 2;
    }
    return best;
}

/* One row; fields too long for their column go on in the next line. */
static void row(const table *t, const char *const *fields) {
    const char *left[COLUMNS] = {"", "", "", ""};
    for (int i = 0; i < t->columns; i++) left[i] = fields[i];
    for (bool more = true; more;) {
        char line[LINE + 8] = " ";
        int size = 1;
        more = false;
        for (int i = 0; i < t->columns; i++) {
            int begin = i ? t->end[i - 1] : 0, last = i == t->columns - 1;
            /* Two blanks between columns, one before the first. */
            int taken = cut(left[i], t->end[i] - begin - (last ? 0 : 2) - (i == 0));
            size += snprintf(line + size, sizeof line - (size_t)size, "%.*s%s", taken, left[i],
                             last ? "" : "  ");
            while (size < t->end[i] && size < LINE + 7) line[size++] = ' ';
            line[size] = 0;
            left[i] += taken;
            more |= *left[i] != 0;
        }
        pn_text_adds(t->text, line);
        pn_text_addc(t->text, '\n');
    }
}

/* ---- what the rows say ---- */

static bool is_inside(const pn_model *model, int group, int outer) {
    while (group >= 0 && group != outer) group = model->group[group].parent;
    return group == outer;
}

/* The group directly below the model that holds `group`, or 0. */
static int child_of(const pn_model *model, int group) {
    while (group > 0 && model->group[group].parent > 0) group = model->group[group].parent;
    return group;
}

static int64_t group_count(const pn_model *model, int group) {
    int64_t count = 0;
    for (int i = 0; i < model->slots; i++)
        for (int n = 0; n < model->nodes; n++)
            if (model->node[n].layer == model->slot[i].layer) {
                if (is_inside(model, model->node[n].group, group))
                    count +=
                        pn_dims_count(&model->slot[i].layer->weight[model->slot[i].weight].shape);
                break;
            }
    return count;
}

static int call_number(const pn_model *model, int node) {
    int number = 0;
    for (int i = 0; i < node; i++) number += model->node[i].layer == model->node[node].layer;
    return number;
}

/* "name[0][0]" of what the node gives, as the outermost model sees it. */
static void add_source(const pn_model *model, int node, pn_text *list) {
    int nested = child_of(model, model->node[node].group), tensor = 0;
    const pn_group *g = &model->group[nested];
    pn_text_adds(list, list->size > 1 ? ", '" : "'");
    if (nested == 0) {
        pn_text_addf(list, "%s[%d][0]'", model->node[node].layer->name, call_number(model, node));
        return;
    }
    while (tensor < g->outputs - 1 && g->output[tensor] != node) tensor++;
    pn_text_addf(list, "%s[0][%d]'", g->name, tensor);
}

/* What the node's layer takes, at all its calls. */
static void add_sources(const pn_model *model, int first, pn_text *list) {
    pn_text_addc(list, '[');
    int nested = child_of(model, model->node[first].group);
    for (int i = first; nested == 0 && i < model->nodes; i++)
        if (model->node[i].layer == model->node[first].layer)
            for (int k = 0; k < model->node[i].inputs; k++)
                add_source(model, model->node[i].input[k], list);
    const pn_group *g = &model->group[nested];
    for (int k = 0; nested && k < g->inputs; k++)
        add_source(model, model->node[g->input[k]].input[0], list);
    pn_text_addc(list, ']');
}

static const char *class_of_group(const pn_group *group) {
    return group->sequential ? "Sequential" : "Functional";
}

/* The row of a layer, or of the nested model that begins with this node. */
static pn_status layer_row(const table *t, int node) {
    const pn_model *model = t->model;
    const pn_node *n = &model->node[node];
    int nested = child_of(model, n->group);
    const pn_group *g = &model->group[nested];
    bool input = strcmp(n->layer->type->class_name, "InputLayer") == 0;
    pn_text name = {0}, sources = {0};
    char shape[PN_SHAPE_TEXT + 2] = "", count[32];
    const pn_dims *out = nested ? &model->node[g->output[0]].out : &n->out;
    pn_text_addf(&name, "%s (%s)", nested ? g->name : n->layer->name,
                 nested ? class_of_group(g) : n->layer->type->class_name);
    pn_dims_text(out, shape + 1, PN_SHAPE_TEXT);
    if (input && !nested) { /* Keras shows an input's shape as a list */
        shape[0] = '[';
        strcat(shape, "]");
    }
    snprintf(count, sizeof count, "%" PRId64,
             nested ? group_count(model, nested) : pn_layer_count(n->layer));
    add_sources(model, node, &sources);
    const char *fields[COLUMNS] = {pn_text_string(&name), shape[0] ? shape : shape + 1, count,
                                   pn_text_string(&sources)};
    row(t, fields);
    bool failed = name.failed || sources.failed;
    pn_text_free(&name);
    pn_text_free(&sources);
    return failed ? PN_E_MEMORY : PN_OK;
}

/* Whether this node begins a row: a layer at its first call, a nested model at its first node. */
static bool begins_row(const pn_model *model, int node) {
    int nested = child_of(model, model->node[node].group);
    if (nested == 0) {
        bool hidden = model->group[0].sequential &&
                      strcmp(model->node[node].layer->type->class_name, "InputLayer") == 0;
        return call_number(model, node) == 0 && !hidden;
    }
    for (int i = 0; i < node; i++)
        if (is_inside(model, model->node[i].group, nested)) return false;
    return true;
}

/* A chain: every node takes one input, and everything is taken once. Nested models count as one
 * node. */
static bool is_chain(const pn_model *model) {
    if (model->group[0].sequential) return true;
    if (model->group[0].inputs > 1 || model->group[0].outputs > 1) return false;
    for (int i = 0; i < model->nodes; i++) {
        const pn_node *n = &model->node[i];
        int users = 0;
        if (n->group == 0 && (n->inputs > 1 || call_number(model, i) > 0)) return false;
        for (int k = i + 1; k < model->nodes; k++)
            for (int m = 0; m < model->node[k].inputs; m++) users += model->node[k].input[m] == i;
        if (n->group == 0 && users > 1) return false;
    }
    return true;
}

/* ---- all ---- */

void pn_summary_size(int64_t count, pn_text *text) {
    static const char *const units[] = {"Byte", "KB", "MB", "GB", "TB", "PB"};
    double size = (double)count * 4;
    int unit = 0;
    while (size >= 1024 && unit < 5) {
        size /= 1024;
        unit++;
    }
    pn_text_addf(text, "%.2f %s", size, units[unit]);
}

static void total(const table *t, const char *what, int64_t count) {
    pn_text_addf(t->text, "%s params: %" PRId64 " (", what, count);
    pn_summary_size(count, t->text);
    pn_text_adds(t->text, ")\n");
}

pn_status pn_model_summary(const pn_model *model, pn_text *text, pn_error *error) {
    static const char *const header[COLUMNS] = {"Layer (type)", "Output Shape", "Param #",
                                                "Connected to"};
    table t = is_chain(model) ? chain : graph;
    t.model = model;
    t.text = text;
    pn_text_addf(text, "Model: \"%s\"\n", pn_model_name(model));
    rule(&t, '_');
    row(&t, header);
    rule(&t, '=');
    for (int i = 0; i < model->nodes; i++) {
        if (!begins_row(model, i)) continue;
        if (layer_row(&t, i) != PN_OK) return pn_fail_memory(error, LINE);
        rule(&t, ' ');
    }
    rule(&t, '=');
    int64_t all = pn_model_count(model), trainable = pn_model_count_trainable(model);
    total(&t, "Total", all);
    total(&t, "Trainable", trainable);
    total(&t, "Non-trainable", all - trainable);
    rule(&t, '_');
    return text->failed ? pn_fail_memory(error, text->size) : PN_OK;
}
