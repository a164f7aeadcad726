/* The model that the app serves, and what its file says of it. Does not change once made. */
#ifndef PN_WEB_APP_MODEL_H
#define PN_WEB_APP_MODEL_H

#include "nn/model.h"
#include "web/decoder.h"

#include <jansson.h>

/* A layer that maps can be made at. */
typedef struct pn_app_layer {
    const char *name; /* the model's */
    int node;
    int64_t height, width, channels;
} pn_app_layer;

typedef struct pn_app_model {
    pn_model *model;
    char *name, *file;  /* the model's name; the file's last part */
    const char *source; /* "given", "notebook", "shipped" */
    pn_decode_wish wish;
    float rescale;
    int classes, positive; /* how many; the one whose probability is told */
    bool sigmoid;          /* one output: the probability of the second of two classes */
    char **class_name;     /* [classes] */
    double threshold;
    bool threshold_given; /* by an option: it is not the model's own */
    pn_app_layer *layer;  /* [layers] in order */
    int layers, usual;    /* the one that maps are of unless asked */
    char *trained_on;     /* in words, or "" */
    bool origin;          /* the file says where the images are from, */
    bool synthetic;       /* and that no patient is in them */
} pn_app_model;

/* Opens `path`, or where it is NULL the model that notebook 2 kept in out/models, or the one that
 * comes with Pneuma. `threshold` below 0 leaves the model's own. PN_E_SHAPE for a model that takes
 * no images, PN_E_UNSUPPORTED for one with several inputs or outputs or whose outputs are no
 * probabilities. */
pn_status pn_app_model_open(const char *path, double threshold, pn_app_model **out,
                            pn_error *error);
void pn_app_model_free(pn_app_model *model); /* NULL is fine */

/* The layer of that name, or -1. */
int pn_app_model_layer(const pn_app_model *model, const char *name);
/* The class of that name, or -1. */
int pn_app_model_class(const pn_app_model *model, const char *name);

/* What /api/v1/model says of it; a new reference, NULL when memory is out. */
json_t *pn_app_model_json(const pn_app_model *model);

#endif
