#include "data/call_model.h"

#include "nn/file/model_json.h"

/* The memory is the call's. */
static void keep(void *owner) {
    (void)owner;
}

static pn_status take_weight(const pn_host *host, pn_call *call, const pn_model *model, int slot,
                             pn_error *error) {
    pn_array array;
    pn_tensor *value = NULL;
    const pn_slot *s = &model->slot[slot];
    if (host->input_array(call, "weights", slot, &array) != 0)
        return pn_fail(error, PN_E_ARGUMENT, "weight %d is missing", slot + 1);
    pn_status status =
        pn_tensor_wrap(array.dtype, array.rank, array.shape, array.data, keep, NULL, &value, error);
    if (status == PN_OK) status = pn_layer_set_weight(s->layer, s->weight, value, error);
    pn_tensor_release(value);
    return status;
}

static pn_status take_weights(const pn_host *host, pn_call *call, const pn_model *model,
                              pn_error *error) {
    int64_t count = host->input_count(call, "weights");
    pn_status status = PN_OK;
    if (count != model->slots)
        return pn_fail(error, PN_E_SHAPE, "model '%.100s' has %d weights, %lld were given",
                       pn_model_name(model), model->slots, (long long)count);
    for (int i = 0; status == PN_OK && i < model->slots; i++)
        status = take_weight(host, call, model, i, error);
    return status;
}

pn_status pn_call_model_new(const pn_host *host, pn_call *call, pn_model **out, pn_error *error) {
    size_t size;
    const char *text = host->input_string(call, "architecture", 0, &size);
    *out = NULL;
    if (!text) return pn_fail(error, PN_E_ARGUMENT, "the architecture is missing");
    pn_model *model = NULL;
    pn_status status = pn_model_from_text(text, size, &model, error);
    if (status == PN_OK) status = take_weights(host, call, model, error);
    if (status == PN_OK)
        *out = model;
    else
        pn_model_release(model);
    return status;
}
