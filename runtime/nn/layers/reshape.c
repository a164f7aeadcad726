/* Reshape: (B, ...) becomes (B, target_shape). Nothing is computed: the memory is the same. */
#include "nn/layer.h"

typedef struct reshape {
    pn_dims target; /* at most one size is -1: what is left */
} reshape;

static const char expected[] = "a list of whole numbers from 1, one of which may be -1";

static void configure(pn_layer *layer, pn_config *config) {
    reshape *s = layer->settings;
    const json_t *shape = pn_config_item(config, "target_shape");
    int open = 0;
    if (!json_is_array(shape) || json_array_size(shape) >= PN_MAX_RANK) {
        pn_config_wrong(config, "target_shape", expected);
        return;
    }
    s->target.rank = (int)json_array_size(shape);
    for (int i = 0; i < s->target.rank; i++) {
        s->target.size[i] = json_integer_value(json_array_get(shape, (size_t)i));
        open += s->target.size[i] == -1;
        if (s->target.size[i] == 0 || s->target.size[i] < -1 || s->target.size[i] > INT32_MAX ||
            open > 1)
            pn_config_wrong(config, "target_shape", expected);
    }
}

static pn_status output(const pn_layer *layer, const pn_dims *in, int inputs, pn_dims *out,
                        pn_error *error) {
    const reshape *s = layer->settings;
    const int64_t count = pn_dims_count(in);
    char got[PN_SHAPE_TEXT], wanted[PN_SHAPE_TEXT];
    int64_t rest = count;
    bool fits = true;
    (void)inputs;
    *out = s->target;
    for (int i = 0; i < out->rank && fits; i++) {
        if (out->size[i] == -1) continue;
        fits = rest % out->size[i] == 0;
        rest /= out->size[i];
    }
    bool open = false;
    for (int i = 0; i < out->rank; i++) {
        if (out->size[i] != -1) continue;
        out->size[i] = rest;
        open = true;
    }
    if (fits && (open || rest == 1)) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "an input %s cannot become %s",
                   pn_dims_text(in, got, sizeof got),
                   pn_dims_text(&s->target, wanted, sizeof wanted));
}

const pn_layer_type PN_LAYER(reshape) = {
    .class_name = "Reshape",
    .base_name = "reshape",
    .settings_size = sizeof(reshape),
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = PN_LAYER_ALIAS,
    .configure = configure,
    .output = output,
};
