/* evaluate, predict and extract: a trained model over a data set. */
#include "data/call_model.h"
#include "parts.h"

#include <string.h>

/* ---- evaluate ---- */

static json_t *logs_json(const pn_logs *logs) {
    json_t *names = json_array();
    for (int i = 0; i < logs->count; i++) json_array_append_new(names, json_string(logs->name[i]));
    return json_pack("{so so}", "names", names, "values", pn_logs_json(logs));
}

static pn_status evaluate(const pn_work_place *place, pn_model *model, pn_source *source,
                          pn_logs *logs, pn_error *error) {
    json_t *loss = NULL, *metrics = NULL;
    pn_watch watch = pn_work_watch(place);
    pn_status status = pn_work_json(place, "loss", &loss, error);
    if (status == PN_OK) status = pn_work_json(place, "metrics", &metrics, error);
    if (status == PN_OK)
        status = pn_evaluate(model, source, loss, metrics,
                             place->host->param_int(place->call, "steps"), &watch, logs, error);
    json_decref(loss);
    json_decref(metrics);
    return status;
}

int pn_run_evaluate(const pn_host *host, pn_call *call) {
    pn_work_place place = {host, call};
    pn_model *model = NULL;
    pn_source *source = NULL;
    pn_logs logs;
    pn_error error;
    pn_status status = pn_call_model_new(host, call, &model, &error);
    if (status == PN_OK) status = pn_work_source(&place, false, &source, &error);
    if (status == PN_OK) status = evaluate(&place, model, source, &logs, &error);
    if (status == PN_OK) pn_work_note_failures(&place, source, "given");
    if (source) source->release(source);
    pn_model_release(model);
    if (status != PN_OK) return pn_work_fail(&place, status, &error);
    return pn_work_give_json(&place, "logs", logs_json(&logs));
}

/* ---- predict and extract ---- */

/* Only what stands before the layer need be computed. */
static pn_status cut(const pn_work_place *place, pn_model **model, const char *layer,
                     pn_error *error) {
    int node;
    pn_model *front;
    (void)place;
    if (!*layer) return PN_OK;
    pn_status status = pn_model_find(*model, layer, &node, error);
    if (status == PN_OK) status = pn_model_split(*model, node, &front, NULL, error);
    if (status != PN_OK) return status;
    pn_model_release(*model);
    *model = front;
    return PN_OK;
}

/* (samples, dims) */
static int add_rows(const pn_work_place *place, const char *name, int64_t samples,
                    const pn_dims *dims, pn_array *array) {
    *array = (pn_array){.dtype = PN_F32, .rank = dims->rank + 1, .shape = {samples}};
    memcpy(array->shape + 1, dims->size, (size_t)dims->rank * sizeof *dims->size);
    return place->host->add_array(place->call, name, array);
}

static int predict(const pn_work_place *place, const pn_model *model, pn_source *source,
                   const char *result, bool targets) {
    pn_array out, y = {0}, read = {.dtype = PN_U8, .rank = 1, .shape = {source->samples}};
    pn_array label = {.dtype = PN_I32, .rank = 1, .shape = {source->samples}};
    const pn_dims width = {1, {source->y_size}};
    int node = model->group[0].output[0];
    pn_watch watch = pn_work_watch(place);
    pn_error error;
    if (add_rows(place, result, source->samples, &model->node[node].out, &out) != 0 ||
        place->host->add_array(place->call, "read", &read) != 0 ||
        place->host->add_array(place->call, "label", &label) != 0 ||
        (targets && add_rows(place, "y", source->samples, &width, &y) != 0))
        return -1;
    const pn_rows rows = {out.data, read.data, y.data, label.data};
    pn_status status = pn_predict(model, node, source, &watch, &rows, &error);
    if (status != PN_OK) return pn_work_fail(place, status, &error);
    pn_work_note_failures(place, source, "given");
    return 0;
}

static int run(const pn_work_place *place, const char *layer, const char *result, bool targets) {
    pn_model *model = NULL;
    pn_source *source = NULL;
    pn_error error;
    int bad = -1;
    pn_status status = pn_call_model_new(place->host, place->call, &model, &error);
    if (status == PN_OK) status = cut(place, &model, layer, &error);
    if (status == PN_OK) status = pn_work_source(place, false, &source, &error);
    if (status == PN_OK)
        bad = predict(place, model, source, result, targets);
    else
        pn_work_fail(place, status, &error);
    if (source) source->release(source);
    pn_model_release(model);
    return bad;
}

int pn_run_predict(const pn_host *host, pn_call *call) {
    const pn_work_place place = {host, call};
    return run(&place, "", "output", false);
}

int pn_run_extract(const pn_host *host, pn_call *call) {
    const pn_work_place place = {host, call};
    return run(&place, host->param_string(call, "layer"), "features", true);
}
