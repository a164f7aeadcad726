/* The classes of a call's training data. */
#ifndef PN_STAGES_TRAIN_LABELS_H
#define PN_STAGES_TRAIN_LABELS_H

#include "parts.h"

typedef struct pn_labels {
    int64_t classes;    /* 0: the targets are no classes */
    int64_t *count;     /* [classes] samples of each */
    json_t *config;     /* of the source; names points into it */
    const char **names; /* [classes], or NULL */
} pn_labels;

/* Counts the classes in the input "y": numbers from 0 (of files, or of tensors with one target), or
 * rows with a single one. Release with pn_labels_free. */
pn_status pn_labels_count(const pn_work_place *place, pn_labels *labels, pn_error *error);
void pn_labels_free(pn_labels *labels);

/* PN_E_ARGUMENT when all samples are of one class. */
pn_status pn_labels_check(const pn_labels *labels, pn_error *error);

/* The parameter "class_weight": "" (*weight is NULL), "balanced" (samples / (classes * samples of
 * the class)), or JSON as pn_class_weights reads it. Release with pn_free. */
pn_status pn_labels_weights(const pn_work_place *place, const pn_labels *labels, double **weight,
                            pn_error *error);

#endif
