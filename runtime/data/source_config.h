/* Sources from plain data: one JSON text beside paths or arrays. Everything that takes samples
 * (training, evaluation, prediction, feature extraction) makes its source here. */
#ifndef PN_DATA_SOURCE_CONFIG_H
#define PN_DATA_SOURCE_CONFIG_H

#include "data/image_source.h"
#include "pneuma/stage.h"

/* What a source is made of. Arrays are borrowed and must outlive the source; paths and text are
 * copied. */
typedef struct pn_source_spec {
    const char *config;       /* JSON, see below */
    const char *const *paths; /* for "files" */
    int64_t path_count;
    const pn_array *x;     /* for "tensors": (N, ...) */
    const pn_array *y;     /* files: int32 (N), the class of each from 0; tensors: the targets;
                              NULL: none */
    pn_file_reader reader; /* for "files"; read = NULL: the file system */
} pn_source_spec;

/* Makes a source. The config's fields (what is missing or null has the preset named last):
 *   kind            "files" or "tensors"
 *   batch_size      32
 *   shuffle         false
 *   seed            whole number: 0
 *   generator       object, see data/generator.h: none
 * and for files:
 *   target_size     [height, width]
 *   color_mode      "rgb", "grayscale": "rgb"
 *   interpolation   "nearest", "bilinear": "nearest"
 *   class_mode      "binary", "categorical", "sparse", "input", "none": "none"
 *   classes         their names, in order: []
 *   cache_bytes     2 GiB
 * PN_E_ARGUMENT (names the field, what was expected and what came), PN_E_SHAPE, PN_E_MEMORY. */
pn_status pn_data_source_new(const pn_source_spec *spec, pn_source **out, pn_error *error);

/* As pn_image_source_failures, also for a source that prefetches. */
int64_t pn_source_failures(pn_source *source, int64_t from, pn_source_failure *failures,
                           int64_t room);

/* The number of classes a config names (0 when it names none, or is no config). */
int64_t pn_data_classes(const char *config);

#endif
