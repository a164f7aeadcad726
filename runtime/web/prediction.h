/* What happens to an upload: it is decoded, the model is asked, the answer is put into JSON. */
#ifndef PN_WEB_PREDICTION_H
#define PN_WEB_PREDICTION_H

#include "web/decoder.h"
#include "web/predictor.h"
#include "web/reply.h"

typedef enum pn_heatmap_form {
    PN_HEATMAP_NONE = 0,
    PN_HEATMAP_PNG,
    PN_HEATMAP_ARRAY,
} pn_heatmap_form;

/* What the request says. */
typedef struct pn_asked {
    int layer, target;
    pn_cam_method method;
    bool logits;
    pn_heatmap_form heatmap;
    bool picture; /* the X-ray itself is to be sent back */
    double threshold;
    const char *name; /* of the file; "" where it has none */
} pn_asked;

/* What it takes; the decoder is the calling thread's. */
typedef struct pn_prediction_tools {
    const pn_app_model *model;
    pn_predictor *predictor;
    pn_decoder *decoder;
    const char *keep; /* folder for uploads, or NULL */
} pn_prediction_tools;

/* Answers an upload of bytes[size] in every case: 200, or 415, 422, 500, 503 with the reason. */
void pn_prediction_make(const pn_prediction_tools *tools, const pn_asked *asked, const void *bytes,
                        size_t size, pn_reply *reply);

#endif
