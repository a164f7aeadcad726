/* The model of a stage's call: its architecture as Keras's JSON, and its weights in order. */
#ifndef PN_DATA_CALL_MODEL_H
#define PN_DATA_CALL_MODEL_H

#include "nn/model.h"
#include "pneuma/stage.h"

/* The two inputs by which a model crosses into a stage, for the stage's table. */
#define PN_MODEL_PORTS                                                                             \
    {"architecture",                                                                               \
     PN_KIND_STRINGS,                                                                              \
     PN_ANY_DTYPE,                                                                                 \
     0,                                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     "the model's layers, as Keras writes them (JSON)"},                                           \
    {                                                                                              \
        "weights", PN_KIND_ARRAYS, PN_BIT_F32, 0, 0, 1, "the model's weights, in its order"        \
    }

/* Makes the model of the inputs `architecture` and `weights`, which share the call's memory:
 * release it before run() returns. PN_E_FORMAT, PN_E_SHAPE and so on say what does not fit; nothing
 * is recorded as the call's failure. */
pn_status pn_call_model_new(const pn_host *host, pn_call *call, pn_model **out, pn_error *error);

#endif
