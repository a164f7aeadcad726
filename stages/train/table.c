/* The plugin `train`: the stages train, evaluate, predict and extract.
 *
 * A model is given as its architecture (one JSON text, Keras's model_config) and its weights, in
 * the model's order. Data are given as data/source_config.h says: a JSON text, and beside it paths
 * with labels, or tensors. Options that Keras writes as objects are JSON texts
 * ({"class_name": "Adam", "config": {"learning_rate": 0.001}}); where no option differs from its
 * default, the name alone will do.
 *
 * train returns the weights that training moved, with their places in the model; history as
 *   {"names": ["loss", "val_loss"], "values": {"loss": [0.7, 0.5], "val_loss": [0.6, 0.4]}}
 * (null for what was no number); state as
 *   {"epochs_done", "stopped", "iterations", "learning_rate", "best_epoch", "saved": [...]}.
 * Its events, its checkpoints in the output folder, and what ModelCheckpoint leaves there are
 * described in nn/train/fit.h. The files that ModelCheckpoint and CSVLogger promise are the
 * caller's to write, from "saved" and the history: then they also come out of a cached result. A
 * file in "saved" is safetensors with the moved weights, named by their places ("0", "1", ...). */
#include "data/call_model.h"
#include "parts.h"

static const pn_param train_params[] = {
    {"source", PN_PARAM_STRING, NULL, 0, 0, NULL, "the training data (data/source_config.h), JSON"},
    {"validation_source", PN_PARAM_STRING, "", 0, 0, NULL, "the validation data; empty: none"},
    {"loss", PN_PARAM_STRING, NULL, 0, 0, NULL,
     "a name (binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, mse) "
     "or JSON"},
    {"optimizer", PN_PARAM_STRING, "adam", 0, 0, NULL,
     "a name (sgd, adam, adamw, rmsprop) or JSON; its learning_rate may be a schedule"},
    {"metrics", PN_PARAM_STRING, "[]", 0, 0, NULL,
     "JSON list of names (accuracy, AUC, precision, recall, ...) or objects"},
    {"callbacks", PN_PARAM_STRING, "[]", 0, 0, NULL, "JSON list of objects (EarlyStopping, ...)"},
    {"epochs", PN_PARAM_INT, "1", 1, 1000000, NULL, "the last epoch, counted from 1"},
    {"initial_epoch", PN_PARAM_INT, "0", 0, 1000000, NULL, "epochs that count as done already"},
    {"steps_per_epoch", PN_PARAM_INT, "0", 0, 1e9, NULL, "batches of an epoch; 0: all"},
    {"validation_steps", PN_PARAM_INT, "0", 0, 1e9, NULL, "batches of a validation; 0: all"},
    {"class_weight", PN_PARAM_STRING, "", 0, 0, NULL,
     "JSON object by class name or label, or list by label, or the word balanced; empty: none"},
    {"frozen_dropout", PN_PARAM_BOOL, "true", 0, 0, NULL,
     "dropout in frozen layers drops while training, as in Keras"},
    {"one_class", PN_PARAM_BOOL, "false", 0, 0, NULL,
     "train although all training samples are of one class"},
};

static const pn_port train_inputs[] = {
    PN_MODEL_PORTS,
    {"paths", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 1, "image files to train on"},
    {"x", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "or samples, (N, ...)"},
    {"y", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "classes of files from 0 (N); or targets (N, ...)"},
    {"validation_paths", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 1, "the same for validation"},
    {"validation_x", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "the same for validation"},
    {"validation_y", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "the same for validation"},
};

static const pn_port train_results[] = {
    {"weights", PN_KIND_ARRAYS, PN_BIT_F32, 0, 0, 0, "the weights that training moved"},
    {"slots", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "the place of each in the model, from 0"},
    {"history", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "what each epoch gave, one JSON text"},
    {"state", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0, "how the training ended, one JSON text"},
};

static const pn_param evaluate_params[] = {
    {"source", PN_PARAM_STRING, NULL, 0, 0, NULL, "the data (data/source_config.h), JSON"},
    {"loss", PN_PARAM_STRING, NULL, 0, 0, NULL, "as for train"},
    {"metrics", PN_PARAM_STRING, "[]", 0, 0, NULL, "as for train"},
    {"steps", PN_PARAM_INT, "0", 0, 1e9, NULL, "batches; 0: all"},
};

static const pn_param predict_params[] = {
    {"source", PN_PARAM_STRING, NULL, 0, 0, NULL, "the data (data/source_config.h), JSON"},
};

static const pn_param extract_params[] = {
    {"source", PN_PARAM_STRING, NULL, 0, 0, NULL, "the data (data/source_config.h), JSON"},
    {"layer", PN_PARAM_STRING, "", 0, 0, NULL, "whose output is wanted; empty: the model's"},
};

static const pn_port inputs[] = {
    PN_MODEL_PORTS,
    {"paths", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 1, "image files"},
    {"x", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "or samples, (N, ...)"},
    {"y", PN_KIND_ARRAY, PN_ANY_DTYPE, 0, 0, 1, "classes of files from 0 (N); or targets (N, ...)"},
};

static const pn_port evaluate_results[] = {
    {"logs", PN_KIND_STRINGS, PN_ANY_DTYPE, 0, 0, 0,
     "one JSON text: {\"names\": [\"loss\", ...], \"values\": {\"loss\": 0.5, ...}}"},
};

#define READ                                                                                       \
    {"read", PN_KIND_ARRAY, PN_BIT_U8, 1, 1, 0, "(N,): 0 where a file could not be read"}, {       \
        "label", PN_KIND_ARRAY, PN_BIT_I32, 1, 1, 0, "(N,): the class from 0, -1: none"            \
    }

static const pn_port predict_results[] = {
    {"output", PN_KIND_ARRAY, PN_BIT_F32, 1, PN_MAX_RANK, 0,
     "(N, ...): row i is of sample i, in any order"},
    READ,
};

static const pn_port extract_results[] = {
    {"features", PN_KIND_ARRAY, PN_BIT_F32, 1, PN_MAX_RANK, 0, "(N, ...): row i is of sample i"},
    READ,
    {"y", PN_KIND_ARRAY, PN_BIT_F32, 2, 2, 0, "(N, targets): what train takes beside x"},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define TABLE(of_params, of_inputs, of_results)                                                    \
    .params = of_params, .param_count = COUNT(of_params), .inputs = of_inputs,                     \
    .input_count = COUNT(of_inputs), .results = of_results, .result_count = COUNT(of_results)

static const pn_stage stages[] = {
    {.name = "train",
     .version = "1",
     .help = "trains a model, as Keras's fit",
     TABLE(train_params, train_inputs, train_results),
     .flags = PN_STAGE_SEED,
     .run = pn_run_train},
    {.name = "evaluate",
     .version = "1",
     .help = "the loss and the metrics of a model over a data set",
     TABLE(evaluate_params, inputs, evaluate_results),
     .run = pn_run_evaluate},
    {.name = "predict",
     .version = "1",
     .help = "what a model says about each sample",
     TABLE(predict_params, inputs, predict_results),
     .run = pn_run_predict},
    {.name = "extract",
     .version = "1",
     .help = "what a layer of a model gives for each sample",
     TABLE(extract_params, inputs, extract_results),
     .run = pn_run_extract},
};

PN_STAGE_EXPORT const pn_plugin pneuma_plugin = PN_PLUGIN(stages);
