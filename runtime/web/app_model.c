#define _GNU_SOURCE
#include "web/app_model.h"

#include "base/file.h"
#include "base/home.h"
#include "base/memory.h"
#include "base/text.h"
#include "nn/explain/cam.h"
#include "notebook/model_open.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *copy_text(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = pn_alloc(size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

/* ---- which file ---- */

/* Notebook 2 keeps three. The small network comes first: its maps show where it looked, and it has
 * a threshold of its own, chosen on validation images. */
static const char *const kept[] = {"out/models/small.safetensors",
                                   "out/models/transfer.safetensors",
                                   "out/models/scratch.safetensors"};

static pn_status find_file(const char *given, char path[PN_PATH], const char **source,
                           pn_error *error) {
    char notebooks[PN_PATH];
    *source = "given";
    if (given) return pn_path_join(path, "", given, error);
    *source = "notebook";
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (access(kept[i], R_OK) == 0) return pn_path_join(path, "", kept[i], error);
    *source = "shipped";
    pn_status status = pn_home_path(notebooks, "notebooks", error);
    if (status != PN_OK) return status;
    return pn_path_join(path, notebooks, "weights/small_pneumonia.safetensors", error);
}

/* ---- what the file says ---- */

static const char *const filters[] = {"nearest", "bilinear", NULL}; /* as pn_filter counts */

static const char *text_in(const json_t *object, const char *name, const char *otherwise) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : otherwise;
}

static double number_in(const json_t *object, const char *name, double otherwise) {
    const json_t *number = json_object_get(object, name);
    return json_is_number(number) ? json_number_value(number) : otherwise;
}

static pn_status read_images(pn_app_model *m, const json_t *input, pn_error *error) {
    const pn_group *whole = &m->model->group[0];
    if (whole->inputs != 1 || whole->outputs != 1)
        return pn_fail(error, PN_E_UNSUPPORTED,
                       "'%.100s' has %d inputs and %d outputs; the app serves models with one each",
                       m->name, whole->inputs, whole->outputs);
    const pn_dims *in = &m->model->node[whole->input[0]].out;
    char text[PN_SHAPE_TEXT];
    if (in->rank != 3 || (in->size[2] != 1 && in->size[2] != 3))
        return pn_fail(error, PN_E_SHAPE, "'%.100s' takes %s, no images of one or three channels",
                       m->name, pn_dims_text(in, text, sizeof text));
    const char *filter = text_in(input, "interpolation", "nearest");
    m->wish =
        (pn_decode_wish){.height = in->size[0], .width = in->size[1], .channels = (int)in->size[2]};
    m->rescale = (float)number_in(input, "rescale", 1.0 / 255);
    for (int i = 0; filters[i]; i++)
        if (strcmp(filters[i], filter) == 0) {
            m->wish.filter = (pn_filter)i;
            return PN_OK;
        }
    return pn_fail(error, PN_E_FORMAT, "'%.100s' wants images resized by '%.40s', which is unknown",
                   m->name, filter);
}

/* Whether the numbers that come out are probabilities: what else they are is not known here. */
static pn_status check_probabilities(const pn_app_model *m, int64_t outputs, pn_error *error) {
    const pn_node *node = &m->model->node[m->model->group[0].output[0]];
    while ((node->layer->type->flags & PN_LAYER_ALIAS) && node->inputs == 1)
        node = &m->model->node[node->input[0]];
    const pn_activation_kind kind = node->layer->activation.kind;
    const bool softmax =
        kind == PN_ACT_SOFTMAX || strcmp(node->layer->type->class_name, "Softmax") == 0;
    if (kind == PN_ACT_SIGMOID || (softmax && outputs > 1)) return PN_OK;
    return pn_fail(error, PN_E_UNSUPPORTED,
                   "'%.100s' gives no probabilities: its last layer, '%.100s', ends in no sigmoid "
                   "and no softmax over classes; the app serves models that tell classes apart",
                   m->name, node->layer->name);
}

