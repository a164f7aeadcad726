/* The one thread that computes. Requests of several threads wait in a line; those that ask the same
 * question of the model are answered together. */
#ifndef PN_WEB_PREDICTOR_H
#define PN_WEB_PREDICTOR_H

#include "nn/explain/cam.h"
#include "web/app_model.h"

/* What is asked of an image. */
typedef struct pn_question {
    int layer;  /* of the app model's; -1: no map is wanted */
    int target; /* the class that the map is for */
    pn_cam_method method;
    bool logits;             /* the map's score before the last activation */
    const uint8_t *prepared; /* the image as model->wish says */
    float *probability;      /* [classes] */
    float *map;              /* (height, width) of the layer; NULL without one */
} pn_question;

typedef struct pn_predictor pn_predictor;

/* The model must live as long. */
pn_status pn_predictor_new(const pn_app_model *model, pn_predictor **out, pn_error *error);
/* Nobody may be waiting any more; NULL is fine. */
void pn_predictor_free(pn_predictor *predictor);

/* Waits for the answer. Any thread. PN_E_MEMORY, or what is wrong with the question. */
pn_status pn_predictor_ask(pn_predictor *predictor, const pn_question *question, pn_error *error);

#endif
