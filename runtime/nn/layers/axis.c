#include "nn/layers/axis.h"

#include <inttypes.h>

int64_t pn_axis_read(pn_config *config) {
    json_t *list = json_object_get(config->json, "axis");
    if (json_is_array(list) && json_array_size(list) == 1)
        json_object_set(config->json, "axis", json_array_get(list, 0));
    return pn_config_int(config, "axis", -1, -PN_MAX_RANK, PN_MAX_RANK - 1);
}

pn_status pn_axis_place(int64_t axis, const pn_dims *dims, int *place, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    int64_t found = axis < 0 ? dims->rank + axis : axis - 1;
    if (axis == 0 || found == -1)
        return pn_fail(error, PN_E_SHAPE, "axis %" PRId64 " of %s is the batch", axis,
                       pn_dims_text(dims, text, sizeof text));
    if (found < 0 || found >= dims->rank)
        return pn_fail(error, PN_E_SHAPE, "its input %s has no axis %" PRId64,
                       pn_dims_text(dims, text, sizeof text), axis);
    *place = (int)found;
    return PN_OK;
}

pn_status pn_axis_last(int64_t axis, const pn_dims *dims, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    int place = 0;
    pn_status status = pn_axis_place(axis, dims, &place, error);
    if (status != PN_OK || place == dims->rank - 1) return status;
    return pn_fail(error, PN_E_UNSUPPORTED,
                   "axis %" PRId64 " is not the last of its input %s; only the last is supported",
                   axis, pn_dims_text(dims, text, sizeof text));
}
