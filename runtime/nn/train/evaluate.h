/* A model over all samples of a source, without training. */
#ifndef PN_NN_TRAIN_EVALUATE_H
#define PN_NN_TRAIN_EVALUATE_H

#include "nn/model.h"
#include "nn/source.h"
#include "nn/train/logs.h"

/* Who watches long work. Both may be NULL. cancelled: non-zero stops with PN_E_CANCELLED, as
 * pn_cancelled() does. */
typedef struct pn_watch {
    void *context;
    void (*progress)(void *context, int64_t done, int64_t total);
    int (*cancelled)(void *context);
} pn_watch;

/* The loss and the metrics (as Keras writes them; metrics an array or NULL) over `steps` batches
 * (0: all) into *logs: "loss", "accuracy", ... */
pn_status pn_evaluate(const pn_model *model, pn_source *source, const json_t *loss,
                      const json_t *metrics, int64_t steps, const pn_watch *watch, pn_logs *logs,
                      pn_error *error);

/* Where what comes out of a model goes: row i belongs to sample i of the source, in whatever order
 * it gives them. Rows of samples that could not be read are NaN. */
typedef struct pn_rows {
    float *out;     /* (samples, dims of the node) */
    uint8_t *read;  /* (samples): 1 where the sample was read; NULL: not wanted */
    float *y;       /* (samples, y_size): the targets; NULL: not wanted */
    int32_t *label; /* (samples): as in pn_batch; NULL: not wanted */
} pn_rows;

/* What a node of the model gives for each sample, as when nothing is trained. */
pn_status pn_predict(const pn_model *model, int node, pn_source *source, const pn_watch *watch,
                     const pn_rows *rows, pn_error *error);

#endif
