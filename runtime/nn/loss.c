#include "nn/loss.h"

#include "nn/named.h"

#include <inttypes.h>

static const pn_name names[] = {
    {"BinaryCrossentropy", PN_LOSS_BINARY},
    {"binary_crossentropy", PN_LOSS_BINARY},
    {"CategoricalCrossentropy", PN_LOSS_CATEGORICAL},
    {"categorical_crossentropy", PN_LOSS_CATEGORICAL},
    {"SparseCategoricalCrossentropy", PN_LOSS_SPARSE},
    {"sparse_categorical_crossentropy", PN_LOSS_SPARSE},
    {"MeanSquaredError", PN_LOSS_MSE},
    {"mean_squared_error", PN_LOSS_MSE},
    {"mse", PN_LOSS_MSE},
};

static void read_options(pn_loss *loss, pn_config *config) {
    static const char *const reductions[] = {"auto", "sum_over_batch_size", NULL};
    pn_config_choice(config, "reduction", reductions, 0);
    if (loss->kind == PN_LOSS_MSE) return;
    loss->from_logits = pn_config_bool(config, "from_logits", false);
    pn_config_only_int(config, "axis", -1);
    if (loss->kind == PN_LOSS_SPARSE) {
        if (pn_config_item(config, "ignore_class"))
            pn_config_wrong(config, "ignore_class", "left out");
    } else
        loss->label_smoothing = pn_config_number(config, "label_smoothing", 0, 0, 1);
}

pn_status pn_loss_parse(const json_t *json, pn_loss *loss, pn_error *error) {
    pn_named named;
    *loss = (pn_loss){0};
    pn_status status =
        pn_named_begin(&named, json, "loss", names, sizeof names / sizeof *names, error);
    if (status == PN_OK) {
        loss->kind = (pn_loss_kind)named.kind;
        read_options(loss, &named.config);
    }
    pn_status finished = pn_named_finish(&named);
    return status == PN_OK ? finished : status;
}

const char *pn_loss_name(const pn_loss *loss) {
    static const char *const snake[] = {"binary_crossentropy", "categorical_crossentropy",
                                        "sparse_categorical_crossentropy", "mean_squared_error"};
    return snake[loss->kind];
}

bool pn_loss_on_logits(const pn_loss *loss, const pn_activation *last) {
    if (loss->kind == PN_LOSS_BINARY) return last->kind == PN_ACT_SIGMOID;
    return loss->kind != PN_LOSS_MSE && last->kind == PN_ACT_SOFTMAX;
}

pn_status pn_loss_check(const pn_loss *loss, const pn_dims *out, int64_t y_size, pn_error *error) {
    char text[PN_SHAPE_TEXT];
    const char *name = pn_loss_name(loss), *shape = pn_dims_text(out, text, sizeof text);
    bool classes = loss->kind == PN_LOSS_CATEGORICAL || loss->kind == PN_LOSS_SPARSE;
    if (classes && (out->rank != 1 || out->size[0] < 2))
        return pn_fail(error, PN_E_SHAPE,
                       "%s needs an output (None, classes) with two classes or more, the model's "
                       "is %s",
                       name, shape);
    int64_t wanted = loss->kind == PN_LOSS_SPARSE ? 1 : pn_dims_count(out);
    if (wanted == y_size) return PN_OK;
    return pn_fail(error, PN_E_SHAPE,
                   "%s of an output %s needs targets of %" PRId64 " number%s, the data's have "
                   "%" PRId64,
                   name, shape, wanted, wanted == 1 ? "" : "s", y_size);
}