static pn_status read_classes(pn_app_model *m, const json_t *input, pn_error *error) {
    const json_t *names = json_object_get(input, "classes");
    const pn_dims *out = &m->model->node[m->model->group[0].output[0]].out;
    const int64_t outputs = pn_dims_count(out);
    if (outputs > 1000)
        return pn_fail(error, PN_E_UNSUPPORTED,
                       "'%.100s' gives %lld numbers for an image; the app tells at most 1000 "
                       "classes apart",
                       m->name, (long long)outputs);
    char shape[PN_SHAPE_TEXT];
    if (out->rank != 1)
        return pn_fail(error, PN_E_UNSUPPORTED, "'%.100s' gives %s, not one number for each class",
                       m->name, pn_dims_text(out, shape, sizeof shape));
    pn_status status = check_probabilities(m, outputs, error);
    if (status != PN_OK) return status;
    m->sigmoid = outputs == 1;
    m->classes = m->sigmoid ? 2 : (int)outputs;
    m->positive = m->classes == 2 ? 1 : -1;
    m->class_name = pn_calloc((size_t)m->classes, sizeof *m->class_name);
    for (int i = 0; m->class_name && i < m->classes; i++) {
        char usual[32];
        snprintf(usual, sizeof usual, "class %d", i);
        const char *name = json_string_value(json_array_get(names, (size_t)i));
        m->class_name[i] = copy_text(name ? name : usual);
        if (!m->class_name[i]) return pn_fail_memory(error, 32);
        for (int k = 0; k < i; k++)
            if (strcmp(m->class_name[k], m->class_name[i]) == 0)
                return pn_fail(error, PN_E_FORMAT, "'%.100s' has two classes called '%.100s'",
                               m->name, m->class_name[i]);
    }
    return m->class_name ? PN_OK : pn_fail_memory(error, (unsigned)m->classes);
}

static pn_status read_data(pn_app_model *m, const json_t *input, pn_error *error) {
    const json_t *data = json_object_get(input, "data");
    const char *origin = text_in(data, "origin", "");
    const int64_t samples = json_integer_value(json_object_get(data, "samples"));
    pn_text text = {0};
    pn_text_adds(&text, origin);
    if (samples > 0) pn_text_addf(&text, "%s%lld images", *origin ? "; " : "", (long long)samples);
    m->origin = *origin != '\0';
    m->synthetic = strstr(origin, "SYNTHETIC") != NULL;
    m->trained_on = text.failed ? NULL : copy_text(pn_text_string(&text));
    pn_text_free(&text);
    return m->trained_on ? PN_OK : pn_fail_memory(error, 256);
}

static bool gives_maps(const pn_model *model, int node) {
    const pn_node *n = &model->node[node];
    return n->inputs > 0 && n->out.rank == 3 && n->out.size[0] > 1 && n->out.size[1] > 1;
}

static pn_status read_layers(pn_app_model *m, pn_error *error) {
    int usual;
    m->layer = pn_calloc((size_t)m->model->nodes, sizeof *m->layer);
    if (!m->layer) return pn_fail_memory(error, (unsigned)m->model->nodes);
    pn_status status = pn_model_last_convolution(m->model, &usual, error);
    if (status != PN_OK) return status;
    for (int i = 0; i < m->model->nodes; i++) {
        const pn_node *n = &m->model->node[i];
        if (!gives_maps(m->model, i)) continue;
        if (i == usual) m->usual = m->layers;
        m->layer[m->layers++] =
            (pn_app_layer){n->layer->name, i, n->out.size[0], n->out.size[1], n->out.size[2]};
    }
    return PN_OK;
}

static pn_status read_all(pn_app_model *m, const json_t *input, double threshold, pn_error *error) {
    const double own = number_in(input, "threshold", 0.5);
    if (!(own >= 0 && own <= 1))
        return pn_fail(error, PN_E_FORMAT,
                       "'%.100s' has the threshold %g, which is no probability from 0 to 1",
                       m->name, own);
    m->threshold_given = threshold >= 0;
    m->threshold = m->threshold_given ? threshold : own;
    pn_status status = read_images(m, input, error);
    if (status == PN_OK) status = read_classes(m, input, error);
    if (status == PN_OK) status = read_data(m, input, error);
    return status == PN_OK ? read_layers(m, error) : status;
}

/* ---- life ---- */

