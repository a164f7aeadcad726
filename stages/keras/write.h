/* write.h: a full model as Keras's legacy .h5 (layout: file.h). */
#ifndef PN_KERAS_WRITE_H
#define PN_KERAS_WRITE_H

#include "file.h"

/* Borrowed. All in model order; weights are called layer/weight, as file.h calls them. */
typedef struct pn_keras_model {
    const char *const *layers; /* every layer, those without weights too */
    size_t layer_count;
    const char *const *names;
    const pn_array *arrays; /* float32 */
    size_t count;
    const char *architecture; /* JSON, as Keras 2 writes it */
    const char *training;     /* JSON, or NULL */
} pn_keras_model;

/* Writes the file; one already there is replaced whole. PN_E_ARGUMENT when names, layers and
 * architecture do not fit each other; PN_E_IO; PN_E_CANCELLED when the listener says so. */
pn_status pn_keras_write(const char *path, const pn_keras_model *model,
                         const pn_keras_listener *listener, pn_error *error);

/* ---- between the parts of the writer ---- */

/* Which weights are a layer's, and in which order Keras lists them. */
typedef struct pn_keras_share {
    size_t first, count; /* positions in the model */
    size_t *order;       /* (count) positions in the model */
    int nested;          /* the layer is a model */
} pn_keras_share;

/* Divides the weights among the layers: share[layer_count], order[count]. */
pn_status pn_keras_divide(const pn_keras_model *model, json_t *architecture, pn_keras_share *share,
                          size_t *order, pn_error *error);

/* Attributes: one text; a list, split as Keras does when it is too long for one attribute. */
pn_status pn_h5_put_text(pn_h5 *h5, hid_t object, const char *name, const char *text);
pn_status pn_h5_put_texts(pn_h5 *h5, hid_t object, const char *name, const char *const *texts,
                          size_t count);

#endif
