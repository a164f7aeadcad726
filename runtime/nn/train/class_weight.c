#include "nn/train/fit.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t find_class(const char *key, const char *const *names, int64_t classes) {
    for (int64_t i = 0; names && i < classes; i++)
        if (strcmp(names[i], key) == 0) return i;
    char *end;
    long long label = strtoll(key, &end, 10);
    return *key && !*end && label >= 0 && label < classes ? label : -1;
}

static pn_status no_class(const char *key, const char *const *names, int64_t classes,
                          pn_error *error) {
    if (!names)
        return pn_fail(error, PN_E_ARGUMENT,
                       "class_weight names '%.100s', which is no class: labels go from 0 to "
                       "%" PRId64,
                       key, classes - 1);
    const char *near = pn_suggest(key, names, (size_t)classes);
    pn_text all = {0};
    for (int64_t i = 0; i < classes; i++) pn_text_addf(&all, "%s%.60s", i ? ", " : "", names[i]);
    pn_status status = pn_fail(error, PN_E_ARGUMENT,
                               "class_weight names '%.100s', which is no class; the classes are "
                               "%.300s%s%.60s%s",
                               key, pn_text_string(&all), near ? "; did you mean '" : "",
                               near ? near : "", near ? "'?" : "");
    pn_text_free(&all);
    return status;
}

static pn_status read_one(const char *name, const json_t *item, double *weight, pn_error *error) {
    *weight = json_number_value(item);
    if (json_is_number(item) && *weight >= 0) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "class_weight of '%.100s' must be a number from 0", name);
}

static pn_status read_list(const json_t *json, int64_t classes, double *weight, pn_error *error) {
    if ((int64_t)json_array_size(json) != classes)
        return pn_fail(error, PN_E_ARGUMENT,
                       "class_weight has %zu numbers, but there are %" PRId64 " classes",
                       json_array_size(json), classes);
    for (int64_t i = 0; i < classes; i++) {
        char label[24];
        snprintf(label, sizeof label, "%" PRId64, i);
        pn_status status = read_one(label, json_array_get(json, (size_t)i), &weight[i], error);
        if (status != PN_OK) return status;
    }
    return PN_OK;
}

pn_status pn_class_weights(const json_t *json, const char *const *names, int64_t classes,
                           double *weight, pn_error *error) {
    const char *key;
    json_t *item;
    if (json_is_array(json)) return read_list(json, classes, weight, error);
    if (!json_is_object(json))
        return pn_fail(error, PN_E_ARGUMENT, "class_weight must give a number for each class");
    for (int64_t i = 0; i < classes; i++) weight[i] = NAN;
    json_object_foreach((json_t *)json, key, item) {
        int64_t label = find_class(key, names, classes);
        if (label < 0) return no_class(key, names, classes, error);
        pn_status status = read_one(key, item, &weight[label], error);
        if (status != PN_OK) return status;
    }
    for (int64_t i = 0; i < classes; i++)
        if (isnan(weight[i]))
            return names ? pn_fail(error, PN_E_ARGUMENT,
                                   "class_weight leaves out the class '%.100s'", names[i])
                         : pn_fail(error, PN_E_ARGUMENT,
                                   "class_weight leaves out the class %" PRId64, i);
    return PN_OK;
}
