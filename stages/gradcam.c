/* The stage `gradcam`: what in each image speaks for a class, as seen by one layer of a model. */
#include "nn/explain/gradcam.h"
#include "data/call_model.h"
#include "pneuma/stage.h"

#include <string.h>

typedef struct work {
    const pn_host *host;
    pn_call *call;
    pn_model *model;
    pn_gradcam_options options;
    pn_array images, maps, output;
} work;

static void tell_progress(void *context, int64_t done, int64_t total) {
    work *w = context;
    w->host->progress(w->call, done, total);
}

static pn_status read_options(work *w, pn_error *error) {
    const pn_host *host = w->host;
    const char *layer = host->param_string(w->call, "layer");
    const char *method = host->param_string(w->call, "method");
    for (int i = 0; pn_cam_methods[i]; i++)
        if (strcmp(method, pn_cam_methods[i]) == 0) w->options.method = (pn_cam_method)i;
    w->options.target = host->param_int(w->call, "class") - 1;
    w->options.logits = strcmp(host->param_string(w->call, "from"), "logit") == 0;
    w->options.normalize = host->param_bool(w->call, "normalize") != 0;
    w->options.batch = host->param_int(w->call, "batch_size");
    w->options.progress = tell_progress;
    w->options.context = w;
    if (*layer) return pn_model_find(w->model, layer, &w->options.node, error);
    return pn_model_last_convolution(w->model, &w->options.node, error);
}

/* The images must be what the model takes, behind the axis of the batch. */
static pn_status read_images(work *w, pn_error *error) {
    const pn_dims *dims = &w->model->node[w->model->group[0].input[0]].out;
    char expected[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
    w->host->input_array(w->call, "x", 0, &w->images);
    int fits = w->images.rank == dims->rank + 1;
    for (int i = 0; fits && i < dims->rank; i++) fits = w->images.shape[i + 1] == dims->size[i];
    if (fits) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "model '%.100s' takes %s, not %s", pn_model_name(w->model),
                   pn_dims_text(dims, expected, sizeof expected),
                   pn_shape_text(w->images.rank, w->images.shape, got, sizeof got));
}

static int add_results(work *w) {
    const pn_model *model = w->model;
    const pn_dims *layer = &model->node[w->options.node].out;
    const pn_dims *last = &model->node[model->group[0].output[0]].out;
    int64_t count = w->images.shape[0];
    w->maps = (pn_array){PN_F32, 3, {count, layer->size[0], layer->size[1]}, NULL};
    w->output = (pn_array){PN_F32, 2, {count, pn_dims_count(last)}, NULL};
    if (w->host->add_array(w->call, "maps", &w->maps) != 0) return -1;
    return w->host->add_array(w->call, "output", &w->output);
}

static int compute(work *w) {
    pn_error error;
    pn_status status = pn_call_model_new(w->host, w->call, &w->model, &error);
    if (status == PN_OK) status = read_options(w, &error);
    if (status == PN_OK) status = read_images(w, &error);
    if (status == PN_OK && w->model->node[w->options.node].out.rank == 3 && add_results(w) != 0)
        return -1;
    if (status == PN_OK)
        status = pn_gradcam(w->model, w->images.data, w->images.shape[0], &w->options, w->maps.data,
                            w->output.data, &error);
    return status == PN_OK ? 0 : w->host->fail(w->call, "%s", error.message);
}

static int run(const pn_host *host, pn_call *call) {
    work w = {.host = host, .call = call};
    int result = compute(&w);
    pn_model_release(w.model);
    return result;
}

static const char *const methods[] = {"gradcam",  "gradcam++", "hirescam",
                                      "layercam", "xgradcam",  NULL};
static const char *const scores[] = {"probability", "logit", NULL};

static const pn_param params[] = {
    {"layer", PN_PARAM_STRING, "", 0, 0, NULL,
     "the layer's name; empty: the last convolution, with its activation"},
    {"class", PN_PARAM_INT, "2", 1, 1 << 24, NULL,
     "the class from 1; of a model with one output: 1 what speaks against, 2 what speaks for it"},
    {"method", PN_PARAM_CHOICE, "gradcam", 0, 0, methods, "how channels are weighed"},
    {"from", PN_PARAM_CHOICE, "probability", 0, 0, scores,
     "the score that is explained: after the last activation, or before it"},
    {"normalize", PN_PARAM_BOOL, "true", 0, 0, NULL, "each map divided by its maximum"},
    {"batch_size", PN_PARAM_INT, "8", 1, 4096, NULL, "images at a time"},
};

static const pn_port inputs[] = {
    PN_MODEL_PORTS,
    {"x", PN_KIND_ARRAY, PN_BIT_F32, 2, PN_MAX_RANK, 0, "(N, ...): what the model takes"},
};

static const pn_port results[] = {
    {"maps", PN_KIND_ARRAY, PN_BIT_F32, 3, 3, 0, "(N, height, width) of the layer, from 0"},
    {"output", PN_KIND_ARRAY, PN_BIT_F32, 2, 2, 0, "(N, outputs): what the model gives"},
};

static const pn_stage stages[] = {{
    .name = "gradcam",
    .version = "1",
    .help = "maps of what a model looked at: Grad-CAM and its relatives",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .results = results,
    .result_count = sizeof results / sizeof *results,
    .run = run,
}};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