static pn_status open_file(const char *path, pn_model **model, json_t **input, pn_error *error) {
    struct stat file;
    if (stat(path, &file) == 0 && S_ISDIR(file.st_mode))
        return pn_fail_path(error, PN_E_ARGUMENT, path,
                            "'%.300s' is a folder; name a model in it, a .safetensors or .h5 file",
                            path);
    return pn_model_open(path, model, input, error);
}

/* Nobody named the file: says how to do without it. */
static void add_way_out(const char *path, pn_error *error) {
    const size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used,
             " (It was taken because notebook 2 keeps its models there: name another one with "
             "--model FILE, or delete %s.)",
             path);
}

pn_status pn_app_model_open(const char *given, double threshold, pn_app_model **out,
                            pn_error *error) {
    char path[PN_PATH];
    json_t *input = NULL;
    *out = NULL;
    pn_app_model *m = pn_calloc(1, sizeof *m);
    if (!m) return pn_fail_memory(error, sizeof *m);
    pn_status status = find_file(given, path, &m->source, error);
    if (status == PN_OK) status = open_file(path, &m->model, &input, error);
    if (status == PN_OK) {
        m->name = copy_text(pn_model_name(m->model));
        m->file = copy_text(pn_path_name(path));
        if (!m->name || !m->file) status = pn_fail_memory(error, PN_PATH);
    }
    if (status == PN_OK) status = read_all(m, input, threshold, error);
    json_decref(input);
    if (status != PN_OK && strcmp(m->source, "notebook") == 0) add_way_out(path, error);
    if (status == PN_OK)
        *out = m;
    else
        pn_app_model_free(m);
    return status;
}

void pn_app_model_free(pn_app_model *m) {
    if (!m) return;
    pn_model_release(m->model);
    for (int i = 0; m->class_name && i < m->classes; i++) pn_free(m->class_name[i]);
    pn_free(m->class_name);
    pn_free(m->layer);
    pn_free(m->trained_on);
    pn_free(m->name);
    pn_free(m->file);
    pn_free(m);
}

int pn_app_model_layer(const pn_app_model *m, const char *name) {
    for (int i = 0; i < m->layers; i++)
        if (strcmp(m->layer[i].name, name) == 0) return i;
    return -1;
}

int pn_app_model_class(const pn_app_model *m, const char *name) {
    for (int i = 0; i < m->classes; i++)
        if (strcmp(m->class_name[i], name) == 0) return i;
    return -1;
}

/* ---- what is told ---- */

static json_t *names_json(char *const *name, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_string(name[i]));
    return list;
}

static json_t *layers_json(const pn_app_model *m) {
    json_t *list = json_array();
    for (int i = 0; i < m->layers; i++) {
        const pn_app_layer *l = &m->layer[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}", "name", l->name, "height",
                                              (json_int_t)l->height, "width", (json_int_t)l->width,
                                              "channels", (json_int_t)l->channels));
    }
    return list;
}

static json_t *methods_json(void) {
    json_t *list = json_array();
    for (int i = 0; pn_cam_methods[i]; i++)
        json_array_append_new(list, json_string(pn_cam_methods[i]));
    return list;
}

static json_t *input_json(const pn_app_model *m) {
    return json_pack("{s:I, s:I, s:i, s:s, s:f}", "height", (json_int_t)m->wish.height, "width",
                     (json_int_t)m->wish.width, "channels", m->wish.channels, "interpolation",
                     filters[m->wish.filter], "rescale", (double)m->rescale);
}

json_t *pn_app_model_json(const pn_app_model *m) {
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:s?, s:f, s:b, s:o, s:s, s:o, s:o, s:s, s:o, s:s}", "name", m->name,
        "file", m->file, "source", m->source, "classes", names_json(m->class_name, m->classes),
        "positive", m->positive < 0 ? NULL : m->class_name[m->positive], "threshold", m->threshold,
        "threshold_given", m->threshold_given, "input", input_json(m), "trained_on", m->trained_on,
        "synthetic", m->origin ? json_boolean(m->synthetic) : json_null(), "layers", layers_json(m),
        "layer", m->layer[m->usual].name, "methods", methods_json(), "version", PNEUMA_VERSION);
}
