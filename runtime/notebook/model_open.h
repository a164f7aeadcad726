/* Model files for programs in C, read as nn.load_model reads them. */
#ifndef PN_NOTEBOOK_MODEL_OPEN_H
#define PN_NOTEBOOK_MODEL_OPEN_H

#include "nn/model.h"

#include <jansson.h>

/* Opens a model file, .safetensors or Keras's .h5, with a Lua state of its own that ends with the
 * call. *model is a new reference, complete with weights; *input is what the file says of the
 * images it was made for (m.input), a new reference, or NULL. The message names the file. */
pn_status pn_model_open(const char *path, pn_model **model, json_t **input, pn_error *error);

#endif
