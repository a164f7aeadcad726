/* A model's architecture as Keras writes it (model_config of an .h5 file). */
#ifndef PN_NN_FILE_MODEL_JSON_H
#define PN_NN_FILE_MODEL_JSON_H

#include "base/text.h"
#include "nn/model.h"

/* {"class_name": "Sequential" or "Functional", "config": {...}} as Keras 2.15 writes it. New
 * reference. PN_E_UNSUPPORTED names a layer that stands in a model and in one nested in it. */
pn_status pn_model_to_json(const pn_model *model, json_t **out, pn_error *error);

/* Makes the model that Keras 2 or Keras 3 described so; its weights have no values yet. PN_E_FORMAT
 * says what is malformed; an unknown layer class is PN_E_NOT_FOUND; else as pn_model_add. New
 * reference. */
pn_status pn_model_from_json(const json_t *json, pn_model **out, pn_error *error);

/* The same from and to JSON text; pn_text of base/text.h. */
pn_status pn_model_to_text(const pn_model *model, pn_text *text, pn_error *error);
pn_status pn_model_from_text(const char *text, size_t size, pn_model **out, pn_error *error);

#endif
