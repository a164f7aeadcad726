#include "stage/values.h"

#include "base/memory.h"
#include "base/text.h"
#include "stage/table.h"

#include <stdio.h>
#include <string.h>

pn_values *pn_values_new(const pn_port *ports, size_t count) {
    pn_values *values = pn_calloc(1, sizeof *values);
    if (!values) return NULL;
    values->value = pn_calloc(count, sizeof *values->value);
    int failed = !values->value;
    for (size_t i = 0; i < count && !failed; i++) {
        values->value[i].name = pn_arena_copy(&values->arena, ports[i].name, strlen(ports[i].name));
        values->value[i].kind = ports[i].kind;
        failed = !values->value[i].name;
        values->count++;
    }
    if (!failed) return values;
    pn_values_free(values);
    return NULL;
}

void pn_values_free(pn_values *values) {
    if (!values) return;
    for (size_t i = 0; i < values->count; i++) {
        pn_value *value = &values->value[i];
        for (size_t k = 0; value->array && k < value->count; k++)
            pn_tensor_release(value->array[k]);
        pn_free(value->array);
        pn_free(value->string);
    }
    pn_free(values->value);
    pn_arena_free(&values->arena);
    pn_free(values);
}

pn_value *pn_values_find(const pn_values *values, const char *name) {
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->value[i].name, name) == 0) return &values->value[i];
    return NULL;
}

/* Makes room for one more item of `size` bytes in *items. */
static pn_status grow(pn_value *value, void **items, size_t size, pn_error *error) {
    if (value->count < value->capacity) return PN_OK;
    size_t capacity = value->capacity ? value->capacity * 2 : value->kind == PN_KIND_ARRAY ? 1 : 16;
    void *grown = pn_alloc(capacity * size);
    if (!grown) return pn_fail_memory(error, capacity * size);
    if (value->count) memcpy(grown, *items, value->count * size);
    pn_free(*items);
    *items = grown;
    value->capacity = capacity;
    return PN_OK;
}

pn_status pn_values_add_array(pn_value *value, pn_tensor *tensor, pn_error *error) {
    void *items = value->array;
    pn_status status = grow(value, &items, sizeof *value->array, error);
    value->array = items;
    if (status == PN_OK) status = pn_tensor_dense(tensor, &value->array[value->count], error);
    if (status == PN_OK) value->count++;
    value->given = 1;
    return status;
}

pn_status pn_values_add_string(pn_values *values, pn_value *value, const char *bytes, size_t size,
                               pn_error *error) {
    void *items = value->string;
    pn_status status = grow(value, &items, sizeof *value->string, error);
    value->string = items;
    if (status != PN_OK) return status;
    char *copy = pn_arena_copy(&values->arena, bytes, size);
    if (!copy) return pn_fail_memory(error, size);
    value->string[value->count++] = (pn_bytes){.data = copy, .size = size};
    value->given = 1;
    return PN_OK;
}

static void list_dtypes(uint32_t dtypes, pn_text *list) {
    for (int i = PN_F32; i <= PN_I32; i++)
        if (dtypes & (1u << i))
            pn_text_addf(list, "%s%s", list->size ? " or " : "", pn_dtype_name((pn_dtype)i));
}

pn_status pn_port_check_array(const pn_port *port, pn_dtype dtype, int rank, const int64_t *shape,
                              pn_error *error) {
    if (port->dtypes && !(port->dtypes & (1u << dtype))) {
        pn_text list = {0};
        list_dtypes(port->dtypes, &list);
        pn_status status = pn_fail(error, PN_E_ARGUMENT, "must be %s, not %s",
                                   pn_text_string(&list), pn_dtype_name(dtype));
        pn_text_free(&list);
        return status;
    }
    if (port->max_rank == 0 || (rank >= port->min_rank && rank <= port->max_rank)) return PN_OK;
    char text[PN_SHAPE_TEXT], wanted[40];
    if (port->min_rank == port->max_rank)
        snprintf(wanted, sizeof wanted, "%d", port->min_rank);
    else
        snprintf(wanted, sizeof wanted, "%d to %d", port->min_rank, port->max_rank);
    return pn_fail(error, PN_E_SHAPE, "must have %s %s, not the shape %s", wanted,
                   port->max_rank == 1 ? "axis" : "axes",
                   pn_shape_text(rank, shape, text, sizeof text));
}

static pn_status check_value(const pn_value *value, const pn_port *port, pn_error *error) {
    if (strcmp(value->name, port->name) != 0 || value->kind != port->kind)
        return pn_fail(error, PN_E_FORMAT, "'%s' is a %s, not the declared '%s', a %s", value->name,
                       pn_kind_name(value->kind), port->name, pn_kind_name(port->kind));
    if (value->kind == PN_KIND_ARRAY && value->count != 1 && !(port->optional && !value->count))
        return pn_fail(error, PN_E_ARGUMENT, "'%s' is missing", port->name);
    for (size_t i = 0; value->kind != PN_KIND_STRINGS && i < value->count; i++) {
        const pn_tensor *t = value->array[i];
        pn_error why;
        pn_status status = pn_port_check_array(port, t->dtype, t->rank, t->shape, &why);
        if (status != PN_OK) return pn_fail(error, status, "'%s' %s", port->name, why.message);
    }
    return PN_OK;
}

pn_status pn_values_check(const pn_values *values, const pn_port *ports, size_t count,
                          pn_error *error) {
    if (values->count != count)
        return pn_fail(error, PN_E_FORMAT, "there are %zu values where %zu are declared",
                       values->count, count);
    pn_status status = PN_OK;
    for (size_t i = 0; i < count && status == PN_OK; i++)
        status = check_value(&values->value[i], &ports[i], error);
    return status;
}

uint64_t pn_values_bytes(const pn_values *values) {
    uint64_t total = 0;
    for (size_t i = 0; i < values->count; i++) {
        const pn_value *value = &values->value[i];
        for (size_t k = 0; k < value->count; k++)
            total += value->kind == PN_KIND_STRINGS ? value->string[k].size
                                                    : pn_tensor_bytes(value->array[k]);
    }
    return total;
}
