/* Checkpoints of a training: safetensors files that hold its arrays, its state as JSON, which
 * training it is, and a checksum of all that. */
#ifndef PN_NN_TRAIN_CHECKPOINT_H
#define PN_NN_TRAIN_CHECKPOINT_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

enum { PN_CHECKPOINT_PARTS = 4 };

typedef struct pn_checkpoint_part {
    const char *name; /* a constant */
    float *data;
    int64_t count;
} pn_checkpoint_part;

/* Replaces the file whole: a process that is killed leaves the old one or the new one. `training`
 * names the training: what everything in it depends on. */
pn_status pn_checkpoint_save(const char *path, const char *training,
                             const pn_checkpoint_part *parts, int count, const json_t *state,
                             pn_error *error);

/* Reads it back into the parts; *state is a new reference. Nothing is touched unless all is well.
 * PN_E_NOT_FOUND: there is none. PN_E_ARGUMENT: it is of another training or model. PN_E_FORMAT: it
 * is damaged. */
pn_status pn_checkpoint_load(const char *path, const char *training,
                             const pn_checkpoint_part *parts, int count, json_t **state,
                             pn_error *error);

#endif
