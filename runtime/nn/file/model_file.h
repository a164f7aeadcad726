/* Models in safetensors files: the weights by name, the architecture and what else is to be
 * remembered in the metadata. */
#ifndef PN_NN_FILE_MODEL_FILE_H
#define PN_NN_FILE_MODEL_FILE_H

#include "nn/file/safetensors.h"
#include "nn/model.h"

/* Appends the name of weight number `slot` in a file: "conv2d/kernel", with the names of the models
 * it is nested in before it: "trunk/conv2d/kernel". */
void pn_model_weight_name(const pn_model *model, int slot, pn_text *name);

/* Writes the model; `more` are further pairs of the metadata ("input", "compile", ...), borrowed.
 * The file is replaced whole. */
pn_status pn_model_save(const pn_model *model, const char *path, const pn_safetensors_pair *more,
                        size_t count, pn_error *error);

/* Makes the model of a file that Pneuma wrote or that was made from a Keras file: its architecture
 * stands under "architecture" or "model_config". The weights stay where the file is mapped.
 * PN_E_FORMAT names the file and says what is wrong, also when it holds weights alone. */
pn_status pn_model_load(pn_safetensors *file, const char *path, pn_model **out, pn_error *error);

/* Gives the model's layers the file's weights, by position as Keras does: layers without weights
 * are passed over, counts and shapes must fit. PN_E_SHAPE names layer, weight and both shapes;
 * nothing is changed then. */
pn_status pn_model_load_weights(pn_model *model, pn_safetensors *file, const char *path,
                                pn_error *error);

/* The same by name: weights of layers that the file names ("conv2d/kernel" or "conv2d.kernel");
 * others stay. *loaded counts. */
pn_status pn_model_load_named(pn_model *model, pn_safetensors *file, const char *path, int *loaded,
                              pn_error *error);

#endif
