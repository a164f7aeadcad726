/* file.h: a Keras model in an HDF5 file, legacy layout. Either a full model, with its architecture
 * as an attribute and the weights in /model_weights, or weights alone, at the root. There the
 * attribute layer_names lists the layers; each is a group whose attribute weight_names lists its
 * data sets. */
#ifndef PN_KERAS_FILE_H
#define PN_KERAS_FILE_H

#include "h5.h"
#include "pneuma/stage.h"

#include <jansson.h>

typedef struct pn_keras_weight {
    const char *name;            /* of the tensor: layer/weight, unique */
    const char *layer, *dataset; /* where it stands: a group, a path in it */
    int rank;
    int64_t shape[PN_MAX_RANK];
} pn_keras_weight;

typedef struct pn_keras_file {
    pn_h5 h5;
    pn_arena arena;
    int full;       /* 1: with architecture */
    hid_t root;     /* the group with the layers */
    json_t *config; /* of a full model */
    const char *model_config, *training_config, *keras_version, *backend; /* texts, or NULL */
    pn_h5_names layers;
    pn_keras_weight *weight; /* in model order */
    size_t weights, capacity;
    json_t *names;   /* of all tensors */
    uint64_t stored; /* bytes that the data sets so far occupy in the file */
} pn_keras_file;

/* Opens a file, or its bytes, and finds out what is in it; nothing is believed that HDF5 or the
 * file says before it is checked. pn_keras_close in any case, also after an error; the error and
 * the path must live until then. */
pn_status pn_keras_open(pn_keras_file *file, const char *path, pn_error *error);
pn_status pn_keras_open_image(pn_keras_file *file, const void *bytes, size_t size, const char *name,
                              pn_error *error);
void pn_keras_close(pn_keras_file *file);

/* Who waits for a conversion. May both be NULL. */
typedef struct pn_keras_listener {
    void (*progress)(void *context, int64_t done, int64_t total); /* bytes */
    int (*cancelled)(void *context);
    void *context;
} pn_keras_listener;

/* Writes all weights as float32 to a safetensors file, a few megabytes at a time, with what else is
 * known as metadata: kind (full, weights), layers (a JSON list of all names), model_config,
 * training_config, keras_version, backend. PN_E_CANCELLED when the listener says so. */
pn_status pn_keras_convert(pn_keras_file *file, const char *path,
                           const pn_keras_listener *listener);

/* ---- between the parts of the reader ---- */

/* Appends one layer's weights, in the order in which a model has them, with their names. */
pn_status pn_keras_add_layer(pn_keras_file *file, const char *layer, const pn_h5_names *datasets);

/* Checks an open data set and reads its shape. */
pn_status pn_keras_check_dataset(pn_keras_file *file, hid_t dataset, pn_keras_weight *weight);

#endif
