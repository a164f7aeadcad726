/* InputLayer: where data come in. In a nested model it passes on what the outer model gives. */
#include "nn/layer.h"

typedef struct input {
    pn_dims dims;
} input;

/* Keras 2 says batch_input_shape, Keras 3 batch_shape: [null, 224, 224, 3]. The config keeps the
 * first, which both read. */
static void configure(pn_layer *layer, pn_config *config) {
    input *s = layer->settings;
    const char *name = "batch_input_shape";
    json_t *newer = pn_config_item(config, "batch_shape"), *shape = pn_config_item(config, name);
    if (!shape && newer && json_object_set(config->json, name, newer) == 0) shape = newer;
    json_object_del(config->json, "batch_shape");
    pn_config_ignore(config, "sparse");
    pn_config_ignore(config, "ragged");
    pn_config_ignore(config, "optional");
    size_t rank = json_array_size(shape);
    if (rank < 1 || rank > PN_MAX_RANK) {
        pn_config_wrong(config, name, "the sizes of a batch, such as [null, 224, 224, 3]");
        return;
    }
    s->dims.rank = (int)rank - 1;
    for (size_t i = 1; i < rank; i++) {
        s->dims.size[i - 1] = json_integer_value(json_array_get(shape, i));
        if (s->dims.size[i - 1] < 1 || s->dims.size[i - 1] > INT32_MAX)
            pn_config_wrong(config, name, "null and then whole numbers from 1");
    }
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const input *s = layer->settings;
    char expected[PN_SHAPE_TEXT], got[PN_SHAPE_TEXT];
    *out = s->dims;
    if (inputs == 0 || pn_dims_equal(in, &s->dims)) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "expected an input of %s, got %s",
                   pn_dims_text(&s->dims, expected, sizeof expected),
                   pn_dims_text(in, got, sizeof got));
}

const pn_layer_type PN_LAYER(input) = {
    .class_name = "InputLayer",
    .base_name = "input",
    .settings_size = sizeof(input),
    .min_inputs = 0,
    .max_inputs = 1,
    .flags = PN_LAYER_ALIAS,
    .configure = configure,
    .output = output,
};
