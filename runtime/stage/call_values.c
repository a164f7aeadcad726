/* The host's functions for parameters, inputs and results. */
#include "base/memory.h"
#include "stage/call.h"

#include <string.h>

/* The value of a parameter the stage declared with one of these types, or NULL. */
static const pn_param_value *find_param(pn_call *call, const char *name, unsigned types,
                                        const char *function) {
    for (size_t i = 0; i < call->stage->param_count; i++) {
        const pn_param *param = &call->stage->params[i];
        if (strcmp(param->name, name) != 0) continue;
        if (types & (1u << param->type)) return &call->arguments->param[i];
        pn_call_fail(call, PN_E_STAGE, "it asks for the parameter '%.60s' with %s, but it is a %s",
                     name, function, pn_param_type_name(param->type));
        return NULL;
    }
    pn_call_fail(call, PN_E_STAGE, "it asks for a parameter '%.60s' that it does not declare",
                 name);
    return NULL;
}

int64_t pn_call_param_int(pn_call *call, const char *name) {
    const pn_param_value *value = find_param(call, name, 1u << PN_PARAM_INT, "param_int");
    return value ? value->i : 0;
}

double pn_call_param_float(pn_call *call, const char *name) {
    const pn_param_value *value = find_param(call, name, 1u << PN_PARAM_FLOAT, "param_float");
    return value ? value->f : 0;
}

int pn_call_param_bool(pn_call *call, const char *name) {
    const pn_param_value *value = find_param(call, name, 1u << PN_PARAM_BOOL, "param_bool");
    return value ? (int)value->i : 0;
}

const char *pn_call_param_string(pn_call *call, const char *name) {
    const unsigned texts = 1u << PN_PARAM_STRING | 1u << PN_PARAM_CHOICE | 1u << PN_PARAM_PATH;
    const pn_param_value *value = find_param(call, name, texts, "param_string");
    return value ? value->text : "";
}

static const pn_value *find_input(pn_call *call, const char *name) {
    const pn_value *value = pn_values_find(call->arguments->inputs, name);
    if (!value)
        pn_call_fail(call, PN_E_STAGE, "it asks for an input '%.60s' that it does not declare",
                     name);
    return value;
}

int64_t pn_call_input_count(pn_call *call, const char *name) {
    const pn_value *value = find_input(call, name);
    return value ? (int64_t)value->count : 0;
}

int pn_call_input_array(pn_call *call, const char *name, int64_t index, pn_array *array) {
    const pn_value *value = find_input(call, name);
    if (!value || value->kind == PN_KIND_STRINGS || index < 0 || (uint64_t)index >= value->count)
        return -1;
    *array = pn_tensor_array(value->array[index]);
    return 0;
}

const char *pn_call_input_string(pn_call *call, const char *name, int64_t index, size_t *size) {
    const pn_value *value = find_input(call, name);
    int there =
        value && value->kind == PN_KIND_STRINGS && index >= 0 && (uint64_t)index < value->count;
    if (size) *size = there ? value->string[index].size : 0;
    return there ? value->string[index].data : NULL;
}

/* ---- results ---- */

static const pn_port *find_result(pn_call *call, const char *name, int strings, pn_value **value) {
    *value = pn_values_find(call->run->results, name);
    if (!*value) {
        pn_call_fail(call, PN_E_STAGE, "it sets a result '%.60s' that it does not declare", name);
        return NULL;
    }
    const pn_port *port = &call->stage->results[*value - call->run->results->value];
    if ((port->kind == PN_KIND_STRINGS) == strings) return port;
    pn_call_fail(call, PN_E_STAGE, "it adds %s to the result '%s', a %s",
                 strings ? "a string" : "an array", name, pn_kind_name(port->kind));
    return NULL;
}

int pn_call_add_array(pn_call *call, const char *result, pn_array *array) {
    pn_value *value;
    const pn_port *port = find_result(call, result, 0, &value);
    if (!port) return -1;
    if (port->kind == PN_KIND_ARRAY && value->count)
        return pn_call_fail(call, PN_E_STAGE, "it sets the result '%s' twice", result);
    if ((unsigned)array->dtype > PN_I32)
        return pn_call_fail(call, PN_E_STAGE, "it gives the result '%s' the unknown dtype %d",
                            result, (int)array->dtype);
    pn_tensor *tensor = NULL;
    pn_error why;
    pn_status status = pn_tensor_zeros(array->dtype, array->rank, array->shape, &tensor, &why);
    if (status != PN_OK)
        return pn_call_fail(call, status == PN_E_MEMORY ? status : PN_E_STAGE,
                            "the result '%s' cannot be made: %s", result, why.message);
    status = pn_port_check_array(port, tensor->dtype, tensor->rank, tensor->shape, &why);
    if (status != PN_OK)
        pn_call_fail(call, PN_E_STAGE, "the result '%s' %s", result, why.message);
    else if ((status = pn_values_add_array(value, tensor, &why)) != PN_OK)
        pn_call_fail(call, status, "%s", why.message);
    else
        array->data = tensor->data;
    pn_tensor_release(tensor);
    return status == PN_OK ? 0 : -1;
}

int pn_call_add_string(pn_call *call, const char *result, const char *bytes, size_t size) {
    pn_value *value;
    if (!find_result(call, result, 1, &value)) return -1;
    pn_error why;
    pn_status status = pn_values_add_string(call->run->results, value, bytes, size, &why);
    return status == PN_OK ? 0 : pn_call_fail(call, status, "%s", why.message);
}
